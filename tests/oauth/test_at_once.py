"""The same secret at the same moment: one wins, whoever else was looking. On PostgreSQL nothing else keeps them apart."""

from __future__ import annotations

import asyncio

from hodlxxi.audit.events import Origin
from hodlxxi.identity.account import remove_key
from hodlxxi.identity.sessions import find_session
from hodlxxi.identity.store import hold_session
from hodlxxi.kit.db import Database
from hodlxxi.oauth.rules.consent import Consent
from hodlxxi.oauth.store.asking import keep_consent
from tests.oauth.conftest import policy
from tests.oauth.provider import Provider, fields_of, next_of, response_of
from tests.support.clock import FakeClock
from tests.support.postgres import Postgres
from tests.support.signer import TestKey

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


async def test_a_key_is_removed_while_its_session_agrees_to_something(postgres: Postgres) -> None:
    """The one holds the account and waits for the session, the other holds the session and writes a row of the account.

    On PostgreSQL only: SQLite has one writer at a time.
    """
    provider = await Provider(Database(postgres.fresh_database()), FakeClock(), policy()).start()
    app, person, now = await provider.register(), await provider.person(), provider.clock.now()
    other = TestKey(70_001)
    await provider.execute(
        "INSERT INTO user_keys VALUES (:k, :u, 'message', NULL, now(), NULL)",
        k=other.pubkey_hex,
        u=person.pubkey,
    )
    old = await find_session(provider.identity, person.http.cookies["session"])
    person.http.cookies.delete("session")
    await person.sign_in(other)
    new = await find_session(provider.identity, person.http.cookies["session"])
    assert old is not None
    assert new is not None
    async with provider.db.begin() as tx:
        assert await hold_session(tx, old.digest, now)
        removal = asyncio.create_task(remove_key(provider.identity, new, person.pubkey, Origin("", "")))
        await asyncio.sleep(0.3)
        await keep_consent(tx, person.pubkey, app.client_id, Consent(frozenset({"openid"})), now)
    assert await removal == 1
    await provider.close()
