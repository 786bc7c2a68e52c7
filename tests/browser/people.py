"""Somebody in front of a browser, with a wallet beside it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Response

from hodlxxi.bitcoin.address import Network
from tests.support.chromium import ARTIFACTS
from tests.support.signer import TestKey

PATIENCE_MS = 20_000
_PARTS = ("script", "stylesheet", "image", "font")


@dataclass
class Somebody:
    """A browser of their own, and a key. ``complaints``: errors in the console, and parts of a page that did not load."""

    context: BrowserContext
    page: Page
    key: TestKey
    complaints: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        """The address that they sign in with."""
        return self.key.p2wpkh(Network.REGTEST)

    async def sign_message(self) -> None:
        """Copy the text of the sign-in page, sign it in the wallet, paste, submit."""
        text = await self.page.input_value("#login-message")
        await self.page.fill("#login-address", self.address)
        await self.page.fill("#login-signature", self.key.sign_compact(text))
        await self.page.click("#login-submit")

    async def look(self, name: str) -> None:
        """Keep a picture of what is shown, to be looked at."""
        ARTIFACTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=True)


@asynccontextmanager
async def somebody(chromium: Browser, **options: object) -> AsyncIterator[Somebody]:
    """A fresh browser context with one page."""
    context = await chromium.new_context(**options)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    person = Somebody(context, page, TestKey(secrets.token_bytes(32)))

    def note(message: ConsoleMessage) -> None:
        # What a browser says of a refused request is the refusal itself.
        if message.type == "error" and "Failed to load resource" not in message.text:
            person.complaints.append(message.text)

    def check(response: Response) -> None:
        # A page's own parts must load, though.
        if response.status >= 400 and response.request.resource_type in _PARTS:
            person.complaints.append(f"{response.status} {response.url}")

    page.on("console", note)
    page.on("response", check)
    page.on("pageerror", lambda error: person.complaints.append(str(error)))
    try:
        yield person
    finally:
        await context.close()
