"""What the tests of the plumbing stand on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from hodlxxi.kit.db import Database
from tests.support.postgres import Postgres
from tests.support.redis import Redis


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """An empty database, once on each engine."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """An empty PostgreSQL database."""
    return postgres.fresh_database()


@pytest.fixture
def own_redis() -> Iterator[Redis]:
    """A Redis that the test may stop and start."""
    server = Redis()
    yield server
    server.stop()
