"""A real node on regtest: Bitcoin Core's RPC, and a wallet that signs messages."""

from __future__ import annotations

import base64
import json
import shlex
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.support.processes import ROOT, end, free_port, missing, wait_until


class RpcError(RuntimeError):
    """The node answered with an error."""


class Bitcoind:
    """One node with one chain for the test session."""

    def __init__(self) -> None:
        found = subprocess.run([ROOT / "scripts" / "fetch_bitcoind"], capture_output=True, text=True)
        if found.returncode:
            missing(f"bitcoind ({found.stderr.strip().splitlines()[-1]})")
        self.folder = Path(tempfile.mkdtemp(prefix="hodlxxi-node-"))
        self.port = free_port()
        command = [
            *shlex.split(found.stdout.strip()),
            *("-regtest", f"-datadir={self.folder}", "-server=1", "-listen=0", "-dnsseed=0", "-fixedseeds=0"),
            *(
                "-rpcbind=127.0.0.1",
                "-rpcallowip=127.0.0.1",
                f"-rpcport={self.port}",
                "-fallbackfee=0.0002",
                "-printtoconsole=0",
            ),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: self.rpc("getblockcount") >= 0, seconds=30, what="bitcoind", process=self.process)

    @property
    def cookie(self) -> str:
        """``user:password`` of this start."""
        return (self.folder / "regtest" / ".cookie").read_text()

    def rpc(self, method: str, *params: Any, wallet: str | None = None) -> Any:
        """Call the node. Raises ``RpcError`` with its message."""
        url = f"http://127.0.0.1:{self.port}/" + (f"wallet/{wallet}" if wallet else "")
        body = json.dumps({"jsonrpc": "1.0", "id": "test", "method": method, "params": params}).encode()
        request = urllib.request.Request(url, body)
        request.add_header("Authorization", "Basic " + base64.b64encode(self.cookie.encode()).decode())
        try:
            answer = json.load(urllib.request.urlopen(request, timeout=30))
        except urllib.error.HTTPError as error:
            text = error.read()
            if not text.startswith(b"{"):
                raise RpcError(f"HTTP {error.code}") from None
            answer = json.loads(text)
        if answer["error"]:
            raise RpcError(answer["error"]["message"])
        return answer["result"]

    def close(self) -> None:
        """Stop the node and remove its chain."""
        if self.process.poll() is None:
            self.rpc("stop")
        end(self.process, seconds=30)
        shutil.rmtree(self.folder, ignore_errors=True)
