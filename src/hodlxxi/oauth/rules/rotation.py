"""The life of a signing key: pending, active, retired, gone (reference oauth §6.7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

PENDING_FOR = timedelta(hours=24)  # published before it signs: relying parties cache the JWKS for hours
ACTIVE_FOR = timedelta(days=90)
RETIRED_FOR = timedelta(hours=24)  # beyond the life of the last token that it signed


class KeyState(StrEnum):
    """What a key is good for. Every state is published; only the active one signs."""

    PENDING = "pending"
    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key without its secret."""

    kid: str
    alg: str
    state: KeyState
    created_at: datetime
    activated_at: datetime | None = None
    retired_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tending:
    """What is due: keys by ``kid``, new ones by algorithm."""

    retire: tuple[str, ...] = ()
    activate: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    make_active: tuple[str, ...] = ()
    make_pending: tuple[str, ...] = ()


def judge_keys(
    keys: Iterable[KeyRecord], algs: Iterable[str], *, now: datetime, token_life: timedelta
) -> Tending:
    """What has to happen so that each algorithm has a key that signs, and its successor in time.

    A key that nobody uses any more is dropped once the last token that it can have signed has ended.
    """
    retire: list[str] = []
    activate, make_active, make_pending = [], [], []
    keys, algs = list(keys), tuple(dict.fromkeys(algs))
    # An algorithm that the operator dropped signs no more; what it signed verifies until it has ended.
    retire += [k.kid for k in keys if k.alg not in algs and k.state is not KeyState.RETIRED]
    for alg in algs:
        active = next((k for k in keys if k.alg == alg and k.state is KeyState.ACTIVE), None)
        pending = next((k for k in keys if k.alg == alg and k.state is KeyState.PENDING), None)
        if active is None:
            if pending is None:
                make_active.append(alg)
            else:
                activate.append(pending.kid)
        elif pending is not None:
            if now >= pending.created_at + PENDING_FOR:
                retire.append(active.kid)
                activate.append(pending.kid)
        elif now >= (active.activated_at or active.created_at) + ACTIVE_FOR - PENDING_FOR:
            make_pending.append(alg)
    drop = [
        k.kid for k in keys if k.retired_at is not None and now >= k.retired_at + token_life + RETIRED_FOR
    ]
    return Tending(tuple(retire), tuple(activate), tuple(drop), tuple(make_active), tuple(make_pending))
