"""Is the service well? Each dependency is asked at the same time and given less than a second."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from hodlxxi.kit.db import Database
from hodlxxi.kit.errors import Unavailable
from hodlxxi.kit.kv import Kv

PROBE_TIMEOUT_S = 0.8
State = Literal["connected", "disconnected", "disabled"]


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """Where Bitcoin Core's RPC listens, and what it wants to hear."""

    host: str
    port: int
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Health:
    """The state of each dependency. Without the database nothing works; without the others the rest does."""

    database: State
    redis: State
    bitcoin_rpc: State

    @property
    def status(self) -> str:
        """``healthy``, ``degraded`` or ``unhealthy``."""
        if self.database != "connected":
            return "unhealthy"
        return "degraded" if "disconnected" in (self.redis, self.bitcoin_rpc) else "healthy"


async def ask_health(db: Database, kv: Kv, node: NodeAddress | None) -> Health:
    """Ask all at once; a silent dependency counts as disconnected."""
    database, redis, bitcoin = await asyncio.gather(
        _bounded(lambda: _ask_database(db)), _bounded(kv.ping), ask_node(node)
    )
    return Health(database, redis, bitcoin)


async def ask_node(node: NodeAddress | None) -> State:
    """Whether Bitcoin Core talks to us."""
    return await _bounded(lambda: _ask_node(node))


async def _bounded(ask: Callable[[], Awaitable[State]]) -> State:
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            return await ask()
    except (TimeoutError, OSError, Unavailable):
        return "disconnected"


async def _ask_database(db: Database) -> State:
    await db.ping()
    return "connected"


async def _ask_node(node: NodeAddress | None) -> State:
    """One ``getblockcount``; any JSON-RPC result means that the node talks to us."""
    if node is None:
        return "disabled"
    reader, writer = await asyncio.open_connection(node.host, node.port)
    try:
        body = json.dumps({"jsonrpc": "1.0", "id": "health", "method": "getblockcount", "params": []})
        login = base64.b64encode(f"{node.user}:{node.password}".encode()).decode()
        head = f"POST / HTTP/1.0\r\nAuthorization: Basic {login}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write((head + body).encode())
        await writer.drain()
        answer = await reader.read(65536)
    finally:
        writer.close()
    try:
        found = json.loads(answer.partition(b"\r\n\r\n")[2])
    except ValueError:
        return "disconnected"
    return "connected" if isinstance(found, dict) and found.get("result") is not None else "disconnected"
