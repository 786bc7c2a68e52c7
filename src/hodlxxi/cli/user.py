"""``hodlxxi user``: the people who have an account here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from hodlxxi.app import App
from hodlxxi.bitcoin.keys import Pubkey, parse_pubkey_hex
from hodlxxi.cli.client_shown import print_json
from hodlxxi.cli.terminal import console, done, fail, stderr, work
from hodlxxi.identity.account_store import ListedUser
from hodlxxi.identity.room import IdentityRoom
from hodlxxi.identity.users import Changed, disable_user, enable_user, list_users
from hodlxxi.kit.clock import render_time

UNCHANGED = "is so already, or was closed by its owner for good"
app = typer.Typer(help="List, disable and enable accounts.", no_args_is_help=True)
_Key = Annotated[str, typer.Argument(help="The account's public key in hex, or any key that signs in to it.")]
_Json = Annotated[bool, typer.Option("--json", help="For scripts.")]


@app.command("list")
def list_all(
    count: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 200, as_json: _Json = False
) -> None:
    """Show the accounts, newest first."""
    users = [_members(user) for user in work(lambda server: list_users(server.identity, count))]
    if as_json:
        print_json(users)
    elif not users:
        console.print("Nobody has signed in yet.")
    for user in users if not as_json else ():
        # One line each, whole: a key that a table has cut is of no use.
        line = f"{user['pubkey']}  {user['state']:8}  since {user['created_at']}  last {user['last_login']}"
        console.print(f"{line}  {user['name']}" if user["name"] else line, markup=False)


def _members(user: ListedUser) -> dict[str, str | None]:
    return {
        "pubkey": user.pubkey,
        "state": user.state,
        "created_at": render_time(user.created_at),
        "last_login": render_time(user.last_login) if user.last_login else None,
        "name": user.display_name,
    }


@app.command("disable")
def disable(key: _Key) -> None:
    """Lock an account: its sessions and everything that apps hold for it end at once, and nobody can sign in to it."""
    changed = work(lambda server: _change(server, disable_user, key))
    _say(changed, "is disabled; its sessions and its apps' access are over")


@app.command("enable")
def enable(key: _Key) -> None:
    """Let somebody sign in again. Sessions and access that ended do not come back."""
    _say(work(lambda server: _change(server, enable_user, key)), "may sign in again")


async def _change(
    server: App, change: Callable[[IdentityRoom, Pubkey], Awaitable[Changed | None]], key: str
) -> Changed:
    if await server.kv.ping() == "disconnected":
        stderr.print("Redis does not answer: workers may know an ended session for up to 30 seconds more.")
    changed = await change(server.identity, parse_pubkey_hex(key, "key"))
    if changed is None:
        raise fail("There is no account with this key.")
    return changed


def _say(changed: Changed, text: str) -> None:
    done(f"{changed.user.pubkey} {text if changed.is_changed else UNCHANGED}")
