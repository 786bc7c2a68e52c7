"""The pages that somebody may stand before, and how they come there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import httpx
from playwright.async_api import expect

from tests.browser.people import Somebody
from tests.support.server import Server

CALLBACK = "https://app.example/callback"
_BY_PATH = {
    "home": "/",
    "login": "/login",
    "not-found": "/nothing-here",
    "unknown-app": "/oauth/authorize?client_id=nobody",
}
_BY_STEPS = ("login-for-an-app", "login-error", "consent", "consent-for-all", "signed-in", "signed-out")
ALL_SCOPES = "openid profile profile:read wallet:read wallet:write chat offline_access"
PLACES = (*_BY_PATH, *_BY_STEPS)


def authorize_url(server: Server, *, app: dict[str, Any] | None = None, **more: str) -> str:
    """Where an app that has just been registered (with ``app`` as further metadata) sends its user."""
    wish = {"client_name": "Wallet Watcher", "redirect_uris": [CALLBACK]} | (app or {})
    made = httpx.post(f"{server.url}/oauth/register", json=wish, timeout=20).raise_for_status().json()
    query = {
        "client_id": made["client_id"],
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid profile",
        "state": "the app's state",
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
    }
    return f"{server.url}/oauth/authorize?{urlencode(query | more)}"


async def go_to(place: str, person: Somebody, server: Server) -> None:
    """Bring somebody to one of ``PLACES``."""
    page = person.page
    if place in _BY_PATH:
        await page.goto(server.url + _BY_PATH[place])
    elif place in ("signed-in", "signed-out"):
        await page.goto(f"{server.url}/login")
        await person.sign_message()
        await expect(page.locator("#pubkey")).to_have_text(person.key.pubkey_hex)
        if place == "signed-out":
            await page.click("#sign-out")
            await expect(page.locator("#logged-out")).to_be_visible()
    else:
        is_all = place == "consent-for-all"
        await page.goto(
            authorize_url(server, app={"scope": ALL_SCOPES}, scope=ALL_SCOPES)
            if is_all
            else authorize_url(server)
        )
        if place == "login-error":
            await page.fill("#login-address", person.address)
            await page.fill("#login-signature", person.key.sign_compact("another text"))
            await page.click("#login-submit")
            await expect(page.locator("#login-error")).to_be_visible()
        if place in ("consent", "consent-for-all"):
            await person.sign_message()
            await expect(page.locator("#consent-form")).to_be_visible()
