"""A real PostgreSQL cluster of our own, on a free loopback port, and fresh databases in it."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from tests.support.processes import accepts, end, free_port, missing, unprivileged, wait_until

_OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "300"}


def _tools() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


class Postgres:
    """One cluster for the test session."""

    def __init__(self) -> None:
        tools = _tools()
        if tools is None:
            missing("PostgreSQL")
            raise AssertionError
        self._tools = tools
        self.folder = Path(tempfile.mkdtemp(prefix="hodlxxi-pg-"))
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        self.port = free_port()
        self._numbers = itertools.count(1)
        data = self.folder / "data"
        init = [
            str(tools / "initdb"),
            "-D",
            str(data),
            "-A",
            "trust",
            "-U",
            "hodlxxi",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]
        subprocess.run(unprivileged(init, "postgres"), check=True, capture_output=True)
        try:
            self.start()
        except Exception:
            self.close()
            raise

    def start(self) -> None:
        """Start (again), and wait until it answers."""
        options = [part for name, value in _OPTIONS.items() for part in ("-c", f"{name}={value}")]
        command = [
            str(self._tools / "postgres"),
            *(
                "-D",
                str(self.folder / "data"),
                "-p",
                str(self.port),
                "-k",
                str(self.folder),
                "-h",
                "127.0.0.1",
            ),
            *options,
        ]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(unprivileged(command, "postgres"), stdout=log, stderr=log)
        wait_until(lambda: self._answers(), seconds=20, what="PostgreSQL", process=self.process)

    def _answers(self) -> bool:
        accepts(self.port)
        self.run("SELECT 1", database="postgres")
        return True

    def run(self, sql: str, *, database: str) -> str:
        """Run SQL with psql; the bare output."""
        command = [
            str(self._tools / "psql"),
            *("-h", "127.0.0.1", "-p", str(self.port), "-U", "hodlxxi"),
            "-AtX",
        ]
        command += ["-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return done.stdout.strip()

    def fresh_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name}", database="postgres")
        return f"postgresql://hodlxxi@127.0.0.1:{self.port}/{name}"

    def stop(self) -> None:
        """Stop at once (immediate shutdown)."""
        if self.process.poll() is None:
            postmaster = int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
            os.kill(postmaster, signal.SIGINT)
            end(self.process, seconds=20)

    def close(self) -> None:
        """Stop and remove everything."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
