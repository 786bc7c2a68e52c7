"""Whose key answered? Asked before a session opens in a browser that is new to the account. On both engines."""

from __future__ import annotations

import asyncio
import html
import re
from urllib.parse import quote

import httpx
import pytest

from tests.identity.site import Site, new_key, sign_in, who
from tests.lnurl.steps import HOST, Started, answer, claim, new_wallet, start
from tests.lnurl.test_phone import app_request, shown
from tests.support.lnurl_wallet import LnurlWallet

FORM = "/login/lnurl"
PHONE = {"User-Agent": "Mozilla/5.0 (Linux; Android 16; Pixel 9) Mobile Firefox/140.0"}
DESKTOP = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


def fields_of(page: httpx.Response, form: str) -> dict[str, str]:
    """What the form with this id sends."""
    (text,) = re.findall(rf'<form id="{form}".*?</form>', page.text, re.DOTALL)
    found = re.findall(r'name="(\w+)" value="([^"]*)"', text)
    return {name: html.unescape(value) for name, value in found}


async def open_login(
    browser: httpx.AsyncClient, next_path: str = "/account"
) -> tuple[Started, dict[str, str]]:
    """The sign-in page: the login that it shows, and the fields of its form."""
    page = await browser.get("/login", params={"next": next_path}, headers=DESKTOP)
    (lnurl,) = re.findall(r'href="lightning:(LNURL1[0-9A-Z]+)"', page.text)
    fields = fields_of(page, "lnurl-form")
    return Started(fields["session_id"], lnurl, "", ""), fields


async def land(browser: httpx.AsyncClient, fields: dict[str, str]) -> httpx.Response:
    """Press the page's button; what is shown then."""
    reply = await browser.post(FORM, data=fields)
    assert reply.status_code == 303
    assert "session" not in reply.cookies
    page = await browser.get(reply.headers["location"])
    assert page.status_code == 200
    assert 'data-page="landing"' in page.text
    return page


async def test_a_new_browser_shows_whose_key_answered_and_for_which_app_before_the_session_opens(
    site: Site,
) -> None:
    """wallet 1: the page of the reference §1.4, with the match code that both sides show."""
    browser, wallet = site.browser(), new_wallet()
    path = await app_request(browser)
    next_path = html.unescape(re.findall(r'name="next" value="([^"]*)"', (await browser.get(path)).text)[0])
    started, fields = await open_login(browser, next_path)
    phone = await site.browser().get(f"{FORM}/{started.session_id}")
    await answer(site, wallet, started, address="198.18.7.9")
    page = await land(browser, fields)
    key = wallet.pubkey_hex(HOST)
    assert shown(page, "landing-key") == f"{key[:6]}…{key[-4:]}"
    assert shown(page, "landing-pubkey") == key
    assert shown(page, "landing-app") == shown(phone, "match-app") == "Wallet Watcher"
    assert shown(page, "landing-host") == "app.example"
    assert shown(page, "match-code") == shown(phone, "match-code")
    assert shown(page, "landing-near") == "198.18.x.x"
    assert 'id="landing-new"' in page.text
    assert await who(browser) is None
    again = await land(browser, fields)  # loaded again, and the button of the first page pressed again
    assert shown(again, "landing-pubkey") == key
    reply = await browser.post(FORM, data=fields_of(page, "landing-form"))
    assert (reply.status_code, reply.headers["location"]) == (303, next_path)
    assert await who(browser) == key


async def test_a_key_that_is_not_theirs_ends_the_login_unclaimed(site: Site) -> None:
    """wallet 1: the reverse relay, an attacker answers the victim's code with the attacker's key."""
    victim, attacker = site.browser(), new_wallet()
    await site.browser().get("/login")
    started, fields = await open_login(victim)
    assert await answer(site, attacker, started) == {"status": "OK"}
    page = await land(victim, fields)
    reply = await victim.post(FORM, data=fields_of(page, "landing-other-form"))
    assert (reply.status_code, reply.headers["location"]) == (
        303,
        f"/login?next={quote('/account', safe='')}",
    )
    assert await who(victim) is None
    # Nor later, by whatever way.
    for body in (fields, fields | {"confirm": "1"}):
        over = await victim.post(FORM, data=body)
        assert over.status_code == 200
        assert "This login has expired." in over.text
    found = await site.rows(
        "SELECT claimed_at FROM lnurl_challenges WHERE session_id = :i AND rejected_at IS NOT NULL",
        i=started.session_id,
    )
    assert found == [(None,)]
    audit = await site.rows(
        "SELECT success FROM audit_logs WHERE user_id = :u AND event_type = 'login_attempt'",
        u=attacker.pubkey_hex(HOST),
    )
    assert [bool(success) for (success,) in audit] == [False]


