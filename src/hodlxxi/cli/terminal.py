"""What the commands share: the console, the settings or a plain list of what is wrong with them, and the exit codes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import typer
import uvloop
from rich.console import Console

from hodlxxi.app import App, create_app
from hodlxxi.cli.preflight import NotReady, prepare_database
from hodlxxi.kit.errors import Refusal
from hodlxxi.settings import ConfigurationError, Settings, load_settings

console = Console(highlight=False, soft_wrap=True)
stderr = Console(stderr=True, highlight=False, soft_wrap=True)
EXIT_FAILED = 1
EXIT_CONFIGURATION = 78  # EX_CONFIG of sysexits.h

T = TypeVar("T")


def settings_or_exit(**overrides: object) -> Settings:
    """The settings; with mistakes in them, a list of all and exit code 78."""
    try:
        return load_settings(**overrides)
    except ConfigurationError as error:
        stderr.print("[bold red]The configuration cannot be used:[/]")
        for problem in error.problems:
            stderr.print(f"  • {problem}", markup=False)
        stderr.print("Set these in the environment or in .env; see docs/configuration.md.")
        raise typer.Exit(EXIT_CONFIGURATION) from None


def fail(text: str) -> typer.Exit:
    """Say what went wrong; raise what this returns."""
    stderr.print("[bold red]✗[/] ", end="")
    stderr.print(text, markup=False)
    return typer.Exit(EXIT_FAILED)


def done(text: str) -> None:
    """Say what was done; the text may hold somebody's words, so its brackets are no colours."""
    console.print("[green]✓[/] ", end="")
    console.print(text, markup=False)


def run(task: Coroutine[Any, Any, T]) -> T:
    """Run a use case from the command line; a refusal is said in one line."""
    try:
        return uvloop.run(task)
    except Refusal as refusal:
        raise fail(refusal.text) from None


def work(do: Callable[[App], Awaitable[T]]) -> T:
    """Do something with the server's rooms, beside the running server: with its settings, on its database."""
    settings = settings_or_exit()

    async def prepared() -> T:
        try:
            await prepare_database(settings)
        except NotReady as problem:
            raise fail(str(problem)) from None
        server = create_app(settings)
        try:
            return await do(server)
        finally:
            await server.stop()

    return run(prepared())
