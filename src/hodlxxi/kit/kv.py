"""A small shared store for what may be lost: caches, counters, wake-up calls. Memory for one process, Redis for many.

Nothing here is the truth; the database is. When Redis is away, ``RedisKv`` forgets (a cache miss sends the caller to the
database), counts and wakes within its own process, says so through ``state`` (``/health`` reports *degraded*), and never
makes a request wait long.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal, Protocol

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

log = structlog.get_logger("kv")

MAX_KEYS = 50_000
REDIS_TIMEOUT_S = 1.0
RETRY_AFTER_S = 2.0

State = Literal["connected", "disconnected", "disabled"]


class Kv(Protocol):
    """Text under keys, with a life in seconds."""

    @property
    def state(self) -> State:
        """``connected`` or ``disconnected`` for Redis, ``disabled`` for memory."""
        ...

    async def get(self, key: str) -> str | None:
        """The value, or None when there is none or its life is over."""
        ...

    async def put(self, key: str, value: str, ttl_s: int) -> None:
        """Keep ``value`` for ``ttl_s`` seconds."""
        ...

    async def put_new(self, key: str, value: str, ttl_s: int) -> bool:
        """Keep ``value`` unless the key has one already; returns whether it was kept."""
        ...

    async def delete(self, *keys: str) -> None:
        """Forget the keys."""
        ...

    async def increment(self, key: str, ttl_s: int) -> tuple[int, int]:
        """Count one more; the first count starts the life. Returns (count, seconds left)."""
        ...

    async def decrement(self, key: str) -> None:
        """Take one count back; where nothing was counted, nothing happens."""
        ...

    async def publish(self, channel: str, text: str) -> None:
        """Wake whoever listens now, in any process; nobody is no error."""
        ...

    def listen(self, channel: str) -> contextlib.AbstractAsyncContextManager[asyncio.Queue[str]]:
        """A queue of what is published while the block runs. Bounded: the oldest is dropped."""
        ...

    async def ping(self) -> State:
        """Ask now (bounded by a second)."""
        ...

    async def close(self) -> None:
        """Give back every connection."""
        ...


class MemoryKv:
    """One process's memory; bounded, the oldest key goes first."""

    state: State = "disabled"

    def __init__(self, max_keys: int = MAX_KEYS) -> None:
        self._max_keys = max_keys
        self._values: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._listeners: dict[str, set[asyncio.Queue[str]]] = {}

    async def get(self, key: str) -> str | None:
        """See ``Kv.get``."""
        found = self._values.get(key)
        if found is None:
            return None
        if found[1] <= time.monotonic():
            del self._values[key]
            return None
        return found[0]

    async def put(self, key: str, value: str, ttl_s: int) -> None:
        """See ``Kv.put``."""
        self._values.pop(key, None)
        self._values[key] = (value, time.monotonic() + ttl_s)
        while len(self._values) > self._max_keys:
            self._values.popitem(last=False)

    async def put_new(self, key: str, value: str, ttl_s: int) -> bool:
        """See ``Kv.put_new``."""
        if await self.get(key) is not None:
            return False
        await self.put(key, value, ttl_s)
        return True

    async def delete(self, *keys: str) -> None:
        """See ``Kv.delete``."""
        for key in keys:
            self._values.pop(key, None)

    async def increment(self, key: str, ttl_s: int) -> tuple[int, int]:
        """See ``Kv.increment``."""
        now = time.monotonic()
        found = self._values.get(key)
        if found is None or found[1] <= now:
            await self.put(key, "1", ttl_s)
            return 1, ttl_s
        count = int(found[0]) + 1
        self._values[key] = (str(count), found[1])
        return count, max(1, round(found[1] - now))

    async def decrement(self, key: str) -> None:
        """See ``Kv.decrement``."""
        found = self._values.get(key)
        if found is not None and found[1] > time.monotonic() and int(found[0]) > 0:
            self._values[key] = (str(int(found[0]) - 1), found[1])

    async def publish(self, channel: str, text: str) -> None:
        """See ``Kv.publish``."""
        for queue in self._listeners.get(channel, ()):
            offer(queue, text)

    @asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[asyncio.Queue[str]]:
        """See ``Kv.listen``."""
        queue: asyncio.Queue[str] = asyncio.Queue(maxsize=16)
        self._listeners.setdefault(channel, set()).add(queue)
        try:
            yield queue
        finally:
            self._listeners[channel].discard(queue)
            if not self._listeners[channel]:
                del self._listeners[channel]

    async def ping(self) -> State:
        """See ``Kv.ping``."""
        return self.state

    async def close(self) -> None:
        """See ``Kv.close``."""
        self._values.clear()


def offer(queue: asyncio.Queue[str], text: str) -> None:
    """Put without waiting; a full queue loses its oldest."""
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(text)


_INCREMENT = """
local n = redis.call('INCR', KEYS[1])
local ttl = redis.call('TTL', KEYS[1])
if ttl < 0 then redis.call('EXPIRE', KEYS[1], ARGV[1]) ttl = tonumber(ARGV[1]) end
return {n, ttl}
"""
_DECREMENT = """
local n = tonumber(redis.call('GET', KEYS[1]) or '0')
if n > 0 then redis.call('DECR', KEYS[1]) end
return 1
"""


