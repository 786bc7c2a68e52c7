"""The consent page in Chromium: what is unticked is not given, with a script and without one."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.browser.apps import App
from tests.browser.people import somebody
from tests.browser.test_pages import other_site
from tests.support.server import Server


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
async def test_a_person_gives_what_they_tick(
    chromium: Browser, embedded_server: Server, script: bool
) -> None:
    options = {"java_script_enabled": script}
    async with somebody(chromium, **options) as person, other_site("back at the app") as callback:
        app, page = App(embedded_server, callback), person.page
        await page.goto(app.url())
        await person.sign_message()
        await expect(page.locator("#client-name")).to_have_text("<b>Chooser</b>")
        await page.get_by_label("Your wallet balance").uncheck()
        await page.get_by_label("Your list of watched wallets").uncheck()
        await page.get_by_label("Your chat").uncheck()
        await expect(page.get_by_label("Who you are")).to_be_disabled()
        await expect(page.get_by_label("when you are signed out")).not_to_be_checked()
        await page.click("#consent-authorize")
        tokens = await app.arrival(page)
        assert tokens["scope"] == "openid profile profile:read"
        # What was given is remembered; for more, the page comes again.
        await page.goto(app.url("openid profile"))
        assert (await app.arrival(page))["scope"] == "openid profile"
        await page.goto(app.url("openid wallet:read"))
        await expect(page.locator("#consent-form")).to_be_visible()
        assert person.complaints == []


async def test_yes_to_nothing_is_no(chromium: Browser, embedded_server: Server) -> None:
    async with somebody(chromium) as person, other_site("back at the app") as callback:
        app, page = App(embedded_server, callback), person.page
        await page.goto(app.url("chat"))
        await person.sign_message()
        await page.get_by_label("Your chat").uncheck()
        await page.click("#consent-authorize")
        assert (await app.arrival(page))["error"] == "access_denied"
