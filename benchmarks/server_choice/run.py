"""Compare application servers: ``python benchmarks/server_choice/run.py`` (needs uvicorn, granian, gunicorn, wrk).

Each server runs one worker on core 0, the load on core 1; the servers take turns, five rounds. What counts is CPU per
request or message of the server's processes (from /proc), as the machine's speed drifts; medians and ratios are printed.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
ROUNDS = 5
SECONDS = 3
MESSAGES = 3000
TICKS = os.sysconf("SC_CLK_TCK")
BIN = Path(sys.executable).parent

SERVERS = {
    "uvicorn": [
        "uvicorn",
        "apps:app",
        "--port",
        "{port}",
        "--log-level",
        "warning",
        "--no-access-log",
        "--lifespan",
        "off",
    ],
    "granian": [
        "granian",
        "--interface",
        "asgi",
        "apps:app",
        "--port",
        "{port}",
        "--log-level",
        "warning",
        "--loop",
        "uvloop",
    ],
    "gunicorn": ["gunicorn", "-k", "asgi", "apps:app", "-b", "127.0.0.1:{port}", "--log-level", "warning"],
}


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += family(int(child))
    return found


def cpu_seconds(pid: int) -> float:
    """CPU used so far by a process and its descendants."""
    total = 0
    for one in family(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def resident_mb(pid: int) -> float:
    """Private and shared memory (PSS) of the process tree, in MB."""
    total = 0
    for one in family(pid):
        for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def load_http(port: int, path: str) -> int:
    """wrk for some seconds; the number of answers."""
    command = ["taskset", "-c", "1", "wrk", "-t1", "-c16", f"-d{SECONDS}s", f"http://127.0.0.1:{port}{path}"]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return int(next(line.split()[0] for line in out.splitlines() if "requests in" in line))


async def load_relay(port: int) -> int:
    """Ten pairs of Socket.IO clients over raw websockets; each message is relayed and acknowledged."""
    import websockets

    async def join(user: str) -> websockets.ClientConnection:
        socket_ = await websockets.connect(
            f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket", compression=None
        )
        await socket_.recv()
        await socket_.send("40" + json.dumps({"user": user}))
        await socket_.recv()
        return socket_

    pairs = [(await join(f"a{i}"), await join(f"b{i}")) for i in range(10)]

    async def talk(i: int) -> None:
        sender, receiver = pairs[i]
        for n in range(MESSAGES // 10):
            await sender.send(f"42{n}" + json.dumps(["relay", {"to": f"b{i}", "text": "x" * 100}]))
            await asyncio.gather(sender.recv(), receiver.recv())

    await asyncio.gather(*(talk(i) for i in range(10)))
    for pair in pairs:
        for end in pair:
            await end.close()
    return MESSAGES


def measure(name: str) -> dict[str, float]:
    """One round with one server."""
    port = free_port()
    command = [str(BIN / SERVERS[name][0]), *(part.format(port=port) for part in SERVERS[name][1:])]
    started = time.perf_counter()
    process = subprocess.Popen(["taskset", "-c", "0", *command], cwd=HERE)
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/bare", timeout=1).read()
                break
            except OSError:
                time.sleep(0.02)
        result = {"start s": time.perf_counter() - started, "idle MB": resident_mb(process.pid)}
        for path in ("/bare", "/plain"):
            before = cpu_seconds(process.pid)
            count = load_http(port, path)
            result[f"{path} us"] = 1e6 * (cpu_seconds(process.pid) - before) / count
        before = cpu_seconds(process.pid)
        count = asyncio.run(load_relay(port))
        result["relay us"] = 1e6 * (cpu_seconds(process.pid) - before) / count
        return result
    finally:
        process.terminate()
        process.wait(20)


def main() -> None:
    """All servers in turn, then the table."""
    os.sched_setaffinity(0, {1})
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in SERVERS}
    for _ in range(ROUNDS):
        for name in SERVERS:
            rounds[name].append(measure(name))
    columns = list(rounds["uvicorn"][0])
    print("server    " + "".join(f"{column:>12}" for column in columns))
    for name, results in rounds.items():
        print(f"{name:10}" + "".join(f"{statistics.median(r[c] for r in results):12.2f}" for c in columns))
    for name in SERVERS:
        ratios = [
            statistics.median(a[c] / b[c] for a, b in zip(rounds[name], rounds["uvicorn"], strict=True))
            for c in columns
        ]
        print(f"{name + '/uvicorn':16}" + "".join(f"{ratio:12.2f}" for ratio in ratios))


if __name__ == "__main__":
    main()
