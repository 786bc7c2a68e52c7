"""``hodlxxi client token``: leave for others to register apps, where registration is not open (OAUTH_REGISTRATION=token)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Column, Table

from hodlxxi.cli.client_options import AsJson
from hodlxxi.cli.client_shown import print_json
from hodlxxi.cli.terminal import console, done, work
from hodlxxi.kit.clock import render_time
from hodlxxi.oauth import initial_tokens as tokens
from hodlxxi.oauth.store.registration import InitialToken

app = typer.Typer(help="Tokens with which others may register apps.", no_args_is_help=True)


@app.command("make")
def make(
    label: Annotated[str, typer.Argument(help="For you: who gets it.")] = "",
    uses: Annotated[
        int, typer.Option(min=1, max=10_000, help="How many apps may be registered with it.")
    ] = 1,
    days: Annotated[int, typer.Option(min=1, max=365, help="For how many days it is good.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Make a token; it is shown this once."""
    secret, token = work(
        lambda server: tokens.make_initial(server.oauth, label.strip()[:100], uses, timedelta(days=days))
    )
    if as_json:
        print_json(_render(token) | {"token": secret})
        return
    done(f"good for {uses} app{'s'[: uses > 1]} until {render_time(token.expires_at)}")
    console.print(f"  {secret}", markup=False)
    console.print("  It is shown this once. Sent as Authorization: Bearer …, or typed at /developers.")


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """Show the tokens, never themselves."""
    found = work(lambda server: tokens.list_initial(server.oauth))
    if as_json:
        print_json([_render(token) for token in found])
        return
    if not found:
        console.print("There are none. Make one: hodlxxi client token make LABEL")
        return
    table = Table(Column("id", no_wrap=True), "label", "uses left", "good until", box=None)
    for token in found:
        until = render_time(token.expires_at)
        table.add_row(tokens.id_of(token), token.label.replace("[", "\\["), str(token.uses_left), until)
    console.print(table)


@app.command("drop")
def drop(
    token: Annotated[str, typer.Argument(help="Its id, as `list` shows it, or the token itself.")],
    as_json: AsJson = False,
) -> None:
    """Take a token back: nobody registers with it any more."""
    dropped = work(lambda server: tokens.drop_initial(server.oauth, token))
    if as_json:
        print_json(_render(dropped) | {"dropped": True})
    else:
        done(f"{tokens.id_of(dropped)} is void")


def _render(token: InitialToken) -> dict[str, object]:
    return {
        "id": tokens.id_of(token),
        "label": token.label,
        "created_at": render_time(token.created_at),
        "expires_at": render_time(token.expires_at),
        "uses_left": token.uses_left,
    }
