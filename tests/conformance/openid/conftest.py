"""A provider as an operator sets it up for relying parties of every age: PKCE only where it must be."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hodlxxi.kit.db import Database
from hodlxxi.oauth.rules.pkce import PkcePolicy
from hodlxxi.oauth.rules.scopes import catalogue
from tests.oauth.conftest import make_provider as make_provider
from tests.oauth.conftest import policy
from tests.oauth.provider import Provider
from tests.support.clock import FakeClock


@pytest.fixture(scope="module")
async def op(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Provider]:
    """The requests of the public test plans carry no PKCE, and once no nonce; they ask for an address of mail."""
    url = f"sqlite:///{tmp_path_factory.mktemp('openid') / 'test.db'}"
    loosened = policy(
        pkce=PkcePolicy.PUBLIC_ONLY, email_domain="users.example", scopes=catalogue(with_email=True)
    )
    provider = await Provider(Database(url), FakeClock(), loosened).start()
    yield provider
    await provider.close()
