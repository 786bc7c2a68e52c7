"""Providers: one per engine for the session (tests bring their own apps and people), and fresh ones with another policy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from hodlxxi.kit.db import Database
from hodlxxi.oauth.room import OAuthPolicy
from tests.oauth.provider import ISSUER, OFF, Provider
from tests.support.clock import FakeClock


def policy(**changes: Any) -> OAuthPolicy:
    limits = {"authorizations": OFF, "tokens": OFF, "calls": OFF, "registrations": OFF}
    return OAuthPolicy(ISSUER, **limits | changes)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
async def provider(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Provider]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('oauth') / 'test.db'}"
    else:
        url = request.getfixturevalue("postgres").fresh_database()
    provider = await Provider(Database(url), FakeClock(), policy()).start()
    yield provider
    await provider.close()


@pytest.fixture
async def make_provider(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[Provider]]]:
    """A provider of one's own, with another policy, on SQLite."""
    opened: list[Provider] = []

    async def make(**changes: Any) -> Provider:
        db = Database(f"sqlite:///{tmp_path / f'{len(opened)}.db'}")
        opened.append(Provider(db, FakeClock(), policy(**changes)))
        return await opened[-1].start()

    yield make
    for provider in opened:
        await provider.close()
