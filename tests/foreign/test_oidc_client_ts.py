"""A single-page app made of oidc-client-ts, in Chromium, on another origin: everything crosses by redirects and CORS."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser, expect

from hodlxxi.bitcoin.known_keys import known_pubkey
from tests.browser.people import Somebody, somebody
from tests.foreign.conftest import FOLDER
from tests.foreign.static_site import static_site
from tests.support.server import Server

SPA = FOLDER.parent / "spa"
PACKAGE = FOLDER / "node_modules" / "oidc-client-ts" / "dist" / "browser" / "oidc-client-ts.min.js"


@pytest.fixture(scope="module")
def site(node: list[str]) -> Iterator[str]:
    files = {"/oidc-client-ts.min.js": PACKAGE, "/spa.js": SPA / "spa.js"}
    with static_site(files, SPA / "index.html") as url:
        yield url


@dataclass
class Visitor:
    """Somebody at the app, and the buttons that they press."""

    person: Somebody
    site: str
    issuer: str

    async def come(self, **wish: str) -> None:
        await self.person.page.goto(f"{self.site}/?{urlencode({'issuer': self.issuer} | wish)}")
        await self.is_ready()

    async def is_ready(self) -> None:
        await expect(self.person.page.locator("body[data-ready=yes]")).to_be_attached()

    async def sign_in(self, key: int) -> None:
        """By redirect through our sign-in and consent pages, and back."""
        page = self.person.page
        await page.click("#sign-in")
        await page.fill("[name=test_key]", str(key))
        await page.click("#test-sign-in")
        await page.click("#consent-authorize")
        await self.is_ready()

    async def press(self, button: str) -> Any:
        """What the app shows when it is done."""
        page = self.person.page
        await page.click(f"#{button}")
        await expect(page.locator("#answer")).not_to_have_text("…")
        text = await page.inner_text("#answer")
        return json.loads(text) if text.startswith("{") else text

    async def see(self, name: str, text: str) -> None:
        await expect(self.person.page.locator(f"#{name}")).to_have_text(text)


@asynccontextmanager
async def visitor(chromium: Browser, site: str, server: Server) -> AsyncIterator[Visitor]:
    async with somebody(chromium) as person:
        yield Visitor(person, site, server.url)


async def test_a_browser_app_signs_in_renews_asks_calls_and_revokes(
    chromium: Browser, any_dev_server: Server, site: str
) -> None:
    async with visitor(chromium, site, any_dev_server) as at:
        await at.come()
        await at.sign_in(1)
        await at.see("answer", "signed in")
        await at.see("sub", known_pubkey(1))
        await at.person.look("browser-app-signed-in")
        assert (await at.press("userinfo"))["bitcoin_pubkey"] == known_pubkey(1)
        assert (await at.press("call"))["status"] == 200

        assert await at.press("renew") == {"renewed": True}
        assert (await at.press("call"))["status"] == 200

        assert await at.press("revoke") == "done"
        refused = await at.press("call")
        assert refused["status"] == 401
        assert 'error="invalid_token"' in refused["challenge"], "readable across origins"
        assert at.person.complaints == []


async def test_a_browser_app_renews_by_itself_before_its_token_ends(
    chromium: Browser, any_dev_server: Server, site: str
) -> None:
    async with visitor(chromium, site, any_dev_server) as at:
        await at.come(early="3598")
        await at.sign_in(2)
        # Once by the sign-in, then each two seconds by the refresh token.
        await at.see("renewed", "2")
        assert (await at.press("call"))["status"] == 200
        assert at.person.complaints == []


# The token that the app holds, without the key that it is bound to.
STEAL = """async url => {
  const kept = Object.entries(sessionStorage).find(([name]) => name.startsWith("oidc.user:"))[1];
  const headers = { Authorization: `Bearer ${JSON.parse(kept).access_token}` };
  const answer = await fetch(url, { headers });
  return { status: answer.status, ...(await answer.json()) };
}"""


async def test_a_browser_app_binds_its_tokens_to_a_key_that_never_leaves_the_browser(
    chromium: Browser, any_dev_server: Server, site: str
) -> None:
    async with visitor(chromium, site, any_dev_server) as at:
        await at.come(dpop="1")
        await at.sign_in(5)
        await at.see("sub", known_pubkey(5))
        assert '"token_type": "DPoP"' in await at.person.page.inner_text("#held")
        assert (await at.press("userinfo"))["sub"] == known_pubkey(5)
        assert (await at.press("call"))["status"] == 200
        assert await at.press("renew") == {"renewed": True}
        assert (await at.press("call"))["status"] == 200
        stolen = await at.person.page.evaluate(STEAL, f"{any_dev_server.url}/oauth/userinfo")
        assert stolen["status"] == 401
        assert "DPoP" in stolen["error_description"]
        assert at.person.complaints == []


async def test_a_browser_app_signs_out_here_and_at_the_issuer(
    chromium: Browser, any_dev_server: Server, site: str
) -> None:
    async with visitor(chromium, site, any_dev_server) as at:
        await at.come()
        await at.sign_in(6)
        await at.person.page.click("#sign-out")
        await at.is_ready()
        left = json.loads(await at.person.page.inner_text("#answer"))
        assert left == {"signed_out": True, "state": "back in the app"}
        await at.see("sub", "nobody")
        # At the issuer too: the next sign-in asks for a key.
        await at.person.page.click("#sign-in")
        await expect(at.person.page.locator("main[data-page=login]")).to_be_visible()
        assert at.person.complaints == []


async def test_silent_renew_by_iframe_fails_as_documented(
    chromium: Browser, dev_server: Server, site: str
) -> None:
    """A frame on another site gets no ``SameSite=Lax`` cookie, and no page of ours can be framed: refresh tokens renew."""
    async with visitor(chromium, site, dev_server) as at:
        await at.come(frame="1")
        await at.sign_in(3)
        assert (await at.press("renew"))["error"] == "login_required"
        assert (await at.press("call"))["status"] == 200


async def test_a_popup_loses_the_app_that_opened_it_as_documented(
    chromium: Browser, dev_server: Server, site: str
) -> None:
    """Our pages stand alone (``Cross-Origin-Opener-Policy``), so that no app holds a window of ours: apps redirect."""
    async with visitor(chromium, site, dev_server) as at:
        await at.come()
        async with at.person.page.expect_popup() as opened:
            await at.person.page.click("#popup")
        popup = await opened.value
        await popup.fill("[name=test_key]", "4")
        await popup.click("#test-sign-in")
        await popup.click("#consent-authorize")
        await expect(popup.locator("#sub")).to_have_text(known_pubkey(4))
        assert await popup.evaluate("window.opener") is None


async def test_who_denies_is_back_in_the_browser_app(
    chromium: Browser, dev_server: Server, site: str
) -> None:
    async with visitor(chromium, site, dev_server) as at:
        await at.come()
        page = at.person.page
        await page.click("#sign-in")
        await page.click("#login-cancel")
        await at.is_ready()
        assert json.loads(await page.inner_text("#answer"))["error"] == "access_denied"
        await at.see("sub", "nobody")


# What a page of another origin can read of an answer, error or not.
READ = """async ([url, options]) => {
  const answer = await fetch(url, options), names = ["WWW-Authenticate", "Retry-After", "X-Request-ID"];
  const headers = Object.fromEntries(names.map(name => [name, answer.headers.get(name)]));
  return { status: answer.status, error: (await answer.json()).error, ...headers };
}"""


async def test_errors_are_readable_across_origins(
    chromium: Browser, serve: Callable[..., Server], site: str
) -> None:
    server = serve(RATE_LIMIT_REGISTER="1")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    async with somebody(chromium) as person:
        await person.page.goto(f"{site}/spa.js")

        async def read(path: str, **options: Any) -> dict[str, Any]:
            answer: dict[str, Any] = await person.page.evaluate(READ, [server.url + path, options])
            assert answer["X-Request-ID"]
            return answer

        bare = await read("/oauth/userinfo")
        assert (bare["status"], bare["error"]) == (401, "not_authenticated")
        bad = await read("/oauth/userinfo", headers={"Authorization": "Bearer nonsense", "DPoP": "nonsense"})
        assert (bad["status"], bad["error"]) == (401, "invalid_token")
        assert 'error="invalid_token"' in bad["WWW-Authenticate"]
        unknown = await read("/oauth/token", method="POST", headers=form, body="grant_type=password")
        assert (unknown["status"], unknown["error"]) == (401, "invalid_client")
        wish = {
            "method": "POST",
            "headers": {"Content-Type": "application/json"},
            "body": json.dumps({"redirect_uris": ["https://app.example/cb"]}),
        }
        assert (await read("/oauth/register", **wish))["status"] == 201
        late = await read("/oauth/register", **wish)
        assert late["status"] == 429
        assert int(late["Retry-After"]) > 0
    server.close()
