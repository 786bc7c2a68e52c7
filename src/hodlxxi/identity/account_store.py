"""The queries around an account: its keys, its recovery codes, its name and its end.

Whatever changes what signs in to an account holds the account's row first (``lock_user``), so that two such changes come
one after the other. Lock order: user, then keys, codes and sessions, then what other rooms hang on them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.identity.tables import recovery_codes, sessions, user_keys, users
from hodlxxi.kit.db import Tx, rows_changed

_p = sa.bindparam
_k, _r, _s, _u = user_keys.c, recovery_codes.c, sessions.c, users.c


@dataclass(frozen=True, slots=True)
class LinkedKey:
    """A key that signs in to an account. ``kind`` is how it first did: ``message``, ``lnurl`` …"""

    key: Pubkey
    kind: str
    label: str | None
    added_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class CodesLeft:
    """How many recovery codes can still be used, and when they were made (None: there never were any)."""

    left: int
    made_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeptCode:
    """A recovery code that we know."""

    user_id: Pubkey
    is_used: bool


@dataclass(frozen=True, slots=True)
class ListedUser:
    """An account as an operator sees it. ``state``: ``open``, ``disabled`` (by the operator), ``closed`` (by its owner)."""

    pubkey: Pubkey
    display_name: str | None
    created_at: datetime
    last_login: datetime | None
    state: str


_LOCK_USER = (
    sa.select(_u.pubkey)
    .where(_u.pubkey == _p("user"), _u.closed_at.is_(None), _u.disabled_at.is_(None))
    # Not against new rows that point to the account: a consent holds its session first, and writes them afterwards.
    .with_for_update(key_share=True)
)
_SET_NAME = (
    sa.update(users)
    .where(_u.pubkey == _p("user"), _u.closed_at.is_(None))
    .values(display_name=_p("name"), updated_at=_p("now"))
)
_TOUCH_OPEN = (
    sa.update(users)
    .where(_u.pubkey == _p("user"), _u.closed_at.is_(None), _u.disabled_at.is_(None))
    .values(last_login=_p("now"))
)
_CLOSE = (
    sa.update(users)
    .where(_u.pubkey == _p("user"), _u.closed_at.is_(None))
    .values(closed_at=_p("now"), updated_at=_p("now"), display_name=None)
)
_DISABLE = (
    sa.update(users)
    .where(_u.pubkey == _p("user"), _u.closed_at.is_(None), _u.disabled_at.is_(None))
    .values(disabled_at=_p("now"))
)
_ENABLE = (
    sa.update(users)
    .where(_u.pubkey == _p("user"), _u.closed_at.is_(None), _u.disabled_at.is_not(None))
    .values(disabled_at=None)
)
_LIST_USERS = (
    sa.select(_u.pubkey, _u.display_name, _u.created_at, _u.last_login, _u.disabled_at, _u.closed_at)
    .where(_u.created_at <= _p("before"))
    .order_by(_u.created_at.desc(), _u.pubkey)
    .limit(_p("count"))
)
_KEYS = (
    sa.select(_k.key, _k.kind, _k.label, _k.added_at, _k.last_used_at)
    .where(_k.user_id == _p("user"))
    .order_by(_k.added_at, _k.key)
)
_RENAME_KEY = (
    sa.update(user_keys).where(_k.key == _p("key_"), _k.user_id == _p("user")).values(label=_p("name"))
)
_others = user_keys.alias("others")
_REMOVE_KEY = sa.delete(user_keys).where(
    _k.key == _p("key"),
    _k.user_id == _p("user"),
    sa.exists().where(_others.c.user_id == _p("user"), _others.c.key != _p("key")),
)
_REMOVE_KEYS = sa.delete(user_keys).where(_k.user_id == _p("user"))
_END_SESSIONS = (
    sa.update(sessions)
    .where(_s.user_id == _p("user"), _s.revoked_at.is_(None), _s.expires_at > _p("now"))
    .values(revoked_at=_p("now"))
    .returning(_s.session_id)
)
_END_SESSIONS_OF_KEY = _END_SESSIONS.where(_s.key == _p("of_key"))
_ADD_CODE = sa.insert(recovery_codes).inline()
_DROP_CODES = sa.delete(recovery_codes).where(_r.user_id == _p("user"))
_COUNT_CODES = sa.select(
    sa.func.count().filter(_r.used_at.is_(None)).label("left"), sa.func.max(_r.created_at).label("made_at")
).where(_r.user_id == _p("user"))
_CODE = sa.select(_r.user_id, _r.used_at).where(_r.code == _p("digest"))
_SPEND_CODE = (
    sa.update(recovery_codes).where(_r.code == _p("digest"), _r.used_at.is_(None)).values(used_at=_p("now"))
)


async def lock_user(tx: Tx, user: Pubkey) -> bool:
    """Hold the account's row until the end of the transaction; False when the account is closed or disabled."""
    return (await tx.execute(_LOCK_USER, {"user": user})).one_or_none() is not None


