"""Both engines keep the same promises: moments, JSON, gates, transactions, and one plain word for an outage."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, StatementError

from hodlxxi.kit.db import Database, Json, Moment, async_url, delete_expired, insert_new, rows_changed
from hodlxxi.kit.errors import Unavailable

notes = sa.Table(
    "notes",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, unique=True),
    sa.Column("count", sa.Integer),
    sa.Column("expires_at", Moment),
    sa.Column("tags", Json),
)
NOON = datetime(2042, 1, 5, 12, 0, 0, 123456, UTC)


@pytest.fixture
async def kept(db: Database) -> Database:
    """A database with one table."""
    async with db.begin() as tx:
        await tx.run_sync(notes.create)
    return db


async def _add(db: Database, **values: Any) -> None:
    async with db.begin() as tx:
        await tx.execute(sa.insert(notes), [values])


async def _one(db: Database, column: sa.Column[Any]) -> Any:
    async with db.read() as tx:
        return (await tx.execute(sa.select(column))).scalar_one()


@pytest.mark.parametrize(
    "moment",
    [
        NOON,
        NOON.astimezone(timezone(timedelta(hours=5, minutes=45))),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 30, tzinfo=UTC),
        None,
    ],
)
async def test_a_moment_comes_back_aware_and_the_same(kept: Database, moment: datetime | None) -> None:
    await _add(kept, expires_at=moment)
    found = await _one(kept, notes.c.expires_at)
    assert found == moment
    assert found is None or found.utcoffset() == timedelta(0)


async def test_a_naive_moment_is_refused(kept: Database) -> None:
    with pytest.raises(StatementError, match="time zone"):
        await _add(kept, expires_at=NOON.replace(tzinfo=None))


async def test_moments_compare_as_moments_whatever_zone_they_were_written_in(kept: Database) -> None:
    east, west = timezone(timedelta(hours=10)), timezone(timedelta(hours=-10))
    async with kept.begin() as tx:
        rows = [
            {"id": 1, "expires_at": NOON.astimezone(east)},
            {"id": 2, "expires_at": (NOON + timedelta(microseconds=1)).astimezone(west)},
            {"id": 3, "expires_at": NOON.replace(microsecond=0)},
        ]
        await tx.execute(sa.insert(notes), rows)
    async with kept.read() as tx:
        in_order = (await tx.execute(sa.select(notes.c.id).order_by(notes.c.expires_at))).scalars().all()
        later = sa.select(notes.c.id).where(notes.c.expires_at > sa.bindparam("now"))
        assert (await tx.execute(later, {"now": NOON.astimezone(west)})).scalars().all() == [2]
    assert in_order == [3, 1, 2]


@pytest.mark.parametrize("value", [[], ["a", "b"], {"ä": ["\U0001f600", 1, None, True]}, "text", 0, None])
async def test_json_comes_back_as_it_was_kept(kept: Database, value: object) -> None:
    await _add(kept, tags=value)
    assert await _one(kept, notes.c.tags) == value


async def test_only_the_first_insert_of_a_key_changes_a_row(kept: Database) -> None:
    async with kept.begin() as tx:
        first = await tx.execute(insert_new(notes).values(name="a"))
        second = await tx.execute(insert_new(notes).values(name="a"))
        assert (rows_changed(first), rows_changed(second)) == (1, 0)
    assert await _one(kept, notes.c.name) == "a"


async def test_a_block_that_raises_leaves_nothing_behind(kept: Database) -> None:
    async def write_and_fail() -> None:
        async with kept.begin() as tx:
            await tx.execute(sa.insert(notes).values(name="a"))
            raise KeyError("a bug")

    with pytest.raises(KeyError):
        await write_and_fail()
    async with kept.read() as tx:
        assert (await tx.execute(sa.select(sa.func.count()).select_from(notes))).scalar_one() == 0


async def test_a_reader_sees_what_was_committed_meanwhile(kept: Database) -> None:
    count = sa.select(sa.func.count()).select_from(notes)
    async with kept.read() as tx:
        assert (await tx.execute(count)).scalar_one() == 0
        await _add(kept, name="a")
        assert (await tx.execute(count)).scalar_one() == 1


async def test_a_mistake_of_ours_is_not_called_an_outage(kept: Database) -> None:
    await _add(kept, name="a")
    with pytest.raises(IntegrityError):
        await _add(kept, name="a")


async def test_twenty_transactions_that_read_then_write_all_succeed(kept: Database) -> None:
    """SQLite's plain BEGIN answers most of these with "database is locked" at once (house §2.3)."""
    await _add(kept, id=1, count=0)
    read = sa.select(notes.c.count).where(notes.c.id == 1)
    if not kept.is_sqlite:
        read = read.with_for_update()

    async def count_up() -> None:
        async with kept.begin() as tx:
            seen = (await tx.execute(read)).scalar_one()
            await asyncio.sleep(0)
            await tx.execute(sa.update(notes).where(notes.c.id == 1).values(count=seen + 1))

    await asyncio.gather(*(count_up() for _ in range(20)))
    assert await _one(kept, notes.c.count) == 20


