"""Counters, histograms and gauges in Prometheus's text form, summed over the workers of this host.

Counters and histograms live in memory-mapped files (prometheus_client's multiprocess mode) when ``hodlxxi serve`` started
several workers; it names their folder in ``PROMETHEUS_MULTIPROC_DIR``, which the library reads by itself. What the database
knows (live tokens, open challenges) is asked at scrape time: a room registers an async gauge on its ``Metrics``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

_T = TypeVar("_T")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

Gauged = Callable[[], Awaitable[float]]
GaugedByLabel = Callable[[], Awaitable[Mapping[str, float]]]


class Metrics:
    """One per process, handed to every room."""

    def __init__(self, *, multiprocess: bool = False) -> None:
        self._multiprocess = multiprocess
        self.registry = CollectorRegistry()
        registry = self.registry
        self._counters = {
            "rate_limit_hits": Counter(
                "hodlxxi_rate_limit_hits", "Requests refused by a rate limit", ["bucket"], registry=registry
            ),
            "logins": Counter(
                "hodlxxi_logins", "Sign-ins by method and outcome", ["method", "outcome"], registry=registry
            ),
            "tokens_issued": Counter(
                "hodlxxi_oauth_tokens_issued", "Token responses by grant", ["grant"], registry=registry
            ),
            "logout_notices": Counter(
                "hodlxxi_logout_notices", "Logouts told to apps, by outcome", ["outcome"], registry=registry
            ),
            "chat_messages": Counter("hodlxxi_chat_messages", "Chat messages stored", registry=registry),
            "swept_rows": Counter("hodlxxi_swept_rows", "Expired rows removed", ["table"], registry=registry),
        }
        self._requests = Histogram(
            "hodlxxi_http_request_seconds",
            "HTTP requests by route and status class",
            ["method", "route", "status"],
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self._sockets = Gauge(
            "hodlxxi_active_websockets", "Open sockets", multiprocess_mode="livesum", registry=registry
        )
        self._pool = Gauge(
            "hodlxxi_db_pool_in_use",
            "Database connections in use",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._children: dict[tuple[str, str, str], Histogram] = {}
        self._gauges: dict[str, tuple[str, Gauged]] = {}
        self._families: dict[str, tuple[str, str, GaugedByLabel]] = {}
        self._sockets.set(0)
        self._pool.set(0)
        self._counters["chat_messages"].inc(0)

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        counter = self._counters[name]
        (counter.labels(**labels) if labels else counter).inc(amount)

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """One finished request. ``route`` is the pattern, never the path: paths are unbounded, and so are made-up methods."""
        key = (method if method in _METHODS else "other", route, f"{status // 100}xx")
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = self._requests.labels(*key)
        child.observe(seconds)

    def set_pool_in_use(self, connections: int) -> None:
        """How many database connections this worker has checked out."""
        self._pool.set(connections)

    def gauge(self, name: str, text: str, ask: Gauged) -> None:
        """A number that is asked for at each scrape; asked of one worker, so it must be the same for all."""
        self._gauges[name] = (text, ask)

    def gauge_by(self, name: str, text: str, label: str, ask: GaugedByLabel) -> None:
        """Like ``gauge``, for several numbers that one label tells apart."""
        self._families[name] = (text, label, ask)

    async def render(self) -> bytes:
        """The exposition text. A gauge that cannot be asked within a second is left out of this scrape."""
        asked = await asyncio.gather(*(_ask(ask) for _, ask in self._gauges.values()))
        lines = []
        for (name, (text, _)), value in zip(self._gauges.items(), asked, strict=True):
            if value is not None:
                lines.append(f"# HELP {name} {text}\n# TYPE {name} gauge\n{name} {value:g}\n")
        families = await asyncio.gather(*(_ask(ask) for _, _, ask in self._families.values()))
        for (name, (text, label, _)), values in zip(self._families.items(), families, strict=True):
            if values is not None:
                lines.append(f"# HELP {name} {text}\n# TYPE {name} gauge\n")
                lines += [f'{name}{{{label}="{key}"}} {value:g}\n' for key, value in sorted(values.items())]
        registry = self.registry
        if self._multiprocess:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry) + "".join(lines).encode()


async def _ask(ask: Callable[[], Awaitable[_T]]) -> _T | None:
    try:
        async with asyncio.timeout(1):
            return await ask()
    except Exception:  # the edge: a scrape must answer whatever is broken
        return None
