"""One suite for both key-value stores: what memory promises, Redis keeps."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest

from hodlxxi.kit.kv import Kv, MemoryKv, RedisKv, make_kv, offer
from tests.support.redis import Redis

CALLS = range(20)


@pytest.fixture(params=["memory", "redis"])
async def kv(request: pytest.FixtureRequest) -> AsyncIterator[Kv]:
    """Each of the two, empty."""
    store: Kv = MemoryKv()
    if request.param == "redis":
        store = RedisKv(request.getfixturevalue("redis").url, prefix=f"test-{secrets.token_hex(6)}:")
    yield store
    await store.close()


async def _until_gone(kv: Kv, key: str) -> None:
    async with asyncio.timeout(10):
        while await kv.get(key) is not None:  # noqa: ASYNC110 - nothing tells of the end of a life
            await asyncio.sleep(0.02)


async def test_what_was_put_is_found_until_it_is_deleted(kv: Kv) -> None:
    assert await kv.get("a") is None
    await kv.put("a", "1", 60)
    await kv.put("a", "zwei \U0001f600", 60)
    await kv.put("b", "", 60)
    assert (await kv.get("a"), await kv.get("b")) == ("zwei \U0001f600", "")
    await kv.delete("a", "b", "never-there")
    assert (await kv.get("a"), await kv.get("b")) == (None, None)


async def test_deleting_nothing_is_no_error(kv: Kv) -> None:
    state = await kv.ping()
    await kv.delete()
    assert kv.state == state


async def test_a_life_ends(kv: Kv) -> None:
    await kv.put("a", "1", 1)
    assert await kv.get("a") == "1"
    await _until_gone(kv, "a")
    assert await kv.put_new("a", "2", 60)


@pytest.mark.parametrize("ttl_s", [0, -1])
async def test_a_life_that_is_over_already_keeps_nothing(kv: Kv, ttl_s: int) -> None:
    state = await kv.ping()
    await kv.put("a", "1", 60)
    await kv.put("a", "2", ttl_s)
    assert await kv.get("a") is None
    assert kv.state == state


async def test_a_put_renews_the_life(kv: Kv) -> None:
    await kv.put("a", "1", 1)
    await kv.put("b", "1", 1)
    await kv.put("a", "2", 60)
    await _until_gone(kv, "b")
    assert await kv.get("a") == "2"


async def test_put_new_keeps_what_is_there(kv: Kv) -> None:
    assert await kv.put_new("a", "1", 60)
    assert not await kv.put_new("a", "2", 60)
    assert await kv.get("a") == "1"


async def test_of_many_who_put_new_one_wins(kv: Kv) -> None:
    won = await asyncio.gather(*(kv.put_new("a", str(n), 60) for n in CALLS))
    assert won.count(True) == 1
    assert await kv.get("a") == str(won.index(True))


async def test_a_counter_counts_everybody_and_its_life_starts_with_the_first(kv: Kv) -> None:
    counted = await asyncio.gather(*(kv.increment("n", 60) for _ in CALLS))
    assert sorted(count for count, _ in counted) == [n + 1 for n in CALLS]
    assert all(55 <= left <= 60 for _, left in counted)
    # A longer window later does not stretch the one that runs.
    assert (await kv.increment("n", 6000))[1] <= 60


async def test_a_counter_starts_again_when_its_life_is_over(kv: Kv) -> None:
    assert await kv.increment("n", 1) == (1, 1)
    await _until_gone(kv, "n")
    assert await kv.increment("n", 60) == (1, 60)


async def test_a_count_can_be_taken_back_and_never_falls_below_nothing(kv: Kv) -> None:
    await kv.decrement("n")
    assert await kv.increment("n", 60) == (1, 60)
    await asyncio.gather(*(kv.increment("n", 60) for _ in CALLS))
    await asyncio.gather(*(kv.decrement("n") for _ in CALLS))
    count, left = await kv.increment("n", 6000)
    assert count == 2
    assert left <= 60, "its life goes on"
    for _ in range(3):
        await kv.decrement("n")
    assert (await kv.increment("n", 60))[0] == 1


async def test_a_listener_hears_its_channel_from_the_first_moment_and_in_order(kv: Kv) -> None:
    async with kv.listen("a") as queue, kv.listen("b") as other:
        for n in range(5):
            await kv.publish("a", str(n))
        async with asyncio.timeout(10):
            assert [await queue.get() for _ in range(5)] == ["0", "1", "2", "3", "4"]
        assert other.empty()


async def test_every_listener_of_a_channel_hears(kv: Kv) -> None:
    async with kv.listen("a") as first, kv.listen("a") as second:
        await kv.publish("a", "x")
        async with asyncio.timeout(10):
            assert (await first.get(), await second.get()) == ("x", "x")


async def test_publishing_to_nobody_is_no_error_and_nothing_is_kept(kv: Kv) -> None:
    await kv.publish("a", "too early")
    async with kv.listen("a") as queue:
        await kv.publish("a", "in time")
        async with asyncio.timeout(10):
            assert await queue.get() == "in time"
    async with kv.listen("a") as queue:
        assert queue.empty()


async def test_a_listener_that_does_not_listen_loses_the_oldest(kv: Kv) -> None:
    async with kv.listen("slow") as slow, kv.listen("fast") as fast:
        for n in range(100):
            await kv.publish("slow", str(n))
        await kv.publish("fast", "done")
        async with asyncio.timeout(10):
            await fast.get()
        assert slow.full()
        assert [slow.get_nowait() for _ in range(slow.qsize())][-1] == "99"


async def test_a_burst_of_hundreds_is_answered_and_is_no_outage(kv: Kv) -> None:
    state = await kv.ping()
    counted = await asyncio.gather(*(kv.increment("burst", 60) for _ in range(500)))
    assert sorted(count for count, _ in counted) == list(range(1, 501))
    assert kv.state == state


async def test_memory_is_bounded_and_forgets_the_oldest_first() -> None:
    kv = MemoryKv(max_keys=3)
    for name in "abcd":
        await kv.put(name, name, 60)
    assert [await kv.get(name) for name in "abcd"] == [None, "b", "c", "d"]


async def test_memory_says_that_it_is_no_redis(redis: Redis) -> None:
    assert await MemoryKv().ping() == make_kv(None).state == "disabled"
    kv = make_kv(redis.url)
    assert (type(kv), await kv.ping()) == (RedisKv, "connected")
    await kv.close()


async def test_two_prefixes_do_not_meet(redis: Redis) -> None:
    here, there = RedisKv(redis.url, "here:"), RedisKv(redis.url, "there:")
    await here.put("a", "1", 60)
    assert await there.get("a") is None
    await here.delete("a")
    await here.close()
    await there.close()


async def test_what_one_process_publishes_another_hears_and_what_it_counts_counts(redis: Redis) -> None:
    prefix = f"test-{secrets.token_hex(6)}:"
    here, there = RedisKv(redis.url, prefix), RedisKv(redis.url, prefix)
    async with here.listen("a") as near, there.listen("a") as far:
        await here.publish("a", "x")
        async with asyncio.timeout(10):
            assert (await near.get(), await far.get()) == ("x", "x")
    assert (await here.increment("n", 60), (await there.increment("n", 60))[0]) == ((1, 60), 2)
    await here.put("k", "v", 60)
    assert await there.get("k") == "v"
    assert not await there.put_new("k", "w", 60)
    await here.close()
    await there.close()


async def test_a_full_queue_drops_its_oldest() -> None:
    queue: asyncio.Queue[str] = asyncio.Queue(maxsize=2)
    for text in "abc":
        offer(queue, text)
    assert [queue.get_nowait(), queue.get_nowait()] == ["b", "c"]
