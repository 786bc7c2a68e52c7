"""Redis goes away and comes back: nobody waits, nothing breaks, and no restart is needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from hodlxxi.kit import kv as kit_kv
from hodlxxi.kit.kv import RedisKv
from tests.support.redis import Redis


@pytest.fixture
async def kv(own_redis: Redis, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RedisKv]:
    """A store on a Redis that the test may stop; it is asked again soon after a failure."""
    monkeypatch.setattr(kit_kv, "RETRY_AFTER_S", 0.05)
    store = RedisKv(own_redis.url)
    yield store
    await store.close()


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():  # noqa: ASYNC110 - no event tells of it: another process changes
            await asyncio.sleep(0.05)


async def _is_back(kv: RedisKv) -> bool:
    return await kv.ping() == "connected"


async def test_without_redis_nothing_is_remembered_and_nothing_raises(kv: RedisKv, own_redis: Redis) -> None:
    await kv.put("a", "1", 60)
    own_redis.stop()
    assert await kv.get("a") is None
    assert kv.state == "disconnected"
    await kv.put("a", "2", 60)
    await kv.delete("a")
    assert await kv.put_new("a", "3", 60) is False
    assert await kv.ping() == "disconnected"


async def test_without_redis_each_process_counts_for_itself(kv: RedisKv, own_redis: Redis) -> None:
    other = RedisKv(own_redis.url)
    own_redis.stop()
    assert [(await kv.increment("n", 60))[0] for _ in range(3)] == [1, 2, 3]
    assert (await other.increment("n", 60))[0] == 1
    await other.close()


async def test_when_redis_is_back_it_is_used_again(kv: RedisKv, own_redis: Redis) -> None:
    own_redis.stop()
    assert await kv.ping() == "disconnected"
    own_redis.start()
    await _until(lambda: _is_back(kv))
    await kv.put("a", "1", 60)
    assert await kv.get("a") == "1"
    assert (await kv.increment("n", 60))[0] == 1


async def test_after_a_failure_redis_is_left_alone_for_a_while(
    kv: RedisKv, own_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit_kv, "RETRY_AFTER_S", 3600)
    own_redis.stop()
    assert await kv.get("a") is None
    own_redis.start()
    await kv.put("a", "1", 60)
    assert await kv.get("a") is None
    # Only an explicit question is asked at once.
    await _until(lambda: _is_back(kv))
    await kv.put("a", "1", 60)
    assert await kv.get("a") == "1"


async def test_listeners_of_one_process_wake_one_another_without_redis(kv: RedisKv, own_redis: Redis) -> None:
    async with kv.listen("a") as queue:
        own_redis.stop()
        await kv.publish("a", "x")
        async with asyncio.timeout(10):
            assert await queue.get() == "x"


async def test_a_listener_hears_other_processes_again_after_an_outage(kv: RedisKv, own_redis: Redis) -> None:
    other = RedisKv(own_redis.url)
    async with kv.listen("a") as queue:
        await other.publish("a", "before")
        async with asyncio.timeout(10):
            assert await queue.get() == "before"
        own_redis.stop()
        own_redis.start()
        await _until(lambda: _is_back(other))

        async def is_heard() -> bool:
            await other.publish("a", "after")
            return not queue.empty()

        await _until(is_heard)
        assert queue.get_nowait() == "after"
    await other.close()


async def test_a_listener_to_whom_nobody_speaks_is_no_outage(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit_kv, "REDIS_TIMEOUT_S", 0.1)
    kv = RedisKv(redis.url)
    async with kv.listen("a") as queue:
        await asyncio.sleep(0.5)
        assert kv.state == "connected"
        await kv.publish("a", "x")
        async with asyncio.timeout(10):
            assert await queue.get() == "x"
    await kv.close()


async def test_a_redis_that_accepts_and_says_nothing_counts_as_away() -> None:
    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(keep_silent, "127.0.0.1", 0)
    kv = RedisKv(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0")
    async with asyncio.timeout(10):
        assert await kv.get("a") is None
        assert kv.state == "disconnected"
        assert (await kv.increment("n", 60))[0] == 1
        async with kv.listen("a") as queue:
            await kv.publish("a", "x")
            assert await queue.get() == "x"
    await kv.close()
    server.close()


async def test_nonsense_from_redis_counts_as_away() -> None:
    async def babble(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    kv = RedisKv(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0")
    async with asyncio.timeout(10):
        assert await kv.get("a") is None
        assert kv.state == "disconnected"
    await kv.close()
    server.close()
