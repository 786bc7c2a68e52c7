"""The life of a signing key: pending, active, retired, gone (reference oauth §6.7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# Published before it signs. Relying parties keep the JWKS for a day; the minutes are for our own workers, which look for
# new keys twice a minute, and for caches on the way, which may hold the answer for five.
PENDING_FOR = timedelta(hours=24, minutes=10)
ACTIVE_FOR = timedelta(days=90)
RETIRED_FOR = timedelta(hours=24)  # published beyond the life of the last token that it signed
# An old ID token still tells at authorize and logout who is meant; apps keep theirs for as long as they may refresh.
HINTS_FOR = timedelta(days=180)


class KeyState(StrEnum):
    """What a key is good for. Only the active one signs; a retired one is published until what it signed has expired."""

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

    A key that signs no more is dropped when no ID token of it is taken for a hint any longer.
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
    drop = [k.kid for k in keys if k.retired_at is not None and now >= k.retired_at + token_life + HINTS_FOR]
    return Tending(tuple(retire), tuple(activate), tuple(drop), tuple(make_active), tuple(make_pending))


def is_published(key: KeyRecord, *, now: datetime, token_life: timedelta) -> bool:
    """Whether the JWKS shows this key: always, but for one whose last token has expired long enough ago."""
    return key.retired_at is None or now < key.retired_at + token_life + RETIRED_FOR
