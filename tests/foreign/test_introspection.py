"""Two foreign stacks ask what a token is worth (RFC 7662)."""

from __future__ import annotations

from hodlxxi.bitcoin.known_keys import known_pubkey
from tests.foreign.node_app import Visit
from tests.foreign.python_app import SCOPE, Person, register
from tests.support.server import Server


def test_openid_client_introspects_its_tokens(visit: Visit) -> None:
    visit.sign_in("secret", 1)
    access = visit.do("/introspect")
    assert (access["active"], access["sub"], access["iss"]) == (True, known_pubkey(1), visit.issuer)
    assert visit.do("/introspect", which="refresh_token")["active"] is True
    visit.do("/revoke")
    assert visit.do("/introspect") == {"active": False}
    assert visit.do("/introspect", which="refresh_token") == {"active": False}


def test_requests_oauth2client_introspects_its_tokens(any_dev_server: Server, person: Person) -> None:
    client = register(any_dev_server, "client_secret_basic")
    tokens = person.agree(client, client.authorization_request(scope=SCOPE))
    told = client.introspect_token(tokens)
    assert (told["active"], told["sub"], told["scope"]) == (True, person.pubkey, SCOPE)
    assert client.introspect_token(tokens, "refresh_token")["active"] is True
    # A stranger learns nothing, not even that it is a token.
    stranger = register(any_dev_server, "client_secret_basic")
    assert stranger.introspect_token(tokens.access_token) == {"active": False}
    client.revoke_access_token(tokens)
    assert client.introspect_token(tokens) == {"active": False}
