"""The servers that are compared, each with an app and with people who have allowed it everything."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.http import Connection
from tests.differential.case import CALLBACK, SCOPE
from tests.differential.parties import Ours, Party, Peer, basic
from tests.differential.peer import PeerServer
from tests.differential.roles import App, peer_metadata
from tests.support.postgres import Postgres
from tests.support.redis import Redis
from tests.support.server import Server
from tests.support.signer import TestKey

PEER, EMBEDDED, FULL = "oidc-provider", "HODLXXI, SQLite", "HODLXXI, PostgreSQL + Redis"
ROLE = "bench"
NODE_AT_LEAST = 22  # what the package asks for
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Actor:
    """A connection, a signed-in browser's cookies, and what the app got for this person."""

    party: Party
    connection: Connection
    cookies: str
    authorization: str
    codes: list[str] = field(default_factory=list)
    refresh_token: str = ""
    access_token: str = ""


@dataclass
class Side:
    """A server. ``pids`` are its own processes, ``database_pids`` those that work for it."""

    name: str
    party: Party
    port: int
    pids: tuple[int, ...]
    database_pids: tuple[int, ...] = ()

    def new_actor(self) -> Actor:
        """Somebody new, who signs in and allows the app what it asks."""
        with httpx.Client(base_url=self.party.url, timeout=60) as browser:
            self.party.sign_in(browser, TestKey(secrets.token_bytes(32)))
            self.party.authorize(browser, ROLE, resource=self.party.url)
            cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)
        app = self.party.apps[ROLE]
        return Actor(self.party, Connection(self.port), cookies, basic(app.client_id, app.secret or ""))


def cpu_seconds(pids: tuple[int, ...]) -> float:
    """CPU that these processes and everything that they started have used."""
    total, waiting = 0, list(pids)
    while waiting:
        pid = waiting.pop()
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            tasks = Path(f"/proc/{pid}/task").iterdir()
            waiting += [int(child) for task in tasks for child in (task / "children").read_text().split()]
        except OSError:
            continue  # it has just ended; its parent has its figures
        total += sum(int(fields[n]) for n in (11, 12, 13, 14))
    return total / TICKS


def resident_mb(pids: tuple[int, ...]) -> float:
    """Resident memory of these processes."""
    lines = [line for pid in pids for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


@contextmanager
def running(alg: str) -> Iterator[list[Side]]:
    """All three, with ``alg`` for every signature. They share a core; the load and the databases have the other."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    postgres, redis = Postgres(), Redis()
    started: list[Server | PeerServer] = []
    try:
        os.sched_setaffinity(0, {cores[0]})
        options = {"JWT_ALGORITHM": alg, "LOG_LEVEL": "WARNING"}
        embedded = Server(**options)
        started.append(embedded)
        full = Server(database_url=postgres.fresh_database(), redis_url=redis.url, **options)
        started.append(full)
        apps = [register_app(server, alg) for server in (embedded, full)]
        peer = PeerServer([peer_metadata(apps[0])], resource_alg=alg, node_at_least=NODE_AT_LEAST)
        started.append(peer)
        os.sched_setaffinity(0, {cores[-1]})
        databases = (postgres.process.pid, redis.process.pid)
        yield [
            Side(PEER, Peer(peer.url, {ROLE: apps[0]}), peer.port, (peer.process.pid,)),
            Side(EMBEDDED, Ours(embedded.url, {ROLE: apps[0]}), embedded.port, (embedded.pid,)),
            Side(FULL, Ours(full.url, {ROLE: apps[1]}), full.port, (full.pid,), databases),
        ]
    finally:
        os.sched_setaffinity(0, set(cores))
        for server in reversed(started):
            server.close()
        redis.stop()
        postgres.close()


def register_app(server: Server, alg: str) -> App:
    """A confidential app that uses every grant that is measured."""
    wish: dict[str, object] = {
        "client_name": "Benchmark",
        "redirect_uris": [CALLBACK],
        "scope": SCOPE,
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "id_token_signed_response_alg": alg,
    }
    made = httpx.post(f"{server.url}/oauth/register", json=wish).raise_for_status().json()
    return App(made["client_id"], made["client_secret"], wish)
