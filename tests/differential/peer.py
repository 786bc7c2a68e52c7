"""npm ``oidc-provider`` as a server of its own, with the same apps as ours."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.processes import ROOT, accepts, end, free_port, wait_until

FOLDER = Path(__file__).parent / "node"
WITH_NODE = str(ROOT / "scripts" / "with_node")
START_SECONDS = 30


def install() -> None:
    """What ``package-lock.json`` names, when it is not there yet."""
    installed = FOLDER / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= (FOLDER / "package-lock.json").stat().st_mtime:
        return
    command = [WITH_NODE, "npm", "--prefix", str(FOLDER), "ci", "--ignore-scripts", "--loglevel=error"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)


def version() -> str:
    """The package's version."""
    package = FOLDER / "node_modules" / "oidc-provider" / "package.json"
    return str(json.loads(package.read_text())["version"])


class PeerServer:
    """A running peer. ``clients`` is metadata as in RFC 7591, with the ids and secrets that ours gave out."""

    def __init__(
        self,
        clients: Sequence[Mapping[str, object]],
        *,
        resources: Sequence[str] = (),
        resource_alg: str = "RS256",
        node_at_least: int = 20,
        port: int | None = None,
    ) -> None:
        install()
        self.folder = Path(tempfile.mkdtemp(prefix="hodlxxi-peer-"))
        self.port = port or free_port()
        self.url = f"http://localhost:{self.port}"
        setup = {
            **{"issuer": self.url, "port": self.port, "clients": clients},
            **{"resources": resources, "resource_alg": resource_alg},
        }
        (self.folder / "setup.json").write_text(json.dumps(setup))
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "NODE_ENV": "production",
            "NODE_AT_LEAST": str(node_at_least),
        }
        command = [WITH_NODE, "node", str(FOLDER / "server.mjs"), str(self.folder / "setup.json")]
        with (self.folder / "output").open("wb") as output:
            self.process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=output, stderr=output)
        try:
            wait_until(
                lambda: accepts(self.port), seconds=START_SECONDS, what="oidc-provider", process=self.process
            )
        except Exception:
            end(self.process)
            raise RuntimeError((self.folder / "output").read_text(errors="replace")[-4000:]) from None

    def close(self) -> None:
        """Stop it and remove its folder."""
        end(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)
