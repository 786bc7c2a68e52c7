"""The two providers as a scripted browser and an app see them."""

from __future__ import annotations

import base64
import html
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx

from tests.differential.case import CALLBACK, CHALLENGE, LOGOUT, SCOPE, STATE, VERIFIER
from tests.differential.outcome import page_of
from tests.differential.roles import App
from tests.support.signer import TestKey

STEPS = 8
FORM = "application/x-www-form-urlencoded"


@dataclass
class Party(ABC):
    """A provider, the apps that it knows, and browsers by what was done with them."""

    url: str
    apps: Mapping[str, App]
    browsers: dict[str, httpx.Client] = field(default_factory=dict)
    memory: dict[str, str] = field(default_factory=dict)

    def open_browsers(self, people: Mapping[str, TestKey | None]) -> None:
        """A browser each, signed in as that person; ``agreed`` also allows every app what they ask by default."""
        for name, key in people.items():
            self.browsers[name] = httpx.Client(base_url=self.url, timeout=30)
            if key is not None:
                self.sign_in(self.browsers[name], key)
        for role, app in self.apps.items():
            if app.uris:
                self.authorize(self.browsers["agreed"], role)

    @abstractmethod
    def sign_in(self, browser: httpx.Client, key: TestKey) -> None:
        """Get a session."""

    @abstractmethod
    def agree(self, browser: httpx.Client, page: httpx.Response) -> httpx.Response:
        """Click "authorize"."""

    @abstractmethod
    def answer_device(self, browser: httpx.Client, user_code: str, *, agrees: bool) -> None:
        """Type a device's code, and click."""

    @abstractmethod
    def confirm_logout(self, browser: httpx.Client, page: httpx.Response) -> httpx.Response:
        """Click "sign out"."""

    def follow(self, browser: httpx.Client, answer: httpx.Response) -> httpx.Response:
        """What the browser shows in the end, or the redirect that leaves this server."""
        for _ in range(STEPS):
            if not answer.has_redirect_location:
                return answer
            target = answer.headers["location"]
            if not target.startswith(("/", f"{self.url}/")):
                return answer
            answer = browser.get(target)
        raise AssertionError("redirected in a circle")

    def request(self, role: str) -> dict[str, str]:
        """A good authorization request of an app."""
        app = self.apps[role]
        return {
            "client_id": app.client_id,
            "redirect_uri": app.uri if app.uris else CALLBACK,
            "response_type": "code",
            "scope": SCOPE,
            "state": STATE,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }

    def authorize(self, browser: httpx.Client, role: str, **changes: str | list[str]) -> str:
        """A code: the pages on the way are answered."""
        params = self.request(role) | changes
        if self.apps[role].metadata.get("require_pushed_authorization_requests"):
            params = {"client_id": self.apps[role].client_id, "request_uri": self.push(role)}
        answer = self.follow(browser, browser.get("/oauth/authorize", params=params))
        if page_of(answer) == "consent":
            answer = self.follow(browser, self.agree(browser, answer))
        assert answer.has_redirect_location, answer.text
        return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]

    def own_auth(self, role: str) -> tuple[dict[str, str], dict[str, str]]:
        """Headers and form members by which an app proves who it is, as it registered."""
        app = self.apps[role]
        if app.secret is None:
            return {}, {"client_id": app.client_id}
        if app.metadata.get("token_endpoint_auth_method") == "client_secret_post":
            return {}, {"client_id": app.client_id, "client_secret": app.secret}
        return {"Authorization": basic(app.client_id, app.secret)}, {}

    def post(
        self, path: str, role: str, headers: Mapping[str, str] | None = None, **form: str
    ) -> httpx.Response:
        """A form of an app."""
        proof, members = self.own_auth(role)
        with httpx.Client(base_url=self.url, timeout=30) as http:
            return http.post(path, data=members | form, headers={**proof, **(headers or {})})

    def push(self, role: str, **changes: str) -> str:
        """The ``request_uri`` of a good request."""
        answer = self.post("/oauth/par", role, **self.request(role) | changes)
        return str(answer.raise_for_status().json()["request_uri"])

    def redeem(self, role: str, code: str) -> httpx.Response:
        """The exchange of a code."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.apps[role].uri}
        return self.post("/oauth/token", role, **form, code_verifier=VERIFIER)

    def refresh(self, role: str, token: str) -> httpx.Response:
        """The exchange of a refresh token."""
        return self.post("/oauth/token", role, grant_type="refresh_token", refresh_token=token)

    def tokens(self, role: str, who: str = "holder", **changes: str | list[str]) -> dict[str, Any]:
        """Tokens for a fresh code."""
        answer = self.redeem(role, self.authorize(self.browsers[who], role, **changes))
        members: dict[str, Any] = answer.raise_for_status().json()
        return members

    def close(self) -> None:
        """Close the browsers."""
        for browser in self.browsers.values():
            browser.close()


class Ours(Party):
    """``hodlxxi serve``."""

    def sign_in(self, browser: httpx.Client, key: TestKey) -> None:
        named = {"pubkey": key.pubkey_hex}
        with closing(httpx.Client(base_url=self.url)) as program:
            challenge = program.post("/api/auth/challenge", json=named).raise_for_status().json()
        signed = {
            **named,
            "challenge_id": challenge["challenge_id"],
            "message": challenge["message"],
            "signature": key.sign_der(challenge["message"]),
        }
        browser.post("/verify_signature", json=signed).raise_for_status()

    def agree(self, browser: httpx.Client, page: httpx.Response) -> httpx.Response:
        return browser.post("/oauth/authorize", data=fields_of(page) | {"decision": "authorize"})

    def answer_device(self, browser: httpx.Client, user_code: str, *, agrees: bool) -> None:
        form = fields_of(browser.get("/device")) | {"user_code": user_code}
        asked = browser.post("/device", data=form | {"decision": "continue"})
        answer = fields_of(asked) | {"decision": "approve" if agrees else "deny"}
        done = browser.post("/device", data=answer)
        assert 'id="device-done"' in done.text, done.text

    def confirm_logout(self, browser: httpx.Client, page: httpx.Response) -> httpx.Response:
        return browser.post(LOGOUT, data=fields_of(page) | {"decision": "logout"})


class Peer(Party):
    """npm ``oidc-provider``."""

    def sign_in(self, browser: httpx.Client, key: TestKey) -> None:
        page = self.follow(
            browser, browser.get("/oauth/authorize", params=self.request(next(iter(self.apps))))
        )
        assert page_of(page) == "sign-in", page.text
        self.follow(browser, browser.post(page.url, data={"account": key.pubkey_hex}))

    def agree(self, browser: httpx.Client, page: httpx.Response) -> httpx.Response:
        return browser.post(page.url, data={"decision": "authorize"})

    def answer_device(self, browser: httpx.Client, user_code: str, *, agrees: bool) -> None:
        form = fields_of(browser.get("/device")) | {"user_code": user_code}
        asked = browser.post("/device", data=form)
        if not agrees:
            browser.post("/device", data=fields_of(asked) | {"abort": "yes"})
            return
        page = self.follow(browser, browser.post("/device", data=fields_of(asked)))
        if page_of(page) == "consent":
            page = self.follow(browser, self.agree(browser, page))
        assert page_of(page) == "device", page.text

    def confirm_logout(self, browser: httpx.Client, page: httpx.Response) -> httpx.Response:
        return browser.post(f"{LOGOUT}/confirm", data=fields_of(page) | {"logout": "yes"})


def fields_of(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of a page's form, and what is ticked."""
    fields = {}
    for tag in re.findall(r"<input\b[^>]*>", page.text):
        named, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if named and value and ('type="hidden"' in tag or "checked" in tag):
            fields[named[1]] = html.unescape(value[1])
    return fields


def basic(client_id: str, secret: str) -> str:
    """The ``Authorization`` header (RFC 6749 §2.3.1)."""
    return plain_basic(quote(client_id, safe=""), quote(secret, safe=""))


def plain_basic(client_id: str, secret: str) -> str:
    """The same without form encoding."""
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()
