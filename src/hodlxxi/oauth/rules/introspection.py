"""Who may ask about a token, and what they are told (RFC 7662, reference oauth §4.6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from hodlxxi.oauth.rules.access import Access
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.grants import Refresh

INACTIVE: Mapping[str, object] = {"active": False}

# What of an access token is told: all of it stands in the token already, for whoever can verify it.
_TOLD = ("scope", "client_id", "sub", "aud", "iss", "exp", "iat", "jti", "cnf", "acr", "auth_time")


def introspect_access(
    client: Client, access: Access | None, payload: Mapping[str, object], now: datetime
) -> Mapping[str, object]:
    """An access token, for the client that holds it or for a resource server that it is for; to others it is no token.

    ``payload`` is what we signed: ``aud`` in it is the one audience, and ``sub`` is what the holder calls the user.
    """
    if access is None or not access.is_alive or access.expires_at <= now:
        return INACTIVE
    if access.client_id != client.client_id and payload.get("aud") not in client.serves:
        return INACTIVE
    told = {name: payload[name] for name in _TOLD if name in payload}
    return {"active": True, **told, "token_type": "DPoP" if access.dpop_jkt else "Bearer"}


def introspect_refresh(
    client: Client, refresh: Refresh | None, sub: str | None, issuer: str, now: datetime
) -> Mapping[str, object]:
    """A refresh token, for the client that holds it alone. A used one is active no more, though it may still be repeated."""
    if refresh is None or refresh.client_id != client.client_id or sub is None:
        return INACTIVE
    if refresh.used_at is not None or refresh.revoked or not refresh.user_enabled:
        return INACTIVE
    grant = refresh.grant
    ends_at = min(refresh.expires_at, grant.absolute_expires_at or refresh.expires_at)
    if grant.revoked_at is not None or ends_at <= now:
        return INACTIVE
    return {
        "active": True,
        "scope": " ".join(grant.scopes),
        "client_id": client.client_id,
        "sub": sub,
        "iss": issuer,
        "exp": int(ends_at.timestamp()),
        "acr": grant.acr,
        "auth_time": int(grant.auth_time.timestamp()),
    }
