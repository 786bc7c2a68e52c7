"""Our own server as an operator runs it: ``hodlxxi serve`` in processes of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from tests.support.processes import ROOT, end, free_port, wait_until

START_SECONDS = 30


class Server:
    """A running server. ``url`` is its public URL, ``pid`` the parent of its workers."""

    def __init__(
        self, *, database_url: str | None = None, redis_url: str | None = None, workers: int = 1, **env: str
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hodlxxi-server-"))
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.workers = workers
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT / "src"),
            "HODLXXI_DATA_DIR": str(self.folder / "data"),
            "PUBLIC_URL": self.url,
            "LOG_FORMAT": "json",
            "RATE_LIMIT_LOGIN": "0",
            "RATE_LIMIT_REGISTER": "0",
            "RATE_LIMIT_TOKEN": "0",
            "RATE_LIMIT_API": "0",
            **({"DATABASE_URL": database_url} if database_url else {}),
            **({"REDIS_URL": redis_url} if redis_url else {}),
            **env,
        }
        if database_url:
            self.command("migrate", check=True)
        self.start()

    def command(self, *words: str, check: bool = False) -> subprocess.CompletedProcess[str]:
        """Run another command of ours with the same settings."""
        command = [sys.executable, "-m", "hodlxxi", *words]
        done = subprocess.run(
            command, env=self.env, cwd=self.folder, capture_output=True, text=True, timeout=60
        )
        if check and done.returncode:
            raise RuntimeError(f"hodlxxi {' '.join(words)}: {done.stdout}{done.stderr}")
        return done

    def start(self) -> None:
        """Start (again), and wait until it is ready."""
        command = [sys.executable, "-m", "hodlxxi", "serve", "--bind", f"127.0.0.1:{self.port}"]
        command += ["--workers", str(self.workers)]
        with (self.folder / "output").open("ab") as output:
            self.process = subprocess.Popen(
                command, env=self.env, cwd=self.folder, stdout=output, stderr=output
            )
        try:
            wait_until(self._is_ready, seconds=START_SECONDS, what="hodlxxi serve", process=self.process)
        except Exception:
            end(self.process)
            raise RuntimeError(f"hodlxxi serve did not start:\n{self.log_text()[-4000:]}") from None

    @property
    def pid(self) -> int:
        """The parent process."""
        return self.process.pid

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError:
            return False

    def worker_pids(self) -> list[int]:
        """The workers: the parent's children but for multiprocessing's own."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [int(pid) for pid in children if b"resource_tracker" not in _command_of(pid)]

    def log_text(self) -> str:
        """Everything that the server wrote so far."""
        return (self.folder / "output").read_text(errors="replace")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop it; the exit code."""
        return end(self.process, how=how)

    def close(self) -> None:
        """Stop it and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _command_of(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b"resource_tracker"  # it has just ended, so it is no worker either
