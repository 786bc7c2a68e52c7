"""Signing keys, sealed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hodlxxi.kit.db import Tx, insert_new, rows_changed
from hodlxxi.oauth.rules.rotation import KeyRecord, KeyState
from hodlxxi.oauth.tables import oauth_signing_keys

_p = sa.bindparam
_k = oauth_signing_keys.c


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A key as it rests."""

    record: KeyRecord
    private_sealed: str


_LIST = sa.select(
    _k.kid, _k.alg, _k.state, _k.created_at, _k.activated_at, _k.retired_at, _k.private_sealed
).order_by(_k.created_at, _k.kid)
_LIST_HELD = _LIST.with_for_update()
_ADD = insert_new(oauth_signing_keys).values(
    kid=_p("kid"),
    alg=_p("alg"),
    state=_p("state"),
    private_sealed=_p("sealed"),
    created_at=_p("created_at"),
    activated_at=_p("activated_at"),
)
_ACTIVATE = (
    sa.update(oauth_signing_keys)
    .where(_k.kid == _p("id_"))
    .values(state=KeyState.ACTIVE.value, activated_at=_p("now"))
)
_RETIRE = (
    sa.update(oauth_signing_keys)
    .where(_k.kid == _p("id_"))
    .values(state=KeyState.RETIRED.value, retired_at=_p("now"))
)
_DROP = sa.delete(oauth_signing_keys).where(_k.kid == _p("id_"))


async def list_keys(tx: Tx, *, hold: bool = False) -> list[SealedKey]:
    """Every key; ``hold`` keeps others from changing them until the end of the transaction."""
    rows = (await tx.execute(_LIST_HELD if hold else _LIST)).all()
    return [
        SealedKey(KeyRecord(kid, alg, KeyState(state), created, activated, retired), sealed)
        for kid, alg, state, created, activated, retired, sealed in rows
    ]


async def add_key(tx: Tx, key: SealedKey) -> bool:
    """Keep a key; False when another worker was first with an active or a pending one of its algorithm."""
    record = key.record
    added = await tx.execute(
        _ADD,
        {
            "kid": record.kid,
            "alg": record.alg,
            "state": record.state.value,
            "sealed": key.private_sealed,
            "created_at": record.created_at,
            "activated_at": record.activated_at,
        },
    )
    return rows_changed(added) == 1


async def activate_key(tx: Tx, kid: str, now: datetime) -> None:
    """Sign with this key from now on. The one that signed before must have been retired first."""
    await tx.execute(_ACTIVATE, {"id_": kid, "now": now})


async def retire_key(tx: Tx, kid: str, now: datetime) -> None:
    """Sign no more with this key; what it signed still verifies."""
    await tx.execute(_RETIRE, {"id_": kid, "now": now})


async def drop_key(tx: Tx, kid: str) -> None:
    """Forget a key: what it signed verifies no more."""
    await tx.execute(_DROP, {"id_": kid})
