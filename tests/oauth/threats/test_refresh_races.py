"""Refresh tokens when two come at once, after a restart, in one and the same second, and beside a revocation (§7.2)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.oauth.provider import CALLBACK, Provider, RelyingParty, response_of
from tests.oauth.test_code import BAD, error_of

AT_ONCE = 20


@pytest.fixture
async def strict(provider: Provider) -> Provider:
    """The same database without a grace for lost responses."""
    return await restarted(provider, refresh_grace=timedelta(0))


async def restarted(provider: Provider, **policy: Any) -> Provider:
    """A process that begins with nothing but the database."""
    again = Provider(provider.db, provider.clock, replace(provider.policy, **policy))
    await again.room.keys.prepare()
    return again


def at(provider: Provider, app: RelyingParty) -> RelyingParty:
    """The same app, calling another process."""
    return RelyingParty(provider, app.metadata, app.verifier)


async def alive(app: RelyingParty, *answers: dict[str, Any]) -> list[str]:
    """Which of these access tokens still open something."""
    tokens = [str(answer["access_token"]) for answer in answers]
    return [token for token in tokens if (await app.call(token)).status_code != 401]


async def rows(provider: Provider, app: RelyingParty, where: str = "true") -> int:
    statement = f"SELECT count(*) FROM oauth_tokens WHERE client_id = :id AND {where}"
    return int(await provider.ask(statement, id=app.client_id))


async def test_of_many_at_once_without_a_grace_one_succeeds_and_the_family_is_dead(strict: Provider) -> None:
    """Keycloak CVE-2026-1035: checking first and acting then let several succeed."""
    app = await strict.register()
    first = await app.tokens()
    answers = await asyncio.gather(*(app.refresh(first["refresh_token"]) for _ in range(AT_ONCE)))
    won = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {answer.json()["error"] for answer in answers if answer.status_code != 200} == {BAD}
    assert await rows(strict, app) == 2
    assert await rows(strict, app, "NOT revoked") == 0
    assert await alive(app, first, *won) == []
    assert error_of(await app.refresh(won[0]["refresh_token"])) == BAD


async def test_of_many_at_once_with_a_grace_there_is_one_successor(provider: Provider) -> None:
    """Keycloak CVE-2026-1035; MUST 15: a response that got lost is given again, byte for byte."""
    app = await provider.register()
    first = await app.tokens()
    answers = await asyncio.gather(*(app.refresh(first["refresh_token"]) for _ in range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert await rows(provider, app) == 2


async def test_reuse_is_noticed_after_a_restart(provider: Provider) -> None:
    """Keycloak CVE-2026-9802: what was used was known in memory only."""
    app = await provider.register()
    first = await app.tokens()
    second = (await app.refresh(first["refresh_token"])).json()
    provider.clock.advance(31)
    later = at(await restarted(provider), app)
    assert error_of(await later.refresh(first["refresh_token"])) == BAD
    assert error_of(await later.refresh(second["refresh_token"])) == BAD
    assert await alive(later, first, second) == []
    assert await provider.events("refresh_reuse", app.client_id) == 1


async def test_a_lost_response_is_given_again_after_a_restart(provider: Provider) -> None:
    """MUST 15, Keycloak CVE-2026-9802: nor is the grace in memory."""
    app = await provider.register()
    first = await app.tokens()
    second = await app.refresh(first["refresh_token"])
    later = at(await restarted(provider), app)
    again = await later.refresh(first["refresh_token"])
    assert again.content == second.content
    assert (await later.refresh(second.json()["refresh_token"])).status_code == 200


async def test_a_code_that_was_used_before_a_restart_is_used(provider: Provider) -> None:
    """Keycloak CVE-2026-4282: one use, in the database."""
    app, person = await provider.register(), await provider.person()
    code = response_of(await person.authorize(app))["code"]
    tokens = (await app.redeem(code)).json()
    later = at(await restarted(provider), app)
    assert error_of(await later.redeem(code)) == BAD
    assert await alive(later, tokens) == []


async def test_reuse_is_noticed_within_one_and_the_same_second(strict: Provider) -> None:
    """keycloak#50999, keycloak#49426: the clock stands still; links tell what came after what, and not times."""
    app = await strict.register()
    chain = [await app.tokens()]
    for _ in range(3):
        chain.append((await app.refresh(chain[-1]["refresh_token"])).json())
    assert len({tokens["refresh_token"] for tokens in chain}) == 4
    assert len({tokens["access_token"] for tokens in chain}) == 4
    assert error_of(await app.refresh(chain[1]["refresh_token"])) == BAD
    assert error_of(await app.refresh(chain[3]["refresh_token"])) == BAD
    assert await alive(app, *chain) == []


async def test_a_sign_in_again_in_the_same_second_is_a_family_of_its_own(strict: Provider) -> None:
    """keycloak#50999: the end of one family does not take another one with it, nor spare it."""
    app, person = await strict.register(), await strict.person()
    one, two = await app.tokens(person), await app.tokens(person)
    third = (await app.refresh(one["refresh_token"])).json()
    assert error_of(await app.refresh(one["refresh_token"])) == BAD
    assert await alive(app, one, two, third) == [two["access_token"]]
    assert (await app.refresh(two["refresh_token"])).status_code == 200


async def test_after_a_refresh_and_a_revocation_at_once_nothing_lives(provider: Provider) -> None:
    """keycloak#51312: the refresh that began before the revocation must not end after it."""
    app = await provider.register()
    for _ in range(4):
        first = await app.tokens()

        async def revoke(token: str) -> httpx.Response:
            async with provider.http(headers=app.basic) as http:
                return await http.post("/oauth/revoke", data={"token": token})

        calls = [app.refresh(first["refresh_token"]) for _ in range(5)]
        calls.insert(2, revoke(first["refresh_token"]))
        answers = await asyncio.gather(*calls)
        given = [answer.json() for answer in answers if answer.content and answer.status_code == 200]
        assert await alive(app, first, *given) == []
        for answer in given:
            assert error_of(await app.refresh(answer["refresh_token"])) == BAD
    assert await rows(provider, app, "NOT revoked") == 0


async def test_after_a_redemption_and_the_end_of_the_app_at_once_nothing_lives(provider: Provider) -> None:
    """keycloak#51312, for codes: an app that leaves takes along what is being issued."""
    person = await provider.person()
    app = await provider.register()
    code = response_of(await person.authorize(app))["code"]
    token = {"Authorization": f"Bearer {app.metadata['registration_access_token']}"}
    async with provider.http(headers=token) as http:
        left, redeemed = await asyncio.gather(
            http.delete(f"/oauth/register/{app.client_id}"), app.redeem(code, redirect_uri=CALLBACK)
        )
    assert left.status_code == 204
    if redeemed.status_code == 200:
        assert await alive(app, redeemed.json()) == []
        assert error_of(await app.refresh(redeemed.json()["refresh_token"]), 401) == "invalid_client"
    standing = "SELECT count(*) FROM oauth_grants WHERE client_id = :id AND revoked_at IS NULL"
    assert await provider.ask(standing, id=app.client_id) == 0
