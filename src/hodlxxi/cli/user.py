"""``hodlxxi user``: the people who have an account here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from rich.table import Column, Table

from hodlxxi.app import App, create_app
from hodlxxi.bitcoin.keys import Pubkey, parse_pubkey_hex
from hodlxxi.cli.terminal import console, fail, run, settings_or_exit
from hodlxxi.identity.account_store import ListedUser
from hodlxxi.identity.room import IdentityRoom
from hodlxxi.identity.users import Changed, disable_user, enable_user, list_users
from hodlxxi.kit.clock import render_time

UNCHANGED = "is so already, or was closed by its owner for good"
app = typer.Typer(help="List, disable and enable accounts.", no_args_is_help=True)
_Key = Annotated[str, typer.Argument(help="The account's public key in hex, or any key that signs in to it.")]


@app.command("list")
def list_all(count: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 200) -> None:
    """Show the accounts, newest first."""
    users = run(_list(create_app(settings_or_exit()), count))
    if not users:
        console.print("Nobody has signed in yet.")
        return
    table = Table(
        Column("pubkey", no_wrap=True, min_width=66), "name", "since", "last sign-in", "state", box=None
    )
    for user in users:
        last = render_time(user.last_login) if user.last_login else "–"
        table.add_row(user.pubkey, user.display_name or "–", render_time(user.created_at), last, user.state)
    console.print(table)


async def _list(server: App, count: int) -> list[ListedUser]:
    try:
        return await list_users(server.identity, count)
    finally:
        await server.stop()


@app.command("disable")
def disable(key: _Key) -> None:
    """Lock an account: its sessions and everything that apps hold for it end at once, and nobody can sign in to it."""
    changed = run(_change(create_app(settings_or_exit()), disable_user, key))
    word = "is disabled; its sessions and its apps' access are over" if changed.is_changed else UNCHANGED
    console.print(f"[green]✓[/] {changed.user.pubkey} {word}")


@app.command("enable")
def enable(key: _Key) -> None:
    """Let somebody sign in again. Sessions and access that ended do not come back."""
    changed = run(_change(create_app(settings_or_exit()), enable_user, key))
    word = "may sign in again" if changed.is_changed else UNCHANGED
    console.print(f"[green]✓[/] {changed.user.pubkey} {word}")


async def _change(
    server: App, change: Callable[[IdentityRoom, Pubkey], Awaitable[Changed | None]], key: str
) -> Changed:
    try:
        if await server.kv.ping() == "disconnected":
            console.print(
                "Redis does not answer: workers may know an ended session for up to 30 seconds more."
            )
        changed = await change(server.identity, parse_pubkey_hex(key, "key"))
    finally:
        await server.stop()
    if changed is None:
        raise fail("There is no account with this key.")
    return changed
