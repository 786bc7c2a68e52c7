"""Somebody with a wallet, a browser and an app, over real HTTP."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.support.signer import TestKey

CALLBACK = "http://localhost:9/callback"
SCOPE = "openid profile:read"
AT_ONCE = 50


@dataclass
class Visitor:
    """A signed-in person, and the app that they allowed."""

    browser: httpx.AsyncClient
    key: TestKey
    credentials: tuple[str, str] = ("", "")
    consented: bool = field(default=False)

    async def signed_challenge(self) -> dict[str, str]:
        """A fresh text of the server, signed: the body of ``POST /verify_signature``."""
        named = {"pubkey": self.key.pubkey_hex}
        # A program without cookies: what binds the text is its id.
        async with httpx.AsyncClient(base_url=self.browser.base_url) as program:
            challenge = (await program.post("/api/auth/challenge", json=named)).json()
        signature = self.key.sign_der(challenge["message"])
        return {
            **named,
            "challenge_id": challenge["challenge_id"],
            "message": challenge["message"],
            "signature": signature,
        }

    def signed_seed_text(self) -> dict[str, str]:
        """The seed's own form of text, signed."""
        text = f"Login to HODLXXI at {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        return {"pubkey": self.key.pubkey_hex, "message": text, "signature": self.key.sign_der(text)}

    async def sign_in(self) -> None:
        """Get a session."""
        (await self.browser.post("/verify_signature", json=await self.signed_challenge())).raise_for_status()

    async def register(self, **metadata: Any) -> None:
        """Register the app."""
        wish = {"client_name": "Racer", "redirect_uris": [CALLBACK], "scope": SCOPE, **metadata}
        made = (await self.browser.post("/oauth/register", json=wish)).raise_for_status().json()
        self.credentials = (made["client_id"], made["client_secret"])

    async def authorize(self, scope: str = SCOPE) -> tuple[str, str]:
        """A code and its PKCE verifier; the consent page is answered where it is shown."""
        params, verifier = self.asking(scope)
        answer = await self.browser.get("/oauth/authorize", params=params)
        for _ in range(4):
            if answer.status_code == 200:
                fields = dict(re.findall(r'name="(interaction|csrf)" value="([^"]*)"', answer.text))
                answer = await self.browser.post("/oauth/authorize", data={**fields, "decision": "authorize"})
            target = answer.headers["location"]
            if target.startswith(CALLBACK):
                return parse_qs(urlsplit(target).query)["code"][0], verifier
            answer = await self.browser.get(target)
        raise AssertionError(answer.text)

    def asking(self, scope: str = SCOPE) -> tuple[dict[str, str], str]:
        """The parameters of an authorization request, and its PKCE verifier."""
        verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(verifier.encode()).digest()
        params = {
            "response_type": "code",
            "client_id": self.credentials[0],
            "redirect_uri": CALLBACK,
            "scope": scope,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return params, verifier

    def code_in(self, answer: httpx.Response) -> str | None:
        """The code that an answer carries to the app, if it does."""
        target = answer.headers["location"]
        return (
            parse_qs(urlsplit(target).query).get("code", [None])[0] if target.startswith(CALLBACK) else None
        )

    async def tokens(self, scope: str = SCOPE) -> dict[str, Any]:
        """The token response for a fresh code."""
        form = exchange_form(*await self.authorize(scope))
        answer = await self.browser.post("/oauth/token", data=form, auth=self.credentials)
        tokens: dict[str, Any] = answer.raise_for_status().json()
        return tokens


def exchange_form(code: str, verifier: str) -> dict[str, str]:
    """The form that trades a code for tokens."""
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": verifier,
    }


@asynccontextmanager
async def new_visitor(url: str, *, signed_in: bool = True) -> AsyncIterator[Visitor]:
    """Somebody whom the server does not know yet, with an app."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as browser:
        visitor = Visitor(browser, TestKey(secrets.token_bytes(32)))
        if signed_in:
            await visitor.sign_in()
            await visitor.register()
        yield visitor
