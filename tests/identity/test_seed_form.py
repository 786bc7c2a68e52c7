"""The seed's own text, ``Login to <SERVICE_NAME> at <time>``: the whole string, our name, and within five minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hodlxxi.bitcoin.address import Network
from hodlxxi.bitcoin.message import Proved
from hodlxxi.identity.rules import Attempt, Refused, judge_seed_form, parse_signer
from hodlxxi.kit.clock import render_time
from hodlxxi.kit.errors import BadInput
from tests.support.signer import TestKey

NOW = datetime(2042, 1, 5, 12, 0, 0, tzinfo=UTC)
ALICE = TestKey(1)


def _judge(message: str, *, signed: str | None = None, service: str = "HODLXXI") -> Proved | Refused:
    signer = parse_signer(ALICE.pubkey_hex, None, Network.MAIN)
    signature = ALICE.sign_der(signed if signed is not None else message)
    return judge_seed_form(message, Attempt(signer, message, signature, None, None), service, NOW)


@pytest.mark.parametrize("minutes", [-5, -4.99, 0, 4.99, 5])
def test_a_time_within_five_minutes_is_taken(minutes: float) -> None:
    written = render_time(NOW + timedelta(minutes=minutes))
    assert isinstance(_judge(f"Login to HODLXXI at {written}"), Proved)


@pytest.mark.parametrize("minutes", [-1440, -6, -5.02, 5.02, 6, 1440])
def test_a_time_further_away_is_refused(minutes: float) -> None:
    """wallet 3: the seed's form only within five minutes."""
    written = render_time(NOW + timedelta(minutes=minutes))
    assert isinstance(_judge(f"Login to HODLXXI at {written}"), Refused)


@pytest.mark.parametrize("fraction", [".0", ".123", ".123456789"])
def test_a_fraction_of_a_second_is_taken(fraction: str) -> None:
    assert isinstance(_judge(f"Login to HODLXXI at 2042-01-05T12:00:00{fraction}Z"), Proved)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("Login to HODLXX at 2042-01-05T12:00:00Z", id="another-service"),
        pytest.param("Login to hodlxxi at 2042-01-05T12:00:00Z", id="another-case"),
        pytest.param("Login to HODLXXI  at 2042-01-05T12:00:00Z", id="a-longer-name"),
        pytest.param(
            "Login to EVIL at 2042-01-05T12:00:00Z Login to HODLXXI at 2042-01-05T12:00:00Z", id="two"
        ),
    ],
)
def test_a_text_for_another_service_is_refused(message: str) -> None:
    assert isinstance(_judge(message), Refused)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("", id="empty"),
        pytest.param("Login to HODLXXI", id="no-time"),
        pytest.param("login to HODLXXI at 2042-01-05T12:00:00Z", id="lower-case"),
        pytest.param("Login to HODLXXI at 2042-01-05T12:00:00", id="no-zone"),
        pytest.param("Login to HODLXXI at 2042-01-05T12:00:00+00:00", id="an-offset"),
        pytest.param("Login to HODLXXI at 2042-01-05T14:00:00+02:00", id="another-zone"),
        pytest.param("Login to HODLXXI at 2042-01-05 12:00:00Z", id="a-space"),
        pytest.param("Login to HODLXXI at 2042-01-05T12:00Z", id="no-seconds"),
        pytest.param("Login to HODLXXI at 2042-01-05T12:00:00Z\n", id="a-newline-at-the-end"),
        pytest.param(" Login to HODLXXI at 2042-01-05T12:00:00Z", id="a-space-before"),
        pytest.param("Login to HODLXXI at 2042-01-05T12:00:00.Z", id="an-empty-fraction"),
        pytest.param("Login to HODLXXI at 2042-01-05T12:00:00.1234567890Z", id="too-fine"),
        pytest.param("Login to HODLXXI at 2042-02-30T12:00:00Z", id="no-such-day"),
        pytest.param("Login to HODLXXI at 2042-01-05T12:00:60Z", id="a-leap-second"),
        pytest.param("Login to HODLXXI at 2042-01-05T24:00:00Z", id="hour-24"),
        pytest.param("Login to HODLXXI at 0000-01-05T12:00:00Z", id="year-zero"),
        pytest.param("Login to HODLXXI at ٢٠٤٢-01-05T12:00:00Z", id="other-digits"),
        pytest.param("Login to HODL\nXXI at 2042-01-05T12:00:00Z", id="a-newline-within"),
        pytest.param("Login to " + "X" * 61 + " at 2042-01-05T12:00:00Z", id="a-name-too-long"),
        pytest.param("Pay 1 BTC. Login to HODLXXI at 2042-01-05T12:00:00Z", id="something-before"),
    ],
)
def test_any_other_text_is_not_this_form(message: str) -> None:
    with pytest.raises(BadInput) as refused:
        _judge(message)
    assert refused.value.field == "message"


def test_the_signature_must_be_over_exactly_this_text() -> None:
    message = "Login to HODLXXI at 2042-01-05T12:00:00Z"
    assert isinstance(_judge(message, signed="Login to HODLXXI at 2042-01-05T12:00:01Z"), Refused)
    assert isinstance(_judge(message, signed=message + "\n"), Refused)


def test_the_year_9999_does_not_overflow() -> None:
    assert isinstance(_judge("Login to HODLXXI at 9999-12-31T23:59:59Z"), Refused)
    assert isinstance(_judge("Login to HODLXXI at 0001-01-01T00:00:00Z"), Refused)
