"""A real app with a well-known client library: click, sign in, consent, back with a verified ID token."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.browser.example_app import example_app
from tests.browser.people import Somebody, somebody
from tests.support.lnurl_wallet import LnurlWallet
from tests.support.server import Server


@pytest.fixture
def app_url(any_server: Server, tmp_path: Path) -> Iterator[str]:
    with example_app(any_server.url, tmp_path) as url:
        yield url


async def come_in(person: Somebody, app_url: str) -> None:
    """From the app's button through sign-in and consent, back to the app."""
    await person.page.goto(app_url)
    await person.page.click("#sign-in")
    await person.sign_message()
    await person.page.click("#consent-authorize")
    await expect(person.page.locator("#claims")).to_be_visible()


async def test_a_person_signs_in_to_an_app_and_the_second_visit_asks_nothing(
    chromium: Browser, any_server: Server, app_url: str
) -> None:
    async with somebody(chromium) as person:
        page = person.page
        await page.goto(app_url)
        await page.click("#sign-in")
        await expect(page.locator("#client-name")).to_have_text("Demo Site")
        await person.look("login-for-an-app")
        await person.sign_message()

        await expect(page.locator('main[data-page="consent"]')).to_be_visible()
        # The app's own host and port, not ours.
        assert urlsplit(app_url).netloc in await page.inner_text("main")
        assert "not verified" in await page.inner_text("main")
        scopes = await page.locator("li[data-scope]").evaluate_all("l => l.map(e => e.dataset.scope)")
        assert scopes == ["openid", "profile", "profile:read", "offline_access"]
        await person.look("consent")
        await page.click("#consent-authorize")

        claims = await page.inner_text("#claims")
        assert person.key.pubkey_hex in claims
        assert any_server.url in claims
        assert "nonce" in claims
        await person.look("example-app-signed-in")

        await page.click("#refresh")
        await expect(page.locator("#refreshed")).to_have_text("1")
        await page.click("#refresh")
        await expect(page.locator("#refreshed")).to_have_text("2")

        await page.click("#sign-out")
        shown: list[str] = []
        page.on("framenavigated", lambda frame: shown.append(frame.url))
        await page.click("#sign-in")
        await expect(page.locator("#claims")).to_contain_text(person.key.pubkey_hex)
        # No page of ours was shown on the way.
        assert shown
        assert all(url.startswith(app_url) for url in shown), shown
        assert person.complaints == []


async def test_who_denies_is_back_in_the_app_without_tokens(chromium: Browser, app_url: str) -> None:
    async with somebody(chromium) as person:
        await person.page.goto(app_url)
        await person.page.click("#sign-in")
        await person.sign_message()
        await person.page.click("#consent-deny")
        await expect(person.page.locator("#error")).to_contain_text("access_denied")
        assert person.complaints == []


async def test_who_cancels_the_sign_in_is_back_in_the_app(chromium: Browser, app_url: str) -> None:
    async with somebody(chromium) as person:
        await person.page.goto(app_url)
        await person.page.click("#sign-in")
        await person.page.click("#login-cancel")
        await expect(person.page.locator("#error")).to_contain_text("access_denied")
        assert person.complaints == []


async def test_the_whole_way_works_without_javascript(chromium: Browser, app_url: str) -> None:
    async with somebody(chromium, java_script_enabled=False) as person:
        await come_in(person, app_url)
        assert person.key.pubkey_hex in await person.page.inner_text("#claims")
        assert person.complaints == []


async def test_a_lightning_wallet_signs_in_to_an_app(chromium: Browser, app_url: str) -> None:
    async with somebody(chromium) as person:
        page, wallet = person.page, LnurlWallet(secrets.token_bytes(32))
        await page.goto(app_url)
        await page.click("#sign-in")
        text = await page.get_attribute("#lnurl-qr", "data-text")
        async with httpx.AsyncClient(timeout=20) as phone:
            assert (await phone.get(wallet.answer_url(text or ""))).json() == {"status": "OK"}
        # The page goes on by itself, and asks once whose key that was.
        await expect(page.locator("#landing-app")).not_to_be_empty()
        await page.click("#landing-continue")
        await page.click("#consent-authorize")
        await expect(page.locator("#claims")).to_contain_text(wallet.pubkey_hex("localhost"))
        assert person.complaints == []


async def test_two_people_in_two_browsers_do_not_meet(chromium: Browser, app_url: str) -> None:
    async with somebody(chromium) as alice, somebody(chromium) as bob:
        await come_in(alice, app_url)
        await come_in(bob, app_url)
        await alice.page.reload()
        assert alice.key.pubkey_hex in await alice.page.inner_text("#claims")
        assert bob.key.pubkey_hex in await bob.page.inner_text("#claims")


async def test_a_wrong_signature_shows_the_page_again_and_the_next_try_goes_on(
    chromium: Browser, app_url: str
) -> None:
    async with somebody(chromium) as person:
        await person.page.goto(app_url)
        await person.page.click("#sign-in")
        await person.page.fill("#login-address", person.address)
        await person.page.fill("#login-signature", person.key.sign_compact("another text"))
        await person.page.click("#login-submit")
        await expect(person.page.locator("#login-error")).to_be_visible()
        assert await person.page.input_value("#login-address") == person.address
        await person.look("login-error")
        await person.sign_message()
        await expect(person.page.locator("#consent-form")).to_be_visible()
