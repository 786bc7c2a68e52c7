"""``hodlxxi serve``: check what must hold, then start the workers and keep them alive."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import typer
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from hodlxxi import __version__
from hodlxxi.app import features
from hodlxxi.cli.preflight import (
    NotReady,
    check_application,
    check_port,
    check_test_signer,
    check_workers,
    parse_bind,
    prepare_database,
)
from hodlxxi.cli.protocol import BoundedHttpProtocol
from hodlxxi.cli.terminal import console, fail, run, settings_or_exit, stderr
from hodlxxi.settings import Settings, share_metrics_in

GRACE_S = 10
KEEP_ALIVE_S = 65  # longer than Nginx keeps its upstream connections


def serve(
    bind: str = typer.Option("127.0.0.1:5000", "--bind", "-b", help="HOST:PORT to listen on."),
    workers: int = typer.Option(
        1, "--workers", "-w", min=1, max=64, help="Processes; several need PostgreSQL and Redis."
    ),
) -> None:
    """Start the server."""
    settings = settings_or_exit()
    try:
        host, port = parse_bind(bind)
        check_test_signer(settings, host)
        check_workers(settings, workers)
        check_port(host, port)
        done = run(prepare_database(settings))
        check_application(settings)
    except NotReady as problem:
        raise fail(str(problem)) from None
    _greet(settings, done, workers)
    folder = Path(tempfile.mkdtemp(prefix="hodlxxi-metrics-")) if workers > 1 else None
    if folder is not None:
        share_metrics_in(folder)
    try:
        raise typer.Exit(_run(host, port, workers))
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _run(host: str, port: int, workers: int) -> int:
    config = uvicorn.Config(
        "hodlxxi.asgi:app",
        host=host,
        port=port,
        workers=workers,
        http=BoundedHttpProtocol,
        ws="none",
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    if workers > 1:
        supervisor = Multiprocess(config, sockets=[config.bind_socket()])
        supervisor.run()
        return STARTUP_FAILURE if any(p.exitcode == STARTUP_FAILURE for p in supervisor.processes) else 0
    server = uvicorn.Server(config)
    server.run()
    return 0 if server.started else STARTUP_FAILURE


def _greet(settings: Settings, done: str | None, workers: int) -> None:
    """What is on, what is off, and where to click."""
    console.print(
        f"[bold]HODLXXI {__version__}[/]  {settings.hodlxxi_env}, {workers} worker{'s'[: workers > 1]}, pid {os.getpid()}"
    )
    if done:
        console.print(f"  database {done}")
    for feature in features(settings):
        mark = "[green]on [/]" if feature.is_on else "[dim]off[/]"
        console.print(f"  {mark} {feature.name} [dim]({feature.text})[/]")
    if settings.is_embedded:
        console.print(f"  data and secrets in [bold]{settings.hodlxxi_data_dir}[/]")
    url = settings.public_url
    console.print(f"  → sign in     [bold]{url}/login[/]")
    console.print(f"  → for apps    [bold]{url}/.well-known/openid-configuration[/]")
    console.print(f"  → is it well? [bold]{url}/health[/]")
    if settings.is_production and workers == 1:
        stderr.print("  one worker: use --workers for more")
