"""``make demo``: start HODLXXI and the example app, say where to click, and stop both on Ctrl+C."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run both until one ends or somebody presses Ctrl+C."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--port", type=int, default=5000, help="port of HODLXXI")
    arguments.add_argument("--app-port", type=int, default=5050, help="port of the example app")
    chosen = arguments.parse_args()
    issuer, own_url = f"http://localhost:{chosen.port}", f"http://localhost:{chosen.app_port}"
    data = os.environ.get("HODLXXI_DATA_DIR", "var")
    env = os.environ | {
        "PUBLIC_URL": issuer,
        "ISSUER": issuer,
        "OWN_URL": own_url,
        "REGISTRATION_FILE": f"{data}/demo-client.json",
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "hodlxxi", "serve", "--bind", f"127.0.0.1:{chosen.port}"], env=env
    )
    running = [server]
    try:
        if not _is_up(f"{issuer}/health/ready", server):
            return 1
        command = ["-m", "uvicorn", "--app-dir", str(HERE / "sign_in_with_bitcoin"), "app:app"]
        command += ["--port", str(chosen.app_port), "--log-level", "warning"]
        app = subprocess.Popen([sys.executable, *command], env=env)
        running.append(app)
        if not _is_up(own_url, app):
            return 1
        print(
            f"\n  The example app: open  {own_url}  and click “Sign in with Bitcoin”.  (Ctrl+C stops both.)\n",
            flush=True,
        )
        while all(process.poll() is None for process in running):
            time.sleep(0.5)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            process.wait(15)


def _is_up(url: str, process: subprocess.Popen[bytes]) -> bool:
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=2).read()
            return True
        except (urllib.error.URLError, OSError):
            if process.poll() is not None:
                return False
            time.sleep(0.1)
    return False


if __name__ == "__main__":
    sys.exit(main())
