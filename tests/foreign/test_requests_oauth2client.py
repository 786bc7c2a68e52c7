"""An app made of the PyPI package requests_oauth2client; it checks state, issuer, nonce, at_hash and signatures by itself."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import jwskate
import pytest
import requests
from requests_oauth2client import (
    AuthorizationResponseError,
    ClientSecretBasic,
    InvalidClient,
    InvalidGrant,
    InvalidRequest,
    InvalidScope,
)

from tests.foreign.python_app import KINDS, SCOPE, Person, discovered, register
from tests.support.server import Server


@pytest.mark.parametrize("method", KINDS)
def test_code_and_pkce_userinfo_refresh_and_revocation(
    any_dev_server: Server, person: Person, method: str
) -> None:
    client = register(any_dev_server, method)
    tokens = person.agree(client, client.authorization_request(scope=SCOPE))
    assert tokens.id_token is not None
    assert (tokens.id_token.subject, tokens.scope) == (person.pubkey, SCOPE)
    assert client.userinfo(tokens)["bitcoin_pubkey"] == person.pubkey

    renewed = client.refresh_token(tokens)
    assert renewed.refresh_token != tokens.refresh_token
    api = requests.get(f"{any_dev_server.url}/api/demo/protected", auth=renewed, timeout=20)
    assert api.status_code == 200

    assert client.revoke_access_token(renewed)
    with pytest.raises(requests.HTTPError, match="401"):
        client.userinfo(renewed)
    with pytest.raises(InvalidGrant):
        client.refresh_token(renewed)


@pytest.mark.parametrize("method", KINDS)
def test_a_pushed_request_says_nothing_in_the_browser(
    any_dev_server: Server, person: Person, method: str
) -> None:
    client = register(any_dev_server, method)
    asked = client.authorization_request(scope=SCOPE)
    pushed = client.pushed_authorization_request(asked)
    assert dict(parse_qsl(urlsplit(pushed.uri).query)).keys() == {"client_id", "request_uri"}
    tokens = person.agree(client, asked, pushed)
    assert client.userinfo(tokens)["sub"] == person.pubkey
    # It is spent: going back shows a page of ours, not the app.
    assert person.browser.open(pushed.uri).shown == "error"


def test_a_bad_request_is_refused_when_it_is_pushed(any_dev_server: Server) -> None:
    client = register(any_dev_server, "none")
    with pytest.raises(InvalidRequest):
        client.pushed_authorization_request(
            client.authorization_request(redirect_uri="https://evil.example/")
        )


def test_the_access_token_is_a_jwt_that_a_foreign_library_verifies(
    any_dev_server: Server, person: Person
) -> None:
    """RFC 9068, by jwskate and the published keys."""
    client = register(any_dev_server, "none")
    token = person.agree(client, client.authorization_request(scope=SCOPE)).access_token_jwt
    assert token.typ == "at+jwt"
    assert token.verify_signature(client.authorization_server_jwks, algs=["RS256"])
    assert (token.issuer, token.audiences) == (any_dev_server.url, [any_dev_server.url])
    altered = jwskate.SignedJwt(f"{token.signed_part.decode()}.{'A' * 342}")
    assert not altered.verify_signature(client.authorization_server_jwks, algs=["RS256"])


@pytest.mark.parametrize(("button", "signs_in"), [("login-cancel", False), ("consent-deny", True)])
def test_a_refusal_reaches_the_app_as_such(
    any_dev_server: Server, person: Person, button: str, signs_in: bool
) -> None:
    asked = register(any_dev_server, "none").authorization_request()
    person.browser.open(asked.uri)
    if signs_in:
        person.browser.sign_in()
    person.browser.click(button)
    with pytest.raises(AuthorizationResponseError) as refused:
        asked.validate_callback(person.browser.url)
    assert refused.value.error == "access_denied"


def test_a_machine_gets_a_token_for_itself(any_dev_server: Server) -> None:
    client = register(any_dev_server, "client_secret_basic", grant_types=["client_credentials"])
    granted = client.client_credentials(scope="profile:read")
    assert (granted.scope, granted.refresh_token) == ("profile:read", None)
    with pytest.raises(InvalidScope):
        client.client_credentials(scope="openid")
    wrong = discovered(any_dev_server, ClientSecretBasic(client.client_id, "wrong"))
    with pytest.raises(InvalidClient):
        wrong.client_credentials(scope="profile:read")
