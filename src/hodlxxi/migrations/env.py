"""Alembic's entry: migrates over the connection that ``migrations/run.py`` hands in."""

from __future__ import annotations

from alembic import context

from hodlxxi.schema import all_tables

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=all_tables(),
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
