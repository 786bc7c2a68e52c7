"""Starting programs for a test session and ending them by their pid, whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ON_CI = os.environ.get("CI") == "true"


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def missing(what: str) -> None:
    """A real server is not installed: an error on CI, a loud skip on somebody's laptop."""
    text = f"{what} is not installed; `make test` installs it when it may"
    if ON_CI:
        pytest.fail(text)
    pytest.skip(text)


def wait_until(
    is_up: Callable[[], bool], *, seconds: float, what: str, process: subprocess.Popen[bytes] | None = None
) -> None:
    """Wait for a server; raises when it does not come or dies."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"{what} ended with {process.returncode}")
        with contextlib.suppress(OSError, RuntimeError):
            if is_up():
                return
        time.sleep(0.05)
    raise TimeoutError(f"{what} did not come up in {seconds} s")


def accepts(port: int) -> bool:
    """Whether somebody listens on a loopback port."""
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


def unprivileged(command: Sequence[str], user: str) -> list[str]:
    """PostgreSQL refuses to run as root: then it runs as its own user."""
    return ["runuser", "-u", user, "--", *command] if os.geteuid() == 0 else list(command)


def end(
    process: subprocess.Popen[bytes], *, how: signal.Signals = signal.SIGTERM, seconds: float = 15
) -> int:
    """End a process that we started, and wait for it."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
    return int(process.returncode)
