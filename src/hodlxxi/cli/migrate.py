"""``hodlxxi migrate``: bring the database's tables to this version, or show where they stand."""

from __future__ import annotations

import typer

from hodlxxi.cli.terminal import console, run, settings_or_exit
from hodlxxi.kit.db import Database
from hodlxxi.migrations import run as migrations


def migrate(
    check: bool = typer.Option(
        False, "--check", help="Only say whether a migration is due (exit code 1 if so)."
    ),
    down_to: str = typer.Option(
        "", "--down-to", help="Go back to a revision, or 'base' for empty. Back up first."
    ),
) -> None:
    """Bring the database to the schema of this version."""
    settings = settings_or_exit()
    raise typer.Exit(run(_migrate(Database(settings.database()), check, down_to)))


async def _migrate(db: Database, check: bool, down_to: str) -> int:
    try:
        before = await migrations.current(db)
        newest = migrations.newest()
        if check:
            due = before != newest
            console.print(
                f"at {before or 'nothing'}, newest is {newest}: " + ("migration due" if due else "up to date")
            )
            return 1 if due else 0
        if down_to:
            await migrations.downgrade(db, down_to)
        else:
            await migrations.upgrade(db)
        console.print(f"[green]✓[/] {before or 'empty'} → {await migrations.current(db) or 'empty'}")
        return 0
    finally:
        await db.close()
