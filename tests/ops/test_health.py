"""``/health`` tells the truth about each dependency, soon, also when one is silent."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest

from hodlxxi.kit.db import Database
from hodlxxi.kit.kv import Kv, MemoryKv, RedisKv
from hodlxxi.ops.health import Health, NodeAddress, ask_health
from tests.support.bitcoind import Bitcoind
from tests.support.postgres import Postgres
from tests.support.processes import free_port
from tests.support.redis import Redis

ANSWERS_WITHIN_S = 3  # the promise is one; a busy machine may be slow to notice


@pytest.fixture
async def db(postgres: Postgres) -> AsyncIterator[Database]:
    database = Database(postgres.fresh_database())
    yield database
    await database.close()


async def ask(db: Database, kv: Kv, node: NodeAddress | None = None) -> Health:
    async with asyncio.timeout(ANSWERS_WITHIN_S):
        return await ask_health(db, kv, node)


async def test_all_is_well(db: Database, redis: Redis, bitcoind: Bitcoind) -> None:
    user, _, password = bitcoind.cookie.partition(":")
    kv = RedisKv(redis.url)
    health = await ask(db, kv, NodeAddress("127.0.0.1", bitcoind.port, user, password))
    assert health == Health("connected", "connected", "connected")
    assert health.status == "healthy"
    await kv.close()


async def test_what_is_not_configured_is_disabled_and_not_missed(db: Database) -> None:
    health = await ask(db, MemoryKv())
    assert (health.redis, health.bitcoin_rpc, health.status) == ("disabled", "disabled", "healthy")


async def test_redis_away_is_degraded(db: Database) -> None:
    kv = RedisKv(f"redis://127.0.0.1:{free_port()}/0")
    health = await ask(db, kv)
    assert (health.redis, health.status) == ("disconnected", "degraded")
    await kv.close()


async def test_a_silent_redis_is_degraded_and_no_hang(db: Database) -> None:
    own = Redis()
    kv = RedisKv(own.url)
    os.kill(own.process.pid, signal.SIGSTOP)
    try:
        assert (await ask(db, kv)).status == "degraded"
    finally:
        os.kill(own.process.pid, signal.SIGCONT)
        await kv.close()
        own.stop()


async def test_the_database_away_is_unhealthy() -> None:
    away = Database(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
    health = await ask(away, MemoryKv())
    assert (health.database, health.status) == ("disconnected", "unhealthy")
    await away.close()


@pytest.mark.parametrize("kind", ["closed", "wrong-password", "silent"])
async def test_a_node_that_does_not_talk_to_us_is_degraded(
    db: Database, bitcoind: Bitcoind, kind: str
) -> None:
    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(ANSWERS_WITHIN_S)
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = {
        "closed": free_port(),
        "wrong-password": bitcoind.port,
        "silent": silent.sockets[0].getsockname()[1],
    }[kind]
    health = await ask(db, MemoryKv(), NodeAddress("127.0.0.1", port, "user", "wrong"))
    assert (health.bitcoin_rpc, health.status) == ("disconnected", "degraded")
    silent.close()