async def set_name(tx: Tx, user: Pubkey, name: str | None, now: datetime) -> bool:
    """Change what an account is called; whether it is open."""
    return rows_changed(await tx.execute(_SET_NAME, {"user": user, "name": name, "now": now})) == 1


async def touch_open_user(tx: Tx, user: Pubkey, now: datetime) -> bool:
    """Note a sign-in without a key, and hold the account's row; False when the account is closed or disabled."""
    return rows_changed(await tx.execute(_TOUCH_OPEN, {"user": user, "now": now})) == 1


async def close_user(tx: Tx, user: Pubkey, now: datetime) -> bool:
    """The gate of closing: whether we did. The row and its pubkey stay; keys and codes go."""
    if rows_changed(await tx.execute(_CLOSE, {"user": user, "now": now})) != 1:
        return False
    await tx.execute(_REMOVE_KEYS, {"user": user})
    await tx.execute(_DROP_CODES, {"user": user})
    return True


async def disable_user(tx: Tx, user: Pubkey, now: datetime) -> bool:
    """The gate of disabling: whether we did. Holds the account's row, so that nobody signs in to it meanwhile."""
    return rows_changed(await tx.execute(_DISABLE, {"user": user, "now": now})) == 1


async def enable_user(tx: Tx, user: Pubkey) -> bool:
    """Open an account again that was disabled; whether it was."""
    return rows_changed(await tx.execute(_ENABLE, {"user": user})) == 1


async def list_users(tx: Tx, count: int, before: datetime) -> list[ListedUser]:
    """The newest accounts that are not younger than ``before``."""
    rows = (await tx.execute(_LIST_USERS, {"count": count, "before": before})).all()
    return [
        ListedUser(
            Pubkey(r.pubkey),
            r.display_name,
            r.created_at,
            r.last_login,
            "closed" if r.closed_at else "disabled" if r.disabled_at else "open",
        )
        for r in rows
    ]


async def list_keys(tx: Tx, user: Pubkey) -> list[LinkedKey]:
    """The keys of an account, the oldest first."""
    rows = (await tx.execute(_KEYS, {"user": user})).all()
    return [LinkedKey(Pubkey(r.key), r.kind, r.label, r.added_at, r.last_used_at) for r in rows]


async def rename_key(tx: Tx, user: Pubkey, key: str, label: str | None) -> bool:
    """Change a key's label; whether it is this account's."""
    return rows_changed(await tx.execute(_RENAME_KEY, {"key_": key, "user": user, "name": label})) == 1


async def remove_key(tx: Tx, user: Pubkey, key: str) -> bool:
    """The gate of removing: whether we took the key off the account. It never takes the last one.

    The statement alone would let two requests take the last two keys at once on PostgreSQL, where each sees the other's key
    still standing: the caller holds the account's row.
    """
    return rows_changed(await tx.execute(_REMOVE_KEY, {"key": key, "user": user})) == 1


async def end_sessions(tx: Tx, user: Pubkey, now: datetime, key: str | None = None) -> list[str]:
    """End a user's open sessions, or those that this key opened; the digests of those that ended."""
    params = {"user": user, "now": now}
    if key is None:
        ended = await tx.execute(_END_SESSIONS, params)
    else:
        ended = await tx.execute(_END_SESSIONS_OF_KEY, params | {"of_key": key})
    return list(ended.scalars().all())


async def replace_codes(tx: Tx, user: Pubkey, digests: Iterable[str], now: datetime) -> int:
    """Keep these recovery codes instead of what was there; how many went, used or not. None at all deletes them."""
    dropped = rows_changed(await tx.execute(_DROP_CODES, {"user": user}))
    rows = [{"code": digest, "user_id": user, "created_at": now} for digest in digests]
    if rows:
        await tx.execute(_ADD_CODE, rows)
    return dropped


async def count_codes(tx: Tx, user: Pubkey) -> CodesLeft:
    """How many recovery codes are left."""
    row = (await tx.execute(_COUNT_CODES, {"user": user})).one()
    return CodesLeft(row.left, row.made_at)


async def find_code(tx: Tx, digest: str) -> KeptCode | None:
    """The recovery code with this digest, used or not."""
    row = (await tx.execute(_CODE, {"digest": digest})).one_or_none()
    return KeptCode(Pubkey(row.user_id), row.used_at is not None) if row is not None else None


async def spend_code(tx: Tx, digest: str, now: datetime) -> bool:
    """The gate: whether we, and nobody before us, used this code."""
    return rows_changed(await tx.execute(_SPEND_CODE, {"digest": digest, "now": now})) == 1
