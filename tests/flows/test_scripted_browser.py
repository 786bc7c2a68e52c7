"""What a simple scripted browser can do on our pages, by their ids and names alone (the provider's reference, §8.1)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from hodlxxi.bitcoin.known_keys import known_pubkey
from hodlxxi.oauth.rules.pkce import challenge_of
from tests.support.processes import wait_until
from tests.support.scripted_browser import ScriptedBrowser
from tests.support.server import Server
from tests.support.signer import TestKey

CALLBACK = "https://app.example/callback"
BYE = "https://app.example/bye"


@dataclass
class App:
    """An app that has registered itself, and what it keeps while its user is away."""

    server: Server
    client_id: str
    verifier: str

    def authorize_url(self, **more: str) -> str:
        query = {
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid profile",
            "state": "what the app was doing",
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
        }
        return str(httpx.URL(f"{self.server.url}/oauth/authorize", params=query | more))

    def redeem(self, code: str) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": code, "client_id": self.client_id}
        form |= {"redirect_uri": CALLBACK, "code_verifier": self.verifier}
        return httpx.post(f"{self.server.url}/oauth/token", data=form, timeout=20)

    def check_refused(self, answer: dict[str, str]) -> None:
        """The person said no, and the app learns that and nothing else."""
        assert answer.pop("error_description")
        assert answer == {
            "error": "access_denied",
            "state": "what the app was doing",
            "iss": self.server.url,
        }


def register(server: Server) -> App:
    wish = {
        "client_name": "Wallet Watcher",
        "redirect_uris": [CALLBACK],
        "post_logout_redirect_uris": [BYE],
        "token_endpoint_auth_method": "none",
    }
    made = httpx.post(f"{server.url}/oauth/register", json=wish, timeout=20).raise_for_status().json()
    return App(server, made["client_id"], secrets.token_urlsafe(32))


@pytest.fixture
def browser() -> Iterator[ScriptedBrowser]:
    with httpx.Client(timeout=20) as http:
        yield ScriptedBrowser(http)


def test_through_sign_in_and_consent_to_tokens_and_out_again(
    any_dev_server: Server, browser: ScriptedBrowser
) -> None:
    app = register(any_dev_server)
    browser.open(app.authorize_url())
    assert (browser.shown, browser.text("client-name")) == ("login", "Wallet Watcher")
    browser.sign_in(1)
    assert (browser.shown, browser.text("client-name")) == ("consent", "Wallet Watcher")
    scopes = [e.attrs["data-scope"] for e in browser.page.elements if "data-scope" in e.attrs]
    assert scopes == ["openid", "profile"]
    browser.click("consent-authorize")

    assert browser.url.startswith(f"{CALLBACK}?")
    assert (browser.query["state"], browser.query["iss"]) == ("what the app was doing", any_dev_server.url)
    tokens = app.redeem(browser.query["code"]).json()
    auth = {"Authorization": f"Bearer {tokens['access_token']}"}
    person = httpx.get(f"{any_dev_server.url}/oauth/userinfo", headers=auth, timeout=20).json()
    assert person["sub"] == known_pubkey(1)

    browser.open(any_dev_server.url)
    assert (browser.shown, browser.text("pubkey")) == ("home", known_pubkey(1))
    browser.click("sign-out")
    assert browser.shown == "logged-out"
    assert browser.has("logged-out")
    assert browser.open(any_dev_server.url).has("sign-in")


def test_an_app_signs_its_user_out_with_and_without_a_click(
    any_dev_server: Server, browser: ScriptedBrowser
) -> None:
    app = register(any_dev_server)
    logout = f"{any_dev_server.url}/oauth/logout"
    browser.open(app.authorize_url()).sign_in(6)
    assert browser.agree().query["code"]
    # Nobody vouches for this request: the person is asked, and may stay.
    sent = {"client_id": app.client_id, "post_logout_redirect_uri": BYE, "state": "x y"}
    browser.open(str(httpx.URL(logout, params=sent)))
    assert (browser.shown, browser.text("client-name")) == ("logout", "Wallet Watcher")
    assert browser.click("logout-cancel").shown == "home"
    assert browser.open(app.authorize_url(prompt="none")).query["code"]
    browser.open(str(httpx.URL(logout, params=sent))).click("logout-confirm")
    assert (browser.url.partition("?")[0], browser.query) == (BYE, {"state": "x y"})
    assert browser.open(app.authorize_url(prompt="none")).query["error"] == "login_required"
    # With the hint of its own session, at once.
    browser.open(app.authorize_url()).sign_in(6)
    hint = app.redeem(browser.query["code"]).json()["id_token"]
    browser.open(str(httpx.URL(logout, params={"id_token_hint": hint, "post_logout_redirect_uri": BYE})))
    assert browser.url == BYE
    # Nothing but the session: asked, then told.
    browser.open(any_dev_server.url + "/login").sign_in(6).open(logout)
    assert browser.click("logout-confirm").shown == "logged-out"


def test_deny_sends_the_app_a_refusal(any_dev_server: Server, browser: ScriptedBrowser) -> None:
    app = register(any_dev_server)
    browser.open(app.authorize_url()).sign_in(2).click("consent-deny")
    assert browser.url.startswith(f"{CALLBACK}?")
    app.check_refused(browser.query)


def test_cancel_on_the_sign_in_page_sends_the_app_a_refusal(
    any_dev_server: Server, browser: ScriptedBrowser
) -> None:
    app = register(any_dev_server)
    browser.open(app.authorize_url()).click("login-cancel")
    assert browser.url.startswith(f"{CALLBACK}?")
    app.check_refused(browser.query)


def test_a_wallet_signs_the_text_and_a_wrong_signature_gets_another_try(
    any_server: Server, browser: ScriptedBrowser
) -> None:
    """Without the test signer: as on any server."""
    app, key = register(any_server), TestKey(secrets.token_bytes(32))
    browser.open(app.authorize_url())
    assert not browser.has("test-sign-in")
    first_text = browser.text("login-message")
    browser.fill("pubkey", key.pubkey_hex).fill("signature", key.sign_compact("another text"))
    browser.click("login-submit")
    assert (browser.shown, browser.status) == ("login", 401)
    assert browser.text("login-error")
    assert browser.text("pubkey") == key.pubkey_hex
    assert browser.text("login-message") != first_text

    browser.fill("signature", key.sign_compact(browser.text("login-message"))).click("login-submit")
    assert browser.shown == "consent"
    assert key.pubkey_hex in browser.body
    assert app.redeem(browser.click("consent-authorize").query["code"]).status_code == 200


def test_prompt_login_asks_again_and_prompt_none_asks_nothing(
    any_dev_server: Server, browser: ScriptedBrowser
) -> None:
    app = register(any_dev_server)
    assert browser.open(app.authorize_url(prompt="none")).query["error"] == "login_required"
    browser.open(app.authorize_url()).sign_in(3)
    assert browser.open(app.authorize_url(prompt="none")).query["error"] == "consent_required"
    browser.open(app.authorize_url()).click("consent-authorize")
    assert "code" in browser.open(app.authorize_url(prompt="none")).query
    browser.open(app.authorize_url(prompt="login"))
    assert "code" in browser.sign_in(3).query
    # Another person at the same browser has agreed to nothing yet.
    browser.open(app.authorize_url(prompt="login"))
    assert browser.sign_in(4).shown == "consent"


def test_the_answer_by_form_post_waits_behind_a_button(
    any_dev_server: Server, browser: ScriptedBrowser
) -> None:
    app = register(any_dev_server)
    browser.open(app.authorize_url(response_mode="form_post")).sign_in(5).click("consent-authorize")
    assert browser.shown == "form-post"
    browser.click("response-continue")
    assert browser.url == CALLBACK
    assert browser.sent.keys() == {"code", "state", "iss"}
    assert app.redeem(browser.sent["code"]).status_code == 200


def test_signing_out_asks_first_and_can_be_cancelled(
    any_dev_server: Server, browser: ScriptedBrowser
) -> None:
    browser.open(f"{any_dev_server.url}/login").sign_in(6)
    browser.open("/oauth/logout")
    assert browser.shown == "logout"
    browser.click("logout-cancel")
    assert browser.open("/").text("pubkey") == known_pubkey(6)
    browser.open("/oauth/logout").click("logout-confirm")
    assert browser.shown == "logged-out"
    assert browser.has("logged-out")
    assert browser.open("/").has("sign-in")


def test_an_unknown_app_gets_a_page_with_the_word_and_the_request_id(
    any_server: Server, browser: ScriptedBrowser
) -> None:
    browser.http.headers["Accept"] = "text/html"
    browser.open(f"{any_server.url}/oauth/authorize?client_id=nobody&redirect_uri={CALLBACK}")
    assert (browser.shown, browser.status) == ("error", 400)
    assert browser.text("error-code")
    assert browser.text("error-description")
    request_id = browser.text("request-id")
    wait_until(lambda: request_id in any_server.log_text(), seconds=10, what="the log line of the request")
