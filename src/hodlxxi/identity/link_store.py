"""The queries around a link: a key on its way to an account."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.identity.link_rules import Link
from hodlxxi.identity.tables import key_links, user_keys
from hodlxxi.kit.db import Tx, rows_changed

_p = sa.bindparam
_l = key_links.c

_ADD = sa.insert(key_links).inline()
_FIND = sa.select(
    _l.link_id,
    _l.user_id,
    _l.root,
    _l.message,
    _l.created_at,
    _l.expires_at,
    _l.key,
    _l.kind,
    _l.used_at,
).where(_l.link_id == _p("link_id"))
_MARK_PROVED = (
    sa.update(key_links)
    .where(
        _l.link_id == _p("id_"),
        _l.proved_at.is_(None),
        _l.used_at.is_(None),
        _l.expires_at > _p("now"),
    )
    .values(key=_p("key_"), kind=_p("kind_"), proved_at=_p("now"))
)
_MARK_PROVED_IN_SESSION = _MARK_PROVED.where(_l.root == _p("of_root"))
_SPEND = (
    sa.update(key_links)
    .where(
        _l.link_id == _p("id_"),
        _l.proved_at.is_not(None),
        _l.used_at.is_(None),
        _l.expires_at > _p("now"),
    )
    .values(used_at=_p("now"))
)
_OWNER = sa.select(user_keys.c.user_id).where(user_keys.c.key == _p("key"))


async def add_link(tx: Tx, link: Link, nonce: str) -> None:
    """Keep a link that begins."""
    await tx.execute(
        _ADD,
        {
            "link_id": link.link_id,
            "user_id": link.user_id,
            "root": link.root,
            "message": link.message,
            "nonce": nonce,
            "created_at": link.created_at,
            "expires_at": link.expires_at,
        },
    )


async def find_link(tx: Tx, link_id: str) -> Link | None:
    """The link with this id, whatever became of it."""
    row = (await tx.execute(_FIND, {"link_id": link_id})).one_or_none()
    if row is None:
        return None
    return Link(
        row.link_id,
        Pubkey(row.user_id),
        row.root,
        row.message,
        row.created_at,
        row.expires_at,
        Pubkey(row.key) if row.key is not None else None,
        row.kind,
        row.used_at is not None,
    )


async def mark_proved(tx: Tx, link_id: str, root: str | None, key: Pubkey, kind: str, now: datetime) -> bool:
    """The gate of a proof: whether ours is the first. ``root`` None: whoever proves is not the browser that began it."""
    params = {"id_": link_id, "key_": key, "kind_": kind, "now": now}
    if root is None:
        return rows_changed(await tx.execute(_MARK_PROVED, params)) == 1
    return rows_changed(await tx.execute(_MARK_PROVED_IN_SESSION, params | {"of_root": root})) == 1


async def spend_link(tx: Tx, link_id: str, now: datetime) -> bool:
    """The gate of a confirmation: whether we, and nobody before us, used this link."""
    return rows_changed(await tx.execute(_SPEND, {"id_": link_id, "now": now})) == 1


async def find_owner(tx: Tx, key: Pubkey) -> Pubkey | None:
    """The account that has this key."""
    owner = (await tx.execute(_OWNER, {"key": key})).scalar_one_or_none()
    return Pubkey(owner) if owner is not None else None
