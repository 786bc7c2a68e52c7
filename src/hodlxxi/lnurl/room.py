"""What the Lightning room needs, and what an operator decides about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hodlxxi.identity.room import IdentityRoom
from hodlxxi.kit.ratelimit import Limit
from hodlxxi.lnurl.waiting import Streams


@dataclass(frozen=True, slots=True)
class LnurlPolicy:
    """``url`` is the origin whose host name wallets derive keys from; ``logins`` is counted per address, both for logins that
    are started and for answers to them: a wrong answer leaves a row in the audit, which nobody can delete.
    """

    url: str
    logins: Limit = field(default_factory=lambda: Limit(300))


@dataclass(frozen=True, slots=True)
class LnurlRoom:
    """Everything that the use cases of this room work with."""

    policy: LnurlPolicy
    identity: IdentityRoom
    streams: Streams
    is_stopping: Callable[[], bool]
