"""From the consent page back to the app in a real browser: nothing in our policy stands in the way (fastmcp#2302)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Browser, Page, Request, Route, expect

from tests.browser.people import Somebody, somebody
from tests.browser.places import authorize_url
from tests.support.certificates import make_tls
from tests.support.far_side import Asked, FarSide, far_side, http_answer
from tests.support.server import Server

SCHEME = "com.example.app:/callback"
PAGE = http_answer(b"<title>app</title><p id=app>back in the app</p>", kind="text/html")
AWAIT_S = 20


def hop_on(asked: Asked) -> bytes:
    """An app on loopback that sends the browser on to a program, as desktop apps do."""
    query = urlsplit(asked.target).query
    return http_answer(b"", 303, Location=f"{SCHEME}?{query}")


async def come_to_consent(person: Somebody, server: Server, uri: str, mode: str = "query") -> None:
    wish: dict[str, object] = {"redirect_uris": [uri], "token_endpoint_auth_method": "none"}
    await person.page.goto(authorize_url(server, app=wish, redirect_uri=uri, response_mode=mode))
    await person.sign_message()
    await expect(person.page.locator("#consent-form")).to_be_visible()


@asynccontextmanager
async def going_to(page: Page, scheme: str) -> AsyncIterator[asyncio.Future[str]]:
    """The address of the program that the browser was about to start."""
    found: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def note(request: Request) -> None:
        if request.url.startswith(scheme) and not found.done():
            found.set_result(request.url)

    page.on("request", note)
    yield found
    page.remove_listener("request", note)


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
@pytest.mark.parametrize("kind", ["http", "https"])
async def test_a_consent_leads_back_to_the_apps_server(
    chromium: Browser, embedded_server: Server, tmp_path: Path, kind: str, mode: str
) -> None:
    """fastmcp#2302, fastmcp#3369: loopback and https."""
    tls = make_tls(tmp_path, "localhost")[0] if kind == "https" else None
    host = "localhost" if kind == "https" else "127.0.0.1"
    async with (
        far_side(lambda _: PAGE, host=host, tls=tls) as app,
        somebody(chromium, ignore_https_errors=True) as person,
    ):
        uri = f"{kind}://{host}:{app.port}/callback"
        await come_to_consent(person, embedded_server, uri, mode)
        await person.page.click("#consent-authorize")
        await expect(person.page.locator("#app")).to_be_visible()
        assert person.page.url.startswith(uri)
        got = dict(_first(app).form) if mode == "form_post" else _query(person.page.url)
        assert got.keys() >= {"code", "state", "iss"}
        assert person.complaints == []


async def test_a_consent_leads_to_a_program_of_this_device(
    chromium: Browser, embedded_server: Server
) -> None:
    """fastmcp#2302: a private scheme."""
    async with somebody(chromium) as person:
        await come_to_consent(person, embedded_server, SCHEME)
        async with going_to(person.page, "com.example.app:") as found:
            await person.page.click("#consent-authorize")
            url = await asyncio.wait_for(found, AWAIT_S)
        assert _query(url).keys() >= {"code", "state", "iss"}
        assert [said for said in person.complaints if "Content Security Policy" in said] == []


async def test_an_app_that_hops_on_from_loopback_to_a_program_gets_there(
    chromium: Browser, embedded_server: Server
) -> None:
    """fastmcp#3369: ``form-action`` would hold along the whole chain of redirects."""
    async with far_side(hop_on) as app, somebody(chromium) as person:
        await come_to_consent(person, embedded_server, f"http://127.0.0.1:{app.port}/callback")
        async with going_to(person.page, "com.example.app:") as found:
            await person.page.click("#consent-authorize")
            url = await asyncio.wait_for(found, AWAIT_S)
        assert _query(url).keys() >= {"code", "state", "iss"}
        assert [said for said in person.complaints if "Content Security Policy" in said] == []


async def test_with_form_action_the_code_would_never_arrive_and_we_would_notice(
    chromium: Browser, embedded_server: Server
) -> None:
    """fastmcp#2302: what the other tests rely on; the browser does hold such a policy along the way."""

    async def spoil(route: Route) -> None:
        answer = await route.fetch(max_redirects=0)
        headers = answer.headers
        policy = headers.get("content-security-policy", "")
        await route.fulfill(
            response=answer, headers=headers | {"content-security-policy": f"{policy}; form-action 'self'"}
        )

    async with far_side(lambda _: PAGE) as app, somebody(chromium) as person:
        uri = f"http://127.0.0.1:{app.port}/callback"
        await come_to_consent(person, embedded_server, uri)
        await person.page.route(f"{embedded_server.url}/oauth/authorize*", spoil)
        await person.page.reload()
        await person.page.unroute_all()
        async with person.page.expect_console_message(lambda said: "form-action" in said.text):
            await person.page.click("#consent-authorize")
        assert app.asked == []


def _first(app: FarSide) -> Asked:
    return app.asked[0]


def _query(url: str) -> dict[str, list[str]]:
    parts = urlsplit(url)
    return parse_qs(parts.query or parts.fragment)
