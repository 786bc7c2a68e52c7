"""What a Lightning login leaves behind: audit rows, counts and digests, and never a secret; and when it is swept."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from hodlxxi.lnurl.create import check_host
from hodlxxi.lnurl.store import count_open
from hodlxxi.lnurl.sweep import sweeps
from hodlxxi.schema import all_tables
from tests.identity.site import ADDRESS, Site
from tests.lnurl.steps import HOST, Started, answer, claim, new_wallet, reason_of, signed, start

WALLETS_ADDRESS = "198.51.100.7"


async def _audit(site: Site, user: str) -> list[Any]:
    return await site.rows(
        "SELECT event_type, success, ip_address, request_id, details FROM audit_logs WHERE user_id = :u ORDER BY id",
        u=user,
    )


async def test_each_step_is_recorded_with_its_origin(site: Site) -> None:
    wallet, browser = new_wallet(), site.browser()
    for _ in range(2):
        started = await start(browser)
        await answer(site, wallet, started, address=WALLETS_ADDRESS)
        await claim(browser, started)
    rows = await _audit(site, wallet.pubkey_hex(HOST))
    assert [(row.event_type, row.ip_address) for row in rows] == [
        ("user_created", WALLETS_ADDRESS),
        ("lnurl_verified", WALLETS_ADDRESS),
        ("login", ADDRESS),
        ("lnurl_verified", WALLETS_ADDRESS),
        ("login", ADDRESS),
    ]
    assert all(row.success and row.request_id for row in rows)
    assert json.loads(rows[2].details) == {"method": "lnurl", "amr": ["pop", "lnurl", "cross_device"]}


async def test_a_refused_answer_leaves_its_row(site: Site) -> None:
    wallet, thief = new_wallet(), new_wallet()
    started, other = await start(site.browser()), await start(site.browser())
    reply = await site.browser().get(other.callback, params=signed(thief, started))
    reason = reason_of(reply)
    await answer(site, wallet, started)
    await answer(site, thief, started)
    rows = await _audit(site, thief.pubkey_hex(HOST))
    assert [(row.event_type, bool(row.success)) for row in rows] == [("login_attempt", False)] * 2
    assert rows[0].request_id == reply.headers["x-request-id"]
    assert json.loads(rows[0].details) == {"method": "lnurl", "reason": reason}


async def test_an_unknown_login_leaves_no_row(site: Site) -> None:
    wallet, started = new_wallet(), await start(site.browser())
    await site.browser().get("/api/lnurl-auth/callback/" + "0" * 32, params=signed(wallet, started))
    assert await _audit(site, wallet.pubkey_hex(HOST)) == []


async def _everything_kept(site: Site) -> str:
    """Every cell of every table, as text."""
    async with site.app.db.read() as tx:
        found = [
            row
            for table in all_tables().sorted_tables
            for row in (await tx.execute(sa.select(sa.text("*")).select_from(table))).all()
        ]
    return "\n".join(repr(tuple(row)) for row in found)


async def test_the_database_holds_no_secret_and_no_log_line_does(fresh_site: Site) -> None:
    """MUST 20, MUST 30: Lightning."""
    site, wallet, browser = fresh_site, new_wallet(), fresh_site.browser()
    with structlog.testing.capture_logs() as logs:
        started = await start(browser)
        sent = signed(wallet, started)
        await site.browser().get(started.callback, params=sent | {"key": new_wallet().pubkey_hex(HOST)})
        await answer(site, wallet, started)
        await browser.get(started.events)
        await browser.get(started.qr)
        session = (await claim(browser, started))["session_token"]
    kept, written = await _everything_kept(site), repr(logs)
    assert wallet.pubkey_hex(HOST) in kept
    assert len(logs) >= 6
    assert [secret for secret in (started.claim_token, session, sent["sig"]) if secret in kept] == []
    secrets = (started.claim_token, session, sent["sig"], started.k1, started.lnurl, wallet.pubkey_hex(HOST))
    assert [secret for secret in secrets if secret in written] == []


async def test_logins_are_counted_by_outcome(site: Site) -> None:
    wallet, browser = new_wallet(), site.browser()
    started = await start(browser)
    await site.browser().get(started.callback, params=signed(wallet, started) | {"k1": "0" * 64})
    await answer(site, wallet, started)
    await claim(browser, started)
    await claim(browser, started)
    text = (await site.app.metrics.render()).decode()
    assert 'hodlxxi_logins_total{method="lnurl",outcome="refused"} 1.0' in text
    assert 'hodlxxi_logins_total{method="lnurl",outcome="success"} 1.0' in text


async def test_the_gauge_shows_what_waits_for_a_wallet(fresh_site: Site) -> None:
    site = fresh_site
    started = [await start(site.browser()) for _ in range(3)]
    await answer(site, new_wallet(), started[0])
    async with site.app.db.read() as tx:
        assert await count_open(tx, site.clock.now()) == 2
    assert "hodlxxi_lnurl_challenges_active 2\n" in (await site.app.metrics.render()).decode()
    site.clock.advance(300)
    assert "hodlxxi_lnurl_challenges_active 0\n" in (await site.app.metrics.render()).decode()


async def _sweep(site: Site, limit: int) -> int:
    async with site.app.db.begin() as tx:
        return await sweeps()["lnurl_challenges"](tx, site.clock.now(), limit)


async def test_what_ended_a_day_ago_is_swept_in_parts(fresh_site: Site) -> None:
    site = fresh_site
    old: list[Started] = [await start(site.browser()) for _ in range(3)]
    await answer(site, new_wallet(), old[0])
    await claim(site.browser(), old[0], Authorization=f"Bearer {old[0].claim_token}")
    site.clock.advance(timedelta(days=1))
    young = await start(site.browser())
    assert await _sweep(site, 100) == 0
    site.clock.advance(301)
    assert [await _sweep(site, 2) for _ in range(3)] == [2, 1, 0]
    assert await site.rows("SELECT session_id FROM lnurl_challenges") == [(young.session_id,)]


@pytest.mark.parametrize("named_by", ["public_url", "lnurl_url"])
async def test_a_changed_host_is_warned_of(
    open_sites: Callable[..., Site], fresh_url: str, named_by: str
) -> None:
    """wallet 2: a change would orphan every user."""
    first = {"public_url": "https://login.example.org", named_by: "https://first.example"}
    second = first | {named_by: "https://second.example"}
    with structlog.testing.capture_logs() as logs:
        for settings in (first, first):
            assert await check_host(open_sites(database_url=fresh_url, **settings).app.lnurl) is True
        assert logs == []
        for _ in range(2):
            assert await check_host(open_sites(database_url=fresh_url, **second).app.lnurl) is False
    assert [(line["event"], line["log_level"]) for line in logs] == [("lnurl_host_changed", "warning")] * 2
    assert "first.example" in repr(logs[0])
    assert "second.example" in repr(logs[0])


async def test_the_scheme_and_the_port_are_no_other_host(
    open_sites: Callable[..., Site], fresh_url: str
) -> None:
    with structlog.testing.capture_logs() as logs:
        for url in ("http://login.example.org:8000", "https://login.example.org"):
            assert await check_host(open_sites(database_url=fresh_url, public_url=url).app.lnurl) is True
    assert logs == []
