"""Token rows: access tokens by digest, refresh tokens by digest and by their links."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hodlxxi.identity.tables import users
from hodlxxi.kit.db import Moment, Tx, rows_changed
from hodlxxi.oauth.rules.access import Access
from hodlxxi.oauth.rules.claims import Person
from hodlxxi.oauth.rules.claims_request import read_asked
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.grants import Refresh, Successor
from hodlxxi.oauth.store.clients import CLIENT_COLUMNS, read_client
from hodlxxi.oauth.store.grants import GRANT_COLUMNS, read_grant
from hodlxxi.oauth.tables import oauth_clients, oauth_grants, oauth_tokens

_p = sa.bindparam
_g, _t, _u = oauth_grants.c, oauth_tokens.c, users.c
_next = oauth_tokens.alias("successor")


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token row to keep. ``access_digest`` and ``refresh_digest`` are SHA-256."""

    token_id: str
    grant_id: str | None
    client_id: str
    user_id: str | None
    scopes: tuple[str, ...]
    access_digest: str
    refresh_digest: str | None
    issued_at: datetime
    access_expires_at: datetime
    refresh_expires_at: datetime | None
    audience: str | None = None
    dpop_jkt: str | None = None


@dataclass(frozen=True, slots=True)
class OwnedToken:
    """A client's token: which grant it belongs to (None: the client has it for itself), and whose it is."""

    token_id: str
    grant_id: str | None
    user_id: str | None


_refresh_side = (
    oauth_tokens.join(oauth_grants, _g.grant_id == _t.grant_id)
    .join(users, _u.pubkey == _g.user_id)
    .outerjoin(_next, _next.c.id == _t.successor_id)
)
_CLIENT_AND_REFRESH = (
    sa.select(
        *CLIENT_COLUMNS,
        _t.id,
        _t.client_id.label("token_client_id"),
        _t.refresh_expires_at,
        _t.refresh_used_at,
        _t.revoked,
        _t.grace_until,
        _t.grace_sealed,
        _t.dpop_jkt,
        _next.c.id.label("next_id"),
        _next.c.refresh_used_at.label("next_used_at"),
        _next.c.revoked.label("next_revoked"),
        _next.c.scope.label("next_scope"),
        _next.c.resource.label("next_audience"),
        _next.c.dpop_jkt.label("next_jkt"),
        *GRANT_COLUMNS,
    )
    .select_from(oauth_clients.outerjoin(_refresh_side, _t.refresh_token == _p("digest")))
    .where(oauth_clients.c.client_id == _p("id_"))
)
_SPEND_REFRESH = (
    sa.update(oauth_tokens)
    .where(_t.id == _p("id_"), _t.refresh_used_at.is_(None), _t.revoked.is_(False))
    .values(refresh_used_at=_p("now"), successor_id=_p("next"), grace_until=_p("until"))
)
_SEAL = sa.update(oauth_tokens).where(_t.id == _p("id_")).values(grace_sealed=_p("sealed"))
_ADD = sa.insert(oauth_tokens).inline()
_ACCESS = (
    sa.select(
        _t.client_id,
        _t.user_id,
        _t.scope,
        _t.revoked,
        _t.access_expires_at,
        _t.dpop_jkt,
        _t.grant_id,
        _g.revoked_at,
        _g.claims,
        _g.auth_time,
        _g.acr,
        _u.display_name,
        sa.func.coalesce(_u.updated_at, _u.created_at, type_=Moment).label("user_updated_at"),
        _u.disabled_at,
        _u.closed_at,
        oauth_clients.c.disabled_at.label("client_disabled_at"),
        oauth_clients.c.userinfo_signed_response_alg,
    )
    .select_from(
        oauth_tokens.join(oauth_clients, oauth_clients.c.client_id == _t.client_id)
        .outerjoin(oauth_grants, _g.grant_id == _t.grant_id)
        .outerjoin(users, _u.pubkey == _t.user_id)
    )
    .where(_t.access_token == _p("digest"))
)
_OWNED = sa.select(_t.id, _t.grant_id, _t.user_id).where(
    _t.client_id == _p("client_"), sa.or_(_t.access_token == _p("digest"), _t.refresh_token == _p("digest"))
)
_REVOKE = (
    sa.update(oauth_tokens)
    .where(_t.id == _p("id_"), _t.revoked.is_(False))
    .values(revoked=True, revoked_at=_p("now"), grace_sealed=None)
)
_COUNT_ACTIVE = (
    sa.select(sa.func.count())
    .select_from(oauth_tokens)
    .where(_t.access_expires_at > _p("now"), _t.revoked.is_(False))
)


