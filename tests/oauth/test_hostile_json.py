"""Inside a token that a stranger made is JSON of any depth, with numbers of any size: no refusal of it is a 500."""

from __future__ import annotations

import pytest

from hodlxxi.oauth.rules.jose import b64
from tests.oauth.keyed import assertion, dpop_app, error_of, proof, signed_form, signing_app
from tests.oauth.provider import Provider

HUGE = 10**400


def _unsigned(payload: str) -> str:
    parts = (b'{"alg":"ES256"}', payload.encode(), b"x" * 64)
    return ".".join(b64(part).decode() for part in parts)


@pytest.mark.parametrize("number", [HUGE, -HUGE, 1e300])
@pytest.mark.parametrize("name", ["iat", "exp", "nbf"])
async def test_a_proof_with_a_number_that_is_no_time_opens_nothing(
    provider: Provider, name: str, number: float
) -> None:
    app = await dpop_app(provider)
    sent = proof(provider, app.key, **{name: number})
    answer = await app.post(sent, grant_type="refresh_token", refresh_token="unknown")
    assert answer.status_code == 400


@pytest.mark.parametrize(("name", "number"), [("iat", HUGE), ("nbf", HUGE), ("exp", HUGE), ("exp", -HUGE)])
async def test_an_assertion_with_a_number_that_is_no_time_is_refused(
    provider: Provider, name: str, number: int
) -> None:
    app = await signing_app(provider)
    text = assertion(provider, app.client_id, **{name: number})
    async with provider.http() as http:
        answer = await http.post("/oauth/token", data=signed_form(text, grant_type="client_credentials"))
    assert error_of(answer) == (401, "invalid_client")


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param('{"aud":"a","x":' + "[" * 4000 + "]" * 4000 + "}", id="deep"),
        pytest.param('{"aud":"\\ud800"}', id="a lone surrogate"),
        pytest.param('{"aud":"\\u0000"}', id="a NUL"),
        pytest.param('{"aud":' + "9" * 5000 + "}", id="a huge number"),
    ],
)
async def test_a_hint_of_any_content_leads_to_a_page(provider: Provider, payload: str) -> None:
    async with provider.http() as http:
        answer = await http.get("/oauth/logout", params={"id_token_hint": _unsigned(payload)})
    assert answer.status_code == 400
    assert 'id="error-code"' in answer.text or "id_token_hint" in answer.text
