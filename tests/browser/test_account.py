"""The account page in Chromium: every form works, with a script and without one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.browser.apps import App
from tests.browser.people import Somebody, somebody
from tests.browser.places import CALLBACK, furnish, sign_in
from tests.support.server import Server

EVIL = "<img src=x onerror=\"document.title='taken'\">"


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
async def person(
    request: pytest.FixtureRequest, chromium: Browser, embedded_server: Server
) -> AsyncIterator[Somebody]:
    """Somebody who is signed in and has apps, codes and a second session."""
    async with somebody(chromium, java_script_enabled=request.param) as found:
        await sign_in(found, embedded_server)
        await furnish(found, embedded_server)
        await found.page.goto(f"{embedded_server.url}/account")
        yield found
        assert found.complaints == []


async def test_an_apps_access_is_ended_with_one_button(person: Somebody) -> None:
    page = person.page
    await expect(page.locator("#apps > li")).to_have_count(2)
    watcher = page.locator("#apps > li", has_text="Wallet Watcher")
    await expect(watcher.locator("[data-scope]")).to_have_count(4)
    await watcher.get_by_role("button", name="End access of Wallet Watcher").click()
    await expect(page.locator("#account-done")).to_have_text("The app has no access any more.")
    await expect(page.locator("#apps > li")).to_have_count(1)
    await person.look("account-app-ended")


async def test_a_session_elsewhere_is_ended(person: Somebody) -> None:
    page = person.page
    phone = page.locator("#sessions > li", has_text="Safari on iPhone")
    await expect(phone).to_contain_text("with a recovery code")
    await phone.get_by_role("button", name="End the session of Safari on iPhone").click()
    await expect(page.locator("#sessions > li")).to_have_count(1)
    await expect(page.locator("#sessions > li")).to_contain_text("this one")
    await expect(page.locator("#end-others")).to_have_count(0)


async def test_name_and_label_are_changed_and_are_only_text(person: Somebody) -> None:
    page = person.page
    await page.fill("#display-name", EVIL)
    await page.click("#name-submit")
    await expect(page.locator("#display-name")).to_have_value(EVIL)
    await page.locator("#keys summary").click()
    await page.get_by_label("Label of the key").fill(EVIL)
    await page.locator("#keys").get_by_role("button", name="Save").click()
    await expect(page.locator("#keys strong")).to_have_text(EVIL)
    assert "account" in await page.title()


async def test_new_codes_are_shown_and_the_last_way_in_is_one_of_them(person: Somebody) -> None:
    page = person.page
    await expect(page.locator("#recovery-state")).to_contain_text("9 of 10 left")
    await page.click("#recovery-make")
    codes = await page.locator("#recovery-codes code").all_inner_texts()
    assert len(codes) == 10
    await page.click("#recovery-kept")
    await expect(page.locator("#recovery-state")).to_contain_text("10 of 10 left")
    await page.click("#sign-out")
    await page.goto(page.url.replace("/logout", "/login?next=/account"))
    await page.locator("#recovery summary").click()
    await page.fill("#recovery-code", codes[4].lower())
    await page.click("#recovery-submit")
    await expect(page.locator("#recovery-state")).to_contain_text("9 of 10 left")
    await expect(page.locator("#sessions > li", has_text="this one")).to_contain_text("with a recovery code")
    await page.click("#recovery-delete")
    await expect(page.locator("#recovery-state")).to_contain_text("You have none")


async def test_the_account_is_closed_by_a_tick_and_a_button(person: Somebody) -> None:
    page = person.page
    await page.click("#close-submit")
    await expect(page.locator("#close-form")).to_be_visible()  # the browser asks for the tick first
    await page.check("#close-sure")
    await page.click("#close-submit")
    await expect(page.locator("#account-closed")).to_be_visible()
    await page.goto(page.url)
    assert "/login" in page.url


async def test_a_stolen_refresh_token_is_told(chromium: Browser, dev_server: Server) -> None:
    async with somebody(chromium, viewport={"width": 360, "height": 740}) as person:
        page = person.page
        await page.goto(f"{dev_server.url}/login?next=/account")
        await page.click("#test-sign-in")
        app = App(dev_server, CALLBACK, "Wallet Watcher")
        old = (await app.connect(person, "openid profile"))["refresh_token"]
        newer = (await app.refresh(old))["refresh_token"]
        await app.refresh(newer)
        assert (await app.refresh(old, status=400))["error"] == "invalid_grant"
        await page.reload()
        await expect(page.locator("#warnings")).to_contain_text("Wallet Watcher")
        await person.look("account-stolen-phone")
        await page.click("#warnings-read")
        await expect(page.locator("#warnings")).to_have_count(0)
