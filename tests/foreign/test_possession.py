"""Two foreign stacks hold keys: tokens bound to one (DPoP, RFC 9449), and private_key_jwt in place of a secret (RFC 7523)."""

from __future__ import annotations

import httpx
import jwskate
import pytest
import requests
from requests_oauth2client import (
    DPoPKey,
    DPoPToken,
    EndpointError,
    InvalidClient,
    OAuth2Client,
    PrivateKeyJwt,
)

from hodlxxi.bitcoin.known_keys import known_pubkey
from tests.foreign.node_app import Visit
from tests.foreign.python_app import SCOPE, Person, discovered, register
from tests.support.server import Server


def strict_client(server: Server, *, audience: str | None = None) -> OAuth2Client:
    """An app without a secret that pushes its requests and binds its tokens."""
    key = jwskate.Jwk.generate(alg="ES256").with_kid_thumbprint()
    metadata = {
        "jwks": {"keys": [key.public_jwk().with_usage_parameters().to_dict()]},
        "token_endpoint_auth_signing_alg": "ES256",
        "id_token_signed_response_alg": "ES256",
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "require_pushed_authorization_requests": True,
        "dpop_bound_access_tokens": True,
    }
    made = register(server, "private_key_jwt", key=key, **metadata)
    auth = PrivateKeyJwt(made.client_id, key, aud=audience)
    return discovered(server, auth, dpop_bound_access_tokens=True, id_token_signed_response_alg="ES256")


@pytest.mark.parametrize("kind", ["public", "strict"])
def test_openid_client_binds_tokens_to_a_key(visit: Visit, kind: str) -> None:
    tokens = visit.sign_in(kind, 1)
    assert tokens["token_type"].lower() == "dpop"
    assert visit.do("/userinfo")["sub"] == known_pubkey(1)
    assert visit.do("/call")["status"] == 200
    assert visit.do("/refresh")["token_type"].lower() == "dpop"
    assert visit.do("/call")["status"] == 200
    # The same token without a proof is worth nothing.
    challenge = visit.refusal("/call", bare="1")["challenge"]
    assert (challenge["scheme"], challenge["parameters"]["error"]) == ("dpop", "invalid_token")
    assert visit.do("/revoke") == {"revoked": True}
    assert visit.refusal("/refresh")["error"] == "invalid_grant"


def test_openid_client_refreshes_with_the_key_that_it_began_with(visit: Visit) -> None:
    visit.sign_in("public", 2)
    assert visit.refusal("/refresh", other_key="1")["error"] in ("invalid_grant", "invalid_dpop_proof")
    assert visit.do("/refresh")["token_type"].lower() == "dpop"


def test_openid_client_gets_a_bound_token_for_itself(visit: Visit) -> None:
    granted = visit.do("/machine", issuer=visit.issuer, kind="strict", scope="profile:read")
    assert granted["token_type"].lower() == "dpop"


@pytest.mark.parametrize("method", ["none", "client_secret_basic"])
def test_requests_oauth2client_binds_tokens_to_a_key(
    any_dev_server: Server, person: Person, method: str
) -> None:
    client = register(any_dev_server, method)
    tokens = person.agree(client, client.authorization_request(scope=SCOPE, dpop=True))
    check_bound(any_dev_server, client, tokens)


@pytest.mark.parametrize("audience", ["issuer", "endpoint"])
def test_requests_oauth2client_signs_its_requests(
    any_dev_server: Server, person: Person, audience: str
) -> None:
    client = strict_client(any_dev_server, audience=any_dev_server.url if audience == "issuer" else None)
    asked = client.authorization_request(scope=SCOPE)
    tokens = person.agree(client, asked, client.pushed_authorization_request(asked))
    check_bound(any_dev_server, client, tokens)
    assert isinstance(client.client_credentials(scope="profile:read"), DPoPToken)


def check_bound(server: Server, client: OAuth2Client, tokens: object) -> None:
    """It works with the key and not without it, also after a refresh."""
    assert isinstance(tokens, DPoPToken)
    renewed = client.refresh_token(tokens)
    assert isinstance(renewed, DPoPToken)
    api = f"{server.url}/api/demo/protected"
    for token in (tokens, renewed):
        assert client.userinfo(token)["sub"]
        assert requests.get(api, auth=token, timeout=20).status_code == 200
        bare = httpx.get(api, headers={"Authorization": f"Bearer {token.access_token}"}, timeout=20)
        assert bare.status_code == 401
        assert bare.headers["www-authenticate"].startswith("DPoP ")
    claims = renewed.access_token_jwt.claims
    assert claims["cnf"] == {"jkt": renewed.dpop_key.dpop_jkt}


def test_requests_oauth2client_cannot_sign_with_another_key(any_dev_server: Server) -> None:
    client = strict_client(any_dev_server)
    key = jwskate.Jwk.generate(alg="ES256").with_kid_thumbprint()
    stranger = discovered(any_dev_server, PrivateKeyJwt(client.client_id, key))
    with pytest.raises(InvalidClient):
        stranger.client_credentials(scope="profile:read", dpop=True)


def test_requests_oauth2client_must_push_and_prove_where_it_said_so(
    any_dev_server: Server, person: Person
) -> None:
    client = strict_client(any_dev_server)
    answer = person.browser.open(client.authorization_request(scope=SCOPE).uri).sign_in(1).query
    assert answer["error"] == "invalid_request"
    with pytest.raises(EndpointError) as refused:
        client.client_credentials(scope="profile:read", dpop=False)
    assert refused.value.error == "invalid_dpop_proof"


def test_requests_oauth2client_learns_a_nonce_when_its_clock_is_wrong(
    any_dev_server: Server, person: Person
) -> None:
    client = register(any_dev_server, "none")
    late = DPoPKey.generate(iat_generator=lambda: 1_700_000_000)
    tokens = person.agree(client, client.authorization_request(scope=SCOPE, dpop_key=late))
    assert isinstance(tokens, DPoPToken)
    assert late.as_nonce
