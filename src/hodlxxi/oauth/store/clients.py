"""Clients."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from hodlxxi.kit.db import Tx, rows_changed
from hodlxxi.oauth.rules.clients import Client, Metadata, Profile, Trust
from hodlxxi.oauth.rules.pkce import PkcePolicy
from hodlxxi.oauth.tables import oauth_clients

_p = sa.bindparam
_c = oauth_clients.c

# The columns that make a ``Client``, in the order in which ``read_client`` takes them.
CLIENT_COLUMNS = (
    _c.client_id,
    _c.client_secret,
    _c.trust,
    _c.created_at,
    _c.registration_token,
    _c.pkce_policy,
    _c.disabled_at,
    _c.client_secret_sealed,
    _c.profile,
    _c.resources,
    _c.serves,
    _c.owner_id,
    _c.client_name,
    _c.redirect_uris,
    _c.grant_types,
    _c.scope,
    _c.token_endpoint_auth_method,
    _c.application_type,
    _c.id_token_signed_response_alg,
    _c.default_max_age,
    _c.require_auth_time,
    _c.default_acr_values,
    _c.contacts,
    _c.client_uri,
    _c.logo_uri,
    _c.policy_uri,
    _c.tos_uri,
    _c.software_id,
    _c.software_version,
    _c.post_logout_redirect_uris,
    _c.token_endpoint_auth_signing_alg,
    _c.jwks,
    _c.jwks_uri,
    _c.subject_type,
    _c.sector_identifier_uri,
    _c.userinfo_signed_response_alg,
    _c.backchannel_logout_uri,
    _c.backchannel_logout_session_required,
    _c.require_pushed_authorization_requests,
    _c.dpop_bound_access_tokens,
)


def read_client(row: sa.Row[*tuple[Any, ...]]) -> Client:
    """The client in the first columns of a row that was selected with ``CLIENT_COLUMNS`` in front."""
    (
        client_id, secret, trust, created_at, registration, pkce, disabled_at, sealed, profile, resources, serves,
        owner_id,
        name, uris, grant_types, scope, method, kind, alg, max_age, auth_time, acr_values, contacts,
        client_uri, logo_uri, policy_uri, tos_uri, software_id, software_version,
        logout_uris, auth_alg, jwks, jwks_uri, subject_type, sector_uri, userinfo_alg, backchannel_uri,
        backchannel_sid, pushed, dpop,
    ) = row[: len(CLIENT_COLUMNS)]  # fmt: skip
    metadata = Metadata(
        name, tuple(uris), tuple(grant_types), tuple(scope.split()), method, kind, alg, max_age, auth_time,
        tuple(acr_values), tuple(contacts), client_uri, logo_uri, policy_uri, tos_uri, software_id, software_version,
        tuple(logout_uris or ()), auth_alg, jwks, jwks_uri, subject_type or "public", sector_uri, userinfo_alg,
        backchannel_uri, bool(backchannel_sid), bool(pushed), bool(dpop),
    )  # fmt: skip
    return Client(
        client_id, secret, metadata, Trust(trust), created_at, registration, PkcePolicy(pkce) if pkce else None,
        disabled_at, sealed, Profile(profile or "default"), tuple(resources) if resources is not None else None,
        tuple(serves or ()), owner_id,
    )  # fmt: skip


def _values(metadata: Metadata) -> dict[str, object]:
    return {
        "client_name": metadata.name,
        "redirect_uris": list(metadata.redirect_uris),
        "grant_types": list(metadata.grant_types),
        "scope": " ".join(metadata.scopes),
        "token_endpoint_auth_method": metadata.auth_method,
        "application_type": metadata.application_type,
        "id_token_signed_response_alg": metadata.id_token_alg,
        "default_max_age": metadata.default_max_age_s,
        "require_auth_time": metadata.require_auth_time,
        "default_acr_values": list(metadata.default_acr_values),
        "contacts": list(metadata.contacts),
        "client_uri": metadata.client_uri,
        "logo_uri": metadata.logo_uri,
        "policy_uri": metadata.policy_uri,
        "tos_uri": metadata.tos_uri,
        "software_id": metadata.software_id,
        "software_version": metadata.software_version,
        "post_logout_redirect_uris": list(metadata.post_logout_redirect_uris),
        "token_endpoint_auth_signing_alg": metadata.auth_signing_alg,
        "jwks": metadata.jwks,
        "jwks_uri": metadata.jwks_uri,
        "subject_type": metadata.subject_type,
        "sector_identifier_uri": metadata.sector_identifier_uri,
        "userinfo_signed_response_alg": metadata.userinfo_alg,
        "backchannel_logout_uri": metadata.backchannel_logout_uri,
        "backchannel_logout_session_required": metadata.backchannel_logout_session_required,
        "require_pushed_authorization_requests": metadata.require_pushed,
        "dpop_bound_access_tokens": metadata.dpop_bound,
    }


_FIND = sa.select(*CLIENT_COLUMNS).where(_c.client_id == _p("id_"))
# NO KEY UPDATE: a token that is being added only needs the row to be there, and must not wait for us while it holds a grant.
_HOLD = _FIND.with_for_update(key_share=True)
_FIND_SOME = sa.select(*CLIENT_COLUMNS).where(_c.client_id.in_(_p("ids", expanding=True)))
_LIST = sa.select(*CLIENT_COLUMNS).order_by(_c.created_at.desc()).limit(_p("count"))
_ADD = sa.insert(oauth_clients).inline()
_CHANGE = sa.update(oauth_clients).where(_c.client_id == _p("id_"))
_TOUCH = (
    sa.update(oauth_clients)
    .where(_c.client_id == _p("id_"), sa.or_(_c.last_used_at.is_(None), _c.last_used_at < _p("before")))
    .values(last_used_at=_p("now"))
)
_DISABLE = (
    sa.update(oauth_clients)
    .where(_c.client_id == _p("id_"), _c.disabled_at.is_(None))
    .values(disabled_at=_p("now"), client_secret=None, client_secret_sealed=None, registration_token=None)
)
_REPLACE_SECRET = (
    sa.update(oauth_clients)
    .where(
        _c.client_id == _p("id_"),
        _c.client_secret.is_not_distinct_from(_p("old")),
        _c.disabled_at.is_(None),
    )
    .values(client_secret=_p("digest"), client_secret_sealed=_p("sealed"))
)
_PAUSE = (
    sa.update(oauth_clients)
    .where(_c.client_id == _p("id_"), _c.disabled_at.is_(None))
    .values(disabled_at=_p("now"))
)
_RESUME = (
    sa.update(oauth_clients)
    .where(_c.client_id == _p("id_"), _c.disabled_at.is_not(None))
    .values(disabled_at=None)
)
_SET_TERMS = (
    sa.update(oauth_clients)
    .where(_c.client_id == _p("id_"))
    .values(
        trust=_p("new_trust"),
        profile=_p("new_profile"),
        pkce_policy=_p("new_pkce"),
        resources=_p("new_resources", type_=_c.resources.type),
        serves=_p("new_serves", type_=_c.serves.type),
        owner_id=_p("new_owner"),
    )
)
_COUNT_UNUSED = (
    sa.select(sa.func.count())
    .select_from(oauth_clients)
    .where(_c.trust == Trust.SELF_REGISTERED.value, _c.last_used_at.is_(None), _c.disabled_at.is_(None))
)
_TOUCH_AFTER = timedelta(hours=1)


async def find_client(tx: Tx, client_id: str) -> Client | None:
    """The client, disabled or not."""
    row = (await tx.execute(_FIND, {"id_": client_id})).one_or_none()
    return read_client(row) if row is not None else None


async def hold_client(tx: Tx, client_id: str) -> Client | None:
    """The client, with its row held until the end of the transaction: whoever else wants to change it waits."""
    row = (await tx.execute(_HOLD, {"id_": client_id})).one_or_none()
    return read_client(row) if row is not None else None


async def find_clients(tx: Tx, client_ids: Iterable[str]) -> dict[str, Client]:
    """These clients by id, in one look; unknown ids are left out."""
    rows = (await tx.execute(_FIND_SOME, {"ids": list(client_ids)})).all()
    return {client.client_id: client for client in map(read_client, rows)}


async def list_clients(tx: Tx, count: int = 200) -> list[Client]:
    """The newest clients, for the operator."""
    return [read_client(row) for row in (await tx.execute(_LIST, {"count": count})).all()]


async def add_client(tx: Tx, client: Client) -> None:
    """Keep a new client."""
    own = {
        "client_id": client.client_id,
        "client_secret": client.secret_digest,
        "trust": client.trust.value,
        "pkce_policy": client.pkce_policy.value if client.pkce_policy else None,
        "registration_token": client.registration_digest,
        "created_at": client.created_at,
        "client_secret_sealed": client.secret_sealed,
        "profile": client.profile.value,
        "resources": list(client.resources) if client.resources is not None else None,
        "serves": list(client.serves),
        "owner_id": client.owner_id,
    }
    await tx.execute(_ADD, own | _values(client.metadata))


async def change_client(tx: Tx, client: Client) -> None:
    """Replace a client's metadata, its secret and whether it is trusted (RFC 7592 §2.2). Its row is held."""
    own = {
        "client_secret": client.secret_digest,
        "client_secret_sealed": client.secret_sealed,
        "trust": client.trust.value,
    }
    await tx.execute(_CHANGE.values(own | _values(client.metadata)), {"id_": client.client_id})


