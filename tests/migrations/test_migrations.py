"""The history leads to exactly the tables that the code speaks of, up and down, on both engines."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from hodlxxi.kit.db import Database
from hodlxxi.migrations import run
from hodlxxi.schema import all_tables


async def tables_of(db: Database) -> set[str]:
    async with db.read() as tx:
        return set(await tx.run_sync(lambda c: sa.inspect(c).get_table_names()))


async def test_the_history_leads_to_the_tables_that_the_code_speaks_of(database_url: str) -> None:
    db = Database(database_url)
    await run.upgrade(db)
    async with db.read() as tx:
        differences = await tx.run_sync(
            lambda c: compare_metadata(
                MigrationContext.configure(c, opts={"compare_type": True}), all_tables()
            )
        )
    assert differences == []
    assert await run.current(db) == run.newest()
    await db.close()


async def test_it_goes_down_to_nothing_and_up_again(database_url: str) -> None:
    db = Database(database_url)
    await run.upgrade(db)
    await run.downgrade(db, "base")
    assert await tables_of(db) == {"alembic_version"}
    await run.upgrade(db)
    assert await run.current(db) == run.newest()
    await db.close()


async def test_each_step_can_be_taken_back(database_url: str) -> None:
    db = Database(database_url)
    await run.upgrade(db)
    steps, before = 0, await tables_of(db)
    while await run.current(db) is not None:
        await run.downgrade(db, "-1")
        steps += 1
    assert steps > 1
    for _ in range(steps):
        await run.upgrade(db, "+1")
    assert await tables_of(db) == before
    await db.close()


async def test_two_starts_at_once_migrate_once(database_url: str) -> None:
    first, second = Database(database_url), Database(database_url)
    await asyncio.gather(run.upgrade(first), run.upgrade(second))
    assert await run.current(first) == run.newest()
    await first.close()
    await second.close()


@pytest.mark.parametrize(
    "name", ["users", "sessions", "user_keys", "oauth_clients", "oauth_codes", "oauth_tokens"]
)
async def test_the_tables_of_the_contract_are_there(database_url: str, name: str) -> None:
    db = Database(database_url)
    await run.upgrade(db)
    assert name in await tables_of(db)
    await db.close()


async def test_the_indexes_that_the_seed_names_are_there(database_url: str) -> None:
    db = Database(database_url)
    await run.upgrade(db)
    wanted = {
        "users": "idx_users_pubkey",
        "sessions": "idx_sessions_user_id",
        "oauth_tokens": "idx_oauth_tokens_access_token",
        "oauth_codes": "idx_oauth_codes_code",
        "audit_logs": "idx_audit_logs_timestamp",
    }
    async with db.read() as tx:
        for table, index in wanted.items():
            found = await tx.run_sync(lambda c, t=table: {i["name"] for i in sa.inspect(c).get_indexes(t)})
            assert index in found, table
    await db.close()
