"""The consent page in Chromium: what is unticked is not given, with a script and without one."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.people import somebody
from tests.browser.places import ALL_SCOPES
from tests.browser.test_pages import other_site
from tests.support.server import Server


class App:
    """An app of somebody's, as far as this test needs one."""

    def __init__(self, server: Server, callback: str) -> None:
        self.server, self.callback, self.verifier = server, callback, secrets.token_urlsafe(48)
        wish = {"client_name": "<b>Chooser</b>", "redirect_uris": [callback], "scope": ALL_SCOPES}
        self.made = (
            httpx.post(f"{server.url}/oauth/register", json=wish, timeout=20).raise_for_status().json()
        )

    def url(self, scope: str = ALL_SCOPES) -> str:
        """Where it sends people."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        query = {
            "client_id": self.made["client_id"],
            "redirect_uri": self.callback,
            "response_type": "code",
            "scope": scope,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{self.server.url}/oauth/authorize?{httpx.QueryParams(query)}"

    async def arrival(self, page: Page) -> dict[str, Any]:
        """What comes back: the tokens of a code, or the refusal."""
        await page.wait_for_url(f"{self.callback}**")
        query = {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
        if "code" not in query:
            return query
        form = {"grant_type": "authorization_code", "code": query["code"], "redirect_uri": self.callback}
        auth = (self.made["client_id"], self.made["client_secret"])
        async with httpx.AsyncClient(base_url=self.server.url, timeout=20) as http:
            answer = await http.post("/oauth/token", data={**form, "code_verifier": self.verifier}, auth=auth)
        tokens: dict[str, Any] = answer.raise_for_status().json()
        return tokens


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
