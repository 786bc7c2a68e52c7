"""Pairwise subjects."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from hodlxxi.kit.db import Tx, insert_new
from hodlxxi.oauth.tables import pairwise_subjects

_p = sa.bindparam
_s = pairwise_subjects.c

_FIND = sa.select(_s.sub).where(_s.sector == _p("sector"), _s.user_id == _p("user"))
_KEEP = insert_new(pairwise_subjects).values(
    sub=_p("sub"), sector=_p("sector"), user_id=_p("user"), created_at=_p("now")
)


async def find_subject(tx: Tx, sector: str, user_id: str) -> str | None:
    """The kept subject, if this sector has met this user."""
    return (await tx.execute(_FIND, {"sector": sector, "user": user_id})).scalar_one_or_none()


async def keep_subject(tx: Tx, sector: str, user_id: str, sub: str, now: datetime) -> str:
    """Keep a subject unless there is one already; the one that counts."""
    known = await find_subject(tx, sector, user_id)
    if known is None:
        await tx.execute(_KEEP, {"sub": sub, "sector": sector, "user": user_id, "now": now})
        known = await find_subject(tx, sector, user_id)
    return known or sub