async def replace_secret(tx: Tx, old: Client, new: Client) -> bool:
    """The gate: whether the secret was still the old one and is the new one now."""
    params = {
        "id_": old.client_id,
        "old": old.secret_digest,
        "digest": new.secret_digest,
        "sealed": new.secret_sealed,
    }
    return rows_changed(await tx.execute(_REPLACE_SECRET, params)) == 1


async def pause_client(tx: Tx, client_id: str, now: datetime) -> bool:
    """Disable a client, and keep what is needed to go on later; whether it was alive."""
    return rows_changed(await tx.execute(_PAUSE, {"id_": client_id, "now": now})) == 1


async def resume_client(tx: Tx, client_id: str) -> bool:
    """Let a disabled client go on; whether it was disabled."""
    return rows_changed(await tx.execute(_RESUME, {"id_": client_id})) == 1


async def set_terms(tx: Tx, client: Client) -> None:
    """Keep what the operator decided about a client: trust, profile, PKCE, audiences and owner."""
    params = {
        "id_": client.client_id,
        "new_trust": client.trust.value,
        "new_profile": client.profile.value,
        "new_pkce": client.pkce_policy.value if client.pkce_policy else None,
        "new_resources": list(client.resources) if client.resources is not None else None,
        "new_serves": list(client.serves),
        "new_owner": client.owner_id,
    }
    await tx.execute(_SET_TERMS, params)


async def touch_client(tx: Tx, client_id: str, now: datetime) -> None:
    """Note that a client is in use; to the hour, so that a busy one does not cost a write each time."""
    await tx.execute(_TOUCH, {"id_": client_id, "now": now, "before": now - _TOUCH_AFTER})


async def disable_client(tx: Tx, client_id: str, now: datetime) -> bool:
    """End a client for good; whether it was alive."""
    return rows_changed(await tx.execute(_DISABLE, {"id_": client_id, "now": now})) == 1


async def count_unused(tx: Tx) -> int:
    """How many self-registered clients have never been used."""
    return int((await tx.execute(_COUNT_UNUSED)).scalar_one())
