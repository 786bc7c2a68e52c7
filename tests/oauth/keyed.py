"""Apps with keys of their own: to sign who they are (private_key_jwt), and to have their tokens bound to (DPoP)."""

from __future__ import annotations

import base64
import hashlib
import itertools
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from hodlxxi.oauth.rules.assertions import ASSERTION_TYPE
from hodlxxi.oauth.rules.jwk import PublicJwk, judge_key
from tests.oauth.provider import ISSUER, Provider, RelyingParty, response_of
from tests.support.jose import ClientKey

_numbers = itertools.count(1)
SIGNING_KEY, KEY, OTHER_KEY = (ClientKey("ES256") for _ in range(3))
HOUR = 3600

# What is wrong with a proof, wherever it is sent: changes for ``proof`` with ``KEY``.
CLAUSES = [
    pytest.param({"htm": "GET"}, id="htm of another method"),
    pytest.param({"htm": None}, id="no htm"),
    pytest.param({"htu": f"{ISSUER}/oauth/revoke"}, id="htu of another endpoint"),
    pytest.param({"htu": "https://other.example/oauth/token"}, id="htu of another server"),
    pytest.param({"htu": None}, id="no htu"),
    pytest.param({"jti": None}, id="no jti"),
    pytest.param({"iat": None}, id="no iat"),
    pytest.param({"exp": 1}, id="exp has passed"),
    pytest.param({"nbf": 9e9}, id="nbf in the future"),
    pytest.param({"header": {"typ": "JWT"}}, id="another typ"),
    pytest.param({"header": {"alg": "none"}}, id="alg none"),
    pytest.param({"header": {"alg": "HS256"}}, id="alg HS256"),
    pytest.param({"header": {"alg": "RS256"}}, id="alg RS256"),
    pytest.param({"header": {"jwk": None}}, id="no jwk"),
    pytest.param({"header": {"jwk": OTHER_KEY.public}}, id="jwk that did not sign"),
    pytest.param({"header": {"jwk": KEY.jwk(**KEY.private_member)}}, id="jwk with the private key"),
    pytest.param({"header": {"jwk": None, "jku": "https://evil.example/jwks"}}, id="jku"),
    pytest.param({"header": {"crit": ["exp"]}}, id="crit"),
    pytest.param({"header": {"b64": False}}, id="b64"),
]


def thumbprint(key: ClientKey) -> str:
    judged = judge_key(key.public)
    assert isinstance(judged, PublicJwk)
    return judged.thumbprint


def assertion(provider: Provider, client_id: str, key: ClientKey = SIGNING_KEY, **changes: Any) -> str:
    """A client assertion that is right but for the changes: ``header`` for the header, None leaves a claim out."""
    now = provider.clock.now().timestamp()
    header = changes.pop("header", {})
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": ISSUER,
        "exp": now + 60,
        "iat": now,
        "jti": f"a{next(_numbers)}",
    } | changes
    return key.sign({name: value for name, value in claims.items() if value is not None}, **header)


def signed_form(text: str, **form: str) -> dict[str, str]:
    """A form with an assertion."""
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": text, **form}


def proof(
    provider: Provider,
    key: ClientKey,
    path: str = "/oauth/token",
    method: str = "POST",
    token: str | None = None,
    **changes: Any,
) -> str:
    """A DPoP proof that is right but for the changes; ``token`` is the access token that it goes with."""
    header = changes.pop("header", {})
    claims = {
        "jti": f"p{next(_numbers)}",
        "htm": method,
        "htu": ISSUER + path,
        "iat": int(provider.clock.now().timestamp()),
    }
    if token is not None:
        claims["ath"] = (
            base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
        )
    merged = claims | changes
    return key.proof({name: value for name, value in merged.items() if value is not None}, **header)


@dataclass
class DpopApp:
    """An app that proves that it holds a key, with each request."""

    app: RelyingParty
    key: ClientKey = field(default_factory=lambda: ClientKey("ES256"))

    @property
    def provider(self) -> Provider:
        return self.app.provider

    @property
    def jkt(self) -> str:
        return thumbprint(self.key)

    async def post(self, *proofs: str, **form: Any) -> httpx.Response:
        """The token endpoint, with the proofs that are given, else with a good one."""
        headers = [("DPoP", text) for text in proofs or [proof(self.provider, self.key)]]
        headers += list(self.app.auth.get("headers", {}).items())
        body = form if self.app.auth else {"client_id": self.app.client_id} | form
        async with self.provider.http() as http:
            return await http.post("/oauth/token", data=body, headers=headers)

    async def redeem(self, code: str, *proofs: str) -> httpx.Response:
        form = {"redirect_uri": self.app.metadata["redirect_uris"][0], "code_verifier": self.app.verifier}
        return await self.post(*proofs, grant_type="authorization_code", code=code, **form)

    async def refresh(self, token: str, *proofs: str) -> httpx.Response:
        return await self.post(*proofs, grant_type="refresh_token", refresh_token=token)

    async def tokens(self, **changes: Any) -> dict[str, Any]:
        person = await self.provider.person()
        answer = await self.redeem(response_of(await person.authorize(self.app, **changes))["code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def call(
        self, token: str, *proofs: str, path: str = "/api/demo/protected", scheme: str = "DPoP"
    ) -> httpx.Response:
        """An API call, with the proofs that are given, else with a good one."""
        sent = proofs or [proof(self.provider, self.key, path, "GET", token)]
        headers = [("Authorization", f"{scheme} {token}"), *(("DPoP", text) for text in sent)]
        async with self.provider.http() as http:
            return await http.get(path, headers=headers)


async def signing_app(provider: Provider, key: ClientKey = SIGNING_KEY, **metadata: Any) -> RelyingParty:
    """An app that authenticates by private_key_jwt and may have tokens for itself."""
    wish = {
        "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    }
    if "jwks_uri" not in metadata:
        wish["jwks"] = {"keys": [key.jwk(kid="k1")]}
    return await provider.register(**wish | metadata)


async def dpop_app(provider: Provider, **metadata: Any) -> DpopApp:
    return DpopApp(await provider.register(**metadata))


def error_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]
