"""An app made of the PyPI package requests_oauth2client, and somebody who uses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests
from jwskate import Jwk
from requests_oauth2client import (
    AuthorizationRequest,
    BearerToken,
    ClientSecretBasic,
    ClientSecretPost,
    OAuth2Client,
    PrivateKeyJwt,
    PublicApp,
)
from requests_oauth2client import RequestUriParameterAuthorizationRequest as Pushed

from hodlxxi.bitcoin.known_keys import known_pubkey
from tests.support.scripted_browser import ScriptedBrowser
from tests.support.server import Server

CALLBACK = "https://app.example/callback"
SCOPE = "openid profile profile:read offline_access"
KINDS = {"client_secret_basic": ClientSecretBasic, "client_secret_post": ClientSecretPost, "none": PublicApp}


def register(server: Server, method: str, key: Jwk | None = None, **metadata: Any) -> OAuth2Client:
    """An app that registers itself and knows nothing of us but the issuer; ``key`` is for ``private_key_jwt``."""
    wish = {
        "client_name": "Python app",
        "redirect_uris": [CALLBACK],
        "scope": SCOPE,
        "token_endpoint_auth_method": method,
    }
    made = requests.post(f"{server.url}/oauth/register", json=wish | metadata, timeout=20).json()
    if key is not None:
        return discovered(server, PrivateKeyJwt(made["client_id"], key))
    secret = (made["client_secret"],) if "client_secret" in made else ()
    return discovered(server, KINDS[method](made["client_id"], *secret))


def discovered(server: Server, auth: requests.auth.AuthBase, **options: Any) -> OAuth2Client:
    """What the package makes of our discovery document. (``testing`` lets it take plain http.)

    It overlooks one endpoint there, and is told.
    """
    document = requests.get(f"{server.url}/.well-known/openid-configuration", timeout=20).json()
    client = OAuth2Client.from_discovery_endpoint(
        issuer=server.url,
        auth=auth,
        redirect_uri=CALLBACK,
        testing=True,
        device_authorization_endpoint=document.get("device_authorization_endpoint"),
        **options,
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
        answer = asked.validate_callback(self.browser.url)
        # The package cannot copy a DPoP token while it checks the ID token beside it: so check that of a bearer's.
        tokens = client.authorization_code(answer, validate=False)
        BearerToken(tokens.access_token, id_token=tokens.id_token).validate_id_token(client, answer)
        return tokens
