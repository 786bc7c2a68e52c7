"""Programs that others wrote, from npm and PyPI."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.foreign.node_app import Visit
from tests.foreign.python_app import Person
from tests.support.processes import ROOT, accepts, end, wait_until
from tests.support.scripted_browser import ScriptedBrowser
from tests.support.server import Server

FOLDER = Path(__file__).parent / "node"
WITH_NODE = str(ROOT / "scripts" / "with_node")


@pytest.fixture(scope="session")
def node() -> list[str]:
    """The command that runs Node.js, when the packages of ``tests/foreign/node`` are installed."""
    if not _is_installed():
        command = [WITH_NODE, "npm", "--prefix", str(FOLDER), "ci", "--ignore-scripts", "--loglevel=error"]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
    return [WITH_NODE, "node"]


def _is_installed() -> bool:
    """Whether what npm wrote down about the folder is what the lock asks for. (A checkout makes every file new.)"""
    try:
        installed = json.loads((FOLDER / "node_modules" / ".package-lock.json").read_text())["packages"]
    except FileNotFoundError:
        return False
    wanted = json.loads((FOLDER / "package-lock.json").read_text())["packages"]
    return all(
        name in installed and installed[name]["version"] == package["version"]
        for name, package in wanted.items()
        if name and not package.get("optional")
    )


@pytest.fixture(scope="session")
def run_node(node: list[str]) -> Callable[..., Any]:
    """Runs a script of ``tests/foreign/node`` and reads the JSON that it prints."""

    def run(script: str, *words: str) -> Any:
        command = [*node, str(FOLDER / script), *words]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.strip().splitlines()[-1])

    return run


@pytest.fixture(scope="session")
def node_app(
    node: list[str], app_ports: list[int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """An app made of npm packages, and its URL; our servers call it when somebody signs out."""
    port = app_ports[0]
    output = tmp_path_factory.mktemp("node-app") / "output"
    with output.open("wb") as file:
        command = [*node, str(FOLDER / "relying_party.mjs"), str(port)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=file)
    try:
        wait_until(lambda: accepts(port), seconds=30, what=f"the Node app ({output})", process=process)
        yield f"http://localhost:{port}"
    finally:
        end(process)


@pytest.fixture
def visit(any_dev_server: Server, node_app: str) -> Iterator[Visit]:
    """Somebody at the Node app, in a browser of their own."""
    with httpx.Client(timeout=30) as http:
        yield Visit(node_app, any_dev_server.url, ScriptedBrowser(http))


@pytest.fixture
def person() -> Iterator[Person]:
    """Somebody at the Python app, in a browser of their own."""
    with httpx.Client(timeout=20) as http:
        yield Person(ScriptedBrowser(http), 6)
