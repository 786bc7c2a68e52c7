"""Ending several grants at once, each with its tokens.

Lock order: session, consent, grants (by id, so that two endings at the same moment do not wait for each other), tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hodlxxi.kit.db import Tx, rows_changed
from hodlxxi.oauth.tables import oauth_clients, oauth_consents, oauth_grants, oauth_tokens

_CHUNK = 500  # parameters in one statement are bounded
_p = sa.bindparam
_g, _t, _c = oauth_grants.c, oauth_tokens.c, oauth_consents.c


@dataclass(frozen=True, slots=True)
class HeldGrant:
    """A grant that is alive, held until the end of the transaction. ``is_sign_in`` when it came with an ID token."""

    grant_id: str
    client_id: str
    session_id: str | None
    is_sign_in: bool


@dataclass(frozen=True, slots=True)
class Told:
    """An app that has to be told of a logout. ``named`` is the session, or the grant that stands for one."""

    client_id: str
    named: str


_is_openid = sa.literal(" ").concat(_g.scope).concat(" ").contains(" openid ")
_HELD = (
    sa.select(_g.grant_id, _g.client_id, _g.session_id, _is_openid.label("is_openid"))
    .where(_g.revoked_at.is_(None))
    .order_by(_g.grant_id)
    .with_for_update()
)
_OF_USER = _HELD.where(_g.user_id == _p("user"))
_OF_KEY = _OF_USER.where(_g.key == _p("of_key"))
_OF_CLIENT = _OF_USER.where(_g.client_id == _p("of_client"))
# What only signs the user in. With ``offline_access``, and without ``openid``, a grant outlives its session (§4.5).
_OF_SESSIONS = _HELD.where(
    _g.session_id.in_(_p("sessions", expanding=True)), _is_openid, _g.offline.is_(False)
)
_REVOKE = (
    sa.update(oauth_grants)
    .where(_g.grant_id.in_(_p("ids", expanding=True)), _g.revoked_at.is_(None))
    .values(revoked_at=_p("now"), revoke_reason=_p("reason"))
)
_REVOKE_TOKENS = (
    sa.update(oauth_tokens)
    .where(_t.grant_id.in_(_p("ids", expanding=True)), _t.revoked.is_(False))
    .values(revoked=True, revoked_at=_p("now"), grace_sealed=None)
)
_FORGET = sa.delete(oauth_consents).where(_c.user_id == _p("user"))
_FORGET_CLIENT = _FORGET.where(_c.client_id == _p("of_client"))
_listens = sa.and_(oauth_clients.c.backchannel_logout_uri.is_not(None), oauth_clients.c.disabled_at.is_(None))
_SIGNED_IN = (
    sa.select(_g.client_id, _g.session_id)
    .distinct()
    .join(oauth_clients, oauth_clients.c.client_id == _g.client_id)
    .where(_g.session_id.in_(_p("sessions", expanding=True)), _is_openid, _listens)
)
_LISTENING = sa.select(oauth_clients.c.client_id).where(
    oauth_clients.c.client_id.in_(_p("ids", expanding=True)), _listens
)


async def hold_of_user(tx: Tx, user: str) -> list[HeldGrant]:
    """Everything that apps hold from this user."""
    return await _hold(tx, _OF_USER, {"user": user})


async def hold_of_key(tx: Tx, user: str, key: str) -> list[HeldGrant]:
    """What this user allowed after proving this key."""
    return await _hold(tx, _OF_KEY, {"user": user, "of_key": key})


async def hold_of_client(tx: Tx, user: str, client_id: str) -> list[HeldGrant]:
    """What one app holds from this user."""
    return await _hold(tx, _OF_CLIENT, {"user": user, "of_client": client_id})


async def hold_of_sessions(tx: Tx, sessions: Sequence[str]) -> list[HeldGrant]:
    """What these sessions signed their user in to, and nothing that was to outlive them."""
    return [g for some in _chunks(sessions) for g in await _hold(tx, _OF_SESSIONS, {"sessions": some})]


async def revoke_held(tx: Tx, grants: Iterable[HeldGrant], reason: str, now: datetime) -> None:
    """End these grants, each with its tokens."""
    for ids in _chunks([grant.grant_id for grant in grants]):
        await tx.execute(_REVOKE, {"ids": ids, "reason": reason, "now": now})
        await tx.execute(_REVOKE_TOKENS, {"ids": ids, "now": now})


async def forget_consents(tx: Tx, user: str, client_id: str | None = None) -> int:
    """Forget what a user agreed to, with one app or with all; with how many. Before its grants are held."""
    if client_id is None:
        return rows_changed(await tx.execute(_FORGET, {"user": user}))
    return rows_changed(await tx.execute(_FORGET_CLIENT, {"user": user, "of_client": client_id}))


async def list_told(tx: Tx, sessions: Sequence[str], ended: Iterable[HeldGrant]) -> set[Told]:
    """Which apps have to be told: all where these sessions signed in, whatever is left of that, and those of ``ended``."""
    told: set[Told] = set()
    for some in _chunks(sessions):
        told |= {Told(r.client_id, r.session_id) for r in (await tx.execute(_SIGNED_IN, {"sessions": some}))}
    by_grant = {Told(g.client_id, g.session_id or g.grant_id) for g in ended if g.is_sign_in}
    for ids in _chunks(sorted({one.client_id for one in by_grant})):
        listening = set((await tx.execute(_LISTENING, {"ids": ids})).scalars().all())
        told |= {one for one in by_grant if one.client_id in listening}
    return told


async def _hold(
    tx: Tx, statement: sa.Select[tuple[str, str, str | None, bool]], which: object
) -> list[HeldGrant]:
    rows = (await tx.execute(statement, which)).all()  # type: ignore[call-overload]
    return [HeldGrant(row.grant_id, row.client_id, row.session_id, bool(row.is_openid)) for row in rows]


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
