"""A real Redis of our own, without persistence, on a free loopback port."""

from __future__ import annotations

import shutil
import subprocess

from tests.support.processes import accepts, end, free_port, missing, wait_until


class Redis:
    """One server; it can be stopped and started again on the same port."""

    def __init__(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            missing("Redis")
            raise AssertionError
        self._program = program
        self.port = free_port()
        self.start()

    @property
    def url(self) -> str:
        """For ``REDIS_URL``."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = [
            self._program,
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: accepts(self.port), seconds=10, what="Redis", process=self.process)

    def stop(self) -> None:
        """Stop; what it held is gone."""
        end(self.process)
