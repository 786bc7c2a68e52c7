"""The time, as something that is handed in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from. Only the edges hold one; rules get ``now`` as an argument."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """See ``Clock.now``."""
        return datetime.now(UTC)


def describe_age(then: datetime, now: datetime) -> str:
    """How long ago something was, for people: ``just now``, ``5 minutes ago``, ``on 5 January 2042``."""
    minutes = max(0, int((now - then).total_seconds()) // 60)
    for limit, unit, name in ((60, 1, "minute"), (24 * 60, 60, "hour"), (7 * 24 * 60, 24 * 60, "day")):
        if minutes < limit:
            count = minutes // unit
            return f"{count} {name}{'s' if count != 1 else ''} ago" if count else "just now"
    return f"on {render_day(then)}"


def render_day(moment: datetime) -> str:
    """A day in UTC for people: ``5 January 2042``."""
    utc = moment.astimezone(UTC)
    return f"{utc.day} {utc:%B %Y}"


def render_time(moment: datetime) -> str:
    """RFC 3339 in UTC with ``Z``, to the second: ``2042-01-05T12:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
