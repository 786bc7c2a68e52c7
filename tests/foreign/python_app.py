"""An app made of the PyPI package requests_oauth2client, and somebody who uses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests
from requests_oauth2client import (
    AuthorizationRequest,
    BearerToken,
    ClientSecretBasic,
    ClientSecretPost,
    OAuth2Client,
    PublicApp,
)
from requests_oauth2client import RequestUriParameterAuthorizationRequest as Pushed

from hodlxxi.bitcoin.known_keys import known_pubkey
from tests.support.scripted_browser import ScriptedBrowser
from tests.support.server import Server

CALLBACK = "https://app.example/callback"
SCOPE = "openid profile profile:read offline_access"
KINDS = {"client_secret_basic": ClientSecretBasic, "client_secret_post": ClientSecretPost, "none": PublicApp}


def register(server: Server, method: str, **metadata: Any) -> OAuth2Client:
    """An app that registers itself and knows nothing of us but the issuer."""
    wish = {
        "client_name": "Python app",
        "redirect_uris": [CALLBACK],
        "scope": SCOPE,
        "token_endpoint_auth_method": method,
    }
    made = requests.post(f"{server.url}/oauth/register", json=wish | metadata, timeout=20).json()
    secret = (made["client_secret"],) if "client_secret" in made else ()
    auth = KINDS[method](made["client_id"], *secret)
    return discovered(server, auth)


def discovered(server: Server, auth: requests.auth.AuthBase, **options: Any) -> OAuth2Client:
    """What the package makes of our discovery document. (``testing`` lets it take plain http.)"""
    client = OAuth2Client.from_discovery_endpoint(
        issuer=server.url, auth=auth, redirect_uri=CALLBACK, testing=True, **options
    )
    assert client.authorization_response_iss_parameter_supported
    return client


@dataclass
class Person:
    """Somebody with a scripted browser and a test key."""

    browser: ScriptedBrowser
    key: int = 0

    @property
    def pubkey(self) -> str:
        return known_pubkey(self.key)

    def agree(
        self, client: OAuth2Client, asked: AuthorizationRequest, pushed: Pushed | None = None
    ) -> BearerToken:
        """Through sign-in and consent, and the app gets its tokens."""
        self.browser.open((pushed or asked).uri).sign_in(self.key).agree()
        return client.authorization_code(asked.validate_callback(self.browser.url))
