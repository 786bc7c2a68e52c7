"""The same secret at the same moment: one wins, whoever else was looking. On PostgreSQL nothing else keeps them apart."""

from __future__ import annotations

import asyncio

from tests.oauth.provider import Provider, fields_of, next_of, response_of

AT_ONCE = 12


async def test_one_code_gives_tokens_once_and_then_none(provider: Provider) -> None:
    """MUST 12; Keycloak CVE-2026-4282: a dozen at once, on both engines."""
    app, person = await provider.register(), await provider.person()
    code = response_of(await person.authorize(app))["code"]
    answers = await asyncio.gather(*(app.redeem(code) for _ in range(AT_ONCE)))
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {answer.json()["error"] for answer in answers if answer not in won} == {"invalid_grant"}
    # The others were replays: what the winner got is worth nothing.
    assert (await app.call(won[0].json()["access_token"])).status_code == 401


async def test_one_refresh_token_has_one_successor(provider: Provider) -> None:
    app = await provider.register()
    tokens = await app.tokens()
    answers = await asyncio.gather(*(app.refresh(tokens["refresh_token"]) for _ in range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    rows = "SELECT count(*) FROM oauth_tokens WHERE client_id = :id"
    assert await provider.ask(rows, id=app.client_id) == 2


async def test_one_interaction_gives_one_code(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    await person.authorize(app)
    path = next_of(await person.visit(app, prompt="login"))
    await person.sign_in()
    answers = await asyncio.gather(*(person.http.get(path) for _ in range(AT_ONCE)))
    assert sorted({answer.status_code for answer in answers}) == [303, 400]
    assert [answer.status_code for answer in answers].count(303) == 1


async def test_one_click_counts(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    fields = fields_of(await person.visit(app)) | {"decision": "authorize"}
    answers = await asyncio.gather(
        *(person.http.post("/oauth/authorize", data=fields) for _ in range(AT_ONCE))
    )
    assert [answer.status_code for answer in answers].count(303) == 1
    codes = "SELECT count(*) FROM oauth_codes WHERE client_id = :id"
    assert await provider.ask(codes, id=app.client_id) == 1


async def test_a_refresh_and_the_end_of_its_client_leave_nothing_alive(provider: Provider) -> None:
    """keycloak#51312: with the end of the app at the same moment."""
    app = await provider.register()
    tokens = await app.tokens()
    auth = {"Authorization": f"Bearer {app.metadata['registration_access_token']}"}
    async with provider.http(headers=auth) as http:
        answers = await asyncio.gather(
            http.delete(f"/oauth/register/{app.client_id}"),
            *(app.refresh(tokens["refresh_token"]) for _ in range(4)),
        )
    assert answers[0].status_code == 204
    for answer in answers[1:]:
        assert answer.status_code in (200, 400, 401)
        if answer.status_code == 200:
            assert (await app.call(answer.json()["access_token"])).status_code == 401
            assert (await app.refresh(answer.json()["refresh_token"])).status_code == 401
