"""SQLite as the async engine's driver: in this process, in this thread.

The usual driver hands every step of every statement to a thread of the connection: forty hand-overs for one authorization
request, which took more time than SQLite itself did. A statement here takes some ten microseconds, so it is simply run.
What can take longer is waiting for another process that writes: that is done asleep, never inside SQLite.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

WAIT_S = 5.0
_LOOK_AGAIN_S = 0.05
_BEGIN = "BEGIN IMMEDIATE"
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    # Without it REPLACE deletes the old row unseen by the triggers that keep the audit.
    "recursive_triggers=ON",
    # For the moments in which another process recovers or closes the file. Everything here stands still meanwhile, so
    # it is short; who wants to write waits longer, asleep. Last, as the first ones may meet somebody who just starts.
    "busy_timeout=50",
)
_READS = {"reads": True}


def sqlite_engine(url: sa.URL) -> AsyncEngine:
    """The engine. Transactions that may write begin as such, as a read snapshot cannot be upgraded."""

    async def connect(*_words: object, **_options: object) -> _Connection:
        # Transactions are ours to begin: the driver's own would be plain ones.
        return _Connection(sqlite3.connect(url.database or ":memory:", isolation_level=None))

    engine = create_async_engine(
        url,
        pool_size=5,
        max_overflow=5,
        pool_timeout=WAIT_S,
        pool_reset_on_return=None,
        async_creator=connect,
    )

    @sa.event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine.sync_engine, "begin")
    def begin_immediate(connection: sa.Connection) -> None:
        if not connection.get_execution_options().get("reads"):
            connection.exec_driver_sql(_BEGIN)

    return engine


def reader_of(engine: AsyncEngine) -> AsyncEngine:
    """The same engine without transactions: each statement sees what was committed before it."""
    return engine.execution_options(**_READS)


class Turns:
    """SQLite has one writer at a time. In this process they stand in line here.

    SQLite's own way of waiting is to look again after a while: whoever asks at the right moment goes first, and with
    eight at once some waited for 400 ms.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> None:
        async with asyncio.timeout(WAIT_S):
            await self._lock.acquire()

    async def __aexit__(self, *_error: object) -> None:
        self._lock.release()


class _Cursor:
    """What SQLAlchemy's adapter asks of an async driver's cursor (PEP 249, with await)."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor
        self.fetchmany, self.fetchone = cursor.fetchmany, cursor.fetchone

    async def __aenter__(self) -> Self:
        return self

    @property
    def description(self) -> Any:
        """The columns of the result."""
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        """How many rows the statement changed."""
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        """The row that the last INSERT made."""
        return self._cursor.lastrowid

    async def execute(self, statement: str, values: Sequence[Any] = ()) -> None:
        """Run a statement. Raises ``sqlite3.OperationalError`` when another process writes for too long."""
        if statement == _BEGIN:
            await _patiently(lambda: self._cursor.execute(_BEGIN))
        else:
            self._cursor.execute(statement, values)

    async def executemany(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each row."""
        self._cursor.executemany(statement, rows)

    async def fetchall(self) -> list[Any]:
        """Every row of the result."""
        return self._cursor.fetchall()

    async def close(self) -> None:
        """Forget the result."""
        self._cursor.close()


class _Connection:
    """What SQLAlchemy's adapter asks of an async driver's connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.isolation_level = connection.isolation_level

    def cursor(self) -> _Cursor:
        """A cursor."""
        return _Cursor(self._connection.cursor())

    async def create_function(self, *words: Any, **options: Any) -> None:
        """A function for SQL, in Python."""
        self._connection.create_function(*words, **options)

    async def commit(self) -> None:
        """Keep what the transaction did."""
        self._connection.commit()

    async def rollback(self) -> None:
        """Undo what the transaction did; nothing where there is none."""
        self._connection.rollback()

    async def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def stop(self) -> None:
        """Close it from where nothing can be awaited."""
        self._connection.close()


async def _patiently(step: Callable[[], object]) -> None:
    """The step, tried again while another process writes; other requests go on meanwhile."""
    end = asyncio.get_running_loop().time() + WAIT_S
    while True:
        try:
            step()
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not is_busy or asyncio.get_running_loop().time() > end:
                raise
            await asyncio.sleep(_LOOK_AGAIN_S)
        else:
            return
