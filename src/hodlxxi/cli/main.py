"""The commands, gathered. Each lives in a module of its own name."""

from __future__ import annotations

import typer

from hodlxxi import __version__
from hodlxxi.cli import client, doctor, key, migrate, serve, user, verify
from hodlxxi.cli.terminal import console

app = typer.Typer(
    name="hodlxxi",
    help="HODLXXI: a self-hosted identity server where a Bitcoin key is the account.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)


def _show_version(value: bool) -> None:
    if value:
        console.print(f"hodlxxi {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """Settings come from the environment and from ``.env``."""


app.command("serve")(serve.serve)
app.command("migrate")(migrate.migrate)
app.command("doctor")(doctor.doctor)
app.command("verify")(verify.verify)
app.add_typer(client.app, name="client")
app.add_typer(key.app, name="key")
app.add_typer(user.app, name="user")


def run_command_line() -> None:
    """Parse the words and run the command."""
    app()
