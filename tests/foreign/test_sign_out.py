"""Signing out at an app and everywhere: RP-initiated logout, and the back-channel that tells the other apps."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import jwskate
import pytest
import requests

from hodlxxi.bitcoin.known_keys import known_pubkey
from tests.foreign.logout_listener import LogoutListener, logout_listener
from tests.foreign.node_app import Visit
from tests.foreign.python_app import SCOPE, Person, register
from tests.support.processes import wait_until
from tests.support.server import Server

EVENT = "http://schemas.openid.net/event/backchannel-logout"


def test_openid_client_signs_out_and_jose_verifies_the_logout_tokens(visit: Visit) -> None:
    """One person at two apps: signing out at one tells both."""
    browser = visit.browser
    sids = {}
    cookies = {}
    for kind in ("secret", "public"):
        browser.http.cookies.delete("node_app")
        tokens = visit.sign_in(kind, 1)
        sids[kind] = tokens["claims"]["sid"]
        cookies[kind] = browser.http.cookies["node_app"]
    assert sids["secret"] != sids["public"]

    left = visit.do("/sign-out", state="the app's state")
    assert left == {"signed_out": True, "query": {"state": "the app's state"}}

    def told() -> list[dict[str, object]]:
        return [one for one in visit.do("/me")["told"] if one["sid"] in sids.values()]

    wait_until(lambda: len(told()) == 2, seconds=15, what="the logout tokens")
    for token in told():
        assert (token["iss"], token["sub"], token["typ"]) == (visit.issuer, known_pubkey(1), "logout+jwt")
        assert token["fields"] == ["logout_token"]
    for cookie in cookies.values():
        browser.http.cookies.delete("node_app")
        browser.http.cookies.set("node_app", cookie, domain="localhost.local")
        assert visit.do("/me")["signed_in"] is False
    assert visit.silently("secret")["failed"]["error"] == "login_required"


@pytest.fixture
def listener(app_ports: list[int]) -> Iterator[LogoutListener]:
    with logout_listener(app_ports[1]) as listening:
        yield listening


def test_a_python_app_hears_of_a_logout_and_its_tokens_end(
    any_dev_server: Server, person: Person, listener: LogoutListener
) -> None:
    back = "https://app.example/signed-out"
    client = register(
        any_dev_server,
        "client_secret_basic",
        backchannel_logout_uri=listener.url,
        backchannel_logout_session_required=True,
        post_logout_redirect_uris=[back],
    )
    scope = SCOPE.replace(" offline_access", "")
    tokens = person.agree(client, client.authorization_request(scope=scope))
    assert tokens.id_token is not None
    wish = {"id_token_hint": str(tokens.id_token), "post_logout_redirect_uri": back, "state": "left"}
    browser = person.browser.open(f"{any_dev_server.url}/oauth/logout?{urlencode(wish)}")
    assert browser.url == f"{back}?state=left"

    wait_until(lambda: bool(listener.heard), seconds=15, what="the logout token")
    (form,) = listener.heard
    assert form.keys() == {"logout_token"}
    token = jwskate.SignedJwt(form["logout_token"])
    assert token.verify_signature(client.authorization_server_jwks, algs=["RS256"])
    assert token.headers["typ"] == "logout+jwt"
    claims = token.claims
    assert (claims["aud"], claims["sub"], claims["sid"]) == (
        client.client_id,
        person.pubkey,
        tokens.id_token.claims["sid"],
    )
    assert claims["events"] == {EVENT: {}}
    assert "nonce" not in claims
    with pytest.raises(requests.HTTPError, match="401"):
        client.userinfo(tokens)
