"""Pushed authorization requests, by digest (RFC 9126)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hodlxxi.kit.db import Tx, rows_changed
from hodlxxi.oauth.tables import oauth_pars

_p = sa.bindparam
_r = oauth_pars.c


@dataclass(frozen=True, slots=True)
class Pushed:
    """A request that a client sent to us directly. ``digest`` is of the random part of its ``request_uri``."""

    digest: str
    client_id: str
    params: Mapping[str, Sequence[str]]
    created_at: datetime
    expires_at: datetime
    dpop_jkt: str | None = None  # the key that its code will be bound to
    is_used: bool = False


_ADD = sa.insert(oauth_pars).inline()
_FIND = sa.select(
    _r.request_uri, _r.client_id, _r.params, _r.created_at, _r.expires_at, _r.dpop_jkt, _r.used_at
).where(_r.request_uri == _p("digest"))
_SPEND = (
    sa.update(oauth_pars)
    .where(_r.request_uri == _p("digest"), _r.used_at.is_(None))
    .values(used_at=_p("now"))
)


async def add_pushed(tx: Tx, pushed: Pushed) -> None:
    """Keep a request that was pushed."""
    await tx.execute(
        _ADD,
        {
            "request_uri": pushed.digest,
            "client_id": pushed.client_id,
            "params": {name: list(values) for name, values in pushed.params.items()},
            "dpop_jkt": pushed.dpop_jkt,
            "created_at": pushed.created_at,
            "expires_at": pushed.expires_at,
        },
    )


async def find_pushed(tx: Tx, digest: str) -> Pushed | None:
    """The pushed request, whatever its state and whoever's it is."""
    row = (await tx.execute(_FIND, {"digest": digest})).one_or_none()
    if row is None:
        return None
    found, client_id, params, created_at, expires_at, dpop_jkt, used_at = row
    return Pushed(found, client_id, params, created_at, expires_at, dpop_jkt, used_at is not None)


async def spend_pushed(tx: Tx, digest: str, now: datetime) -> bool:
    """The gate: whether we, and nobody before us, answered this request."""
    return rows_changed(await tx.execute(_SPEND, {"digest": digest, "now": now})) == 1
