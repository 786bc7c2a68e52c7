"""An app made of npm packages: openid-client for the protocol, oauth4webapi as a protected API, jose for logout tokens.

The app registers itself, sends its user (a scripted browser) to us, and checks everything that comes back by itself.
"""

from __future__ import annotations

import json

import pytest

from hodlxxi.bitcoin.known_keys import known_pubkey
from tests.foreign.node_app import Visit


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
