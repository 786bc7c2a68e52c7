"""The sizes of the tables, as the metrics tell them."""

from __future__ import annotations

import sqlalchemy as sa

from hodlxxi.kit.db import Database
from hodlxxi.kit.metrics import Metrics
from hodlxxi.migrations import run
from hodlxxi.ops.growth import count_rows
from hodlxxi.schema import all_tables


async def test_every_table_is_counted_on_both_engines(database_url: str) -> None:
    db = Database(database_url)
    await run.upgrade(db)
    async with db.begin() as tx:
        await tx.execute(sa.text("INSERT INTO users (pubkey, created_at) VALUES ('02', '2026-01-01')"))
    if not db.is_sqlite:
        async with db.read() as tx:
            await tx.execute(sa.text("ANALYZE users"))
    counts = await count_rows(db, all_tables().sorted_tables)
    assert counts["users"] == 1
    assert set(counts) == set(all_tables().tables)
    await db.close()


async def test_a_family_of_gauges_is_rendered_with_its_label() -> None:
    async def ask() -> dict[str, float]:
        return {"users": 3, "sessions": 0}

    metrics = Metrics()
    metrics.gauge_by("hodlxxi_table_rows", "Rows by table", "table", ask)
    text = (await metrics.render()).decode()
    assert 'hodlxxi_table_rows{table="users"} 3\n' in text
    assert 'hodlxxi_table_rows{table="sessions"} 0\n' in text