async def find_client_and_refresh(
    tx: Tx, client_id: str, digest: str
) -> tuple[Client | None, Refresh | None, Person | None]:
    """The client with this id and, if there is one, the refresh token with this digest and its successor."""
    row = (await tx.execute(_CLIENT_AND_REFRESH, {"id_": client_id, "digest": digest})).one_or_none()
    if row is None:
        return None, None, None
    client = read_client(row)
    columns = tuple(row[len(CLIENT_COLUMNS) :])
    if columns[0] is None:
        return client, None, None
    grant, person, is_open = read_grant(columns[14:])
    return client, _read_refresh(columns, grant, is_open), person


def _read_refresh(columns: tuple[Any, ...], grant: Any, is_open: bool) -> Refresh:
    (
        token_id, client_id, expires_at, used_at, revoked, grace_until, grace_sealed, dpop_jkt,
        next_id, next_used_at, next_revoked, next_scope, next_audience, next_jkt,
    ) = columns[:14]  # fmt: skip
    successor = None
    if next_id is not None:
        scopes = tuple(next_scope.split())
        successor = Successor(next_used_at is not None, next_revoked, scopes, next_audience, next_jkt)
    return Refresh(
        token_id,
        client_id,
        expires_at,
        used_at,
        revoked,
        grant,
        is_open,
        successor,
        grace_until,
        grace_sealed,
        dpop_jkt,
    )


async def spend_refresh(tx: Tx, token_id: str, successor_id: str, now: datetime, until: datetime) -> bool:
    """The gate: whether we, and nobody before us, used this refresh token."""
    params = {"id_": token_id, "next": successor_id, "now": now, "until": until}
    return rows_changed(await tx.execute(_SPEND_REFRESH, params)) == 1


async def keep_response(tx: Tx, token_id: str, sealed: str) -> None:
    """Keep the sealed response beside the refresh token that it answers."""
    await tx.execute(_SEAL, {"id_": token_id, "sealed": sealed})


async def add_token(tx: Tx, token: NewToken) -> None:
    """Keep a new token row."""
    await tx.execute(
        _ADD,
        {
            "id": token.token_id,
            "access_token": token.access_digest,
            "refresh_token": token.refresh_digest,
            "client_id": token.client_id,
            "user_id": token.user_id,
            "grant_id": token.grant_id,
            "scope": " ".join(token.scopes),
            "issued_at": token.issued_at,
            "access_expires_at": token.access_expires_at,
            "refresh_expires_at": token.refresh_expires_at,
            "expires_at": max(token.access_expires_at, token.refresh_expires_at or token.access_expires_at),
            "revoked": False,
            "resource": token.audience,
            "dpop_jkt": token.dpop_jkt,
        },
    )


async def find_access(tx: Tx, digest: str) -> Access | None:
    """The access token with everything that could speak against it, in one look."""
    row = (await tx.execute(_ACCESS, {"digest": digest})).one_or_none()
    if row is None:
        return None
    (
        client_id, user_id, scope, revoked, expires_at, dpop_jkt, grant_id, grant_revoked_at, claims, auth_time, acr,
        name, user_updated_at, disabled_at, closed_at, client_disabled_at, userinfo_alg,
    ) = row  # fmt: skip
    is_alive = not revoked and grant_revoked_at is None
    are_enabled = disabled_at is None and closed_at is None and client_disabled_at is None
    return Access(
        client_id=client_id,
        person=Person(user_id, name, user_updated_at, user_id) if user_id is not None else None,
        scopes=frozenset(scope.split()),
        expires_at=expires_at,
        is_alive=is_alive and are_enabled,
        claims=read_asked(claims),
        auth_time=auth_time,
        acr=acr,
        dpop_jkt=dpop_jkt,
        grant_id=grant_id,
        userinfo_alg=userinfo_alg,
    )


async def find_owned_token(tx: Tx, digest: str, client_id: str) -> OwnedToken | None:
    """The access or refresh token, if it is this client's."""
    row = (await tx.execute(_OWNED, {"digest": digest, "client_": client_id})).one_or_none()
    return OwnedToken(row.id, row.grant_id, row.user_id) if row is not None else None


async def revoke_token(tx: Tx, token_id: str, now: datetime) -> bool:
    """End one token; whether it was alive."""
    return rows_changed(await tx.execute(_REVOKE, {"id_": token_id, "now": now})) == 1


async def count_active(tx: Tx, now: datetime) -> int:
    """How many access tokens are alive."""
    return int((await tx.execute(_COUNT_ACTIVE, {"now": now})).scalar_one())
