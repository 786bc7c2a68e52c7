"""The steps of a Lightning login, as a browser and a wallet take them over HTTP."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.identity.site import Site
from tests.support.lnurl_wallet import LnurlWallet

HOST = "login.example.org"
ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141


@dataclass(frozen=True)
class Started:
    """What ``create`` told the browser."""

    session_id: str
    lnurl: str
    k1: str
    claim_token: str

    @property
    def callback(self) -> str:
        return f"/api/lnurl-auth/callback/{self.session_id}"

    @property
    def check(self) -> str:
        return f"/api/lnurl-auth/check/{self.session_id}"

    @property
    def events(self) -> str:
        return f"/api/lnurl-auth/events/{self.session_id}"

    @property
    def qr(self) -> str:
        return f"/api/lnurl-auth/qr/{self.session_id}"


def new_wallet() -> LnurlWallet:
    """A wallet that no other test knows."""
    return LnurlWallet(secrets.token_bytes(32))


def known_browser(site: Site, **where: str) -> httpx.AsyncClient:
    """A browser that was here before: it has the cookie by which we know it."""
    browser = site.browser(**where)
    browser.cookies.set("browser", secrets.token_urlsafe(32), domain=HOST)
    return browser


async def start(browser: httpx.AsyncClient, **body: Any) -> Started:
    """``POST /api/lnurl-auth/create``."""
    answer = await browser.post("/api/lnurl-auth/create", json=body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return Started(**{name: found[name] for name in ("session_id", "lnurl", "k1", "claim_token")})


def signed(wallet: LnurlWallet, started: Started, host: str = HOST) -> dict[str, str]:
    """The three parameters that this wallet adds or repeats."""
    url = wallet.answer_url(started.lnurl)
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert query["key"] == wallet.pubkey_hex(host)
    return {name: query[name] for name in ("k1", "sig", "key")}


async def answer(site: Site, wallet: LnurlWallet, started: Started, **where: str) -> dict[str, str]:
    """The wallet calls the URL that its QR code holds; what it is told."""
    reply = await site.browser(**where).get(wallet.answer_url(started.lnurl))
    return told(reply)


def told(reply: httpx.Response) -> dict[str, str]:
    """What a wallet understands: 200, JSON, OK or ERROR with a reason (LUD-01). Nothing else may ever come."""
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "application/json"
    found: dict[str, str] = reply.json()
    assert found == {"status": "OK"} or (found["status"] == "ERROR" and set(found) == {"status", "reason"})
    return found


def reason_of(reply: httpx.Response) -> str:
    """Why a wallet was refused."""
    found = told(reply)
    assert found["status"] == "ERROR"
    return found["reason"]


async def claim(browser: httpx.AsyncClient, started: Started, **headers: str) -> dict[str, Any]:
    """``GET /api/lnurl-auth/check/<session_id>``."""
    reply = await browser.get(started.check, headers=headers)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    if not found["verified"]:
        assert found == {"verified": False}
        assert "set-cookie" not in reply.headers
    return found
