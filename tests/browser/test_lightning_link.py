"""Adding a Lightning wallet on ``/account/keys/new``, in a real browser."""

from __future__ import annotations

import secrets

import pytest
from playwright.async_api import Browser, expect

from tests.browser.people import somebody
from tests.browser.places import scan, sign_in
from tests.support.lnurl_wallet import LnurlWallet
from tests.support.server import Server


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
async def test_a_lightning_wallet_is_added_and_signs_in_to_the_same_account(
    chromium: Browser, any_server: Server, script: bool
) -> None:
    async with somebody(chromium, java_script_enabled=script) as person, somebody(chromium) as later:
        page, wallet = person.page, LnurlWallet(secrets.token_bytes(32))
        await sign_in(person, any_server)
        await page.goto(f"{any_server.url}/account/keys/new")
        await expect(page.locator("#match-code")).to_be_visible()
        await scan(person, wallet)
        if not script:
            await page.click("#lnurl-continue")
        await expect(page.locator('main[data-page="confirm-key"]')).to_be_visible()
        assert await page.get_attribute("#link-key", "title") == wallet.pubkey_hex("localhost")
        await person.look("link-lightning")
        await page.fill("#link-label", "Lightning on the phone")
        await page.click("#link-submit")
        await expect(page.locator('main[data-page="account"]')).to_contain_text("Lightning on the phone")
        assert person.complaints == []

        await later.page.goto(f"{any_server.url}/login")
        await scan(later, wallet)
        # The account, not the key, is whom they sign in as; and it was not made just now.
        await expect(later.page.locator("#landing-pubkey")).to_have_text(person.key.pubkey_hex)
        await expect(later.page.locator("#landing-signed-with")).to_have_text(wallet.pubkey_hex("localhost"))
        await expect(later.page.locator("#landing-new")).to_have_count(0)
        await later.page.click("#landing-continue")
        await expect(later.page.locator("#pubkey")).to_have_text(person.key.pubkey_hex)
