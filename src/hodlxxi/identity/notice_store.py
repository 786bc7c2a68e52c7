"""The queries around notices: what was done to an account, told to the sessions that did not do it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.identity.session import Session
from hodlxxi.identity.tables import notice_reads, notices, sessions
from hodlxxi.kit.db import Tx, insert_new, rows_changed

_p = sa.bindparam
_n, _r, _s = notices.c, notice_reads.c, sessions.c
# Of each kind an account keeps this many: with five kinds a page can show them all.
KEPT_OF_A_KIND = 10


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that was done to an account. ``details`` are small, harmless facts; ``is_read`` is this browser's."""

    notice_id: str
    kind: str
    at: datetime
    details: Mapping[str, Any]
    is_read: bool


_ADD = sa.insert(notices).inline()
_newest = (
    sa.select(_n.notice_id)
    .where(_n.user_id == _p("user"), _n.kind == _p("of_kind"))
    .order_by(_n.created_at.desc(), _n.notice_id)
    .limit(KEPT_OF_A_KIND)
)
_DROP_OLD = sa.delete(notices).where(
    _n.user_id == _p("user"), _n.kind == _p("of_kind"), _n.notice_id.not_in(_newest.scalar_subquery())
)
# An older session of the same browser or lineage was there before it happened: so this is no newcomer who did it.
_was_there = sa.exists().where(
    _s.user_id == _p("user"),
    _s.created_at < _n.created_at,
    sa.or_(sa.func.coalesce(_s.root, _s.session_id) == _p("root"), _s.browser == _p("browser")),
)
_VISIBLE = (
    sa.select(_n.notice_id, _n.kind, _n.created_at, _n.details, _r.read_at)
    .select_from(
        notices.outerjoin(notice_reads, sa.and_(_r.notice_id == _n.notice_id, _r.reader == _p("reader")))
    )
    .where(
        _n.user_id == _p("user"),
        _n.expires_at > _p("now"),
        _n.cause_root != _p("root"),
        sa.or_(_n.cause_browser.is_(None), _n.cause_browser.is_distinct_from(_p("browser"))),
        _was_there,
    )
    .order_by(_n.created_at.desc(), _n.notice_id)
    .limit(50)
)
_MARK_READ = insert_new(notice_reads).values(
    notice_id=_p("notice_id"), reader=_p("reader"), read_at=_p("now")
)


async def add_notice(
    tx: Tx,
    notice_id: str,
    user: Pubkey,
    kind: str,
    cause: Session,
    details: Mapping[str, object],
    now: datetime,
    expires_at: datetime,
) -> None:
    """Keep a notice for all but the session that caused it; the oldest of its kind go."""
    await tx.execute(
        _ADD,
        {
            "notice_id": notice_id,
            "user_id": user,
            "kind": kind,
            "details": dict(details),
            "cause_root": cause.root,
            "cause_browser": cause.browser,
            "created_at": now,
            "expires_at": expires_at,
        },
    )
    await tx.execute(_DROP_OLD, {"user": user, "of_kind": kind})


async def list_visible(tx: Tx, session: Session, now: datetime) -> list[Notice]:
    """What this session is told, the newest first: not what it did itself, nor what happened before its browser came."""
    params = {
        "user": session.user_id,
        "root": session.root,
        "browser": session.browser,
        "reader": reader_of(session),
        "now": now,
    }
    rows = (await tx.execute(_VISIBLE, params)).all()
    return [Notice(r.notice_id, r.kind, r.created_at, r.details, r.read_at is not None) for r in rows]


async def mark_read(tx: Tx, session: Session, notice_ids: Iterable[str], now: datetime) -> int:
    """Note that this browser has read these; how many it had not before."""
    reader, marked = reader_of(session), 0
    for notice_id in notice_ids:
        params = {"notice_id": notice_id, "reader": reader, "now": now}
        marked += rows_changed(await tx.execute(_MARK_READ, params))
    return marked


def reader_of(session: Session) -> str:
    """Who reads: the browser, whatever session it has; a program without cookies by its lineage."""
    return session.browser or session.root
