"""How often somebody may do something: fixed windows, counted in ``Kv`` (shared through Redis, else per process)."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from hodlxxi.kit.errors import TooMany
from hodlxxi.kit.kv import Kv
from hodlxxi.kit.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``count`` in ``window_s`` seconds. ``count`` 0 switches the limit off."""

    count: int
    window_s: int = 3600


@dataclass(frozen=True, slots=True)
class Quota:
    """Where a caller stands after this call, for the ``RateLimit-*`` headers."""

    limit: int
    remaining: int
    reset_s: int

    def headers(self) -> dict[str, str]:
        """The three header fields (draft-ietf-httpapi-ratelimit-headers-06)."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_s),
        }


# The tightest quota that this request was counted against; the edge puts it on the answer.
quota_of_request: ContextVar[Quota | None] = ContextVar("quota_of_request", default=None)


class Limiter:
    """Counts per bucket (what is done) and key (who does it)."""

    def __init__(self, kv: Kv, metrics: Metrics) -> None:
        self._kv = kv
        self._metrics = metrics

    async def check(self, bucket: str, key: str, limit: Limit) -> Quota | None:
        """Count this call. Raises ``TooMany`` when the window's count is used up; None when the limit is off."""
        if limit.count <= 0:
            return None
        count, left_s = await self._kv.increment(f"rate:{bucket}:{key}", limit.window_s)
        if count > limit.count:
            self._metrics.count("rate_limit_hits", bucket=bucket)
            raise TooMany(
                f"Too many requests. Please try again in {left_s} seconds.",
                retry_after_s=max(left_s, 1),
                limit=limit.count,
            )
        quota = Quota(limit.count, limit.count - count, left_s)
        tightest = quota_of_request.get()
        if tightest is None or quota.remaining < tightest.remaining:
            quota_of_request.set(quota)
        return quota

    async def give_back(self, bucket: str, key: str, limit: Limit) -> None:
        """Take back the count of a ``check``, where only failures are to count: counted first, no crowd slips through."""
        if limit.count > 0:
            await self._kv.decrement(f"rate:{bucket}:{key}")
