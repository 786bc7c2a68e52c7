"""Both providers with the same apps, and browsers in the same states at both."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator

import pytest

from tests.differential.case import API, OTHER_API
from tests.differential.parties import Ours, Party, Peer
from tests.differential.peer import PeerServer
from tests.differential.roles import peer_metadata, register_apps
from tests.support.server import Server
from tests.support.signer import TestKey

# Longer than the shortest max_age that a case asks for.
SIGNED_IN_BEFORE_S = 2.1


@pytest.fixture(scope="session")
def parties(serve: Callable[..., Server]) -> Iterator[tuple[Party, Party]]:
    """Ours and the peer."""
    ours = serve(BITCOIN_NETWORK="regtest", OAUTH_RESOURCES=f"{API},{OTHER_API}")
    apps = register_apps(ours)
    theirs = PeerServer([peer_metadata(app) for app in apps.values()], resources=[API, OTHER_API])
    both = (Ours(ours.url, apps), Peer(theirs.url, apps))
    try:
        for party in both:
            party.open_browsers(people())
        time.sleep(SIGNED_IN_BEFORE_S)
        yield both
    finally:
        for party in both:
            party.close()
        theirs.close()


def people() -> dict[str, TestKey | None]:
    """A browser each: who is signed in there. Whose tokens ``holder`` gets is who has ``agreed``."""
    somebody, other, third = (TestKey(secrets.token_bytes(32)) for _ in range(3))
    return {"out": None, "in": third, "agreed": somebody, "holder": somebody, "other": other}
