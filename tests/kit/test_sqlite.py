"""SQLite in this process: writers in line, and nobody stands still for another process."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from hodlxxi.kit.db import Database
from hodlxxi.kit.errors import Unavailable

ADD = sa.text("INSERT INTO line (name) VALUES (:name)")
ALL = sa.text("SELECT name FROM line ORDER BY rowid")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "line.db"


@pytest.fixture
async def db(path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{path}")
    async with database.begin() as tx:
        await tx.execute(sa.text("CREATE TABLE line (name TEXT)"))
    yield database
    await database.close()


@pytest.fixture
def other_process(db: Database, path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody else with the same file, such as the command line."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


async def _add(db: Database, name: str, takes_s: float = 0.0) -> None:
    async with db.begin() as tx:
        await tx.execute(ADD, {"name": name})
        await asyncio.sleep(takes_s)


async def _names(db: Database) -> list[str]:
    async with db.read() as tx:
        return list((await tx.execute(ALL)).scalars())


async def test_writers_go_in_the_order_in_which_they_came(db: Database) -> None:
    names = [f"{number:02}" for number in range(20)]
    await asyncio.gather(*(_add(db, name, takes_s=0.003) for name in names))
    assert await _names(db) == names


async def test_who_reads_does_not_wait_for_who_writes(db: Database) -> None:
    writer = asyncio.create_task(_add(db, "slow", takes_s=0.3))
    await asyncio.sleep(0.05)
    async with asyncio.timeout(0.2):
        assert await _names(db) == []
    await writer
    assert await _names(db) == ["slow"]


async def test_others_go_on_while_another_process_writes(
    db: Database, other_process: sqlite3.Connection
) -> None:
    other_process.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(_add(db, "ours"))
    longest, end = 0.0, time.monotonic() + 0.6
    while time.monotonic() < end:
        began = time.monotonic()
        assert await _names(db) == []
        await asyncio.sleep(0)
        longest = max(longest, time.monotonic() - began)
    assert not waiting.done()
    assert longest < 0.4
    other_process.execute("INSERT INTO line VALUES ('theirs')")
    other_process.execute("COMMIT")
    await waiting
    assert await _names(db) == ["theirs", "ours"]


async def test_a_file_that_is_held_for_too_long_is_unavailable(
    path: Path, db: Database, other_process: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hodlxxi.kit.sqlite.WAIT_S", 0.2)
    impatient = Database(f"sqlite:///{path}")
    async with impatient.read() as tx:
        await tx.execute(sa.text("PRAGMA busy_timeout=200"))
    other_process.execute("BEGIN IMMEDIATE")
    tries = await asyncio.gather(*(_add(impatient, "never") for _ in range(3)), return_exceptions=True)
    assert [type(refused) for refused in tries] == [Unavailable] * 3
    other_process.execute("ROLLBACK")
    await impatient.close()
    await _add(db, "later")
    assert await _names(db) == ["later"]


async def test_who_gives_up_in_the_middle_leaves_nothing_and_holds_up_nobody(db: Database) -> None:
    leaving = asyncio.create_task(_add(db, "left", takes_s=60))
    in_line = asyncio.create_task(_add(db, "left the line"))
    await asyncio.sleep(0.05)
    in_line.cancel()
    leaving.cancel()
    assert [type(end) for end in await asyncio.gather(leaving, in_line, return_exceptions=True)] == [
        asyncio.CancelledError,
        asyncio.CancelledError,
    ]
    async with asyncio.timeout(1):
        await _add(db, "stayed")
    assert await _names(db) == ["stayed"]


async def test_a_mistake_in_sql_is_no_outage(db: Database) -> None:
    with pytest.raises(sa.exc.OperationalError):
        async with db.begin() as tx:
            await tx.execute(sa.text("INSERT INTO nowhere VALUES (1)"))
    await _add(db, "after")
    assert await _names(db) == ["after"]
