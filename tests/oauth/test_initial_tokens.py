"""Where registration is not open: initial access tokens, and what self-registered apps may have."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from hodlxxi.kit.secret import digest_of
from hodlxxi.oauth.store.registration import InitialToken, add_initial, drop_initial, list_initial
from tests.oauth.provider import CALLBACK, Provider

BODY = {"client_name": "App", "redirect_uris": [CALLBACK]}


async def _leave(provider: Provider, secret: str, uses: int = 1, days: int = 1) -> None:
    now = provider.clock.now()
    async with provider.db.begin() as tx:
        token = InitialToken(digest_of(secret), "for Bob", now, now + timedelta(days=days), uses)
        await add_initial(tx, token)


async def _register(provider: Provider, secret: str | None) -> Any:
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    async with provider.http() as http:
        return await http.post("/oauth/register", json=BODY, headers=headers)


async def test_an_initial_token_registers_as_often_as_it_says(make_provider: Any) -> None:
    provider = await make_provider(registration="token")
    await _leave(provider, "s1", uses=2)
    assert [(await _register(provider, "s1")).status_code for _ in range(3)] == [201, 201, 401]


async def test_without_a_good_one_nothing_is_registered(make_provider: Any) -> None:
    provider = await make_provider(registration="token")
    await _leave(provider, "old", days=-1)
    for secret in (None, "wrong", "old"):
        answer = await _register(provider, secret)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert await provider.ask("SELECT count(*) FROM oauth_clients") == 0


async def test_its_last_use_is_won_once(make_provider: Any) -> None:
    provider = await make_provider(registration="token")
    await _leave(provider, "s1")
    answers = await asyncio.gather(*(_register(provider, "s1") for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [201] + [401] * 9


async def test_bad_metadata_costs_no_use(make_provider: Any) -> None:
    provider = await make_provider(registration="token")
    await _leave(provider, "s1")
    async with provider.http() as http:
        bad = await http.post("/oauth/register", json={}, headers={"Authorization": "Bearer s1"})
        assert bad.json()["error"] == "invalid_redirect_uri"
    assert (await _register(provider, "s1")).status_code == 201


async def test_one_can_be_listed_and_taken_back(make_provider: Any) -> None:
    provider = await make_provider(registration="token")
    await _leave(provider, "s1")
    async with provider.db.begin() as tx:
        assert [token.label for token in await list_initial(tx)] == ["for Bob"]
        assert await drop_initial(tx, digest_of("s1"))
    assert (await _register(provider, "s1")).status_code == 401


async def test_the_operator_says_what_self_registered_apps_may_have(make_provider: Any) -> None:
    provider = await make_provider(open_scopes=frozenset({"openid", "profile"}))
    app = await provider.register(scope="openid profile wallet:read chat")
    assert app.metadata["scope"] == "openid profile"
    assert (await provider.register()).metadata["scope"] == "openid profile"
