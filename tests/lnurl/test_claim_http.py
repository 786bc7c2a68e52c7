"""Who gets the session that a wallet earned: the browser that asked, once. Over HTTP, on both engines."""

from __future__ import annotations

import asyncio
from http.cookies import SimpleCookie
from typing import Any

import pytest

from hodlxxi.kit.clock import render_time
from hodlxxi.kit.secret import digest_of
from tests.identity.site import ADDRESS, Site, new_key, sign_in, who
from tests.lnurl.steps import HOST, answer, claim, known_browser, new_wallet, start

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) Mobile/15E148"
NO = {"verified": False}


async def test_the_browser_that_asked_is_signed_in(site: Site) -> None:
    wallet, browser = new_wallet(), site.browser()
    started = await start(browser)
    assert await claim(browser, started) == NO
    assert await answer(site, wallet, started) == {"status": "OK"}
    assert await who(browser) is None
    reply = await browser.get(started.check)
    body = reply.json()
    assert set(body) == {"verified", "pubkey", "session_token", "expires_at"}
    assert (body["verified"], body["pubkey"]) == (True, wallet.pubkey_hex(HOST))
    day = site.clock.now().replace(day=6)
    assert body["expires_at"] == render_time(day)
    assert reply.headers["cache-control"] == "no-store"
    assert browser.cookies["session"] == body["session_token"]
    assert await who(browser) == wallet.pubkey_hex(HOST)


async def test_the_session_cookie_is_set_and_the_claim_cookies_go(site: Site) -> None:
    browser = site.browser()
    started = await start(browser)
    await answer(site, new_wallet(), started)
    reply = await browser.get(started.check)
    cookies = [SimpleCookie(line) for line in reply.headers.get_list("set-cookie")]
    (session,) = [one["session"] for one in cookies if "session" in one]
    assert (session["path"], session["samesite"].lower(), session["httponly"]) == ("/", "lax", True)
    assert (session["secure"], session["max-age"]) == (True, "86400")
    gone = [one["lnurl_claim"] for one in cookies if "lnurl_claim" in one]
    assert [(one["path"], one.value, one["max-age"]) for one in gone] == [
        ("/api/lnurl-auth", "", "0"),
        ("/login/lnurl", "", "0"),
    ]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
async def test_a_program_without_cookies_sends_the_secret_as_bearer(site: Site, scheme: str) -> None:
    wallet, started = new_wallet(), await start(site.browser())
    await answer(site, wallet, started)
    found = await claim(site.browser(), started, Authorization=f"{scheme} {started.claim_token}")
    assert found["pubkey"] == wallet.pubkey_hex(HOST)
    program = site.browser()
    program.cookies.set("session", found["session_token"], domain=HOST)
    assert await who(program) == wallet.pubkey_hex(HOST)


async def _strangers(site: Site, started: Any) -> list[dict[str, Any]]:
    """Everybody who saw the screen, and one who started a login of their own."""
    other = known_browser(site)
    others = await start(other)
    bearers = [
        "",
        "Bearer",
        "Bearer ",
        f"Basic {started.claim_token}",
        f"Bearer {others.claim_token}",
        f"Bearer {started.k1}",
        f"Bearer {started.session_id}",
        f"Bearer {started.claim_token[:-1]}",
        f"Bearer {digest_of(started.claim_token)}",
        f"Bearer {'x' * 5000}",
    ]
    found = [await claim(other, started), await claim(site.browser(), started)]
    found += [await claim(site.browser(), started, Authorization=bearer) for bearer in bearers]
    asked = site.browser()
    for name in ("claim_token", "token", "access_token"):
        reply = await asked.get(started.check, params={name: started.claim_token})
        found.append(reply.json())
    return found


async def test_knowing_the_code_on_the_screen_yields_nothing(site: Site) -> None:
    """wallet 1: a stranger polls and gets nothing."""
    wallet, browser = new_wallet(), known_browser(site)
    started = await start(browser)
    assert [one for one in await _strangers(site, started) if one != NO] == []
    assert await answer(site, wallet, started) == {"status": "OK"}
    assert [one for one in await _strangers(site, started) if one != NO] == []
    assert (await claim(browser, started))["verified"] is True
    assert [one for one in await _strangers(site, started) if one != NO] == []


async def test_a_strangers_answer_looks_like_that_for_an_unknown_login(site: Site) -> None:
    started = await start(site.browser())
    await answer(site, new_wallet(), started)
    stranger = site.browser()
    replies = [
        await stranger.get(path)
        for path in (started.check, "/api/lnurl-auth/check/" + "0" * 32, "/api/lnurl-auth/check/x")
    ]
    assert {(reply.status_code, reply.content) for reply in replies} == {(200, b'{"verified":false}')}
    assert len({frozenset(reply.headers) for reply in replies}) == 1


async def test_a_login_is_claimed_once(site: Site) -> None:
    """wallet 1: once."""
    wallet, browser = new_wallet(), site.browser()
    started = await start(browser)
    await answer(site, wallet, started)
    assert (await claim(browser, started))["verified"] is True
    assert await claim(browser, started) == NO
    assert await claim(site.browser(), started, Authorization=f"Bearer {started.claim_token}") == NO


