"""Moving the database's schema up and down, and asking where it stands."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from hodlxxi.kit.db import Database

FOLDER = Path(__file__).parent
# Two starts at once on PostgreSQL: the second waits for the first.
_LOCK = sa.text("SELECT pg_advisory_xact_lock(7012621)")


def config(connection: sa.Connection | None = None) -> Config:
    """Alembic's configuration, without an ini file."""
    settings = Config()
    settings.set_main_option("script_location", str(FOLDER))
    settings.set_main_option("file_template", "%%(year)d-%%(month).2d-%%(day).2d_%%(slug)s")
    settings.attributes["connection"] = connection
    return settings


def newest() -> str:
    """The revision that this version of the software needs."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    if head is None:
        raise RuntimeError("no migrations are installed")
    return head


async def current(db: Database) -> str | None:
    """The revision that the database is at; None for an empty one. Raises ``Unavailable``."""
    async with db.read() as tx:
        return await tx.run_sync(lambda c: MigrationContext.configure(c).get_current_revision())


async def upgrade(db: Database, revision: str = "head") -> None:
    """Move up. One transaction; another start waits for it."""
    async with db.begin() as tx:
        if not db.is_sqlite:
            await tx.execute(_LOCK)
        await tx.run_sync(lambda c: command.upgrade(config(c), revision))


async def downgrade(db: Database, revision: str) -> None:
    """Move down to a revision, or ``base`` for nothing at all."""
    async with db.begin() as tx:
        await tx.run_sync(lambda c: command.downgrade(config(c), revision))
