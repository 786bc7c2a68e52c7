"""What must hold before workers start, asked once in the parent: a worker that cannot start would only die again."""

from __future__ import annotations

import socket

from hodlxxi.app import create_app
from hodlxxi.kit.db import Database
from hodlxxi.kit.errors import Unavailable
from hodlxxi.kit.network import is_loopback_host
from hodlxxi.migrations import run as migrations
from hodlxxi.settings import Settings


class NotReady(Exception):  # noqa: N818 - an answer for the operator
    """The server cannot start; the text says which dependency, why, and what to do."""


def parse_bind(text: str) -> tuple[str, int]:
    """``HOST:PORT``, ``[IPV6]:PORT`` or ``:PORT``. Raises ``NotReady``."""
    host, _, port = text.rpartition(":")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise NotReady(f"--bind {text}: write HOST:PORT, such as 127.0.0.1:5000")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - what an empty host means everywhere


def check_port(host: str, port: int) -> None:
    """Raises ``NotReady`` when something else listens there or the address is not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            hint = (
                "is the server running already? choose another with --bind"
                if error.errno == 98
                else "choose another with --bind"
            )
            raise NotReady(f"Port {port} on {host} cannot be used ({error.strerror}); {hint}") from None


def check_test_signer(settings: Settings, host: str) -> None:
    """Raises ``NotReady`` when other machines could reach a server on which everybody can sign in."""
    if settings.hodlxxi_dev_test_signer and not is_loopback_host(host):
        raise NotReady(
            f"HODLXXI_DEV_TEST_SIGNER is on, and --bind {host} is not this machine alone: "
            "bind to 127.0.0.1, or switch the test signer off."
        )


def check_workers(settings: Settings, workers: int) -> None:
    """Raises ``NotReady`` for several workers without what they must share."""
    if workers > 1 and settings.is_embedded:
        raise NotReady(
            "Several workers need DATABASE_URL and REDIS_URL: on the embedded default, state is in one process."
        )
    if workers > 1 and not settings.redis_url:
        raise NotReady(
            "Several workers need REDIS_URL: they share session endings, limits and wake-up calls through it."
        )


def check_application(settings: Settings) -> None:
    """Build what every worker builds. Raises ``NotReady`` for what would end each of them: a secret that is too short, or a
    log file that cannot be written."""
    try:
        create_app(settings)
        log = settings.log_path()
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
            log.open("a").close()
    except (ValueError, OSError) as error:
        raise NotReady(f"The server cannot start: {error}") from None


async def prepare_database(settings: Settings) -> str | None:
    """Reach the database and see that its schema is ours; on the embedded default, make it so.

    Returns what was done, for the operator, or None. Raises ``NotReady``.
    """
    db = Database(settings.database())
    try:
        current, newest = await migrations.current(db), migrations.newest()
        if current == newest:
            return None
        if not settings.is_embedded:
            raise NotReady(
                f"The database is at {current or 'nothing'} and this version needs {newest}: run hodlxxi migrate."
            )
        await migrations.upgrade(db)
        return "created" if current is None else f"moved from {current} to {newest}"
    except Unavailable as error:
        reason = f"{type(error.__cause__).__name__}: {error.__cause__}".splitlines()[0][:200]
        shown = db.url.render_as_string(hide_password=True)
        raise NotReady(
            f"The database {shown} does not answer ({reason}). Is it running, and is DATABASE_URL right?"
        ) from None
    finally:
        await db.close()
