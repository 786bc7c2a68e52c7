"""What apps call their users: the key, or for pairwise apps a name that nobody else can compare."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.oauth.provider import Provider, claims_of

ONE = "https://one.example/cb"
OTHER = "https://other.example/cb"


async def _userinfo(provider: Provider, tokens: dict[str, Any]) -> dict[str, Any]:
    async with provider.http() as http:
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        answer = await http.get("/oauth/userinfo", headers=bearer)
    body: dict[str, Any] = answer.json()
    return body


async def test_two_pairwise_apps_cannot_compare_a_user(provider: Provider) -> None:
    person = await provider.person()
    subs = {}
    for uri in (ONE, OTHER):
        app = await provider.register(uri, subject_type="pairwise")
        tokens = await app.tokens(person, scope="openid profile")
        subs[uri] = claims_of(tokens["id_token"])["sub"]
        assert claims_of(tokens["access_token"])["sub"] == subs[uri]
        info = await _userinfo(provider, tokens)
        assert info["sub"] == subs[uri]
        assert person.key.pubkey_hex not in str(info)
        assert re.fullmatch(r"[a-z0-9_]{1,30}", info["preferred_username"])
        assert info["name"]
    assert subs[ONE] != subs[OTHER]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", sub) for sub in subs.values())


async def test_two_apps_of_one_sector_call_a_user_the_same(provider: Provider) -> None:
    person = await provider.person()
    apps = [await provider.register(f"{ONE}/{n}", subject_type="pairwise") for n in (1, 2)]
    subs = {claims_of((await app.tokens(person))["id_token"])["sub"] for app in apps}
    assert len(subs) == 1


async def test_a_pairwise_subject_outlives_another_salt(provider: Provider) -> None:
    person = await provider.person()
    app = await provider.register(ONE, subject_type="pairwise")
    before = claims_of((await app.tokens(person))["id_token"])["sub"]
    salt = provider.room.pairwise_key
    object.__setattr__(provider.room, "pairwise_key", b"q" * 32)
    try:
        again = claims_of((await app.tokens(person))["id_token"])["sub"]
    finally:
        object.__setattr__(provider.room, "pairwise_key", salt)
    assert again == before


async def test_a_hint_with_a_pairwise_subject_is_understood(provider: Provider) -> None:
    person, app = await provider.person(), await provider.register(ONE, subject_type="pairwise")
    tokens = await app.tokens(person)
    again = await person.http.get(
        "/oauth/authorize", params=app.request(prompt="none", id_token_hint=tokens["id_token"])
    )
    assert "code=" in again.headers["location"]
    stranger = await provider.person()
    await app.tokens(stranger)
    answer = await stranger.http.get(
        "/oauth/authorize", params=app.request(prompt="none", id_token_hint=tokens["id_token"])
    )
    assert "error=login_required" in answer.headers["location"]


async def test_a_pairwise_app_that_asks_for_the_key_gets_it_with_consent(provider: Provider) -> None:
    person, app = await provider.person(), await provider.register(ONE, subject_type="pairwise")
    info = await _userinfo(provider, await app.tokens(person, scope="openid profile:read"))
    assert info["bitcoin_pubkey"] == person.key.pubkey_hex
    assert info["sub"] != person.key.pubkey_hex


@pytest.mark.parametrize("alg", ["PS256", "ES256", "EdDSA", "HS256"])
async def test_id_tokens_come_in_the_registered_algorithm(make_provider: Any, alg: str) -> None:
    provider = await make_provider(id_token_algs=("RS256", "PS256", "ES256", "EdDSA", "HS256"))
    app = await provider.register(id_token_signed_response_alg=alg)
    person = await provider.person()
    tokens = await app.tokens(person)
    header = claims_of(tokens["id_token"], part=0)
    assert header["alg"] == alg
    silent = app.request(prompt="none", id_token_hint=tokens["id_token"])
    again = await person.http.get("/oauth/authorize", params=silent)
    assert "code=" in again.headers["location"], "the hint is read back, whatever keyed it"
    keys = (await provider.http().get("/oauth/jwks.json")).json()["keys"]
    assert (header["kid"] in {key["kid"] for key in keys}) is (alg != "HS256")


async def test_an_id_token_keyed_with_another_clients_secret_is_no_hint(make_provider: Any) -> None:
    provider = await make_provider(id_token_algs=("RS256", "HS256"))
    app = await provider.register(id_token_signed_response_alg="HS256")
    other = await provider.register(id_token_signed_response_alg="HS256")
    person = await provider.person()
    foreign = (await other.tokens(person))["id_token"]
    answer = await person.http.get(
        "/oauth/authorize", params=app.request(prompt="none", id_token_hint=foreign)
    )
    assert "error=invalid_request" in answer.headers["location"]
