"""The example app, as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import ROOT, accepts, end, free_port, wait_until


@contextmanager
def example_app(issuer: str, folder: Path) -> Iterator[str]:
    """Starts it for an issuer; its URL."""
    port = free_port()
    url = f"http://localhost:{port}"
    env = os.environ | {"ISSUER": issuer, "OWN_URL": url, "REGISTRATION_FILE": str(folder / "client.json")}
    command = [sys.executable, "-m", "uvicorn", "--app-dir", str(ROOT / "examples" / "sign_in_with_bitcoin")]
    command += ["app:app", "--port", str(port), "--log-level", "warning"]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, env=env, cwd=folder, stdout=output, stderr=output)
    try:
        wait_until(lambda: accepts(port), seconds=30, what="the example app", process=process)
        yield url
    finally:
        end(process)
