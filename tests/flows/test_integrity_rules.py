"""The seed's "Critical Data Integrity Rules", one to six, over HTTP against both set-ups; and its three audit queries."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from hodlxxi.app import create_app
from hodlxxi.migrations import run
from tests.identity.site import make_settings, new_key, open_site
from tests.identity.site import sign_in as sign_in_site
from tests.races.people import Visitor, exchange_form, new_visitor
from tests.support.clock import FakeClock
from tests.support.postgres import Postgres
from tests.support.server import Server


@pytest.fixture
async def visitor(any_server: Server) -> AsyncIterator[Visitor]:
    """Somebody who is signed in and has an app."""
    async with new_visitor(any_server.url) as somebody:
        yield somebody


async def test_rule_1_a_users_pubkey_never_changes(visitor: Visitor) -> None:
    first = (await visitor.browser.get("/api/session")).json()["pubkey"]
    await visitor.sign_in()
    tokens = await visitor.tokens()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await visitor.browser.get("/api/session")).json()["pubkey"] == first
    assert (await visitor.browser.get("/oauth/userinfo", headers=bearer)).json()["sub"] == first


async def test_rule_2_a_code_is_used_once_and_its_replay_ends_what_it_gave(visitor: Visitor) -> None:
    form = exchange_form(*await visitor.authorize())
    first = await visitor.browser.post("/oauth/token", data=form, auth=visitor.credentials)
    again = await visitor.browser.post("/oauth/token", data=form, auth=visitor.credentials)
    assert (first.status_code, again.status_code, again.json()["error"]) == (200, 400, "invalid_grant")
    bearer = {"Authorization": f"Bearer {first.json()['access_token']}"}
    assert (await visitor.browser.get("/api/demo/protected", headers=bearer)).status_code == 401
    refresh = {"grant_type": "refresh_token", "refresh_token": first.json()["refresh_token"]}
    assert (
        await visitor.browser.post("/oauth/token", data=refresh, auth=visitor.credentials)
    ).status_code == 400


async def test_rule_3_a_token_that_was_revoked_is_not_accepted(visitor: Visitor, any_server: Server) -> None:
    tokens = await visitor.tokens()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await visitor.browser.get("/api/demo/protected", headers=bearer)).status_code == 200
    form = {"token": tokens["refresh_token"]}
    answer = await visitor.browser.post("/oauth/revoke", data=form, auth=visitor.credentials)
    assert answer.status_code == 200
    # Each new connection lands on another worker.
    for _ in range(12):
        async with httpx.AsyncClient(base_url=any_server.url) as anybody:
            assert (await anybody.get("/api/demo/protected", headers=bearer)).status_code == 401


async def test_rule_4_a_session_that_is_over_is_not_accepted(tmp_path: Path, clock: FakeClock) -> None:
    site = open_site(make_settings(f"sqlite:///{tmp_path / 'rules.db'}"), clock)
    await run.upgrade(site.app.db)
    browser = site.browser()
    await sign_in_site(browser, new_key())
    clock.advance(timedelta(hours=24) - timedelta(seconds=1))
    assert (await browser.get("/api/session")).status_code == 200
    clock.advance(1)
    assert (await browser.get("/api/session")).status_code == 401
    await site.close()


async def test_rule_5_expired_lightning_logins_are_refused_and_cleaned_up(
    tmp_path: Path, clock: FakeClock
) -> None:
    app = create_app(make_settings(f"sqlite:///{tmp_path / 'rules.db'}"), clock)
    await run.upgrade(app.db)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://login.example.org") as browser:
        made = (await browser.post("/api/lnurl-auth/create", json={})).json()
        clock.advance(timedelta(minutes=5))
        params = await browser.get("/api/lnurl-auth/params", params={"session_id": made["session_id"]})
        assert params.status_code == 404
    assert (await app.sweeper.sweep_all())["lnurl_challenges"] == 0
    clock.advance(timedelta(days=2))
    assert (await app.sweeper.sweep_all())["lnurl_challenges"] == 1
    await app.stop()


async def test_rule_6_the_audit_log_is_append_only(visitor: Visitor, embedded_server: Server) -> None:
    with sqlite3.connect(embedded_server.folder / "data" / "hodlxxi.db") as database:
        for statement in ("UPDATE audit_logs SET success = 0", "DELETE FROM audit_logs"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                database.execute(statement)
    database.close()


async def test_rule_6_on_postgresql_too(full_server: Server, postgres: Postgres) -> None:
    async with new_visitor(full_server.url):
        name = full_server.env["DATABASE_URL"].rpartition("/")[2]
        for statement in (
            "UPDATE audit_logs SET success = false",
            "DELETE FROM audit_logs",
            "TRUNCATE audit_logs",
        ):
            with pytest.raises(RuntimeError, match="append-only"):
                postgres.run(statement, database=name)


QUERIES = {
    "failed login attempts": """
        SELECT user_id, ip_address, COUNT(*)
        FROM audit_logs
        WHERE event_type = 'login_attempt' AND success = false
        GROUP BY user_id, ip_address
        HAVING COUNT(*) > 10;""",
    "token issuance rate": """
        SELECT DATE_TRUNC('hour', timestamp) as hour, COUNT(*)
        FROM audit_logs
        WHERE event_type = 'token_issued'
        GROUP BY hour
        ORDER BY hour DESC
        LIMIT 24;""",
    "most active users": """
        SELECT user_id, COUNT(*) as actions
        FROM audit_logs
        WHERE timestamp > NOW() - INTERVAL '24 hours'
        GROUP BY user_id
        ORDER BY actions DESC
        LIMIT 10;""",
}


async def test_the_seeds_audit_queries_run_unchanged_and_find_what_happened(
    full_server: Server, postgres: Postgres
) -> None:
    name = full_server.env["DATABASE_URL"].rpartition("/")[2]
    async with new_visitor(full_server.url) as visitor:
        await visitor.tokens()
        pubkey = visitor.key.pubkey_hex
        for _ in range(11):
            body = await visitor.signed_challenge() | {"signature": "00" * 63 + "01"}
            assert (await visitor.browser.post("/verify_signature", json=body)).status_code == 401
        failed = postgres.run(QUERIES["failed login attempts"], database=name)
        assert any(line.startswith(f"{pubkey}|127.0.0.1|11") for line in failed.splitlines())
        assert postgres.run(QUERIES["token issuance rate"], database=name) != ""
        # It has acted more often than anybody else in this test, so it is among the first ten.
        assert pubkey in postgres.run(QUERIES["most active users"], database=name)