async def test_a_gate_opens_once_for_twenty_who_push(kept: Database) -> None:
    await _add(kept, id=1, name=None)
    gate = sa.update(notes).where(notes.c.id == 1, notes.c.name.is_(None)).values(name=sa.bindparam("who"))

    async def push(who: int) -> int:
        async with kept.begin() as tx:
            return rows_changed(await tx.execute(gate, {"who": str(who)}))

    assert sum(await asyncio.gather(*(push(n) for n in range(20)))) == 1


async def test_a_sweep_takes_at_most_its_batch_and_only_what_is_long_over(kept: Database) -> None:
    hour = timedelta(hours=1)
    async with kept.begin() as tx:
        ages = [3, 3, 3, 2, 0, -1]
        await tx.execute(sa.insert(notes), [{"expires_at": NOON - age * hour} for age in ages])
    sweep = delete_expired(notes, notes.c.id, hour)
    async with kept.begin() as tx:
        assert [await sweep(tx, NOON, 3) for _ in range(3)] == [3, 1, 0]
    async with kept.read() as tx:
        left = (await tx.execute(sa.select(notes.c.expires_at))).scalars().all()
    assert sorted(left) == [NOON, NOON + hour]


async def test_a_database_that_answers_is_pinged_and_its_pool_is_counted(kept: Database) -> None:
    await kept.ping()
    assert kept.pool_in_use() == 0
    async with kept.read():
        assert kept.pool_in_use() == 1


# -- outages


async def test_a_dead_postgresql_port_is_unavailable_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    db = Database(f"postgresql://nobody:s3cr3t@127.0.0.1:{port}/none")
    async with asyncio.timeout(5):
        with pytest.raises(Unavailable) as refused:
            await db.ping()
        with pytest.raises(Unavailable):
            async with db.begin():
                raise AssertionError("unreachable")
    assert refused.value.code == "database_unavailable"
    assert "s3cr3t" not in refused.value.text
    await db.close()


async def test_a_wrong_password_or_database_is_an_outage_and_not_a_bug(postgres_url: str) -> None:
    db = Database(postgres_url + "_that_is_not_there")
    with pytest.raises(Unavailable):
        await db.ping()
    await db.close()


_END_ALL = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def test_a_connection_that_broke_while_it_rested_is_replaced(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hodlxxi.kit.db.PING_AFTER_S", 0.0)
    db, other = Database(postgres_url), Database(postgres_url)
    await db.ping()
    async with other.begin() as tx:
        await tx.execute(_END_ALL)
    await db.ping()
    await db.close()
    await other.close()


async def test_a_connection_that_breaks_in_use_is_one_refusal_and_then_replaced(postgres_url: str) -> None:
    db, other = Database(postgres_url), Database(postgres_url)

    async def lose_it_midway() -> None:
        async with db.begin() as tx:
            async with other.begin() as ending:
                await ending.execute(_END_ALL)
            await tx.execute(sa.text("SELECT 1"))

    await asyncio.gather(*(db.ping() for _ in range(5)))  # several connections, all of which break
    with pytest.raises(Unavailable):
        await lose_it_midway()
    for _ in range(5):
        await db.ping()
    await db.close()
    await other.close()


async def test_an_exhausted_pool_is_unavailable(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hodlxxi.kit.db.POOL_WAIT_S", 0.05)
    db = Database(postgres_url, pool_size=1, pool_overflow=0)
    async with db.read():
        with pytest.raises(Unavailable):
            await db.ping()
    await db.ping()
    await db.close()


async def test_a_sqlite_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")
    with pytest.raises(Unavailable):
        await db.ping()
    await db.close()


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("postgresql://a:b@h:5432/n", "postgresql+asyncpg"),
        ("postgres://h/n", "postgresql+asyncpg"),
        ("postgresql+psycopg2://h/n", "postgresql+asyncpg"),
        ("sqlite:///x.db", "sqlite+aiosqlite"),
        ("sqlite+aiosqlite:///x.db", "sqlite+aiosqlite"),
    ],
)
def test_people_may_write_the_url_as_they_know_it(url: str, driver: str) -> None:
    assert async_url(url).drivername == driver


@pytest.mark.parametrize("url", ["mysql://h/n", "oracle://h", "nonsense", ""])
def test_another_database_is_refused_in_words(url: str) -> None:
    with pytest.raises((ValueError, sa.exc.ArgumentError)):
        async_url(url)
