"""Initial access tokens: the operator's leave to register apps (RFC 7591 §3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hodlxxi.kit.db import Tx, rows_changed
from hodlxxi.oauth.tables import registration_tokens

_p = sa.bindparam
_r = registration_tokens.c

_ADD = sa.insert(registration_tokens).inline()
_SPEND = (
    sa.update(registration_tokens)
    .where(_r.token == _p("digest"), _r.expires_at > _p("now"), _r.uses_left > 0)
    .values(uses_left=_r.uses_left - 1)
)
_HAS = sa.select(sa.literal(1)).where(_r.token == _p("digest"), _r.expires_at > _p("now"), _r.uses_left > 0)
_LIST = sa.select(_r.token, _r.label, _r.created_at, _r.expires_at, _r.uses_left).order_by(_r.created_at)
_DROP = sa.delete(registration_tokens).where(_r.token == _p("digest"))


@dataclass(frozen=True, slots=True)
class InitialToken:
    """A leave to register ``uses_left`` apps. ``digest`` is what we keep of it."""

    digest: str
    label: str
    created_at: datetime
    expires_at: datetime
    uses_left: int


async def add_initial(tx: Tx, token: InitialToken) -> None:
    """Keep a new one."""
    await tx.execute(
        _ADD,
        {
            "token": token.digest,
            "label": token.label,
            "created_at": token.created_at,
            "expires_at": token.expires_at,
            "uses_left": token.uses_left,
        },
    )


async def has_initial(tx: Tx, digest: str, now: datetime) -> bool:
    """Whether this token has a use left; ``spend_initial`` decides."""
    return (await tx.execute(_HAS, {"digest": digest, "now": now})).one_or_none() is not None


async def spend_initial(tx: Tx, digest: str, now: datetime) -> bool:
    """The gate: whether this token had a use left, which is gone now."""
    return rows_changed(await tx.execute(_SPEND, {"digest": digest, "now": now})) == 1


async def list_initial(tx: Tx) -> list[InitialToken]:
    """Every one, oldest first."""
    return [InitialToken(*row) for row in (await tx.execute(_LIST)).all()]


async def drop_initial(tx: Tx, digest: str) -> bool:
    """Take one back; whether it was there."""
    return rows_changed(await tx.execute(_DROP, {"digest": digest})) == 1
