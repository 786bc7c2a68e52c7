"""The apps that ask: registered with ours, then told to the peer with the same ids and secrets."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

import httpx

from tests.differential.case import BYE, CALLBACK, DEVICE_GRANT, LOOPBACK, SECOND
from tests.differential.proofs import jwks
from tests.support.server import Server

FULL_SCOPE = "openid profile profile:read wallet:read offline_access"
ROLES: dict[str, dict[str, object]] = {
    "web": {"redirect_uris": [CALLBACK], "scope": FULL_SCOPE, "post_logout_redirect_uris": [BYE]},
    "two": {
        "redirect_uris": [CALLBACK, SECOND],
        "scope": FULL_SCOPE,
        "token_endpoint_auth_method": "client_secret_post",
    },
    "spa": {"redirect_uris": [CALLBACK], "scope": FULL_SCOPE, "token_endpoint_auth_method": "none"},
    "native": {
        "redirect_uris": [LOOPBACK],
        "scope": FULL_SCOPE,
        "token_endpoint_auth_method": "none",
        "application_type": "native",
    },
    "narrow": {
        "redirect_uris": [CALLBACK],
        "scope": "openid profile:read",
        "grant_types": ["authorization_code"],
    },
    "pushing": {
        "redirect_uris": [CALLBACK],
        "scope": FULL_SCOPE,
        "require_pushed_authorization_requests": True,
    },
    "signer": {
        "redirect_uris": [CALLBACK],
        "scope": "openid profile:read",
        "grant_types": ["authorization_code", "client_credentials"],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": jwks(),
    },
    "bound": {
        "redirect_uris": [CALLBACK],
        "scope": FULL_SCOPE,
        "token_endpoint_auth_method": "none",
        "dpop_bound_access_tokens": True,
    },
    "tv": {
        "redirect_uris": [],
        "scope": FULL_SCOPE,
        "grant_types": [DEVICE_GRANT, "refresh_token"],
        "token_endpoint_auth_method": "none",
    },
    "desk": {"redirect_uris": [], "scope": FULL_SCOPE, "grant_types": [DEVICE_GRANT, "refresh_token"]},
    "service": {
        "redirect_uris": [],
        "scope": "profile:read wallet:read",
        "grant_types": ["client_credentials"],
    },
}


@dataclass(frozen=True)
class App:
    """What an app knows after its registration."""

    client_id: str
    secret: str | None
    metadata: Mapping[str, object]

    @property
    def uri(self) -> str:
        """The first of its redirect URIs."""
        return self.uris[0]

    @property
    def uris(self) -> list[str]:
        """All of them."""
        uris = self.metadata["redirect_uris"]
        assert isinstance(uris, list)
        return uris


def register_apps(server: Server) -> dict[str, App]:
    """Every role, approved as by the operator: the peer's apps are in its configuration too."""
    apps = {}
    with httpx.Client(base_url=server.url) as http:
        for role, metadata in ROLES.items():
            wish = {"client_name": role, "grant_types": ["authorization_code", "refresh_token"], **metadata}
            made = http.post("/oauth/register", json=wish).raise_for_status().json()
            apps[role] = App(made["client_id"], made.get("client_secret"), wish)
    with closing(sqlite3.connect(server.folder / "data" / "hodlxxi.db", timeout=10)) as db, db:
        db.execute("UPDATE oauth_clients SET trust = 'operator'")
    return apps


def peer_metadata(app: App) -> dict[str, object]:
    """The same app in the peer's configuration."""
    secret = {} if app.secret is None else {"client_secret": app.secret}
    kinds = ["code"] if app.uris else []
    return {**app.metadata, "client_id": app.client_id, **secret, "response_types": kinds}
