"""Ending several grants of one user at once, each with its tokens. Lock order: grants, then tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.sql.dml import ReturningUpdate

from hodlxxi.kit.db import Tx, rows_changed
from hodlxxi.oauth.tables import oauth_consents, oauth_grants, oauth_tokens

_p = sa.bindparam
_g, _t, _c = oauth_grants.c, oauth_tokens.c, oauth_consents.c


@dataclass(frozen=True, slots=True)
class EndedGrant:
    """A grant that was alive until now."""

    grant_id: str
    client_id: str


_of_user = _g.user_id == _p("user")
_of_key = sa.and_(_of_user, _g.key == _p("of_key"))
_of_client = sa.and_(_of_user, _g.client_id == _p("of_client"))


def _grants_where(which: sa.ColumnElement[bool]) -> ReturningUpdate[tuple[str, str]]:
    ended = sa.update(oauth_grants).where(which, _g.revoked_at.is_(None))
    return ended.values(revoked_at=_p("now"), revoke_reason=_p("reason")).returning(_g.grant_id, _g.client_id)


def _tokens_where(which: sa.ColumnElement[bool]) -> sa.Update:
    theirs = sa.select(_g.grant_id).where(which).scalar_subquery()
    ended = sa.update(oauth_tokens).where(_t.grant_id.in_(theirs), _t.revoked.is_(False))
    return ended.values(revoked=True, revoked_at=_p("now"), grace_sealed=None)


_OF_USER = (_grants_where(_of_user), _tokens_where(_of_user))
_OF_KEY = (_grants_where(_of_key), _tokens_where(_of_key))
_OF_CLIENT = (_grants_where(_of_client), _tokens_where(_of_client))
_FORGET = sa.delete(oauth_consents).where(_c.user_id == _p("user"))
_FORGET_CLIENT = _FORGET.where(_c.client_id == _p("of_client"))


async def revoke_of_user(tx: Tx, user: str, reason: str, now: datetime) -> list[EndedGrant]:
    """End everything that apps hold from this user."""
    return await _revoke(tx, _OF_USER, {"user": user}, reason, now)


async def revoke_of_key(tx: Tx, user: str, key: str, reason: str, now: datetime) -> list[EndedGrant]:
    """End what this user allowed after proving this key."""
    return await _revoke(tx, _OF_KEY, {"user": user, "of_key": key}, reason, now)


async def revoke_of_client(tx: Tx, user: str, client_id: str, reason: str, now: datetime) -> list[EndedGrant]:
    """End what one app holds from this user."""
    return await _revoke(tx, _OF_CLIENT, {"user": user, "of_client": client_id}, reason, now)


async def forget_consents(tx: Tx, user: str, client_id: str | None = None) -> int:
    """Forget what a user agreed to, with one app or with all; with how many."""
    if client_id is None:
        return rows_changed(await tx.execute(_FORGET, {"user": user}))
    return rows_changed(await tx.execute(_FORGET_CLIENT, {"user": user, "of_client": client_id}))


async def _revoke(
    tx: Tx,
    statements: tuple[ReturningUpdate[tuple[str, str]], sa.Update],
    which: dict[str, str],
    reason: str,
    now: datetime,
) -> list[EndedGrant]:
    grants, tokens = statements
    ended = (await tx.execute(grants, which | {"reason": reason, "now": now})).all()
    await tx.execute(tokens, which | {"now": now})
    return [EndedGrant(row.grant_id, row.client_id) for row in ended]
