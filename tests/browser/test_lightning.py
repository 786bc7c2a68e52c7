"""A Lightning login in a real browser: the wallet knows nothing but the QR code's text."""

from __future__ import annotations

import secrets

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.browser.people import Somebody, somebody
from tests.support.lnurl_wallet import LnurlWallet
from tests.support.server import Server

OK = {"status": "OK"}


async def wallet_scans(person: Somebody, wallet: LnurlWallet) -> dict[str, str]:
    """The wallet reads the code's text and answers."""
    text = await person.page.get_attribute("#lnurl-qr", "data-text")
    async with httpx.AsyncClient(timeout=20) as phone:
        answer: dict[str, str] = (await phone.get(wallet.answer_url(text or ""))).json()
    return answer


def new_wallet() -> LnurlWallet:
    return LnurlWallet(secrets.token_bytes(32))


async def test_the_page_goes_on_by_itself_when_the_wallet_has_signed(
    chromium: Browser, any_server: Server
) -> None:
    async with somebody(chromium) as person:
        wallet = new_wallet()
        await person.page.goto(f"{any_server.url}/login")
        await expect(person.page.locator("#lnurl-qr svg")).to_be_visible()
        await expect(person.page.locator("#lnurl-status")).to_contain_text("Waiting")
        assert await wallet_scans(person, wallet) == OK
        await person.page.click("#landing-continue")
        await expect(person.page.locator("#pubkey")).to_have_text(wallet.pubkey_hex("localhost"))
        assert person.complaints == []
        await person.page.click("#sign-out")
        await expect(person.page.locator("#logged-out")).to_be_visible()


async def test_the_link_for_a_wallet_on_this_device_holds_what_the_code_holds(
    chromium: Browser, embedded_server: Server
) -> None:
    async with somebody(chromium) as person:
        await person.page.goto(f"{embedded_server.url}/login")
        text = await person.page.get_attribute("#lnurl-qr", "data-text")
        link = await person.page.get_attribute("#lnurl-link", "href")
        assert (link or "").lower() == (text or "").lower()
        assert (link or "").startswith("lightning:")


async def test_without_javascript_a_button_goes_on(chromium: Browser, any_server: Server) -> None:
    async with somebody(chromium, java_script_enabled=False) as person:
        wallet, page = new_wallet(), person.page
        await page.goto(f"{any_server.url}/login")
        drawn = page.locator("noscript img").first
        await expect(drawn).to_be_visible()
        assert await drawn.evaluate("image => image.naturalWidth") > 0
        await person.look("login-without-script")
        # Not signed yet: a page to wait on, and the same code stays good.
        text = await page.get_attribute("#lnurl-qr", "data-text")
        await page.click("#lnurl-continue")
        await expect(page.locator('main[data-page="lnurl-waiting"]')).to_be_visible()
        await expect(page.locator("#lnurl-again")).to_be_visible()
        await person.look("lnurl-waiting")
        async with page.expect_response(lambda answer: answer.request.method == "POST"):
            await page.click("#lnurl-continue")
        await expect(page.locator('main[data-page="lnurl-waiting"]')).to_be_visible()
        async with httpx.AsyncClient(timeout=20) as phone:
            assert (await phone.get(wallet.answer_url(text or ""))).json() == OK
        await page.click("#lnurl-continue")
        await page.click("#landing-continue")
        await expect(page.locator("#pubkey")).to_have_text(wallet.pubkey_hex("localhost"))
        assert person.complaints == []


async def test_without_javascript_a_message_signs_in_and_a_button_signs_out(
    chromium: Browser, any_server: Server
) -> None:
    async with somebody(chromium, java_script_enabled=False) as person:
        page = person.page
        await page.goto(f"{any_server.url}/login")
        await person.sign_message()
        await expect(page.locator("#pubkey")).to_have_text(person.key.pubkey_hex)
        await page.click("#sign-out")
        await expect(page.locator("#logged-out")).to_be_visible()
        await page.goto(any_server.url)
        await expect(page.locator("#sign-in")).to_be_visible()


async def test_a_browser_that_knows_the_number_of_a_signed_login_cannot_take_it(
    chromium: Browser, any_server: Server
) -> None:
    async with (
        somebody(
            chromium, java_script_enabled=False
        ) as owner,  # so that nothing claims before the stranger tries
        somebody(chromium, java_script_enabled=False) as stranger,
    ):
        login, wallet = f"{any_server.url}/login", new_wallet()
        await owner.page.goto(login)
        session_id = await owner.page.get_attribute("#lnurl-qr", "data-session")
        await stranger.page.goto(login)
        assert await wallet_scans(owner, wallet) == OK

        ask = stranger.context.request
        check = await ask.get(f"{any_server.url}/api/lnurl-auth/check/{session_id}")
        assert await check.json() == {"verified": False}
        events = await ask.get(f"{any_server.url}/api/lnurl-auth/events/{session_id}")
        assert "event: verified" not in await events.text()
        field = stranger.page.locator("#lnurl-form [name=session_id]")
        await field.evaluate("(field, id) => { field.value = id }", session_id)
        await stranger.page.click("#lnurl-continue")
        await expect(stranger.page.locator('main[data-page="lnurl-waiting"]')).to_be_visible()
        assert (await ask.get(f"{any_server.url}/api/session")).status == 401

        await owner.page.click("#lnurl-continue")
        await owner.page.click("#landing-continue")
        await expect(owner.page.locator("#pubkey")).to_have_text(wallet.pubkey_hex("localhost"))


@pytest.mark.parametrize("how", ["click", "keyboard"])
async def test_a_code_that_is_over_offers_a_new_one_that_works(
    chromium: Browser, embedded_server: Server, how: str
) -> None:
    async with somebody(chromium) as person:
        page, wallet = person.page, new_wallet()
        await page.goto(f"{embedded_server.url}/login")
        await expect(page.locator("#lnurl-status")).to_contain_text("Waiting")
        over = await page.get_attribute("#lnurl-qr", "data-session")
        # A second tab of the same browser starts a login of its own: the first one is over.
        other = await person.context.new_page()
        await other.goto(f"{embedded_server.url}/login")
        await other.close()
        await expect(page.locator("#lnurl-status")).to_contain_text("expired")
        await expect(page.locator("#lnurl-link")).to_have_count(0)
        await expect(page.locator("#lnurl-continue")).to_be_hidden()
        await person.look("login-expired")
        if how == "click":
            await page.click("#lnurl-again")
        else:
            await page.locator("#lnurl-again").press("Enter")
        await expect(page.locator("#lnurl-status")).to_contain_text("Waiting")
        assert await page.get_attribute("#lnurl-qr", "data-session") != over
        assert await wallet_scans(person, wallet) == OK
        await page.click("#landing-continue")
        await expect(page.locator("#pubkey")).to_have_text(wallet.pubkey_hex("localhost"))
        assert person.complaints == []
