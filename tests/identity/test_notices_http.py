"""Notices over HTTP, on both engines: a thief with a key is neither unseen nor able to hide."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx

from hodlxxi.identity.notice_store import KEPT_OF_A_KIND
from tests.identity.links import add_key
from tests.identity.people import Owner, refusal
from tests.identity.site import ADDRESS, Site, new_key, sign_in
from tests.lnurl.steps import answer, claim, new_wallet, start

FIREFOX = "Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0"


async def told(browser: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await browser.get("/api/notices")).json()["notices"]
    return found


async def kinds(browser: httpx.AsyncClient) -> list[str]:
    return [notice["kind"] for notice in await told(browser) if not notice["read"]]


async def real_browser(site: Site) -> httpx.AsyncClient:
    """One that keeps the cookie by which we know it."""
    browser = site.browser()
    await browser.get("/login")
    return browser


async def at_home(site: Site) -> Owner:
    """Somebody who signed in with a browser a while ago."""
    browser, key = await real_browser(site), new_key()
    await sign_in(browser, key)
    site.clock.advance(60)
    return Owner(site, browser, [key])


async def test_a_sign_in_in_another_browser_is_told_to_the_older_one(site: Site) -> None:
    """notice 1: whoever signs in with a stolen key is seen in the owner's own browser."""
    owner = await at_home(site)
    thief = await real_browser(site)
    thief.headers["user-agent"] = FIREFOX
    await sign_in(thief, owner.keys[0])
    notice = (await told(owner.browser))[0]
    assert (notice["kind"], notice["read"]) == ("signed_in_elsewhere", False)
    assert notice["details"] == {
        "method": "a signed message",
        "device": "Firefox on Android",
        "address": ADDRESS,
    }
    assert notice["text"] == (
        "Your account was signed in to with a signed message in another browser: Firefox on Android, "
        f"{ADDRESS}."
    )
    assert await told(thief) == []


async def test_the_first_sign_in_and_a_known_browser_are_no_news(site: Site) -> None:
    owner = await at_home(site)
    second = await real_browser(site)
    await sign_in(second, owner.keys[0])
    assert await kinds(owner.browser) == ["signed_in_elsewhere"]
    site.clock.advance(60)
    await second.post("/logout", json={})
    await sign_in(second, owner.keys[0])
    await sign_in(second, owner.keys[0])
    assert await kinds(owner.browser) == ["signed_in_elsewhere"]
    assert await kinds(second) == []


async def test_what_changes_sign_ins_is_told_to_the_others_only(site: Site) -> None:
    owner, second = await at_home(site), new_key()
    thief = await owner.elsewhere(owner.keys[0])
    site.clock.advance(1)
    assert (await add_key(thief, second)).status_code == 201
    await thief.post("/api/recovery-codes")
    assert (await thief.delete(f"/api/keys/{second.pubkey_hex}")).status_code == 200
    assert set(await kinds(owner.browser)) == {
        "signed_in_elsewhere",
        "key_added",
        "recovery_codes_made",
        "key_removed",
    }
    by_kind = {notice["kind"]: notice for notice in await told(owner.browser)}
    assert by_kind["key_added"]["details"] == {
        "key": second.pubkey_hex,
        "key_kind": "message",
        "address": ADDRESS,
    }
    short = f"{second.pubkey_hex[:6]}…{second.pubkey_hex[-4:]}"
    assert f"The key {short} (Bitcoin wallet) was added" in by_kind["key_added"]["text"]
    assert await told(thief) == []


async def test_a_later_session_of_the_thief_neither_sees_nor_hides_a_notice(site: Site) -> None:
    """notice 2: a thief cannot dismiss what is told to the owner."""
    owner = await at_home(site)
    first, second = await real_browser(site), await real_browser(site)
    await sign_in(first, owner.keys[0])
    site.clock.advance(1)
    await sign_in(second, owner.keys[0])
    site.clock.advance(1)
    assert (await add_key(first, new_key())).status_code == 201
    # The thief's other browser was there before: it may read, and hide it from itself alone.
    assert (await second.post("/api/notices/read", json={})).json() == {"read": 1}
    third = await real_browser(site)
    await sign_in(third, owner.keys[0])
    assert await told(third) == []
    assert (await third.post("/api/notices/read", json={})).json() == {"read": 0}
    assert (await kinds(owner.browser)).count("key_added") == 1


