"""/developers in a browser: with JavaScript and without, on a phone, in the dark, with a screen reader."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.people import Somebody, somebody
from tests.browser.test_pages import BROKEN_IDS, CONTRAST, NAMELESS
from tests.support.server import Server

NAME = "Till <b>&amp;</b> “Co”"


async def sign_in(person: Somebody, server: Server) -> None:
    await person.page.goto(f"{server.url}/developers")
    await person.sign_message()
    await expect(person.page.locator("[data-page=developers]")).to_be_visible()


async def register(page: Page, server: Server, uris: str | None = None) -> str:
    """Fill in the form; the secret that is shown."""
    await page.goto(f"{server.url}/developers/new")
    await page.fill("#client_name", NAME)
    await page.fill("#redirect_uris", uris or f"{server.url}/developers/callback")
    await page.click("#app-submit")
    return await page.inner_text("#client-secret")


def in_terminal(command: str, secret: str) -> str:
    """What the copied command prints."""
    env = {"CLIENT_SECRET": secret, "PATH": os.environ["PATH"]}
    return subprocess.run(["bash", "-c", command], env=env, capture_output=True, text=True, check=True).stdout


async def to_new(page: Page, server: Server) -> None:
    await page.goto(f"{server.url}/developers/new")


async def to_error(page: Page, server: Server) -> None:
    await to_new(page, server)
    await page.check("#kind-key")
    await page.fill("#client_name", NAME)
    await page.fill("#redirect_uris", "http://app.example/cb")
    await page.click("#app-submit")
    await expect(page.locator("#form-error")).to_be_visible()


async def to_secret(page: Page, server: Server) -> None:
    await register(page, server)


async def to_app(page: Page, server: Server) -> None:
    await register(
        page, server, "https://app.example/callback\nhttps://app.example/another/way/back?with=query"
    )
    await page.click("#to-app")


async def to_list(page: Page, server: Server) -> None:
    await register(page, server)
    await page.goto(f"{server.url}/developers")


async def to_test(page: Page, server: Server) -> None:
    await to_app(page, server)
    await page.click("#test-login")


async def to_callback(page: Page, server: Server) -> None:
    await register(page, server)
    await page.click("#to-app")
    await page.click("#test-login")
    await page.click("#start-test")
    await page.click("#consent-authorize")
    await expect(page.locator("#exchange")).to_be_visible()


async def to_mistake(page: Page, server: Server) -> None:
    await to_app(page, server)
    client_id = await page.inner_text("#client-id")
    query = urlencode({"client_id": client_id, "redirect_uri": "https://app.example/callback/"})
    await page.goto(f"{server.url}/oauth/authorize?{query}")
    await expect(page.locator("#for-owner")).to_be_visible()


PLACES: dict[str, Callable[[Page, Server], Awaitable[None]]] = {
    "new": to_new,
    "error": to_error,
    "secret": to_secret,
    "app": to_app,
    "list": to_list,
    "test": to_test,
    "callback": to_callback,
    "mistake": to_mistake,
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everything_can_be_read_on_a_phone(
    chromium: Browser, embedded_server: Server, place: str, scheme: str
) -> None:
    async with somebody(chromium, viewport={"width": 320, "height": 640}, color_scheme=scheme) as person:
        await sign_in(person, embedded_server)
        await PLACES[place](person.page, embedded_server)
        await person.look(f"developers-{place}-phone-{scheme}")
        assert await person.page.evaluate(CONTRAST) == []
        assert await person.page.evaluate("document.documentElement.scrollWidth") <= 320
        assert person.complaints == []


@pytest.mark.parametrize("place", PLACES)
async def test_a_screen_reader_finds_its_way(chromium: Browser, embedded_server: Server, place: str) -> None:
    async with somebody(chromium) as person:
        page = person.page
        await sign_in(person, embedded_server)
        await PLACES[place](page, embedded_server)
        await person.look(f"developers-{place}-desktop")
        assert await page.get_by_role("heading", level=1).count() == 1
        assert await page.evaluate(NAMELESS) == []
        assert await page.evaluate(BROKEN_IDS) == []
        if place == "error":
            assert await page.get_attribute("#redirect_uris", "aria-describedby") == "form-error"


@pytest.mark.parametrize("scripted", [True, False], ids=["with JavaScript", "without JavaScript"])
async def test_from_registering_an_app_to_tokens_in_a_terminal_and_to_its_end(
    chromium: Browser, embedded_server: Server, scripted: bool
) -> None:
    server = embedded_server
    async with somebody(chromium, java_script_enabled=scripted) as person:
        page = person.page
        await sign_in(person, server)
        await page.click("#new-app")
        secret = await register(page, server)
        await page.click("#to-app")
        await expect(page.locator("#app-name")).to_have_text(NAME)
        await expect(page.locator("#grants")).to_have_text("0")
        await expect(page.locator("button[data-copy=client-id]")).to_be_visible(visible=scripted)
        await page.click("#test-login")
        await page.click("#start-test")
        await page.click("#consent-authorize")
        await expect(page.locator("#answer")).to_contain_text("It worked")
        command = await page.inner_text("#exchange")
        assert json.loads(in_terminal(command, secret))["id_token"]
        await page.click("a[href$='/test']")
        await page.click("a[href^='/developers/apps/']")
        await expect(page.locator("#grants")).to_have_text("1")
        await page.click("summary:has-text('New secret')")
        await page.check("#rotate-sure")
        await page.click("#rotate-submit")
        await expect(page.locator("#old-is-void")).to_be_visible()
        assert await page.inner_text("#client-secret") != secret
        await page.click("#to-app")
        await page.click("summary:has-text('Delete this app')")
        await page.check("#delete-sure")
        await page.click("#delete-submit")
        await expect(page.locator("#said")).to_contain_text("deleted")
        await expect(page.locator("#no-apps")).to_be_visible()
        assert person.complaints == []


async def test_a_secret_is_copied_by_a_click_and_that_is_said(
    chromium: Browser, embedded_server: Server
) -> None:
    async with somebody(chromium, permissions=["clipboard-read", "clipboard-write"]) as person:
        page = person.page
        await sign_in(person, embedded_server)
        secret = await register(page, embedded_server)
        await page.click("button[data-copy=client-secret]")
        await expect(page.locator("button[data-copy=client-secret]")).to_have_text("Copied")
        await expect(page.get_by_text("The text is copied.")).to_be_attached()
        assert await page.evaluate("navigator.clipboard.readText()") == secret


async def test_only_the_fields_of_the_chosen_kind_are_shown(
    chromium: Browser, embedded_server: Server
) -> None:
    async with somebody(chromium, java_script_enabled=False) as person:
        page = person.page
        await sign_in(person, embedded_server)
        await to_new(page, embedded_server)
        for kind, uris, keys in (
            ("web", True, False),
            ("machine", False, False),
            ("device", False, False),
            ("key", True, True),
            ("browser", True, False),
        ):
            await page.check(f"#kind-{kind}")
            await expect(page.locator("#redirect_uris")).to_be_visible(visible=uris)
            await expect(page.locator("#jwks")).to_be_visible(visible=keys)


async def test_the_home_page_leads_there(chromium: Browser, embedded_server: Server) -> None:
    async with somebody(chromium) as person:
        await person.page.goto(embedded_server.url)
        await person.page.click("a[href='/developers']")
        await expect(person.page.locator("[data-page=login]")).to_be_visible()
