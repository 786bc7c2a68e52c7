"""Moments in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from hodlxxi.kit.clock import describe_age, render_day, render_time

NOW = datetime(2042, 1, 5, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=-30), "just now"),
        (timedelta(0), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=6, hours=23), "6 days ago"),
        (timedelta(days=7), "on 29 December 2041"),
    ],
)
def test_an_age_is_said_in_words(age: timedelta, words: str) -> None:
    assert describe_age(NOW - age, NOW) == words


def test_a_day_and_a_time_are_utc_whatever_zone_they_came_in() -> None:
    elsewhere = datetime(2042, 1, 5, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert render_day(elsewhere) == "4 January 2042"
    assert render_time(elsewhere) == "2042-01-04T23:30:00Z"