class RedisKv:
    """Redis for many processes. One connection listens, for all channels of this process."""

    def __init__(self, url: str, prefix: str = "hodlxxi:") -> None:
        self._prefix = prefix
        # A burst waits for a free connection; a plain pool would raise, and we would take that for an outage.
        pool: BlockingConnectionPool = BlockingConnectionPool.from_url(
            url,
            decode_responses=True,
            socket_timeout=REDIS_TIMEOUT_S,
            socket_connect_timeout=REDIS_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
            max_connections=64,
            timeout=REDIS_TIMEOUT_S,
        )
        self._redis: Redis = Redis.from_pool(pool)
        self._increment = self._redis.register_script(_INCREMENT)
        self._decrement = self._redis.register_script(_DECREMENT)
        self._local = MemoryKv()
        self._down_until = 0.0
        self._known_down = False
        self._listener: asyncio.Task[None] | None = None
        self._is_listening = asyncio.Event()

    @property
    def state(self) -> State:
        """See ``Kv.state``: what the last call showed."""
        return "disconnected" if self._known_down else "connected"

    async def get(self, key: str) -> str | None:
        """See ``Kv.get``; None while Redis is away."""
        found: str | None = await self._try(lambda: self._redis.get(self._prefix + key))
        return found

    async def put(self, key: str, value: str, ttl_s: int) -> None:
        """See ``Kv.put``; forgotten while Redis is away."""
        if ttl_s <= 0:
            await self.delete(key)
            return
        await self._try(lambda: self._redis.set(self._prefix + key, value, ex=ttl_s))

    async def put_new(self, key: str, value: str, ttl_s: int) -> bool:
        """See ``Kv.put_new``; False while Redis is away."""
        return bool(await self._try(lambda: self._redis.set(self._prefix + key, value, ex=ttl_s, nx=True)))

    async def delete(self, *keys: str) -> None:
        """See ``Kv.delete``."""
        if keys:
            await self._try(lambda: self._redis.delete(*(self._prefix + key for key in keys)))

    async def increment(self, key: str, ttl_s: int) -> tuple[int, int]:
        """See ``Kv.increment``; per process while Redis is away."""
        counted = await self._try(lambda: self._increment(keys=[self._prefix + key], args=[ttl_s]))
        if counted is None:
            return await self._local.increment(key, ttl_s)
        return int(counted[0]), int(counted[1])

    async def decrement(self, key: str) -> None:
        """See ``Kv.decrement``; per process while Redis is away."""
        if await self._try(lambda: self._decrement(keys=[self._prefix + key])) is None:
            await self._local.decrement(key)

    async def publish(self, channel: str, text: str) -> None:
        """See ``Kv.publish``; this process's own listeners while Redis is away."""
        if await self._try(lambda: self._redis.publish(self._prefix + "wake:" + channel, text)) is None:
            await self._local.publish(channel, text)

    @asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[asyncio.Queue[str]]:
        """See ``Kv.listen``."""
        async with self._local.listen(channel) as queue:
            if self._listener is None or self._listener.done():
                self._listener = asyncio.create_task(self._forward(), name="kv-listener")
            # What is published from now on must be heard: wait for Redis to confirm, but not for one that is away.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0 if self._known_down else REDIS_TIMEOUT_S):
                    await self._is_listening.wait()
            yield queue

    async def _forward(self) -> None:
        """Hand everything that is published under our prefix to this process's listeners; reconnect when it breaks."""
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.psubscribe(self._prefix + "wake:*")
                    while True:
                        message = await pubsub.get_message(timeout=30.0)
                        if message is None:
                            continue
                        if message["type"] == "pmessage":
                            await self._local.publish(
                                message["channel"].removeprefix(self._prefix + "wake:"), message["data"]
                            )
                        else:
                            self._is_listening.set()
            except (RedisError, OSError) as error:
                self._is_listening.clear()
                self._note_down(error)
                await asyncio.sleep(RETRY_AFTER_S)

    async def ping(self) -> State:
        """See ``Kv.ping``."""
        self._down_until = 0.0
        await self._try(self._redis.ping)
        return self.state

    async def close(self) -> None:
        """See ``Kv.close``."""
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener
        await self._redis.aclose()

    async def _try(self, call: Callable[[], Awaitable[Any]]) -> Any:
        """The answer, or None while Redis is away; after a failure it is left alone for two seconds."""
        if time.monotonic() < self._down_until:
            return None
        try:
            answer = await call()
        except (RedisError, OSError) as error:
            self._note_down(error)
            return None
        self._note_up()
        return answer

    def _note_up(self) -> None:
        if self._known_down:
            self._known_down = False
            log.info("redis_back")

    def _note_down(self, error: BaseException) -> None:
        self._down_until = time.monotonic() + RETRY_AFTER_S
        if not self._known_down:
            self._known_down = True
            log.error(
                "redis_away",
                reason=type(error).__name__,
                consequence="sessions from the database, limits per process",
            )


def make_kv(redis_url: str | None) -> Kv:
    """Redis when a URL is given, else memory."""
    return RedisKv(redis_url) if redis_url else MemoryKv()
