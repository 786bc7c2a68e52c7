"""Refreshing: rotation, the idempotent grace, and the end of a stolen family."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from joserfc import jws

from hodlxxi.kit.secret import digest_of
from tests.oauth.provider import Provider
from tests.oauth.test_code import BAD, error_of

Make = Callable[..., Awaitable[Provider]]


def claims_of(token: str) -> dict[str, object]:
    import json

    return dict(json.loads(jws.extract_compact(token.encode()).payload))


async def test_a_refresh_rotates_and_says_the_same_of_the_sign_in(provider: Provider) -> None:
    app = await provider.register()
    first = await app.tokens()
    provider.clock.advance(120)
    second = (await app.refresh(first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert second["scope"] == first["scope"]
    before, after = claims_of(first["id_token"]), claims_of(second["id_token"])
    for name in ("iss", "sub", "aud", "auth_time", "sid", "acr", "amr"):
        assert before[name] == after[name]
    assert "nonce" not in after
    assert after["iat"] == int(str(before["iat"])) + 120
    assert after["at_hash"] != before["at_hash"]
    # The old access token lives on until it expires.
    assert (await app.call(first["access_token"])).status_code == 200


async def test_a_lost_response_is_given_again_and_makes_one_successor(provider: Provider) -> None:
    """MUST 15: the same body, one successor."""
    app = await provider.register()
    first = await app.tokens()
    answer = await app.refresh(first["refresh_token"])
    provider.clock.advance(29)
    again = await app.refresh(first["refresh_token"])
    assert again.status_code == 200
    assert again.content == answer.content
    statement = "SELECT count(*) FROM oauth_tokens WHERE client_id = :id"
    assert await provider.ask(statement, id=app.client_id) == 2
    assert (await app.refresh(answer.json()["refresh_token"])).status_code == 200


async def test_a_late_repetition_ends_the_family(provider: Provider) -> None:
    """MUST 14: reuse kills all."""
    app = await provider.register()
    first = await app.tokens()
    second = (await app.refresh(first["refresh_token"])).json()
    provider.clock.advance(31)
    assert error_of(await app.refresh(first["refresh_token"])) == BAD
    assert error_of(await app.refresh(second["refresh_token"])) == BAD
    for tokens in (first, second):
        assert (await app.call(tokens["access_token"])).json()["error"] == "invalid_token"
    assert await provider.events("refresh_reuse", app.client_id) == 1


async def test_a_token_older_than_its_used_successor_ends_the_family_within_the_grace_too(
    provider: Provider,
) -> None:
    app = await provider.register()
    first = await app.tokens()
    second = (await app.refresh(first["refresh_token"])).json()
    third = (await app.refresh(second["refresh_token"])).json()
    assert error_of(await app.refresh(first["refresh_token"])) == BAD
    assert error_of(await app.refresh(third["refresh_token"])) == BAD


async def test_a_repetition_with_another_scope_ends_the_family(provider: Provider) -> None:
    """MUST 14: reuse for something else kills all."""
    app = await provider.register()
    first = await app.tokens()
    second = (await app.refresh(first["refresh_token"])).json()
    assert error_of(await app.refresh(first["refresh_token"], scope="profile:read")) == BAD
    assert error_of(await app.refresh(second["refresh_token"])) == BAD


async def test_without_a_grace_every_repetition_ends_the_family(make_provider: Make) -> None:
    provider = await make_provider(refresh_grace=timedelta(0))
    app = await provider.register()
    first = await app.tokens()
    second = (await app.refresh(first["refresh_token"])).json()
    assert error_of(await app.refresh(first["refresh_token"])) == BAD
    assert error_of(await app.refresh(second["refresh_token"])) == BAD
    sealed = "SELECT count(*) FROM oauth_tokens WHERE grace_sealed IS NOT NULL"
    assert await provider.ask(sealed) == 0


async def test_many_at_once_get_one_answer(provider: Provider) -> None:
    app = await provider.register()
    first = await app.tokens()
    answers = await asyncio.gather(*(app.refresh(first["refresh_token"]) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1


async def test_the_access_token_may_be_narrowed_while_the_grant_stays_whole(provider: Provider) -> None:
    """MUST 14: narrower, yes."""
    app = await provider.register()
    first = await app.tokens(scope="openid profile:read chat")
    narrow = (await app.refresh(first["refresh_token"], scope="chat")).json()
    assert narrow["scope"] == "chat"
    assert "id_token" not in narrow
    assert (await app.call(narrow["access_token"])).json()["error"] == "insufficient_scope"
    whole = (await app.refresh(narrow["refresh_token"])).json()
    assert whole["scope"] == "openid profile:read chat"


async def test_wider_is_refused_and_spends_nothing(provider: Provider) -> None:
    """MUST 14: wider, no."""
    app = await provider.register()
    first = await app.tokens()
    assert error_of(await app.refresh(first["refresh_token"], scope="openid wallet:read")) == "invalid_scope"
    assert (await app.refresh(first["refresh_token"])).status_code == 200


async def test_a_refresh_token_is_its_clients_own(provider: Provider) -> None:
    app, other = await provider.register(), await provider.register()
    first = await app.tokens()
    assert error_of(await other.refresh(first["refresh_token"])) == BAD
    second = (await app.refresh(first["refresh_token"])).json()
    provider.clock.advance(60)
    # A used one in the wrong hands is worth nothing, not even the end of the family.
    assert error_of(await other.refresh(first["refresh_token"])) == BAD
    assert (await app.refresh(second["refresh_token"])).status_code == 200


async def test_idle_and_absolute_lifetimes_end_a_grant(make_provider: Make) -> None:
    """MUST 14: idle and absolute end."""
    provider = await make_provider()
    app = await provider.register()
    idle = await app.tokens()
    provider.clock.advance(timedelta(days=30))
    assert error_of(await app.refresh(idle["refresh_token"])) == BAD
    token = (await app.tokens())["refresh_token"]
    for _ in range(8):
        provider.clock.advance(timedelta(days=20))
        token = (await app.refresh(token)).json()["refresh_token"]
    provider.clock.advance(timedelta(days=20))
    assert error_of(await app.refresh(token)) == BAD


async def test_the_kept_response_opens_only_with_the_presented_token(provider: Provider) -> None:
    """MUST 15: what is kept for a repetition is sealed with the token itself."""
    app = await provider.register()
    first = await app.tokens()
    second = (await app.refresh(first["refresh_token"])).json()
    statement = "SELECT grace_sealed FROM oauth_tokens WHERE refresh_token = :digest"
    sealed = str(await provider.ask(statement, digest=digest_of(first["refresh_token"])))
    assert len(sealed) > 100
    assert second["access_token"] not in sealed


async def test_a_revoked_grant_refreshes_no_more(provider: Provider) -> None:
    app = await provider.register()
    first = await app.tokens()
    statement = "UPDATE oauth_grants SET revoked_at = created_at WHERE client_id = :id"
    await provider.execute(statement, id=app.client_id)
    assert error_of(await app.refresh(first["refresh_token"])) == BAD
    assert (await app.call(first["access_token"])).status_code == 401
