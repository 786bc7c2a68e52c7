"""Values that the tests of the rules start from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hodlxxi.oauth.rules.authorization import AuthorizationRequest, Destination
from hodlxxi.oauth.rules.claims import NOTHING_ASKED
from hodlxxi.oauth.rules.clients import Client, Metadata, Trust
from hodlxxi.oauth.rules.grants import Grant
from hodlxxi.oauth.rules.pkce import challenge_of
from hodlxxi.oauth.rules.scopes import SCOPES, usual_scopes

NOW = datetime(2042, 1, 5, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PUBKEY = "02" + "ab" * 32
ISSUER = "https://login.example"
CALLBACK = "https://app.example/cb"
VERIFIER = "v" * 43
CHALLENGE = challenge_of(VERIFIER)


def client(*uris: str, **changes: Any) -> Client:
    """A confidential client; ``changes`` go to its metadata, or to the client where they name its own fields."""
    own = {
        name: changes.pop(name)
        for name in ("trust", "disabled_at", "pkce_policy", "created_at", "profile", "resources", "serves")
        if name in changes
    }
    metadata = Metadata(
        name="App", redirect_uris=uris or (CALLBACK,), **{"scopes": usual_scopes(SCOPES)} | changes
    )
    fields = {
        "client_id": "app_1",
        "secret_digest": "0" * 64,
        "trust": Trust.OPERATOR,
        "created_at": NOW,
    } | own
    return Client(metadata=metadata, **fields)


def params(**changes: str | list[str] | None) -> dict[str, list[str]]:
    """A good authorization request; None leaves a parameter out."""
    good: dict[str, str | list[str] | None] = {
        "client_id": "app_1",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid profile:read",
        "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    merged = good | changes
    return {k: v if isinstance(v, list) else [v] for k, v in merged.items() if v is not None and v != ""}


def request(**changes: Any) -> AuthorizationRequest:
    """A judged authorization request."""
    fields = {
        "client_id": "app_1",
        "destination": Destination(CALLBACK),
        "scopes": ("openid", "profile:read"),
    }
    return AuthorizationRequest(**fields | changes)


def grant(**changes: Any) -> Grant:
    """A live grant."""
    fields = {
        "grant_id": "g",
        "client_id": "app_1",
        "user_id": PUBKEY,
        "scopes": ("openid", "profile:read"),
        "auth_time": NOW - MINUTE,
        "acr": "urn:hodlxxi:acr:key",
        "amr": ("pop", "btc_message"),
        "session_id": "s",
        "claims": NOTHING_ASKED,
        "absolute_expires_at": NOW + timedelta(days=180),
    }
    return Grant(**fields | changes)
