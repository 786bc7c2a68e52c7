"""Apps of somebody's, as far as the tests of our pages need them."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from playwright.async_api import Page

from tests.browser.people import Somebody
from tests.support.server import Server

ALL_SCOPES = "openid profile profile:read wallet:read wallet:write chat offline_access"


class App:
    """An app that has just registered itself."""

    def __init__(self, server: Server, callback: str, name: str = "<b>Chooser</b>", **metadata: Any) -> None:
        self.server, self.callback, self.verifier = server, callback, secrets.token_urlsafe(48)
        wish = {"client_name": name, "redirect_uris": [callback], "scope": ALL_SCOPES, **metadata}
        made = httpx.post(f"{server.url}/oauth/register", json=wish, timeout=20).raise_for_status().json()
        self.client_id, self.auth = made["client_id"], (made["client_id"], made["client_secret"])

    def url(self, scope: str = ALL_SCOPES) -> str:
        """Where it sends people."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        query = {
            "client_id": self.client_id,
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
        return await self.redeem(query["code"]) if "code" in query else query

    async def redeem(self, code: str) -> dict[str, Any]:
        """The tokens of a code."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.callback}
        return await self._post({**form, "code_verifier": self.verifier}, 200)

    async def refresh(self, token: str, status: int = 200) -> dict[str, Any]:
        """Fresh tokens, or the refusal."""
        return await self._post({"grant_type": "refresh_token", "refresh_token": token}, status)

    async def _post(self, form: dict[str, str], status: int) -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=self.server.url, timeout=20) as http:
            answer = await http.post("/oauth/token", data=form, auth=self.auth)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def connect(self, person: Somebody, scope: str) -> dict[str, Any]:
        """Get tokens of somebody who is signed in and agrees to all, without a page being shown."""
        http = person.context.request
        page = await (await http.get(self.url(scope))).text()
        form = dict(re.findall(r'name="(interaction|csrf)" value="([^"]*)"', page))
        answer = await http.post(
            f"{self.server.url}/oauth/authorize", form={**form, "decision": "authorize"}, max_redirects=0
        )
        return await self.redeem(parse_qs(urlsplit(answer.headers["location"]).query)["code"][0])
