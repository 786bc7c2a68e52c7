"""A Lightning login in a real browser: the wallet knows nothing but the QR code's text."""

from __future__ import annotations

import secrets

import httpx
from playwright.async_api import Browser, expect

from tests.browser.people import Somebody, somebody
from tests.support.lnurl_wallet import LnurlWallet
from tests.support.server import Server


async def wallet_scans(person: Somebody, wallet: LnurlWallet) -> dict[str, str]:
    """The wallet reads the code's text and answers."""
    text = await person.page.get_attribute("#lnurl-qr", "data-text")
    async with httpx.AsyncClient() as phone:
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
        await person.look("login-desktop")
        assert await wallet_scans(person, wallet) == {"status": "OK"}
        await expect(person.page.locator("#pubkey")).to_have_text(wallet.pubkey_hex("localhost"))
        assert person.complaints == []
        await person.page.click("#sign-out")
        await expect(person.page.locator("#logged-out")).to_be_visible()


async def test_without_javascript_a_button_goes_on(chromium: Browser, any_server: Server) -> None:
    async with somebody(chromium, java_script_enabled=False) as person:
        wallet, page = new_wallet(), person.page
        await page.goto(f"{any_server.url}/login")
        drawn = page.locator("noscript img")
        await expect(drawn).to_be_visible()
        source = await drawn.get_attribute("src")
        image = await person.context.request.get(f"{any_server.url}{source}")
        assert image.headers["content-type"].startswith("image/svg+xml")
        text = await page.get_attribute("#lnurl-qr", "data-text")
        await page.click("#lnurl-continue")
        await expect(page.locator('main[data-page="lnurl-waiting"]')).to_be_visible()
        async with httpx.AsyncClient() as phone:
            await phone.get(wallet.answer_url(text or ""))
        await page.click("#lnurl-continue")
        await expect(page.locator("#pubkey")).to_have_text(wallet.pubkey_hex("localhost"))


async def test_another_browser_with_the_same_code_gets_nothing(chromium: Browser, any_server: Server) -> None:
    async with somebody(chromium) as owner, somebody(chromium) as stranger:
        await owner.page.goto(f"{any_server.url}/login")
        session_id = await owner.page.get_attribute("#lnurl-qr", "data-session")
        await stranger.page.goto(f"{any_server.url}/login")
        assert (await wallet_scans(owner, new_wallet()))["status"] == "OK"
        check = f"{any_server.url}/api/lnurl-auth/check/{session_id}"
        assert await (await stranger.context.request.get(check)).json() == {"verified": False}
        assert (await stranger.context.request.get(f"{any_server.url}/api/session")).status == 401
        await expect(owner.page.locator("#pubkey")).to_be_visible()


async def test_an_unknown_login_offers_a_new_code(chromium: Browser, embedded_server: Server) -> None:
    async with somebody(chromium) as person:
        await person.page.goto(f"{embedded_server.url}/login")
        # A second tab of the same browser starts a login of its own: the first one is over.
        other = await person.context.new_page()
        await other.goto(f"{embedded_server.url}/login")
        await expect(person.page.locator("#lnurl-status")).to_contain_text("expired")
        await person.look("login-expired")
