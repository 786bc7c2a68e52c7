"""A QR code that a look-alike site passes on: what the person with the wallet sees, and what the attacker gets."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from tests.browser.people import somebody
from tests.browser.places import authorize_url
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