async def test_a_rejected_login_cannot_be_claimed_by_the_api_either(site: Site) -> None:
    browser = site.browser()
    await browser.get("/login")
    csrf = fields_of(await browser.get("/login"), "lnurl-form")["csrf"]
    started = await start(browser)
    await answer(site, new_wallet(), started)
    await browser.post(FORM, data={"csrf": csrf, "session_id": started.session_id, "reject": "1"})
    holder = {"Authorization": f"Bearer {started.claim_token}"}
    assert await claim(site.browser(), started, **holder) == {"verified": False}
    events = await site.browser().get(started.events, headers=holder)
    assert "event: expired" in events.text


async def test_of_a_rejection_and_a_confirmation_at_once_one_wins(site: Site) -> None:
    for _ in range(5):
        browser = site.browser()
        started, fields = await open_login(browser)
        await answer(site, new_wallet(), started)
        await asyncio.gather(
            browser.post(FORM, data=fields | {"confirm": "1"}),
            browser.post(FORM, data=fields | {"reject": "1"}),
        )
        (row,) = await site.rows(
            "SELECT claimed_at IS NULL, rejected_at IS NULL FROM lnurl_challenges WHERE session_id = :i",
            i=started.session_id,
        )
        assert sorted(map(bool, row)) == [False, True]


async def open_signed(site: Site, browser: httpx.AsyncClient, wallet: LnurlWallet) -> dict[str, str]:
    """The fields of a sign-in page whose code this wallet has answered."""
    started, fields = await open_login(browser)
    await answer(site, wallet, started)
    return fields


async def sign_in_by_page(site: Site, browser: httpx.AsyncClient, wallet: LnurlWallet) -> httpx.Response:
    """And press the page's button."""
    return await browser.post(FORM, data=await open_signed(site, browser, wallet))


async def test_a_browser_that_knows_the_account_goes_on_at_once(site: Site) -> None:
    wallet, browser = new_wallet(), site.browser()
    page = await land(browser, await open_signed(site, browser, wallet))
    await browser.post(FORM, data=fields_of(page, "landing-form"))
    signed_out = await browser.post("/logout")
    assert signed_out.status_code == 200
    again = await sign_in_by_page(site, browser, wallet)
    assert again.headers["location"] == "/account"
    # Another account in it, or it in another browser: looked at again.
    for elsewhere, other in ((browser, new_wallet()), (site.browser(), wallet)):
        reply = await sign_in_by_page(site, elsewhere, other)
        assert "/confirm?next=" in reply.headers["location"]


async def test_a_sign_in_anew_in_an_open_session_goes_on_at_once(site: Site) -> None:
    wallet, browser = new_wallet(), site.browser()
    started = await start(browser)
    await answer(site, wallet, started)
    await claim(browser, started)
    assert (await sign_in_by_page(site, browser, wallet)).headers["location"] == "/account"


@pytest.mark.parametrize("agent", [PHONE, DESKTOP], ids=["a phone", "a wallet inside the browser"])
async def test_a_wallet_on_the_same_device_goes_on_at_once(site: Site, agent: dict[str, str]) -> None:
    browser, wallet = site.browser(address="8.8.8.8"), new_wallet()
    browser.headers.update(agent)
    page = await browser.get("/login", params={"next": "/account"})
    fields = fields_of(page, "lnurl-form")
    (lnurl,) = re.findall(r'href="lightning:(LNURL1[0-9A-Z]+)"', page.text)
    url = wallet.answer_url(lnurl)
    inside = {"User-Agent": "okhttp/4.9"} if agent is PHONE else agent
    assert (await site.browser(address="8.8.8.8").get(url, headers=inside)).json() == {"status": "OK"}
    assert (await browser.post(FORM, data=fields)).headers["location"] == "/account"