async def test_a_notice_waits_for_a_browser_whose_session_is_over(site: Site) -> None:
    """notice 3: who comes back the next morning still learns what happened in the night."""
    owner = await at_home(site)
    thief = await owner.elsewhere(owner.keys[0])
    site.clock.advance(1)
    assert (await add_key(thief, new_key())).status_code == 201
    site.clock.advance(timedelta(hours=25))
    await sign_in(owner.browser, owner.keys[0])
    assert set(await kinds(owner.browser)) == {"signed_in_elsewhere", "key_added"}
    assert (await owner.browser.post("/api/notices/read", json={})).json() == {"read": 2}
    await owner.browser.post("/logout", json={})
    await sign_in(owner.browser, owner.keys[0])
    assert await kinds(owner.browser) == [], "what this browser has read stays read"


async def test_reading_marks_what_was_shown_and_nothing_newer(site: Site) -> None:
    owner = await at_home(site)
    thief = await owner.elsewhere(owner.keys[0])
    shown = (await told(owner.browser))[0]["id"]
    site.clock.advance(1)
    await thief.post("/api/recovery-codes")
    assert (await owner.browser.post("/api/notices/read", json={"until": "unknown"})).json() == {"read": 0}
    assert (await owner.browser.post("/api/notices/read", json={"until": shown})).json() == {"read": 1}
    assert await kinds(owner.browser) == ["recovery_codes_made"]


async def test_a_used_recovery_code_is_always_told(site: Site) -> None:
    owner = await at_home(site)
    codes = (await owner.browser.post("/api/recovery-codes")).json()["codes"]
    thief = site.browser()
    await thief.post("/api/auth/recovery", json={"code": codes[0]})
    assert await kinds(owner.browser) == ["recovery_code_used"]


async def test_a_lightning_login_tells_its_match_code(site: Site) -> None:
    owner = await at_home(site)
    wallet, browser = new_wallet(), await real_browser(site)
    key = wallet.pubkey_hex("login.example.org")
    await site.write(
        "INSERT INTO user_keys (key, user_id, kind, added_at) VALUES (:k, :u, 'lnurl', :at)",
        k=key,
        u=owner.pubkey,
        at=site.clock.now() if not site.app.db.is_sqlite else "2042-01-05 11:00:00",
    )
    started = await start(browser)
    assert (await answer(site, wallet, started)) == {"status": "OK"}
    assert (await claim(browser, started))["verified"] is True
    notice = (await told(owner.browser))[0]
    assert notice["details"]["method"] == "a Lightning wallet"
    assert len(notice["details"]["match_code"]) == 7


async def test_an_account_keeps_few_notices_and_sweeps_them(site: Site) -> None:
    owner = await at_home(site)
    for _ in range(KEPT_OF_A_KIND + 3):
        await owner.elsewhere(owner.keys[0])
        site.clock.advance(1)
    assert await kinds(owner.browser) == ["signed_in_elsewhere"] * KEPT_OF_A_KIND
    await owner.browser.post("/api/notices/read", json={})
    site.clock.advance(timedelta(days=90))
    await site.app.sweeper.sweep_all()
    rows = await site.rows("SELECT notice_id FROM notices WHERE user_id = :u", u=owner.pubkey)
    assert rows == []


async def test_the_account_page_shows_notices_until_they_are_read(site: Site) -> None:
    owner = await at_home(site)
    assert 'id="notices"' not in (await owner.browser.get("/account")).text
    await owner.elsewhere(owner.keys[0])
    assert 'id="notices-banner"' in (await owner.browser.get("/")).text
    page = (await owner.browser.get("/account")).text
    form = page[page.index('id="notices"') : page.index('id="notices-read"')]
    until = form.split('name="until" value="')[1].split('"')[0]
    csrf = form.split('name="csrf" value="')[1].split('"')[0]
    data = {"csrf": csrf, "until": until, "do": "read_notices"}
    assert (await owner.browser.post("/account", data=data)).status_code == 303
    assert 'id="notices"' not in (await owner.browser.get("/account")).text
    assert 'id="notices-banner"' not in (await owner.browser.get("/")).text


async def test_another_sites_page_hides_no_notice(site: Site) -> None:
    owner = await at_home(site)
    answer = await owner.browser.post(
        "/api/notices/read", json={}, headers={"Origin": "https://evil.example"}
    )
    assert refusal(answer) == (403, "cross_origin")
