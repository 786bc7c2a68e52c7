"""Logouts that apps' servers have to be told of. A row is taken by a conditional UPDATE; a killed worker's claim runs out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from hodlxxi.kit.db import Tx, rows_changed
from hodlxxi.oauth.tables import logout_outbox

# Longer than one try can take.
LEASE = timedelta(seconds=15)
# Afterwards nobody's session at an app is worth telling of.
LIFE = timedelta(days=1)

_p = sa.bindparam
_o = logout_outbox.c


@dataclass(frozen=True, slots=True)
class Notice:
    """One logout for one app. ``attempts`` counts the tries, with the one under way."""

    notice_id: str
    client_id: str
    sub: str
    sid: str
    attempts: int = 0


_ADD = sa.insert(logout_outbox).inline()
_DUE = (
    sa.select(_o.id, _o.client_id, _o.sub, _o.sid, _o.attempts)
    .where(_o.next_at <= _p("now"), _o.delivered_at.is_(None), _o.given_up_at.is_(None))
    .order_by(_o.next_at)
    .limit(_p("count"))
)
_TAKE = (
    sa.update(logout_outbox)
    .where(
        _o.id == _p("id_"),
        _o.attempts == _p("seen"),
        _o.next_at <= _p("now"),
        _o.delivered_at.is_(None),
        _o.given_up_at.is_(None),
    )
    .values(attempts=_o.attempts + 1, next_at=_p("until"))
)
# What is settled is not due any more; its row stays until the sweep.
_SETTLE = sa.update(logout_outbox).where(_o.id == _p("id_")).values(next_at=_o.expires_at)
_DELIVERED = _SETTLE.values(delivered_at=_p("now"))
_GIVE_UP = _SETTLE.values(given_up_at=_p("now"))
_PUT_OFF = sa.update(logout_outbox).where(_o.id == _p("id_")).values(next_at=_p("until"))
_COUNT_WAITING = (
    sa.select(sa.func.count())
    .select_from(logout_outbox)
    .where(_o.delivered_at.is_(None), _o.given_up_at.is_(None))
)


async def add_notices(tx: Tx, notices: Iterable[Notice], now: datetime) -> None:
    """Keep logouts to tell of, in the transaction of the logout."""
    rows = [
        {
            "id": notice.notice_id,
            "client_id": notice.client_id,
            "sub": notice.sub,
            "sid": notice.sid,
            "created_at": now,
            "expires_at": now + LIFE,
            "attempts": 0,
            "next_at": now,
        }
        for notice in notices
    ]
    if rows:
        await tx.execute(_ADD, rows)


async def list_due(tx: Tx, now: datetime, count: int) -> list[Notice]:
    """What is to be told now, the oldest first."""
    return [_notice(row) for row in (await tx.execute(_DUE, {"now": now, "count": count})).all()]


async def take_notice(tx: Tx, notice: Notice, now: datetime) -> bool:
    """The gate: whether this worker, and no other, makes the next try."""
    params = {"id_": notice.notice_id, "seen": notice.attempts, "now": now, "until": now + LEASE}
    return rows_changed(await tx.execute(_TAKE, params)) == 1


async def mark_delivered(tx: Tx, notice_id: str, now: datetime) -> None:
    """The app's server took it."""
    await tx.execute(_DELIVERED, {"id_": notice_id, "now": now})


async def put_off(tx: Tx, notice_id: str, until: datetime | None, now: datetime) -> None:
    """Try again later, or (None) never."""
    if until is None:
        await tx.execute(_GIVE_UP, {"id_": notice_id, "now": now})
    else:
        await tx.execute(_PUT_OFF, {"id_": notice_id, "until": until})


async def count_waiting(tx: Tx) -> int:
    """How many logouts are still to be told."""
    return int((await tx.execute(_COUNT_WAITING)).scalar_one())


def _notice(row: sa.Row[*tuple[Any, ...]]) -> Notice:
    return Notice(row.id, row.client_id, row.sub, row.sid, row.attempts)