async def test_the_claim_window_holds_for_the_landing_page(site: Site) -> None:
    browser = site.browser()
    started, fields = await open_login(browser)
    await answer(site, new_wallet(), started)
    page = await land(browser, fields)
    site.clock.advance(300)
    reply = await browser.post(FORM, data=fields_of(page, "landing-form"))
    assert reply.status_code == 200
    assert "This login has expired." in reply.text
    gone = await browser.get(f"{FORM}/{started.session_id}/confirm?next=/account")
    assert (gone.status_code, gone.headers["location"]) == (303, "/login?next=%2Faccount")


async def test_nobody_else_sees_whose_key_answered(site: Site) -> None:
    browser, stranger = site.browser(), site.browser()
    started, _ = await open_login(browser)
    await open_login(stranger)
    await answer(site, new_wallet(), started)
    for path in (started.session_id, "0" * 32, "x"):
        reply = await stranger.get(f"{FORM}/{path}/confirm?next=/account")
        assert (reply.status_code, reply.headers["location"]) == (303, "/login?next=%2Faccount")


@pytest.mark.parametrize("field", ["confirm", "reject"])
@pytest.mark.parametrize("csrf", ["", "x" * 43])
async def test_a_forged_answer_to_the_question_changes_nothing(site: Site, field: str, csrf: str) -> None:
    browser = site.browser()
    started, fields = await open_login(browser)
    await answer(site, new_wallet(), started)
    reply = await browser.post(FORM, data=fields | {field: "1", "csrf": csrf})
    assert reply.status_code == 403
    assert (await browser.post(FORM, data=fields | {"confirm": "1"})).headers["location"] == "/account"


async def test_an_app_that_excludes_relays_is_told_of_on_every_page(site: Site) -> None:
    """wallet 1: an app that demands ``urn:hodlxxi:acr:key`` is not satisfied by a relay, and people are told."""
    browser = site.browser()
    claims = '{"id_token":{"acr":{"essential":true,"values":["urn:hodlxxi:acr:key"]}}}'
    asked = await app_request(browser, claims=claims)
    login = await browser.get(asked)
    assert 'id="match-weak"' in login.text
    next_path = fields_of(login, "lnurl-form")["next"]
    started, fields = await open_login(browser, next_path)
    await answer(site, new_wallet(), started)
    page = await land(browser, fields)
    assert 'id="landing-weak"' in page.text
    reply = await browser.post(FORM, data=fields_of(page, "landing-form"))
    back = (await browser.get(reply.headers["location"])).headers["location"]
    assert back.startswith("https://app.example/callback?error=unmet_authentication_requirements")
    ordinary = await site.browser().get(await app_request(site.browser()))
    assert "match-weak" not in ordinary.text


async def test_after_the_fact_a_browser_sees_who_is_signed_in_and_may_leave(site: Site) -> None:
    """The same page for sign-ins that need no claim, such as those by Nostr."""
    browser, key = site.browser(), new_key()
    path = "/login/landing?next=%2Faccount"
    nobody = await browser.get(path)
    assert (nobody.status_code, nobody.headers["location"]) == (303, "/login?next=%2Faccount")
    await browser.get("/login")
    await sign_in(browser, key)
    page = await browser.get(path)
    assert shown(page, "landing-pubkey") == key.pubkey_hex
    assert 'id="landing-continue" href="/account"' in page.text
    fields = fields_of(page, "landing-other-form")
    assert (await browser.post("/logout", data=fields | {"csrf": "x"})).status_code == 403
    reply = await browser.post("/logout", data=fields)
    assert (reply.status_code, reply.headers["location"]) == (303, "/login?next=%2Faccount")
    assert await who(browser) is None


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:1"])
async def test_the_way_on_from_the_landing_is_ours(site: Site, elsewhere: str) -> None:
    """MUST 4: neither the page nor the sign-out leads to another site."""
    browser = site.browser()
    await browser.get("/login")
    await sign_in(browser, new_key())
    page = await browser.get("/login/landing", params={"next": elsewhere})
    assert 'id="landing-continue" href="/"' in page.text
    fields = fields_of(page, "landing-other-form")
    reply = await browser.post("/logout", data=fields | {"next": elsewhere})
    assert (reply.status_code, reply.headers["location"]) == (303, "/")
