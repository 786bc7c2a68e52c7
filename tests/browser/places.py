"""The pages that somebody may stand before, and how they come there."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode

import httpx
from playwright.async_api import expect

from tests.browser.apps import ALL_SCOPES, App
from tests.browser.people import Somebody
from tests.support.lnurl_wallet import LnurlWallet
from tests.support.server import Server

CALLBACK = "https://app.example/callback"
BYE = "https://app.example/bye"
_BY_PATH = {
    "home": "/",
    "login": "/login",
    "not-found": "/nothing-here",
    "unknown-app": "/oauth/authorize?client_id=nobody",
}
_BY_STEPS = (
    *("login-for-an-app", "login-error", "consent", "consent-for-all", "signed-in", "signed-out"),
    *("logout", "logout-for-an-app", "logout-to-nowhere", "lnurl-phone"),
    *("landing", "landing-after", "new-key", "confirm-key", "lnurl-phone-for-a-key"),
)
_BY_ACCOUNT = ("account", "account-of-a-newcomer", "recovery-codes", "account-closed")
_OF_DEVICES = ("device", "device-error", "device-confirm", "device-done", "device-denied")
PLACES = (*_BY_PATH, *_BY_STEPS, *_BY_ACCOUNT, *_OF_DEVICES)
_TELEVISION = {"client_name": "Television", "token_endpoint_auth_method": "none"}


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


async def sign_in(person: Somebody, server: Server) -> None:
    """To the home page, signed in."""
    await person.page.goto(f"{server.url}/login")
    await person.sign_message()
    await expect(person.page.locator("#pubkey")).to_have_text(person.key.pubkey_hex)


async def furnish(person: Somebody, server: Server) -> None:
    """What gathers in an account: apps, a name, a label, recovery codes, another session."""
    watcher = App(server, CALLBACK, "Wallet Watcher")
    await watcher.connect(person, "openid profile wallet:read chat")
    long = "An app whose name takes more than one line on a phone and has aVeryLongWordWithoutAnyBlankInIt"
    await App(server, "https://another-app.example.org/callback", long).connect(person, "profile:read")
    http, origin = person.context.request, {"Origin": server.url}
    await http.put(f"{server.url}/api/account", data={"display_name": "Alice 🦊"}, headers=origin)
    key = f"{server.url}/api/keys/{person.key.pubkey_hex}"
    await http.put(key, data={"label": "Hardware wallet"}, headers=origin)
    codes = await (await http.post(f"{server.url}/api/recovery-codes", headers=origin)).json()
    phone = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4) Version/17.4 Mobile Safari/604.1"}
    async with httpx.AsyncClient(base_url=server.url, headers=phone, timeout=20) as elsewhere:
        await elsewhere.post("/api/auth/recovery", json={"code": codes["codes"][0]})


async def _go_to_account(place: str, person: Somebody, server: Server) -> None:
    page = person.page
    await sign_in(person, server)
    if place == "account":
        await furnish(person, server)
    await page.click("#account-link") if place != "account" else await page.goto(f"{server.url}/account")
    if place == "recovery-codes":
        await page.click("#recovery-make")
    if place == "account-closed":
        await page.check("#close-sure")
        await page.click("#close-submit")
        await expect(page.locator("#account-closed")).to_be_visible()


def begin_device(server: Server, **form: str) -> dict[str, Any]:
    """A television that has just been registered asks for its codes."""
    grants = ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]
    wish = _TELEVISION | {"grant_types": grants}
    made = httpx.post(f"{server.url}/oauth/register", json=wish, timeout=20).raise_for_status().json()
    asked = {"client_id": made["client_id"], "scope": "openid profile:read chat"} | form
    path = f"{server.url}/oauth/device_authorization"
    agent = {"User-Agent": "Telly/1.0 (living room)"}
    answer = httpx.post(path, data=asked, headers=agent, timeout=20).raise_for_status().json()
    return {**answer, "client_id": made["client_id"]}


async def go_to_device(place: str, person: Somebody, server: Server) -> None:
    """Bring somebody to one of the states of ``/device``."""
    page, device = person.page, begin_device(server)
    await page.goto(f"{server.url}/device")
    await person.sign_message()
    await expect(page.locator("#device-continue")).to_be_visible()
    if place == "device":
        return
    await page.fill("#user-code", "BCDF-GHJK" if place == "device-error" else device["user_code"])
    await page.click("#device-continue")
    if place == "device-error":
        await expect(page.locator("#device-error")).to_be_visible()
        return
    await expect(page.locator("#device-approve")).to_be_visible()
    if place != "device-confirm":
        await page.click("#device-approve" if place == "device-done" else "#device-deny")
        await expect(page.locator("#device-done")).to_be_visible()


def logout_url(server: Server, place: str) -> str:
    """Where an app that has just been registered sends its user to sign out, or somebody goes on their own."""
    if place == "logout":
        return f"{server.url}/oauth/logout"
    wish = {"client_name": "Wallet Watcher", "redirect_uris": [CALLBACK], "post_logout_redirect_uris": [BYE]}
    made = httpx.post(f"{server.url}/oauth/register", json=wish, timeout=20).raise_for_status().json()
    uri = BYE if place == "logout-for-an-app" else "https://evil.example/bye"
    return f"{server.url}/oauth/logout?{urlencode({'client_id': made['client_id'], 'post_logout_redirect_uri': uri})}"


async def scan(person: Somebody, wallet: LnurlWallet, wanted: str = "OK") -> None:
    """The wallet reads the page's code and answers."""
    text = await person.page.get_attribute("#lnurl-qr", "data-text") or ""
    async with httpx.AsyncClient(timeout=20) as phone:
        assert (await phone.get(wallet.answer_url(text))).json()["status"] == wanted


