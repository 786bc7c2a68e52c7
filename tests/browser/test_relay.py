"""A QR code that a look-alike site passes on: what the person with the wallet sees, and what the attacker gets."""

from __future__ import annotations

import json
import secrets

from playwright.async_api import Browser, expect

from tests.browser.people import somebody
from tests.browser.places import authorize_url, scan
from tests.support.lnurl_wallet import LnurlWallet
from tests.support.server import Server

DESKTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SMALL = {"width": 320, "height": 640}


async def test_the_second_code_is_drawn_when_it_is_opened_and_leads_a_phone_to_the_same_match_code(
    chromium: Browser, embedded_server: Server
) -> None:
    """wallet 1: a relayed code shows the match code, the app and the browser that asked on the victim's phone."""
    async with (
        somebody(chromium, user_agent=DESKTOP) as asking,
        somebody(chromium, viewport=SMALL, color_scheme="dark") as phone,
    ):
        await asking.page.goto(authorize_url(embedded_server))
        code = await asking.page.inner_text("#match-code")
        await expect(asking.page.locator("#phone-qr svg")).to_have_count(0)
        await asking.page.click("#phone-code summary")
        await expect(asking.page.locator("#phone-qr svg")).to_be_visible()
        await asking.look("relay-login-with-both-codes")
        # The main code stays what every wallet reads.
        assert (await asking.page.get_attribute("#lnurl-qr", "data-text") or "").startswith(
            "LIGHTNING:LNURL1"
        )

        await phone.page.goto(await asking.page.get_attribute("#phone-qr", "data-text") or "")
        await expect(phone.page.locator("#match-code")).to_have_text(code)
        await expect(phone.page.locator("#match-app")).to_have_text("Wallet Watcher")
        await expect(phone.page.locator("#match-device")).to_have_text("Firefox on Linux")
        await phone.look("relay-phone")
        link = await phone.page.get_attribute("#lnurl-link", "href") or ""
        main = await asking.page.get_attribute("#lnurl-qr", "data-text") or ""
        assert link.lower() == main.lower()
        assert asking.complaints == phone.complaints == []


def new_wallet() -> LnurlWallet:
    return LnurlWallet(secrets.token_bytes(32))


async def test_a_relayed_code_signs_in_the_browser_that_asked_only_after_it_showed_key_app_and_match_code(
    chromium: Browser, any_server: Server
) -> None:
    """wallet 1: two browsers. What is on the phone's page is on the landing page, and the other browser gets nothing."""
    async with (
        somebody(chromium, user_agent=DESKTOP) as asking,
        somebody(chromium, viewport=SMALL) as victim,
        somebody(chromium, java_script_enabled=False) as stranger,
    ):
        page, wallet = asking.page, new_wallet()
        await page.goto(authorize_url(any_server))
        code = await page.inner_text("#match-code")
        session_id = await page.get_attribute("#lnurl-qr", "data-session")
        # What a look-alike site passes on leads the victim's phone to our page, which names app, browser and code.
        await victim.page.goto(await page.get_attribute("#phone-qr", "data-text") or "")
        await expect(victim.page.locator("#match-code")).to_have_text(code)
        await expect(victim.page.locator("#match-app")).to_have_text("Wallet Watcher")
        await victim.look("relay-victims-phone")
        await stranger.page.goto(f"{any_server.url}/login")
        await scan(asking, wallet)

        await expect(page.locator('main[data-page="landing"]')).to_be_visible()
        key = wallet.pubkey_hex("localhost")
        await expect(page.locator("#landing-key")).to_have_text(f"{key[:6]}…{key[-4:]}")
        await expect(page.locator("#landing-app")).to_have_text("Wallet Watcher")
        await expect(page.locator("#match-code")).to_have_text(code)
        await asking.look("relay-landing")
        assert (await asking.context.request.get(f"{any_server.url}/api/session")).status == 401

        # The other browser claims in vain, by the page's form and at the address of the landing page.
        await stranger.page.goto(f"{any_server.url}/login/lnurl/{session_id}/confirm?next=/")
        await expect(stranger.page.locator('main[data-page="login"]')).to_be_visible()
        field = stranger.page.locator("#lnurl-form [name=session_id]")
        await field.evaluate("(field, id) => { field.value = id }", session_id)
        await stranger.page.click("#lnurl-continue")
        await expect(stranger.page.locator('main[data-page="lnurl-waiting"]')).to_be_visible()
        await stranger.look("relay-other-browser")
        assert (await stranger.context.request.get(f"{any_server.url}/api/session")).status == 401

        await page.reload()
        await page.click("#landing-continue")
        await expect(page.locator("#consent-form")).to_be_visible()
        assert asking.complaints == []


async def test_somebody_elses_key_under_the_own_code_is_turned_away(
    chromium: Browser, any_server: Server
) -> None:
    """wallet 1: the reverse relay; without script, as it must work there too."""
    async with somebody(chromium, java_script_enabled=False) as person:
        page, attacker = person.page, new_wallet()
        await page.goto(f"{any_server.url}/login?next=/account")
        first = await page.get_attribute("#lnurl-qr", "data-session")
        await scan(person, attacker)
        await page.click("#lnurl-continue")
        await expect(page.locator("#landing-pubkey")).to_have_text(attacker.pubkey_hex("localhost"))
        await expect(page.locator("#landing-new")).to_be_visible()
        await page.click("#landing-other")
        await expect(page.locator('main[data-page="login"]')).to_be_visible()
        assert await page.get_attribute("#lnurl-qr", "data-session") != first
        assert (await person.context.request.get(f"{any_server.url}/api/session")).status == 401
        # And now with the own one.
        own = new_wallet()
        await scan(person, own)
        await page.click("#lnurl-continue")
        await page.click("#landing-continue")
        await expect(page.locator('main[data-page="account"]')).to_be_visible()
        told = await person.context.request.get(f"{any_server.url}/api/session")
        assert (await told.json())["pubkey"] == own.pubkey_hex("localhost")


async def test_the_accounts_other_browser_is_told_with_the_match_code(
    chromium: Browser, embedded_server: Server
) -> None:
    """wallet 1: whoever was fooled sees it in the browsers that were signed in before."""
    async with somebody(chromium) as owner, somebody(chromium, user_agent=DESKTOP) as thief:
        wallet = new_wallet()
        for person, path in (
            (owner, f"{embedded_server.url}/login"),
            (thief, authorize_url(embedded_server)),
        ):
            await person.page.goto(path)
            code = await person.page.inner_text("#match-code")
            await scan(person, wallet)
            await person.page.click("#landing-continue")
            await expect(person.page.locator("#landing-continue")).to_have_count(0)
        told = await owner.context.request.get(f"{embedded_server.url}/api/notices")
        said = json.dumps(await told.json())
        assert code in said
        assert "Wallet Watcher" in said
        await owner.page.goto(f"{embedded_server.url}/account")
        await expect(owner.page.locator("body")).to_contain_text(f"match code {code}")
        await owner.look("relay-notice")
