"""``hodlxxi client``: the apps that may send their users here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from hodlxxi.app import App
from hodlxxi.cli import client_options as o
from hodlxxi.cli import client_state, client_token
from hodlxxi.cli.client_options import AsJson, ClientId, Wishes
from hodlxxi.cli.client_shown import (
    SHOWN_ONCE,
    print_json,
    print_members,
    print_table,
    render_client,
    render_used,
)
from hodlxxi.cli.terminal import console, done, fail, work
from hodlxxi.oauth import operator, register
from hodlxxi.oauth.change_client import Changed
from hodlxxi.oauth.rules.clients import PUBLIC, Client, Trust
from hodlxxi.oauth.rules.errors import Fault
from hodlxxi.oauth.rules.pkce import PkcePolicy
from hodlxxi.oauth.sector import check_sector
from hodlxxi.oauth.store import clients as store

app = typer.Typer(help="Register, list, approve, change, limit and remove apps.", no_args_is_help=True)

Pkce = Annotated[PkcePolicy | None, typer.Option(help="An exception from the server's PKCE policy.")]

Owner = Annotated[
    str | None,
    typer.Option(
        metavar="PUBKEY", help="Whose app it is: they may tend it at /developers.", callback=o.check_owner
    ),
]


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What people see on the consent page.")],
    redirect_uris: Annotated[
        list[str] | None, typer.Argument(help="Where the app takes its users back, exactly.")
    ] = None,
    scope: Annotated[
        str, typer.Option(help="The scopes that it may ask for.")
    ] = "openid profile profile:read",
    public: Annotated[
        bool, typer.Option("--public", help="Short for --auth none: it can keep no secret.")
    ] = False,
    owner: Owner = None,
    pkce: Pkce = None,
    grant: o.Grants = None,
    auth: o.Method = None,
    jwks_file: o.JwksFile = None,
    jwks_uri: o.JwksUri = None,
    post_logout_uri: o.Logouts = None,
    backchannel_uri: o.Backchannel = None,
    backchannel_sid: o.BackchannelSid = None,
    pairwise: o.Pairwise = None,
    dpop: o.Dpop = None,
    par: o.Pushed = None,
    id_token_alg: o.IdTokenAlg = None,
    others: o.Others = None,
    as_json: AsJson = False,
) -> None:
    """Register an app that you vouch for."""
    wishes = Wishes(
        grant, PUBLIC if public else auth, jwks_file, jwks_uri, post_logout_uri, backchannel_uri, backchannel_sid,
        pairwise, dpop, par, id_token_alg, others,
    )  # fmt: skip
    body = {"client_name": name, "redirect_uris": redirect_uris or [], "scope": scope} | wishes.members()
    made = work(lambda server: _add(server, body, pkce, owner))
    if as_json:
        print_json(made)
        return
    done(f"registered {name}")
    print_members(made)
    if "client_secret" in made:
        console.print(f"  {SHOWN_ONCE}")


async def _add(
    server: App, body: Mapping[str, object], pkce: PkcePolicy | None, owner: str | None
) -> dict[str, object]:
    await check_sector(server.oauth, body)
    async with server.db.begin() as tx:
        outcome = await register.add_client(
            server.oauth, tx, body, trust=Trust.OPERATOR, pkce_policy=pkce, owner_id=owner
        )
    if isinstance(outcome, Fault):
        raise fail(outcome.text)
    made: dict[str, object] = {"issuer": server.settings.public_url, "client_id": outcome.client.client_id}
    return made | ({"client_secret": outcome.secret} if outcome.secret else {})


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """Show the registered apps, newest first."""
    clients = work(_list)
    if as_json:
        print_json([render_client(client) for client in clients])
    elif clients:
        print_table(clients)
    else:
        console.print("No apps are registered. Add one: hodlxxi client add NAME REDIRECT_URI")


async def _list(server: App) -> list[Client]:
    async with server.db.read() as tx:
        return await store.list_clients(tx)


@app.command("show")
def show(client_id: ClientId, as_json: AsJson = False) -> None:
    """Show what is registered for one app, and how much it is used."""
    used = work(lambda server: operator.get_client(server.oauth, client_id))
    if as_json:
        print_json(render_used(used))
    else:
        print_members(render_used(used))


@app.command("change")
def change(
    client_id: ClientId,
    name: Annotated[str | None, typer.Option(help="What people see on the consent page.")] = None,
    redirect_uri: Annotated[
        list[str] | None, typer.Option(help="Where it takes its users back, exactly; repeat. Replaces all.")
    ] = None,
    scope: Annotated[str | None, typer.Option(help="The scopes that it may ask for.")] = None,
    owner: Owner = None,
    pkce: Pkce = None,
    grant: o.Grants = None,
    auth: o.Method = None,
    jwks_file: o.JwksFile = None,
    jwks_uri: o.JwksUri = None,
    post_logout_uri: o.Logouts = None,
    backchannel_uri: o.Backchannel = None,
    backchannel_sid: o.BackchannelSid = None,
    pairwise: o.Pairwise = None,
    dpop: o.Dpop = None,
    par: o.Pushed = None,
    id_token_alg: o.IdTokenAlg = None,
    others: o.Others = None,
    as_json: AsJson = False,
) -> None:
    """Change what is registered for an app; what you do not mention stays."""
    wishes = Wishes(
        grant, auth, jwks_file, jwks_uri, post_logout_uri, backchannel_uri, backchannel_sid, pairwise, dpop, par,
        id_token_alg, others,
    )  # fmt: skip
    own = {"client_name": name, "redirect_uris": redirect_uri, "scope": scope}
    members = {key: value for key, value in own.items() if value is not None} | wishes.members()
    if not members and pkce is None and owner is None:
        raise fail("Nothing to change: name at least one option; `hodlxxi client change --help` lists them.")
    changed = work(
        lambda server: operator.change(server.oauth, client_id, members, pkce=pkce, owner_id=owner)
    )
    _print_changed(changed, f"changed {client_id}", as_json)


@app.command("rotate-secret")
def rotate_secret(client_id: ClientId, as_json: AsJson = False) -> None:
    """Make a new secret: the old one is refused at once."""
    changed = work(lambda server: operator.rotate_secret(server.oauth, client_id))
    _print_changed(changed, f"{client_id} has a new secret; the old one is refused from now on", as_json)


def _print_changed(changed: Changed, said: str, as_json: bool) -> None:
    secret = {"client_secret": changed.secret} if changed.secret else {}
    if as_json:
        print_json(render_client(changed.client) | secret)
        return
    done(said)
    print_members(secret)
    if secret:
        console.print(f"  {SHOWN_ONCE}")


@app.command("remove")
def remove(client_id: ClientId, as_json: AsJson = False) -> None:
    """End an app for good: its tokens stop at once, its secret is erased."""
    work(lambda server: _remove(server, client_id))
    if as_json:
        print_json({"client_id": client_id, "removed": True})
    else:
        done(f"{client_id} is ended, with every token that it held")


async def _remove(server: App, client_id: str) -> None:
    await operator.get_client(server.oauth, client_id)
    async with server.db.begin() as tx:
        await register.end_client(tx, client_id, server.clock.now())


client_state.add_commands(app)
app.add_typer(client_token.app, name="token")