async def _land(place: str, person: Somebody, server: Server) -> None:
    """Before the page that says as whom, for an app that takes no scanned code; or after the fact."""
    page = person.page
    if place == "landing":
        claims = '{"id_token":{"acr":{"essential":true,"values":["urn:hodlxxi:acr:key"]}}}'
        await page.goto(authorize_url(server, claims=claims))
        await scan(person, LnurlWallet(secrets.token_bytes(32)))
    else:
        await person.sign_message()
        await expect(page.locator("#consent-form")).to_be_visible()
        await page.goto(f"{server.url}/login/landing?next=/account")
    await expect(page.locator("#landing-continue")).to_be_visible()


async def _add_wallet(place: str, person: Somebody, server: Server) -> None:
    page = person.page
    await sign_in(person, server)
    await page.goto(f"{server.url}/account/keys/new")
    if place == "confirm-key":
        await scan(person, LnurlWallet(secrets.token_bytes(32)))
        await expect(page.locator("#link-submit")).to_be_visible()
    if place == "lnurl-phone-for-a-key":
        await page.goto(await page.get_attribute("#phone-qr", "data-text") or "")


async def go_to(place: str, person: Somebody, server: Server) -> None:
    """Bring somebody to one of ``PLACES``."""
    page = person.page
    if place in _BY_PATH:
        await page.goto(server.url + _BY_PATH[place])
    elif place in _BY_ACCOUNT:
        await _go_to_account(place, person, server)
    elif place in _OF_DEVICES:
        await go_to_device(place, person, server)
    elif place.startswith("logout"):
        await sign_in(person, server)
        await page.goto(logout_url(server, place))
    elif place in ("new-key", "confirm-key", "lnurl-phone-for-a-key"):
        await _add_wallet(place, person, server)
    elif place in ("signed-in", "signed-out"):
        await sign_in(person, server)
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
        if place.startswith("landing"):
            await _land(place, person, server)
        if place == "lnurl-phone":
            await page.goto(await page.get_attribute("#phone-qr", "data-text") or "")
        if place == "login-error":
            await page.fill("#login-address", person.address)
            await page.fill("#login-signature", person.key.sign_compact("another text"))
            await page.click("#login-submit")
            await expect(page.locator("#login-error")).to_be_visible()
        if place in ("consent", "consent-for-all"):
            await person.sign_message()
            await expect(page.locator("#consent-form")).to_be_visible()
