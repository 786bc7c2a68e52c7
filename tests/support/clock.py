"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FakeClock:
    """See ``hodlxxi.kit.clock.Clock``."""

    def __init__(self, at: datetime | None = None) -> None:
        self._now = at or datetime(2042, 1, 5, 12, 0, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """The moment that was set."""
        return self._now

    def advance(self, by: timedelta | float) -> None:
        """Move on by a duration or by seconds."""
        self._now += by if isinstance(by, timedelta) else timedelta(seconds=by)
