"""Programs that others wrote, from npm."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import ROOT

FOLDER = Path(__file__).parent / "node"


@pytest.fixture(scope="session")
def run_node() -> Callable[..., Any]:
    """Runs a script of ``tests/foreign/node`` and reads the JSON that it prints."""
    with_node = str(ROOT / "scripts" / "with_node")
    installed = FOLDER / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (FOLDER / "package-lock.json").stat().st_mtime:
        command = [with_node, "npm", "--prefix", str(FOLDER), "ci", "--ignore-scripts", "--loglevel=error"]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)

    def run(script: str, *words: str) -> Any:
        command = [with_node, "node", str(FOLDER / script), *words]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.strip().splitlines()[-1])

    return run
