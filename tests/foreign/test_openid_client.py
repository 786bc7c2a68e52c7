"""An app made of npm packages: openid-client for the protocol, oauth4webapi as a protected API, jose for logout tokens.

The app registers itself, sends its user (a scripted browser) to us, and checks everything that comes back by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from hodlxxi.bitcoin.known_keys import known_pubkey
from tests.support.scripted_browser import ScriptedBrowser
from tests.support.server import Server

Answer = dict[str, Any]


@dataclass
class Visit:
    """Somebody at the app, by a browser of their own."""

    app: str
    issuer: str
    browser: ScriptedBrowser

    def ask(self, path: str, **query: str) -> Answer:
        """What the app answers at a path of its own."""
        answer: Answer = json.loads(self.browser.open(f"{self.app}{path}?{urlencode(query)}").body)
        return answer

    def do(self, path: str, **query: str) -> Answer:
        """The same, and it went well."""
        answer = self.ask(path, **query)
        assert self.browser.status == 200, answer
        return answer

    def refusal(self, path: str, **query: str) -> Answer:
        """Why the app could not do it: what openid-client understood of our error."""
        answer = self.ask(path, **query)
        assert self.browser.status == 400, answer
        failed: Answer = answer["failed"]
        return failed

    def begin(self, kind: str, **more: str) -> ScriptedBrowser:
        """From the app's button to our page."""
        query = urlencode({"issuer": self.issuer, "kind": kind} | more)
        return self.browser.open(f"{self.app}/begin?{query}")

    def sign_in(self, kind: str, key: int = 0, **more: str) -> Answer:
        """From the app's button through sign-in and consent back to the app: the tokens that it got."""
        self.begin(kind, **more).sign_in(key)
        if "data-page" in self.browser.body and self.browser.shown == "consent":
            self.browser.agree()
        answer: Answer = json.loads(self.browser.body)
        assert self.browser.status == 200, answer
        return answer


@pytest.fixture
def visit(any_dev_server: Server, node_app: str) -> Iterator[Visit]:
    with httpx.Client(timeout=30) as http:
        yield Visit(node_app, any_dev_server.url, ScriptedBrowser(http))


def test_code_and_pkce_userinfo_refresh_and_revocation(visit: Visit) -> None:
    tokens = visit.sign_in("secret", 1)
    assert (tokens["token_type"].lower(), tokens["expires_in"]) == ("bearer", 3600)
    assert tokens["claims"]["sub"] == known_pubkey(1)
    assert tokens["claims"]["amr"] == ["test"]
    assert visit.do("/userinfo")["sub"] == known_pubkey(1)
    assert visit.do("/call")["status"] == 200

    refreshed = visit.do("/refresh")
    assert refreshed["refresh_token"] != tokens["refresh_token"]
    assert refreshed["claims"]["sid"] == tokens["claims"]["sid"]
    assert visit.do("/userinfo")["bitcoin_pubkey"] == known_pubkey(1)

    assert visit.do("/revoke") == {"revoked": True}
    assert visit.refusal("/refresh")["error"] == "invalid_grant"
    for path in ("/userinfo", "/call"):
        challenge = visit.refusal(path)["challenge"]
        assert (challenge["scheme"], challenge["parameters"]["error"]) == ("bearer", "invalid_token")


def test_an_api_that_only_knows_our_keys_verifies_access_tokens(visit: Visit) -> None:
    """RFC 9068, by oauth4webapi."""
    visit.sign_in("secret", 2)
    claims = visit.do("/verify")
    assert (claims["sub"], claims["iss"], claims["aud"]) == (known_pubkey(2), visit.issuer, visit.issuer)


@pytest.mark.parametrize("kind", ["secret", "public"])
def test_a_pushed_request(visit: Visit, kind: str) -> None:
    assert visit.sign_in(kind, 2, push="1")["claims"]["sub"] == known_pubkey(2)


def test_a_narrower_refresh(visit: Visit) -> None:
    visit.sign_in("secret", 3)
    assert visit.do("/refresh", scope="openid")["scope"] == "openid"
    challenge = visit.refusal("/call")["challenge"]["parameters"]
    assert (challenge["error"], challenge["scope"]) == ("insufficient_scope", "profile:read")
    assert visit.do("/refresh")["scope"] == "openid profile profile:read offline_access"
    assert visit.do("/call")["status"] == 200


@pytest.mark.parametrize(("button", "signs_in"), [("login-cancel", False), ("consent-deny", True)])
def test_a_refusal_reaches_the_app_as_such(visit: Visit, button: str, signs_in: bool) -> None:
    browser = visit.begin("secret")
    if signs_in:
        browser.sign_in(4)
    answer = json.loads(browser.click(button).body)["failed"]
    assert (answer["name"], answer["error"]) == ("AuthorizationResponseError", "access_denied")


def test_silent_sign_in_by_prompt_none(visit: Visit) -> None:
    first = visit.sign_in("secret", 5)
    silent = json.loads(visit.begin("secret", prompt="none", id_token_hint=first["id_token"]).body)
    assert silent["claims"]["auth_time"] == first["claims"]["auth_time"]


def test_a_machine_gets_a_token_for_itself(visit: Visit) -> None:
    granted = visit.do("/machine", issuer=visit.issuer, scope="profile:read")
    assert granted["scope"] == "profile:read"
    assert "refresh_token" not in granted
