"""SQLite as the database of one machine: how it is opened, and how its writers wait for each other.

The driver is aiosqlite, which runs each connection in a thread of its own.
"""

from __future__ import annotations

import asyncio
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

WAIT_S = 5.0
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    # How long to wait for another process that writes, such as the command line. Ours stand in line (``Turns``).
    f"busy_timeout={int(WAIT_S * 1000)}",
    # Without it REPLACE deletes the old row unseen by the triggers that keep the audit.
    "recursive_triggers=ON",
)
_READS = {"reads": True}


def sqlite_engine(url: sa.URL) -> AsyncEngine:
    """The engine. Transactions that may write begin as such, as a read snapshot cannot be upgraded."""
    engine = create_async_engine(
        url, pool_size=5, max_overflow=5, pool_timeout=WAIT_S, connect_args={"timeout": WAIT_S}
    )

    @sa.event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:
        # We say BEGIN ourselves: the driver's own would be a plain one.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine.sync_engine, "begin")
    def begin_immediate(connection: sa.Connection) -> None:
        if not connection.get_execution_options().get("reads"):
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def reader_of(engine: AsyncEngine) -> AsyncEngine:
    """The same engine without transactions: each statement sees what was committed before it.

    By an option of ours: SQLAlchemy's ``AUTOCOMMIT`` would switch the driver over and back each time.
    """
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
