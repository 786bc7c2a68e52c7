"""``hodlxxi client``: the apps that may send their users here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.table import Column, Table

from hodlxxi.app import App, create_app
from hodlxxi.cli.terminal import console, fail, run, settings_or_exit
from hodlxxi.kit.ratelimit import Limit
from hodlxxi.oauth import register
from hodlxxi.oauth.rules.clients import Client, Trust
from hodlxxi.oauth.rules.errors import Fault
from hodlxxi.oauth.rules.pkce import PkcePolicy
from hodlxxi.oauth.store import clients as store
from hodlxxi.oauth.store.limits import set_limit

app = typer.Typer(help="Register, list, limit and remove apps.", no_args_is_help=True)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What people see on the consent page.")],
    redirect_uris: Annotated[list[str], typer.Argument(help="Where the app takes its users back, exactly.")],
    scope: Annotated[
        str, typer.Option(help="The scopes that it may ask for.")
    ] = "openid profile profile:read",
    public: Annotated[bool, typer.Option(help="An app without a secret (browser, phone, desktop).")] = False,
    pkce: Annotated[
        PkcePolicy | None, typer.Option(help="An exception from the server's PKCE policy.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Register an app that you vouch for."""
    body = {
        "client_name": name,
        "redirect_uris": redirect_uris,
        "scope": scope,
        "token_endpoint_auth_method": "none" if public else "client_secret_basic",
    }
    made = run(_add(create_app(settings_or_exit()), body, pkce))
    if as_json:
        console.print_json(json.dumps(made))
        return
    console.print(f"[green]✓[/] registered [bold]{name}[/]")
    for label, value in made.items():
        console.print(f"  {label:14} {value}", markup=False)
    if not public:
        console.print("  The secret is shown this once; only its digest is kept.")


async def _add(server: App, body: Mapping[str, object], pkce: PkcePolicy | None) -> dict[str, object]:
    async with server.db.begin() as tx:
        outcome = await register.add_client(server.oauth, tx, body, trust=Trust.OPERATOR, pkce_policy=pkce)
    await server.db.close()
    if isinstance(outcome, Fault):
        raise fail(outcome.text)
    made: dict[str, object] = {"issuer": server.settings.public_url, "client_id": outcome.client.client_id}
    return made | ({"client_secret": outcome.secret} if outcome.secret else {})


@app.command("list")
def list_all() -> None:
    """Show the registered apps, newest first."""
    clients = run(_list(create_app(settings_or_exit())))
    if not clients:
        console.print("No apps are registered. Add one: hodlxxi client add NAME REDIRECT_URI")
        return
    table = Table(
        Column("client_id", no_wrap=True, min_width=26),
        "name",
        "who registered it",
        "redirect URIs",
        box=None,
    )
    for client in clients:
        owner = "itself" if client.is_self_registered else "you"
        state = " [red](ended)[/]" if client.disabled_at else ""
        uris = "\n".join(client.metadata.redirect_uris)
        table.add_row(client.client_id + state, client.metadata.name, owner, uris)
    console.print(table)


async def _list(server: App) -> list[Client]:
    async with server.db.read() as tx:
        clients = await store.list_clients(tx)
    await server.db.close()
    return clients


@app.command("remove")
def remove(client_id: Annotated[str, typer.Argument(help="As `hodlxxi client list` shows it.")]) -> None:
    """End an app: its tokens stop at once."""
    if not run(_remove(create_app(settings_or_exit()), client_id)):
        raise fail(f"There is no app {client_id}.")
    console.print(f"[green]✓[/] {client_id} is ended, with every token that it held")


async def _remove(server: App, client_id: str) -> bool:
    async with server.db.begin() as tx:
        client = await store.find_client(tx, client_id)
        if client is not None:
            await register.end_client(tx, client_id, server.clock.now())
    await server.db.close()
    return client is not None


@app.command("limit")
def limit(
    client_id: Annotated[str, typer.Argument(help="As `hodlxxi client list` shows it.")],
    bucket: Annotated[str, typer.Argument(help="'call' (API calls) or 'token' (token requests).")],
    count: Annotated[int, typer.Argument(help="How many in the window; -1 takes the exception back.")],
    window_s: Annotated[int, typer.Option("--window", min=1, help="Seconds.")] = 3600,
) -> None:
    """Make an exception from the rate limits for one app; in force within a minute."""
    if bucket not in ("call", "token"):
        raise fail("The bucket is 'call' or 'token'.")
    wanted = Limit(count, window_s) if count >= 0 else None
    if not run(_limit(create_app(settings_or_exit()), client_id, bucket, wanted)):
        raise fail(f"There is no app {client_id}.")
    console.print(
        f"[green]✓[/] {client_id}: {bucket} " + (f"{count} in {window_s} s" if wanted else "as usual")
    )


async def _limit(server: App, client_id: str, bucket: str, wanted: Limit | None) -> bool:
    async with server.db.begin() as tx:
        client = await store.find_client(tx, client_id)
        if client is not None:
            await set_limit(tx, client_id, bucket, wanted)
    await server.db.close()
    return client is not None
