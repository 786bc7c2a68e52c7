"""A site on each engine. The database is made once per session: the tests use keys that nobody else has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from hodlxxi.kit.db import Database
from hodlxxi.migrations.run import upgrade
from tests.identity.site import Site, make_settings, open_site
from tests.support.clock import FakeClock
from tests.support.postgres import Postgres


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
async def migrated_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with every table, on each engine."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('identity') / 'test.db'}"
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.fresh_database()
    db = Database(url)
    await upgrade(db)
    await db.close()
    return url


@pytest.fixture
async def make_site(migrated_url: str, clock: FakeClock) -> AsyncIterator[Callable[..., Site]]:
    """Sites on the same database and clock, closed at the end."""
    opened: list[Site] = []

    def make(**changes: Any) -> Site:
        opened.append(open_site(make_settings(**({"database_url": migrated_url} | changes)), clock))
        return opened[-1]

    yield make
    for site in opened:
        await site.close()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """One worker with in-process state."""
    return make_site()
