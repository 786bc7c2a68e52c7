"""Sites for Lightning logins: on each engine with one shared database, and alone on a fresh one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from hodlxxi.kit.db import Database
from hodlxxi.migrations.run import upgrade
from tests.identity.site import Site, make_settings, open_site
from tests.support.clock import FakeClock
from tests.support.postgres import Postgres


async def _migrated(url: str) -> str:
    db = Database(url)
    await upgrade(db)
    await db.close()
    return url


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
async def migrated_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with every table, on each engine; the tests use wallets that nobody else has."""
    if request.param == "sqlite":
        return await _migrated(f"sqlite:///{tmp_path_factory.mktemp('lnurl') / 'test.db'}")
    postgres: Postgres = request.getfixturevalue("postgres")
    return await _migrated(postgres.fresh_database())


@pytest.fixture
async def open_sites(clock: FakeClock) -> AsyncIterator[Callable[..., Site]]:
    """Sites on any database and one clock, closed at the end."""
    opened: list[Site] = []

    def make(**changes: Any) -> Site:
        opened.append(open_site(make_settings(**changes), clock))
        return opened[-1]

    yield make
    for site in opened:
        await site.close()


@pytest.fixture
def make_site(open_sites: Callable[..., Site], migrated_url: str) -> Callable[..., Site]:
    """Sites on the shared database."""

    def make(**changes: Any) -> Site:
        return open_sites(**({"database_url": migrated_url} | changes))

    return make


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """One worker with in-process state."""
    return make_site()


@pytest.fixture
async def fresh_url(tmp_path: Path) -> str:
    """A database of the test's own, for what counts or deletes rows."""
    return await _migrated(f"sqlite:///{tmp_path / 'fresh.db'}")


@pytest.fixture
def fresh_site(open_sites: Callable[..., Site], fresh_url: str) -> Site:
    """A site with nothing in it."""
    return open_sites(database_url=fresh_url)
