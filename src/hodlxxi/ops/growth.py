"""How large the tables are, for the operator who wants to see that none grows for ever."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from hodlxxi.kit.db import Database

# An estimate that PostgreSQL keeps anyway (-1 before its first look); counting a large table takes seconds.
_ESTIMATES = sa.text(
    "SELECT relname, reltuples FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
)


async def count_rows(db: Database, tables: Iterable[sa.Table]) -> dict[str, float]:
    """Rows by table: estimated on PostgreSQL, counted on SQLite."""
    wanted = {table.name: table for table in tables}
    async with db.read() as tx:
        if db.is_sqlite:
            counts = [sa.select(sa.func.count()).select_from(table) for table in wanted.values()]
            found = [(await tx.execute(count)).scalar_one() for count in counts]
            return {name: float(n) for name, n in zip(wanted, found, strict=True)}
        rows = (await tx.execute(_ESTIMATES)).all()
    return {name: max(float(estimate), 0.0) for name, estimate in rows if name in wanted}
