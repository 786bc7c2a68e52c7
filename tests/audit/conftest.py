"""A migrated database on each engine, fresh for each test: an audit row cannot be removed again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hodlxxi.kit.db import Database
from hodlxxi.migrations.run import upgrade


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """Every table, no rows."""
    database = Database(database_url)
    await upgrade(database)
    yield database
    await database.close()
