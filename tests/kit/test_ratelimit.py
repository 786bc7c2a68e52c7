"""The limiter counts in fixed windows, per bucket and key, and says when to come back."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest

from hodlxxi.kit.errors import TooMany
from hodlxxi.kit.kv import Kv, MemoryKv, RedisKv
from hodlxxi.kit.metrics import Metrics
from hodlxxi.kit.ratelimit import Limit, Limiter, Quota
from tests.support.redis import Redis


@pytest.fixture(params=["memory", "redis"])
async def kv(request: pytest.FixtureRequest) -> AsyncIterator[Kv]:
    """Where it counts."""
    store: Kv = MemoryKv()
    if request.param == "redis":
        redis: Redis = request.getfixturevalue("redis")
        store = RedisKv(redis.url, prefix=f"test-{secrets.token_hex(6)}:")
    yield store
    await store.close()


@pytest.fixture
def limiter(kv: Kv) -> Limiter:
    return Limiter(kv, Metrics())


async def test_the_quota_shrinks_and_then_the_limit_says_when_to_come_back(limiter: Limiter) -> None:
    limit = Limit(3, 60)
    quotas = [await limiter.check("login", "203.0.113.9", limit) for _ in range(3)]
    assert [q.remaining for q in quotas if q] == [2, 1, 0]
    with pytest.raises(TooMany) as refused:
        await limiter.check("login", "203.0.113.9", limit)
    assert refused.value.limit == 3
    assert 1 <= refused.value.retry_after_s <= 60


async def test_buckets_and_keys_are_counted_apart(limiter: Limiter) -> None:
    limit = Limit(1, 60)
    for bucket, key in (("login", "a"), ("login", "b"), ("api", "a")):
        assert await limiter.check(bucket, key, limit) is not None
    with pytest.raises(TooMany):
        await limiter.check("login", "a", limit)


@pytest.mark.parametrize("count", [0, -1])
async def test_a_limit_of_zero_is_off(limiter: Limiter, count: int) -> None:
    assert [await limiter.check("login", "a", Limit(count)) for _ in range(50)] == [None] * 50


async def test_what_was_no_failure_is_given_back(limiter: Limiter) -> None:
    limit = Limit(2, 60)
    for _ in range(5):
        await limiter.check("guess", "somebody", limit)
        await limiter.give_back("guess", "somebody", limit)
    for _ in range(2):
        await limiter.check("guess", "somebody", limit)
    with pytest.raises(TooMany):
        await limiter.check("guess", "somebody", limit)
    await limiter.give_back("guess", "somebody", Limit(0))


async def test_the_window_ends(limiter: Limiter) -> None:
    limit = Limit(1, 1)
    await limiter.check("login", "a", limit)
    with pytest.raises(TooMany) as refused:
        await limiter.check("login", "a", limit)
    async with asyncio.timeout(10):
        while True:
            await asyncio.sleep(refused.value.retry_after_s / 4)
            try:
                quota = await limiter.check("login", "a", limit)
                break
            except TooMany:
                continue
    assert quota is not None
    assert quota.remaining == 0


async def test_of_two_hundred_at_once_exactly_the_allowed_ones_pass(kv: Kv) -> None:
    metrics = Metrics()
    limiter = Limiter(kv, metrics)
    asked = (limiter.check("login", "a", Limit(30, 60)) for _ in range(200))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, Quota) for answer in answers) == 30
    assert sum(isinstance(answer, TooMany) for answer in answers) == 170
    assert b'hodlxxi_rate_limit_hits_total{bucket="login"} 170.0' in await metrics.render()


async def test_two_processes_share_the_count_through_redis(redis: Redis) -> None:
    prefix = f"test-{secrets.token_hex(6)}:"
    stores = [RedisKv(redis.url, prefix) for _ in range(2)]
    for store in stores:
        await Limiter(store, Metrics()).check("login", "a", Limit(2, 60))
    with pytest.raises(TooMany):
        await Limiter(stores[0], Metrics()).check("login", "a", Limit(2, 60))
    for store in stores:
        await store.close()


def test_a_quota_is_written_as_three_headers() -> None:
    assert Quota(300, 12, 60).headers() == {
        "RateLimit-Limit": "300",
        "RateLimit-Remaining": "12",
        "RateLimit-Reset": "60",
    }
