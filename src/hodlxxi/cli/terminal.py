"""What the commands share: the console, the settings or a plain list of what is wrong with them, and the exit codes."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

import typer
import uvloop
from rich.console import Console

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


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a use case from the command line; a refusal is said in one line."""
    try:
        return uvloop.run(work)
    except Refusal as refusal:
        raise fail(refusal.text) from None
