"""Refusals carry what people and machines need, know no status, and get one at the edge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from hodlxxi.kit import errors
from hodlxxi.kit.answers import (
    TooLarge,
    WrongMediaType,
    envelope,
    json_answer,
    refusal_headers,
    status_of,
)
from hodlxxi.kit.clock import SystemClock, render_time


class _At:
    """A clock that stands still."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment


NOON = _At(datetime(2042, 1, 5, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        pytest.param(errors.BadInput("x"), 400, "invalid_request", id="bad-input"),
        pytest.param(errors.NotAuthenticated("x"), 401, "not_authenticated", id="nobody"),
        pytest.param(errors.Forbidden("x"), 403, "forbidden", id="forbidden"),
        pytest.param(errors.NotFound("x"), 404, "not_found", id="not-found"),
        pytest.param(errors.Conflict("x"), 409, "conflict", id="conflict"),
        pytest.param(TooLarge("x"), 413, "too_large", id="too-large"),
        pytest.param(WrongMediaType("x"), 415, "unsupported_media_type", id="media-type"),
        pytest.param(errors.TooMany("x", retry_after_s=7), 429, "rate_limited", id="too-many"),
        pytest.param(errors.Unavailable("x"), 503, "temporarily_unavailable", id="unavailable"),
        pytest.param(errors.Refusal("x"), 400, "refused", id="a-bare-refusal"),
    ],
)
def test_every_refusal_has_its_status_and_its_word(refusal: errors.Refusal, status: int, code: str) -> None:
    assert status_of(refusal) == status
    assert refusal.code == code
    assert refusal.text == str(refusal) == "x"


def test_a_subclass_of_a_refusal_inherits_its_status() -> None:
    class StaleForm(errors.Forbidden):
        """A room's own word."""

    assert status_of(StaleForm("x")) == 403


def test_a_refusal_may_say_its_own_word_without_changing_its_kind() -> None:
    refusal = errors.Unavailable("x", code="database_unavailable", retry_after_s=9)
    assert (refusal.code, errors.Unavailable.code) == ("database_unavailable", "temporarily_unavailable")
    assert status_of(refusal) == 503
    assert refusal_headers(refusal) == {"Retry-After": "9"}


def test_the_limiter_says_when_to_come_back() -> None:
    headers = refusal_headers(errors.TooMany("x", retry_after_s=61, limit=300))
    assert headers == {
        "Retry-After": "61",
        "RateLimit-Limit": "300",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": "61",
    }
    assert refusal_headers(errors.Forbidden("x")) == {}


def test_the_envelope_has_the_contracts_four_members_and_the_field_when_there_is_one() -> None:
    assert envelope(NOON, "req-12345", "invalid_request", "Say it again.") == {
        "error": "invalid_request",
        "error_description": "Say it again.",
        "timestamp": "2042-01-05T12:00:00Z",
        "request_id": "req-12345",
    }
    assert envelope(NOON, "req-12345", "invalid_request", "…", "pubkey")["field"] == "pubkey"


def test_json_is_not_stored_unless_a_header_says_otherwise() -> None:
    answer = json_answer({"a": [1, None, "ä"]})
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    assert msgspec.json.decode(answer.body) == {"a": [1, None, "ä"]}
    public = json_answer({}, 201, {"Cache-Control": "public, max-age=60"})
    assert (public.status_code, public.headers["cache-control"]) == (201, "public, max-age=60")


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2042, 1, 5, 12, tzinfo=UTC), "2042-01-05T12:00:00Z"),
        (datetime(2042, 1, 5, 12, 0, 0, 999_999, UTC), "2042-01-05T12:00:00Z"),
        (datetime(2042, 1, 5, 12, tzinfo=timezone(timedelta(hours=2))), "2042-01-05T10:00:00Z"),
    ],
)
def test_a_moment_is_written_in_utc_to_the_second(moment: datetime, written: str) -> None:
    assert render_time(moment) == written


def test_the_system_clock_is_aware_and_in_utc() -> None:
    first, second = SystemClock().now(), SystemClock().now()
    assert first.utcoffset() == timedelta(0)
    assert first <= second
