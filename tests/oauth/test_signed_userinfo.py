"""Userinfo as a JWT, sign-ins that are too weak for a scope, and our API as a protected resource."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.oauth.provider import ISSUER, Provider, claims_of


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
async def test_userinfo_comes_signed_where_the_client_registered_for_it(provider: Provider, alg: str) -> None:
    app = await provider.register(userinfo_signed_response_alg=alg)
    person = await provider.person()
    tokens = await app.tokens(person)
    answer = await app.call(tokens["access_token"], "/oauth/userinfo")
    assert answer.headers["content-type"] == "application/jwt"
    keys = (await provider.http().get("/oauth/jwks.json")).json()
    read = jwt.decode(answer.text, KeySet.import_key_set(keys), algorithms=[alg])
    assert read.claims["iss"] == ISSUER
    assert read.claims["aud"] == app.client_id
    assert read.claims["sub"] == claims_of(tokens["id_token"])["sub"]
    assert "nonce" not in read.claims
    # It is no ID token: nobody can use it as a hint.
    silent = app.request(prompt="none", id_token_hint=answer.text)
    hint = await person.http.get("/oauth/authorize", params=silent)
    assert "error=invalid_request" in hint.headers["location"]
    # And no access token.
    assert (await app.call(answer.text)).status_code == 401


async def test_a_scope_may_demand_a_stronger_sign_in(make_provider: Any) -> None:
    strict = {"profile:read": "urn:hodlxxi:acr:two-keys"}
    provider = await make_provider(scope_acr=strict)
    app = await provider.register()
    tokens = await app.tokens()
    answer = await app.call(tokens["access_token"])
    assert (answer.status_code, answer.json()["error"]) == (401, "insufficient_user_authentication")
    challenge = answer.headers["www-authenticate"]
    assert 'error="insufficient_user_authentication"' in challenge
    assert 'acr_values="urn:hodlxxi:acr:two-keys"' in challenge
    assert (await app.call(tokens["access_token"], "/oauth/userinfo")).status_code == 200


async def test_a_sign_in_that_is_strong_enough_passes(make_provider: Any) -> None:
    provider = await make_provider(scope_acr={"profile:read": "urn:hodlxxi:acr:key-remote"})
    app = await provider.register()
    assert (await app.call((await app.tokens())["access_token"])).status_code == 200


async def test_a_client_that_meets_the_api_first_finds_the_provider(provider: Provider) -> None:
    async with provider.http() as http:
        answer = await http.get(
            "/.well-known/oauth-protected-resource", headers={"Origin": "https://a.example"}
        )
    assert answer.headers["access-control-allow-origin"] == "*"
    body = answer.json()
    assert body["resource"] == ISSUER
    assert body["authorization_servers"] == [ISSUER]
    assert body["bearer_methods_supported"] == ["header"]


async def test_a_synthetic_address_is_given_only_where_the_operator_wants_it(make_provider: Any) -> None:
    from hodlxxi.oauth.rules.scopes import catalogue

    provider = await make_provider(email_domain="users.example", scopes=catalogue(with_email=True))
    app = await provider.register(scope="openid email")
    tokens = await app.tokens(scope="openid email")
    info = (await app.call(tokens["access_token"], "/oauth/userinfo")).json()
    assert info["email"].endswith("@users.example")
    assert info["email_verified"] is False
    assert "email" not in claims_of(tokens["id_token"])


async def test_without_a_domain_email_is_no_scope_and_breaks_no_login(provider: Provider) -> None:
    app = await provider.register()
    tokens = await app.tokens(scope="openid profile email groups")
    assert tokens["scope"] == "openid profile"
    assert "email" not in (await app.call(tokens["access_token"], "/oauth/userinfo")).json()


@pytest.mark.parametrize(
    ("hint", "field"),
    [
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "address"),
        ("02" + "ab" * 32, "pubkey"),
        ('"><script>alert(1)</script>', None),
        ("alice@example.org", None),
    ],
)
async def test_a_login_hint_is_prefilled_where_it_is_a_key_or_an_address(
    provider: Provider, hint: str, field: str | None
) -> None:
    app, stranger = await provider.register(), provider.stranger()
    visit = await stranger.visit(app, login_hint=hint)
    page = await stranger.http.get(visit.headers["location"])
    assert 'data-page="login"' in page.text
    assert (f'name="{field}" value="{hint}"' in page.text) is (field is not None)
    assert "<script>alert" not in page.text
