"""``hodlxxi doctor``: check everything that the server depends on, and say how to mend what is wrong."""

from __future__ import annotations

import asyncio
import shutil
import stat
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import typer
from rich.table import Table

from hodlxxi import __version__
from hodlxxi.app import node_address
from hodlxxi.cli.terminal import EXIT_FAILED, console, run, settings_or_exit
from hodlxxi.kit.db import Database
from hodlxxi.kit.errors import Unavailable
from hodlxxi.kit.kv import make_kv
from hodlxxi.kit.pages import STATIC_FOLDER
from hodlxxi.migrations import run as migrations
from hodlxxi.ops.health import ask_node
from hodlxxi.settings import Settings

State = Literal["ok", "warning", "problem"]
_MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "problem": "[red]✗[/]"}
_MIN_FREE_BYTES = 500_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, how it is, and how to mend it."""

    state: State
    what: str
    found: str
    mend: str = ""


def doctor() -> None:
    """Check the configuration and everything that the server depends on."""
    settings = settings_or_exit()
    findings = run(_examine(settings))
    table = Table(box=None, show_header=False, pad_edge=False)
    for finding in findings:
        table.add_row(_MARKS[finding.state], finding.what, finding.found)
        if finding.mend:
            table.add_row("", "", f"[dim]→ {finding.mend}[/]")
    console.print(f"HODLXXI {__version__}, Python {sys.version.split()[0]}, {settings.hodlxxi_env}")
    console.print(table)
    raise typer.Exit(EXIT_FAILED if any(f.state == "problem" for f in findings) else 0)


async def _examine(settings: Settings) -> list[Finding]:
    checks: list[Callable[[Settings], Awaitable[Finding]]] = [
        _public_url,
        _proxies,
        _database,
        _schema,
        _redis,
        _node,
        _secrets_file,
        _browser_part,
        _disk,
    ]
    return [await check(settings) for check in checks]


async def _public_url(settings: Settings) -> Finding:
    if settings.public_url.startswith("https://"):
        return Finding("ok", "Public URL", settings.public_url)
    state: State = "problem" if settings.is_production else "warning"
    return Finding(
        state,
        "Public URL",
        settings.public_url,
        "phones' wallets need https://; fine for trying on this machine",
    )


async def _proxies(settings: Settings) -> Finding:
    if settings.trusted_proxies:
        return Finding("ok", "Proxies", settings.trusted_proxies)
    if not settings.is_production:
        return Finding("ok", "Proxies", "none: people connect directly")
    mend = "behind Nginx on this host: TRUSTED_PROXIES=127.0.0.1; else limits count everybody as one address"
    return Finding("warning", "Proxies", "TRUSTED_PROXIES is not set", mend)


async def _database(settings: Settings) -> Finding:
    name = "SQLite" if settings.database().startswith("sqlite") else "PostgreSQL"
    db = Database(settings.database())
    try:
        await db.ping()
        return Finding("ok", "Database", name)
    except Unavailable as error:
        reason = type(error.__cause__).__name__
        return Finding(
            "problem",
            "Database",
            f"{name} does not answer ({reason})",
            "is it running? is DATABASE_URL right?",
        )
    finally:
        await db.close()


async def _schema(settings: Settings) -> Finding:
    db = Database(settings.database())
    try:
        current, newest = await migrations.current(db), migrations.newest()
    except Unavailable:
        return Finding("warning", "Schema", "unknown while the database is away")
    finally:
        await db.close()
    if current == newest:
        return Finding("ok", "Schema", newest)
    if settings.is_embedded:
        return Finding("ok", "Schema", "is made at the next start")
    return Finding("problem", "Schema", f"at {current or 'nothing'}, needs {newest}", "hodlxxi migrate")


async def _redis(settings: Settings) -> Finding:
    if not settings.redis_url:
        return Finding("ok", "Redis", "off: state in this process, so one worker only")
    kv = make_kv(settings.redis_url)
    try:
        state = await kv.ping()
    finally:
        await kv.close()
    if state == "connected":
        return Finding("ok", "Redis", "connected")
    return Finding(
        "warning",
        "Redis",
        "does not answer",
        "is it running? is REDIS_URL right? The server works, degraded.",
    )


async def _node(settings: Settings) -> Finding:
    node = node_address(settings)
    if node is None:
        return Finding("ok", "Bitcoin Core", "off: sign-in, apps and chat do not need it")
    state = await ask_node(node)
    if state == "connected":
        return Finding("ok", "Bitcoin Core", f"{node.host}:{node.port}")
    mend = "is it running? are RPC_HOST, RPC_PORT, RPC_USER and RPC_PASSWORD right?"
    return Finding("warning", "Bitcoin Core", "does not answer", mend)


async def _secrets_file(settings: Settings) -> Finding:
    path = settings.hodlxxi_data_dir / "secrets.env"
    if not path.exists():
        return Finding("ok", "Secrets", "from the environment")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        return Finding("problem", "Secrets", f"{path} is readable by others", f"chmod 600 {path}")
    return Finding("ok", "Secrets", f"{path} (only you can read it)")


async def _browser_part(settings: Settings) -> Finding:
    if (STATIC_FOLDER / "app.css").exists():
        return Finding("ok", "Pages", "built")
    return Finding("problem", "Pages", "styles and scripts are missing", "make web")


async def _disk(settings: Settings) -> Finding:
    folder = settings.hodlxxi_data_dir
    while not folder.exists():
        folder = folder.parent
    free = await asyncio.to_thread(lambda: shutil.disk_usage(folder).free)
    text = f"{free / 1e9:.1f} GB free"
    if free < _MIN_FREE_BYTES:
        return Finding("problem", "Disk", text, "make room: a full disk stops sign-ins")
    return Finding("ok", "Disk", text)
