"""Fifty at once with one DPoP proof or one client assertion, on PostgreSQL, over four workers: one of them counts."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import time
from collections import Counter

import httpx

from hodlxxi.oauth.rules.assertions import ASSERTION_TYPE
from tests.races.people import AT_ONCE, Visitor, exchange_form
from tests.support.jose import ClientKey
from tests.support.server import Server

KEY = ClientKey("ES256")


def dpop_proof(url: str, method: str, token: str | None = None) -> str:
    claims: dict[str, object] = {
        "jti": secrets.token_hex(8),
        "htm": method,
        "htu": url,
        "iat": int(time.time()),
    }
    if token is not None:
        claims["ath"] = (
            base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
        )
    return KEY.proof(claims)


async def bound_token(server: Server, visitor: Visitor) -> str:
    proof = {"DPoP": dpop_proof(f"{server.url}/oauth/token", "POST")}
    form = exchange_form(*await visitor.authorize())
    answer = await visitor.browser.post("/oauth/token", data=form, auth=visitor.credentials, headers=proof)
    return str(answer.raise_for_status().json()["access_token"])


async def test_one_of_fifty_calls_with_one_dpop_proof_is_served(
    full_server: Server, crowd: list[httpx.AsyncClient], visitor: Visitor
) -> None:
    """MUST 21: fifty at once over four workers."""
    token, path = await bound_token(full_server, visitor), "/api/demo/protected"
    headers = {"Authorization": f"DPoP {token}", "DPoP": dpop_proof(full_server.url + path, "GET", token)}
    answers = await asyncio.gather(*(client.get(path, headers=headers) for client in crowd))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: AT_ONCE - 1}
    assert {answer.json()["error"] for answer in answers if answer.status_code == 401} == {
        "invalid_dpop_proof"
    }


async def test_one_of_fifty_token_requests_with_one_dpop_proof_is_judged_further(
    full_server: Server, crowd: list[httpx.AsyncClient], visitor: Visitor
) -> None:
    """Fifty different codes, so that nothing but the proof is used twice."""
    proof = {"DPoP": dpop_proof(f"{full_server.url}/oauth/token", "POST")}
    forms = [exchange_form(f"code-{number}", "v" * 43) for number in range(AT_ONCE)]
    answers = await asyncio.gather(
        *(
            client.post("/oauth/token", data=form, auth=visitor.credentials, headers=proof)
            for client, form in zip(crowd, forms, strict=True)
        )
    )
    errors = Counter(answer.json()["error"] for answer in answers)
    assert errors == {"invalid_grant": 1, "invalid_dpop_proof": AT_ONCE - 1}


async def test_one_of_fifty_uses_of_a_client_assertion_gets_a_token(
    full_server: Server, crowd: list[httpx.AsyncClient]
) -> None:
    """MUST 18; CVE-2020-15222, CVE-2020-5300: fifty at once over four workers."""
    wish = {
        "redirect_uris": ["http://localhost:9/callback"],
        "grant_types": ["authorization_code", "client_credentials"],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [KEY.public]},
    }
    client_id = (await crowd[0].post("/oauth/register", json=wish)).raise_for_status().json()["client_id"]
    now = int(time.time())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": full_server.url,
        "exp": now + 60,
        "iat": now,
        "jti": "one",
    }
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": KEY.sign(claims),
    }
    answers = await asyncio.gather(*(client.post("/oauth/token", data=form) for client in crowd))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: AT_ONCE - 1}
    assert {answer.json()["error"] for answer in answers if answer.status_code == 401} == {"invalid_client"}