async def test_of_fifty_claims_one_wins(site: Site) -> None:
    """wallet 1: once, also of fifty."""
    wallet, started = new_wallet(), await start(site.browser())
    await answer(site, wallet, started)
    bearer = f"Bearer {started.claim_token}"
    found = await asyncio.gather(*(claim(site.browser(), started, Authorization=bearer) for _ in range(50)))
    assert sorted(one["verified"] for one in found) == [False] * 49 + [True]
    user = wallet.pubkey_hex(HOST)
    assert await site.rows("SELECT 1 FROM sessions WHERE user_id = :u", u=user) == [(1,)]
    assert await site.rows(
        "SELECT count(*) FROM audit_logs WHERE user_id = :u AND event_type = 'login'", u=user
    ) == [(1,)]


@pytest.mark.parametrize(
    ("answered_after_s", "claimed_after_s", "verified"),
    [
        pytest.param(10, 0, True, id="at once"),
        pytest.param(299, 299, True, id="the phone slept beyond the life of the code"),
        pytest.param(10, 300, False, id="it slept too long"),
        pytest.param(299, 300, False, id="answered late and claimed too late"),
    ],
)
async def test_the_claim_may_follow_for_five_minutes(
    site: Site, answered_after_s: int, claimed_after_s: int, verified: bool
) -> None:
    browser = site.browser()
    started = await start(browser)
    site.clock.advance(answered_after_s)
    assert await answer(site, new_wallet(), started) == {"status": "OK"}
    site.clock.advance(claimed_after_s)
    bearer = f"Bearer {started.claim_token}"
    assert (await claim(site.browser(), started, Authorization=bearer))["verified"] is verified


async def test_the_claim_opens_a_new_session_and_ends_the_browsers_old_one(site: Site) -> None:
    browser, thief = site.browser(), site.browser()
    old = await sign_in(browser, new_key())
    thief.cookies.set("session", old, domain=HOST)
    assert await who(thief) is not None
    started = await start(browser)
    wallet = new_wallet()
    await answer(site, wallet, started)
    found = await claim(browser, started)
    assert found["session_token"] not in (old, started.claim_token)
    assert await who(browser) == wallet.pubkey_hex(HOST)
    assert await who(thief) is None


async def test_a_fixed_session_cookie_is_not_taken_over(site: Site) -> None:
    """MUST 26; Keycloak CVE-2024-7341: for a Lightning login."""
    browser = site.browser()
    browser.cookies.set("session", "a-session-id-that-an-attacker-chose-01234567", domain=HOST)
    started = await start(browser)
    await answer(site, new_wallet(), started)
    found = await claim(browser, started)
    assert found["session_token"] != "a-session-id-that-an-attacker-chose-01234567"


async def test_the_same_wallet_is_the_same_person(site: Site) -> None:
    wallet = new_wallet()
    found = []
    for _ in range(2):
        browser = site.browser()
        started = await start(browser)
        await answer(site, wallet, started)
        found.append((await claim(browser, started))["pubkey"])
    assert found == [wallet.pubkey_hex(HOST)] * 2
    rows = await site.rows("SELECT kind FROM user_keys WHERE user_id = :u", u=found[0])
    assert [row.kind for row in rows] == ["lnurl"]


async def test_a_linked_key_signs_in_its_account(site: Site) -> None:
    owner, wallet = new_key(), new_wallet()
    await sign_in(site.browser(), owner)
    await site.write(
        "INSERT INTO user_keys (key, user_id, kind, added_at)"
        " VALUES (:k, :u, 'lnurl', '2042-01-05 11:00:00+00')",
        k=wallet.pubkey_hex(HOST),
        u=owner.pubkey_hex,
    )
    browser = site.browser()
    started = await start(browser)
    await answer(site, wallet, started)
    assert (await claim(browser, started))["pubkey"] == owner.pubkey_hex
    session = (await browser.get("/api/session")).json()
    assert (session["pubkey"], session["key"]) == (owner.pubkey_hex, wallet.pubkey_hex(HOST))


@pytest.mark.parametrize(
    ("agent", "wallet_address", "acr", "device"),
    [
        pytest.param(PHONE, ADDRESS, "urn:hodlxxi:acr:key", "same_device", id="one phone"),
        pytest.param(PHONE, "198.51.100.7", "urn:hodlxxi:acr:key-remote", "cross_device", id="two places"),
        pytest.param("Firefox", ADDRESS, "urn:hodlxxi:acr:key-remote", "cross_device", id="a desktop"),
    ],
)
async def test_the_session_tells_whether_the_wallet_was_elsewhere(
    site: Site, agent: str, wallet_address: str, acr: str, device: str
) -> None:
    """wallet 1: a lower class for a code scanned elsewhere."""
    browser = site.browser()
    browser.headers["User-Agent"] = agent
    started = await start(browser)
    await answer(site, new_wallet(), started, address=wallet_address)
    await claim(browser, started)
    session = (await browser.get("/api/session")).json()
    assert (session["acr"], session["amr"]) == (acr, ["pop", "lnurl", device])


async def test_an_account_disabled_before_the_claim_is_not_signed_in(site: Site) -> None:
    """MUST 29: locked between the wallet's answer and the browser's claim."""
    wallet, browser = new_wallet(), site.browser()
    started = await start(browser)
    await answer(site, wallet, started)
    await site.write(
        "UPDATE users SET disabled_at = '2042-01-05 11:00:00+00' WHERE pubkey = :u", u=wallet.pubkey_hex(HOST)
    )
    await browser.get(started.check)
    assert await who(browser) is None
