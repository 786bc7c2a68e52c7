"""The two providers as a scripted browser and an app see them."""

from __future__ import annotations

import base64
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx

from tests.differential.case import CALLBACK, CHALLENGE, SCOPE, STATE, VERIFIER
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
        fields = dict(re.findall(r'name="(interaction|csrf)" value="([^"]*)"', page.text))
        return browser.post("/oauth/authorize", data={**fields, "decision": "authorize"})


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


def basic(client_id: str, secret: str) -> str:
    """The ``Authorization`` header (RFC 6749 §2.3.1)."""
    return plain_basic(quote(client_id, safe=""), quote(secret, safe=""))


def plain_basic(client_id: str, secret: str) -> str:
    """The same without form encoding."""
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()
