"""``hodlxxi key``: the keys that sign tokens."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Column, Table

from hodlxxi.app import make_key_ring
from hodlxxi.cli.terminal import console, fail, run, settings_or_exit
from hodlxxi.kit.clock import SystemClock, render_time
from hodlxxi.kit.db import Database
from hodlxxi.oauth.keys import KeyRing
from hodlxxi.oauth.rules.rotation import KeyRecord

app = typer.Typer(help="Show and rotate the signing keys.", no_args_is_help=True)


def _key_ring() -> tuple[Database, KeyRing]:
    settings = settings_or_exit()
    db = Database(settings.database())
    return db, make_key_ring(settings, db, SystemClock())


@app.command("list")
def list_all() -> None:
    """Show the keys: what signs, what will, and what is still published."""
    db, keys = _key_ring()
    table = Table(Column("kid", no_wrap=True, min_width=43), "algorithm", "state", "since", box=None)
    for key in run(_list(db, keys)):
        since = key.retired_at or key.activated_at or key.created_at
        state = key.state.value if keys.shows(key) else f"{key.state.value}, for hints only"
        table.add_row(key.kid, key.alg, state, render_time(since))
    console.print(table)


async def _list(db: Database, keys: KeyRing) -> list[KeyRecord]:
    await keys.prepare()
    records = await keys.list_records()
    await db.close()
    return records


@app.command("rotate")
def rotate(
    alg: Annotated[str, typer.Option(help="RS256, ES256 or EdDSA.")] = "RS256",
    now: Annotated[
        bool, typer.Option("--now", help="Incident: the old key is gone at once, with all its tokens.")
    ] = False,
) -> None:
    """Publish a new key; it signs after a day, and the old one stays published until its last token has expired."""
    db, keys = _key_ring()
    try:
        kid = run(_rotate(db, keys, alg, now))
    except ValueError as error:
        raise fail(str(error)) from None
    when = (
        "signs now; every token of the old key is void" if now else "is published now and signs after a day"
    )
    console.print(f"[green]✓[/] {alg} {kid} {when}. Running workers take it up within half a minute.")


async def _rotate(db: Database, keys: KeyRing, alg: str, at_once: bool) -> str:
    try:
        await keys.prepare()
        return await keys.rotate(alg, at_once=at_once)
    finally:
        await db.close()
