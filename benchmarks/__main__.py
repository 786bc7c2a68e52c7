"""``make bench``: sign-ins, Lightning logins, code exchanges and protected calls, on PostgreSQL + Redis with one worker.

The server is pinned to one core and this process, the load, to the other. CPU per operation is the server's own (all its
threads), from /proc; PostgreSQL's and Redis's are not in it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks import flows
from benchmarks.flows import Actor
from benchmarks.http import Connection
from tests.support.lnurl_wallet import LnurlWallet
from tests.support.postgres import Postgres
from tests.support.redis import Redis
from tests.support.server import Server
from tests.support.signer import TestKey

ACTORS = 8
TICKS = os.sysconf("SC_CLK_TCK")
Flow = Callable[[Actor], Awaitable[object]]


def cpu_seconds(pid: int) -> float:
    """CPU that the server used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mb(pid: int) -> float:
    """Resident memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS:"))) / 1024


async def measure(name: str, flow: Flow, actors: list[Actor], per_actor: int, pid: int) -> None:
    """Run a flow from all actors at once, and print a line of the table."""
    latencies: list[float] = []

    async def repeat(actor: Actor) -> None:
        for _ in range(per_actor):
            started = time.perf_counter()
            await flow(actor)
            latencies.append(time.perf_counter() - started)

    cpu, started = cpu_seconds(pid), time.perf_counter()
    await asyncio.gather(*(repeat(actor) for actor in actors))
    seconds, used = time.perf_counter() - started, cpu_seconds(pid) - cpu
    latencies.sort()
    p50, p99 = latencies[len(latencies) // 2] * 1000, latencies[int(len(latencies) * 0.99)] * 1000
    count = len(latencies)
    print(
        f"{name:26} {count / seconds:9.0f} {p50:9.2f} {p99:9.2f} {1000 * used / count:12.3f} {resident_mb(pid):9.0f}"
    )


async def run(server: Server, scale: float) -> None:
    """All flows, in the order in which they need one another."""
    actors = [
        Actor(Connection(server.port), TestKey(1000 + i), LnurlWallet(bytes([i]) * 32)) for i in range(ACTORS)
    ]
    for actor in actors:
        await flows.sign_in(actor)
        await flows.register(actor)
        await flows.authorize(actor)
        await flows.exchange_code(actor)
    n = max(1, round(150 * scale))
    print(f"{'operation':26} {'per s':>9} {'p50 ms':>9} {'p99 ms':>9} {'CPU ms each':>12} {'RSS MB':>9}")
    await measure("protected call", flows.call_protected, actors, 3 * n, server.pid)
    await measure("LNURL create", flows.create_lnurl, actors, n, server.pid)
    await measure("LNURL login (3 requests)", flows.lnurl_login, actors, n, server.pid)
    await measure("sign-in (2 requests)", flows.sign_in, actors, n, server.pid)
    await measure("authorize (to the code)", flows.authorize, actors, n, server.pid)
    await measure("code exchange", flows.exchange_code, actors, n, server.pid)
    for actor in actors:
        actor.connection.close()


def main() -> None:
    """Start everything, measure, stop everything."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--scale", type=float, default=1.0, help="how many operations, relative to the default"
    )
    arguments.add_argument("--jwt", default="RS256", help="JWT_ALGORITHM of the access tokens")
    chosen = arguments.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    postgres, redis = Postgres(), Redis()
    try:
        started = time.perf_counter()
        os.sched_setaffinity(0, {cores[0]})
        url = postgres.fresh_database()
        server = Server(database_url=url, redis_url=redis.url, JWT_ALGORITHM=chosen.jwt, LOG_LEVEL="WARNING")
        os.sched_setaffinity(0, {cores[-1]})
        try:
            print(
                f"migrated and ready after {time.perf_counter() - started:.1f} s; access tokens: {chosen.jwt}"
            )
            urllib.request.urlopen(f"{server.url}/health").read()
            print(f"idle: {resident_mb(server.pid):.0f} MB resident")
            asyncio.run(run(server, chosen.scale))
        finally:
            server.close()
    finally:
        redis.stop()
        postgres.close()


if __name__ == "__main__":
    main()
