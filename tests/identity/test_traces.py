"""What a sign-in leaves behind: audit rows for success and failure alike, and never a secret."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from hodlxxi.schema import all_tables
from tests.identity.site import ADDRESS, PUBLIC_URL, Site, ask_challenge, new_key, prove, sign_in


async def _audit(site: Site, user: str) -> list[Any]:
    return await site.rows(
        "SELECT event_type, success, ip_address, request_id, details FROM audit_logs WHERE user_id = :u ORDER BY id",
        u=user,
    )


async def test_a_first_sign_in_is_recorded_with_its_origin(site: Site) -> None:
    key, browser = new_key(), site.browser()
    answer = await prove(browser, key, await ask_challenge(browser))
    created, login = await _audit(site, key.pubkey_hex)
    assert (created.event_type, login.event_type) == ("user_created", "login")
    assert (bool(login.success), login.ip_address) == (True, ADDRESS)
    assert login.request_id == answer.headers["x-request-id"]
    assert json.loads(login.details) == {"method": "message", "form": "compact"}


async def test_a_failed_sign_in_leaves_its_row_although_the_request_fails(site: Site) -> None:
    key, browser = new_key(), site.browser()
    challenge = await ask_challenge(browser)
    answer = await prove(browser, key, challenge, signature=new_key().sign_compact("x"))
    assert answer.status_code == 401
    (row,) = await _audit(site, key.pubkey_hex)
    assert (row.event_type, bool(row.success), row.ip_address) == ("login_attempt", False, ADDRESS)
    assert row.request_id == answer.headers["x-request-id"]
    assert json.loads(row.details)["method"] == "message"


@pytest.mark.parametrize("why", ["unknown", "used", "expired", "disabled", "seed-form"])
async def test_every_refusal_leaves_a_row(site: Site, why: str) -> None:
    key, browser = new_key(), site.browser()
    challenge = await ask_challenge(browser)
    if why in ("used", "disabled"):
        await prove(browser, key, challenge)
    if why == "disabled":
        await site.write(
            "UPDATE users SET disabled_at = '2042-01-05 11:00:00+00' WHERE pubkey = :k", k=key.pubkey_hex
        )
        challenge = await ask_challenge(browser)
    before = len(await _audit(site, key.pubkey_hex))
    if why == "expired":
        site.clock.advance(301)
    if why == "unknown":
        challenge = {"challenge_id": "no-such-id", "message": challenge["message"]}
    if why == "seed-form":
        text = "Login to HODLXXI at 2041-01-05T12:00:00Z"
        body = {"pubkey": key.pubkey_hex, "message": text, "signature": key.sign_der(text)}
        answer = await browser.post("/verify_signature", json=body)
    else:
        answer = await prove(browser, key, challenge)
    assert answer.status_code in (401, 403)
    added = (await _audit(site, key.pubkey_hex))[before:]
    assert [(row.event_type, bool(row.success)) for row in added] == [("login_attempt", False)]


async def test_the_ends_of_sessions_are_recorded(site: Site) -> None:
    key, here, there = new_key(), site.browser(), site.browser()
    await sign_in(there, key)
    await sign_in(here, key)
    await here.delete("/api/sessions?all=1")
    await here.post("/logout", headers={"Origin": PUBLIC_URL})
    events = [(row.event_type, json.loads(row.details or "{}")) for row in await _audit(site, key.pubkey_hex)]
    assert events[-2:] == [("session_revoked", {"sessions": 1}), ("logout", {"sessions": 1})]


async def _everything_kept(site: Site) -> str:
    """Every cell of every table, as text."""
    async with site.app.db.read() as tx:
        tables = all_tables().sorted_tables
        rows = [
            row
            for table in tables
            for row in (await tx.execute(sa.select(sa.text("*")).select_from(table))).all()
        ]
    return "\n".join(repr(tuple(row)) for row in rows)


async def test_the_database_holds_digests_and_never_what_a_browser_holds(
    make_site: Callable[..., Site],
) -> None:
    """MUST 20: cookies and signatures."""
    site, key = make_site(), new_key()
    browser = site.browser()
    cookie = "a-browser-cookie-that-only-this-test-has-0123"
    browser.cookies.set("browser", cookie, domain="login.example.org")
    challenge = await ask_challenge(browser)
    signature = key.sign_compact(challenge["message"])
    await prove(browser, key, challenge, signature=signature)
    seed_text = "Login to HODLXXI at 2042-01-05T12:00:00Z"
    seed_signature = key.sign_der(seed_text)
    body = {"pubkey": key.pubkey_hex, "message": seed_text, "signature": seed_signature}
    assert (await browser.post("/verify_signature", json=body)).status_code == 200
    kept = await _everything_kept(site)
    assert key.pubkey_hex in kept
    secrets = [browser.cookies["session"], cookie, signature, seed_signature, seed_text]
    assert [secret for secret in secrets if secret in kept] == []


async def test_nothing_secret_is_logged_on_the_way(site: Site) -> None:
    """MUST 30: signing in."""
    key, browser = new_key(), site.browser()
    with structlog.testing.capture_logs() as logs:
        challenge = await ask_challenge(browser)
        await prove(browser, key, challenge, signature=new_key().sign_compact("x"))
        await prove(browser, key, challenge)
        await browser.get("/api/session")
        await browser.post("/logout")
    written = repr(logs)
    assert len(logs) == 5
    for secret in (key.sign_compact(challenge["message"]), challenge["message"], challenge["challenge_id"]):
        assert secret not in written
    assert "session=" not in written


async def test_sign_ins_are_counted_by_outcome(site: Site) -> None:
    key, browser = new_key(), site.browser()
    challenge = await ask_challenge(browser)
    await prove(browser, key, challenge, signature=new_key().sign_compact("x"))
    await prove(browser, key, challenge)
    text = (await site.app.metrics.render()).decode()
    assert 'hodlxxi_logins_total{method="message",outcome="refused"} 1.0' in text
    assert 'hodlxxi_logins_total{method="message",outcome="success"} 1.0' in text
