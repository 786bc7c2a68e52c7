"""Grants and codes: what a user allowed, and the one-time proof of it that travels through the browser."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hodlxxi.identity.tables import users
from hodlxxi.kit.db import Moment, Tx, rows_changed
from hodlxxi.oauth.rules.claims import Person
from hodlxxi.oauth.rules.claims_request import read_asked, render_asked
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.grants import Code, Grant
from hodlxxi.oauth.rules.scopes import OFFLINE_ACCESS
from hodlxxi.oauth.store.clients import CLIENT_COLUMNS, read_client
from hodlxxi.oauth.tables import oauth_clients, oauth_codes, oauth_grants, oauth_tokens

_p = sa.bindparam
_g, _o, _t, _u = oauth_grants.c, oauth_codes.c, oauth_tokens.c, users.c

# The columns that make a ``Grant`` and the ``Person`` behind it, in the order of ``read_grant``.
GRANT_COLUMNS = (
    _g.grant_id,
    _g.client_id,
    _g.user_id,
    _g.scope,
    _g.auth_time,
    _g.acr,
    _g.amr,
    _g.session_id,
    _g.claims,
    _g.absolute_expires_at,
    _g.revoked_at,
    _g.resource,
    _g.key,
    _g.declined,
    _u.display_name,
    sa.func.coalesce(_u.updated_at, _u.created_at, type_=Moment).label("user_updated_at"),
    _u.disabled_at.label("user_disabled_at"),
    _u.closed_at.label("user_closed_at"),
)

# Where they come from.
GRANT_SIDE = oauth_grants.join(users, _u.pubkey == _g.user_id)


def read_grant(columns: tuple[Any, ...]) -> tuple[Grant, Person, bool]:
    """The grant, its user, and whether the account is open."""
    (
        grant_id, client_id, user_id, scope, auth_time, acr, amr, session_id, claims, absolute, revoked_at,
        resources, key, declined, name, user_updated_at, disabled_at, closed_at,
    ) = columns  # fmt: skip
    grant = Grant(
        grant_id, client_id, user_id, tuple(scope.split()), auth_time, acr, tuple(amr), session_id,
        read_asked(claims), absolute, revoked_at, tuple(resources or ()), key, tuple((declined or "").split()),
    )  # fmt: skip
    return grant, Person(user_id, name, user_updated_at), disabled_at is None and closed_at is None


# One statement brings the client and the code: the client is judged first, whatever the code is.
_code_side = oauth_codes.join(GRANT_SIDE, _g.grant_id == _o.grant_id)
_CLIENT_AND_CODE = (
    sa.select(
        *CLIENT_COLUMNS,
        _o.code,
        _o.client_id.label("code_client_id"),
        _o.redirect_uri,
        _o.code_challenge,
        _o.nonce,
        _o.expires_at,
        _o.used,
        _o.bad_attempts,
        _o.dpop_jkt,
        *GRANT_COLUMNS,
    )
    .select_from(oauth_clients.outerjoin(_code_side, _o.code == _p("digest")))
    .where(oauth_clients.c.client_id == _p("id_"))
)
_SPEND_CODE = (
    sa.update(oauth_codes)
    .where(_o.code == _p("digest"), _o.used.is_(False))
    .values(used=True, used_at=_p("now"))
)
_COUNT_ATTEMPT = (
    sa.update(oauth_codes).where(_o.code == _p("digest")).values(bad_attempts=_o.bad_attempts + 1)
)
_ADD_GRANT = sa.insert(oauth_grants).inline()
_ADD_CODE = sa.insert(oauth_codes).inline()
_TOUCH_GRANT = (
    sa.update(oauth_grants)
    .where(_g.grant_id == _p("id_"), _g.revoked_at.is_(None))
    .values(last_used_at=_p("now"), expires_at=_p("ends_at"))
)
_REVOKE_GRANT = (
    sa.update(oauth_grants)
    .where(_g.grant_id == _p("id_"), _g.revoked_at.is_(None))
    .values(revoked_at=_p("now"), revoke_reason=_p("reason"))
)
_REVOKE_TOKENS = (
    sa.update(oauth_tokens)
    .where(_t.grant_id == _p("id_"), _t.revoked.is_(False))
    .values(revoked=True, revoked_at=_p("now"), grace_sealed=None)
)
# By id, as every ending takes them, so that two at the same moment do not wait for each other.
_HOLD_GRANTS_OF_CLIENT = sa.select(sa.func.count()).select_from(
    sa.select(_g.grant_id)
    .where(_g.client_id == _p("client_"), _g.revoked_at.is_(None))
    .order_by(_g.grant_id)
    .with_for_update()
    .subquery()
)
_REVOKE_GRANTS_OF_CLIENT = (
    sa.update(oauth_grants)
    .where(_g.client_id == _p("client_"), _g.revoked_at.is_(None))
    .values(revoked_at=_p("now"), revoke_reason=_p("reason"))
)
_REVOKE_TOKENS_OF_CLIENT = (
    sa.update(oauth_tokens)
    .where(_t.client_id == _p("client_"), _t.revoked.is_(False))
    .values(revoked=True, revoked_at=_p("now"), grace_sealed=None)
)


async def find_client_and_code(
    tx: Tx, client_id: str, digest: str
) -> tuple[Client | None, Code | None, Person | None]:
    """The client with this id and, if there is one, the code with this digest (whoever it was issued to)."""
    row = (await tx.execute(_CLIENT_AND_CODE, {"id_": client_id, "digest": digest})).one_or_none()
    if row is None:
        return None, None, None
    client = read_client(row)
    first = len(CLIENT_COLUMNS)
    found, code_client, redirect_uri, challenge, nonce, expires_at, used, attempts, jkt = row[
        first : first + 9
    ]
    if found is None:
        return client, None, None
    grant, person, is_open = read_grant(tuple(row[first + 9 :]))
    code = Code(
        found, code_client, redirect_uri, challenge, nonce, expires_at, used, attempts, grant, is_open, jkt
    )
    return client, code, person


async def spend_code(tx: Tx, digest: str, now: datetime) -> bool:
    """The gate: whether we, and nobody before us, used this code."""
    return rows_changed(await tx.execute(_SPEND_CODE, {"digest": digest, "now": now})) == 1


async def count_attempt(tx: Tx, digest: str) -> None:
    """Note a wrong verifier."""
    await tx.execute(_COUNT_ATTEMPT, {"digest": digest})


async def add_grant(tx: Tx, grant: Grant, now: datetime, ends_at: datetime) -> None:
    """Keep a new grant. ``ends_at`` is when nothing of it can be alive any more."""
    await tx.execute(
        _ADD_GRANT,
        {
            "grant_id": grant.grant_id,
            "client_id": grant.client_id,
            "user_id": grant.user_id,
            "session_id": grant.session_id,
            "key": grant.key,
            "resource": list(grant.resources) or None,
            "scope": " ".join(grant.scopes),
            "declined": " ".join(grant.declined) or None,
            "offline": OFFLINE_ACCESS in grant.scopes,
            "auth_time": grant.auth_time,
            "acr": grant.acr,
            "amr": list(grant.amr),
            "claims": render_asked(grant.claims),
            "created_at": now,
            "absolute_expires_at": grant.absolute_expires_at,
            "expires_at": ends_at,
        },
    )


async def add_code(tx: Tx, code: Code) -> None:
    """Keep a new code."""
    await tx.execute(
        _ADD_CODE,
        {
            "grant_id": code.grant.grant_id,
            "code": code.digest,
            "client_id": code.client_id,
            "user_id": code.grant.user_id,
            "redirect_uri": code.redirect_uri,
            "scope": " ".join(code.grant.scopes),
            "code_challenge": code.code_challenge,
            "nonce": code.nonce,
            "expires_at": code.expires_at,
            "used": False,
            "bad_attempts": 0,
            "dpop_jkt": code.dpop_jkt,
        },
    )


async def touch_grant(tx: Tx, grant_id: str, now: datetime, ends_at: datetime) -> bool:
    """Note that a grant is in use and hold its row until the end of the transaction; False when it was revoked."""
    return (
        rows_changed(await tx.execute(_TOUCH_GRANT, {"id_": grant_id, "now": now, "ends_at": ends_at})) == 1
    )


async def revoke_grant(tx: Tx, grant_id: str, reason: str, now: datetime) -> bool:
    """End a grant and all its tokens; whether it was alive. Lock order: grant, then tokens."""
    ended = (
        rows_changed(await tx.execute(_REVOKE_GRANT, {"id_": grant_id, "reason": reason, "now": now})) == 1
    )
    await tx.execute(_REVOKE_TOKENS, {"id_": grant_id, "now": now})
    return ended


async def revoke_grants_of_client(tx: Tx, client_id: str, reason: str, now: datetime) -> int:
    """End everything that a client holds; how many grants were alive."""
    params = {"client_": client_id, "now": now}
    await tx.execute(_HOLD_GRANTS_OF_CLIENT, {"client_": client_id})
    ended = rows_changed(await tx.execute(_REVOKE_GRANTS_OF_CLIENT, params | {"reason": reason}))
    await tx.execute(_REVOKE_TOKENS_OF_CLIENT, params)
    return ended
