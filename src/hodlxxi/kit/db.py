"""The database: PostgreSQL, or SQLite for the laptop (``kit.sqlite``). Only these two modules know how they differ.

Two traps are handled here and nowhere else. SQLite's plain ``BEGIN`` takes a read snapshot that cannot be upgraded once
somebody else wrote, so every write transaction starts with ``BEGIN IMMEDIATE``. And a read needs no transaction at all:
``read()`` runs in autocommit, which saves two round trips on PostgreSQL.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

from hodlxxi.kit.errors import Unavailable
from hodlxxi.kit.sqlite import Turns, reader_of, sqlite_engine

POOL_SIZE = 10
POOL_OVERFLOW = 20
POOL_RECYCLE_S = 3600
POOL_WAIT_S = 5
PING_AFTER_S = 1.0
STATEMENT_TIMEOUT_S = 10

metadata = sa.MetaData(
    naming_convention={
        "ix": "idx_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Tx = AsyncConnection


class Moment(sa.types.TypeDecorator[datetime]):
    """An aware moment in UTC: ``timestamptz`` on PostgreSQL, text that sorts on SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Refuse naive moments; SQLite gets UTC without a zone, as its text form has none."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value if dialect.name == "postgresql" else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Always aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value


class Json(sa.types.TypeDecorator[Any]):
    """Small JSON values (lists of scopes or URIs) as text, the same on both engines."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        """Compact JSON."""
        return None if value is None else json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:
        """The parsed value."""
        return None if value is None else json.loads(value)


def insert_new(table: sa.Table) -> sa.Insert:
    """``INSERT … ON CONFLICT DO NOTHING``: one row changed means that we were first. Runs on both engines."""
    return postgresql.insert(table).on_conflict_do_nothing()


def rows_changed(result: sa.CursorResult[Any]) -> int:
    """How many rows a write changed: the answer of every gate."""
    return result.rowcount


class Database:
    """The engine and its pool. One per process; ``close`` it at the end."""

    def __init__(self, url: str, *, pool_size: int = POOL_SIZE, pool_overflow: int = POOL_OVERFLOW) -> None:
        self.url = async_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._turn: AbstractAsyncContextManager[None]
        if self.is_sqlite:
            self.engine, self._turn = sqlite_engine(self.url), Turns()
            self._reader = reader_of(self.engine)
        else:
            self.engine, self._turn = _postgres_engine(self.url, pool_size, pool_overflow), nullcontext()
            self._reader = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Tx]:
        """A transaction that may write; committed at the end, rolled back when an exception leaves the block.

        Raises ``Unavailable`` when the database cannot be reached.
        """
        with _said_plainly():
            async with self._turn, self.engine.begin() as tx:
                yield tx

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """A connection for reading; each statement sees what was committed before it."""
        with _said_plainly():
            async with self._reader.connect() as tx:
                yield tx

    async def ping(self) -> None:
        """One round trip. Raises ``Unavailable`` when there is no answer."""
        async with self.read() as tx:
            await tx.execute(_PING)

    def pool_in_use(self) -> int:
        """Connections that are checked out now."""
        pool = self.engine.pool
        return pool.checkedout() if isinstance(pool, QueuePool) else 0

    async def close(self) -> None:
        """Give back every connection."""
        await self.engine.dispose()


_PING = sa.text("SELECT 1")


def async_url(url: str) -> sa.URL:
    """The URL with the driver that we use: ``postgresql://…`` and ``sqlite:///…`` are enough for people to write."""
    parsed = make_url(url)
    drivers = {
        "postgresql": "postgresql+asyncpg",
        "postgres": "postgresql+asyncpg",
        "sqlite": "sqlite+aiosqlite",
    }
    backend = parsed.drivername.split("+")[0]
    if backend not in drivers:
        raise ValueError(f"DATABASE_URL: {backend!r} is not supported; use postgresql://… or sqlite:///…")
    return parsed.set(drivername=drivers[backend])


def _postgres_engine(url: sa.URL, pool_size: int, pool_overflow: int) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_overflow,
        pool_recycle=POOL_RECYCLE_S,
        pool_timeout=POOL_WAIT_S,
        connect_args={
            "timeout": 5,
            "command_timeout": STATEMENT_TIMEOUT_S,
            "server_settings": {"application_name": "hodlxxi"},
        },
    )
    _ping_after_a_rest(engine)
    return engine


def _ping_after_a_rest(engine: AsyncEngine) -> None:
    """Ask whether a connection still stands before it is used, unless it was in use a moment ago.

    ``pool_pre_ping`` would ask every time: three round trips before each query, a third of a protected call's time. A
    connection that breaks within that moment is noticed by the query itself, and is one 503.
    """

    @sa.event.listens_for(engine.sync_engine, "checkin")
    def note(_connection: Any, record: Any) -> None:
        record.info["rested_since"] = time.monotonic()

    @sa.event.listens_for(engine.sync_engine, "checkout")
    def ping(connection: Any, record: Any, _proxy: Any) -> None:
        rested_since = record.info.get("rested_since")
        if rested_since is None or time.monotonic() - rested_since < PING_AFTER_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except Exception as error:  # whatever a broken connection says: take another
            raise DisconnectionError("the connection broke while it rested") from error


class _said_plainly:  # noqa: N801 - reads as a phrase at its only use
    """Turns "the database is away" in its many shapes into one ``Unavailable``."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None and is_outage(error):
            raise Unavailable(
                "The database does not answer. Please try again in a moment.", code="database_unavailable"
            ) from error


def is_outage(error: BaseException) -> bool:
    """Whether an exception means that the database is away or overloaded (rather than that we made a mistake)."""
    if isinstance(error, PoolTimeout | ConnectionError | TimeoutError):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, OperationalError | InterfaceError):
        # SQLite says "no such table" with the same class as "database is locked": only the latter is an outage.
        return "sqlite" not in str(error.orig.__class__.__module__) or any(
            w in str(error.orig) for w in _SQLITE_OUTAGES
        )
    # asyncpg's own errors reach us wrapped or bare, depending on where they strike; the code says what they are.
    bare = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(bare, "sqlstate", None) or "").startswith(_OUTAGE_STATES)


_SQLITE_OUTAGES = ("locked", "unable to open", "disk I/O", "full", "readonly")
# SQLSTATE: connection lost, wrong password or role, no such database, out of resources, being shut down or started.
_OUTAGE_STATES = ("08", "28", "3D000", "53", "57P")


def delete_expired(
    table: sa.Table, key: sa.Column[Any], kept: timedelta
) -> Callable[[Tx, datetime, int], Awaitable[int]]:
    """A batched sweep: rows whose ``expires_at`` lies more than ``kept`` in the past, at most ``limit`` at a time."""
    old = sa.select(key).where(table.c.expires_at < sa.bindparam("before")).limit(sa.bindparam("limit"))
    statement = sa.delete(table).where(
        key.in_(old.scalar_subquery()), table.c.expires_at < sa.bindparam("before")
    )

    async def sweep(tx: Tx, now: datetime, limit: int) -> int:
        return rows_changed(await tx.execute(statement, {"before": now - kept, "limit": limit}))

    return sweep
