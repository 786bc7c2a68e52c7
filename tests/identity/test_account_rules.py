"""Names, recovery codes, freshness and devices: pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hodlxxi.identity.account_rules import (
    CODE_ALPHABET,
    describe_device,
    is_fresh,
    parse_name,
    parse_recovery_code,
    render_recovery_code,
)
from hodlxxi.kit.errors import BadInput

NOW = datetime(2042, 1, 5, tzinfo=UTC)
DIGITS = "0123456789ABCDEFGHJK"


@pytest.mark.parametrize(("minutes", "fresh"), [(0, True), (10, True), (10.02, False), (60 * 24, False)])
def test_a_proof_is_fresh_for_ten_minutes(minutes: float, fresh: bool) -> None:
    assert is_fresh(NOW - timedelta(minutes=minutes), NOW) is fresh


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Alice", "Alice"),
        ("  Alice  ", "Alice"),
        ("Zoë 🦊 Ω", "Zoë 🦊 Ω"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("x" * 60, "x" * 60),
        ("", None),
        ("   ", None),
        (None, None),
    ],
)
def test_a_name_is_what_people_write(text: str | None, name: str | None) -> None:
    assert parse_name(text, "display_name") == name


@pytest.mark.parametrize(
    "text",
    ["x" * 61, "a\nb", "a\tb", "a\x7fb", "a\u202eb", "a\u200bb", "a\u2066b", "\ufeffa", "a\u2028b", "\ue000"],
)
def test_a_name_that_could_look_like_another_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="label"):
        parse_name(text, "label")


@pytest.mark.parametrize(
    "typed",
    [
        "01234-56789-ABCDE-FGHJK",
        "01234-56789-abcde-fghjk",
        "0123456789ABCDEFGHJK",
        " O1234 56789\tabcde\nfghjk ",
        "oi234-56789-abcde-fghjk",
        "ol234-56789-abcde-fghjk",
    ],
)
def test_a_code_is_read_as_people_type_it(typed: str) -> None:
    assert parse_recovery_code(typed) == DIGITS


@pytest.mark.parametrize(
    "typed", ["", "x", DIGITS[:-1], DIGITS + "0", "U" + DIGITS[1:], "É" + DIGITS[1:], "٣" * 20]
)
def test_what_is_no_code_is_none(typed: str) -> None:
    assert parse_recovery_code(typed) is None


@given(st.text(CODE_ALPHABET, min_size=20, max_size=20))
def test_a_code_that_was_shown_is_read_again(digits: str) -> None:
    shown = render_recovery_code(digits)
    assert [len(group) for group in shown.split("-")] == [5, 5, 5, 5]
    assert parse_recovery_code(shown) == parse_recovery_code(shown.lower()) == digits


_ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko)"
_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (f"{_ANDROID} Chrome/124.0 Mobile Safari/537.36", "Chrome on Android"),
        (f"{_ANDROID} SamsungBrowser/24.0 Chrome/117.0 Mobile Safari/537.36", "Samsung Internet on Android"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:125.0) Gecko/125.0 Firefox/125.0", "Firefox on Android"),
        (f"{_WINDOWS} Chrome/124.0 Safari/537.36 Edg/124.0", "Edge on Windows"),
        (f"{_WINDOWS} Chrome/124.0 Safari/537.36 OPR/110.0", "Opera on Windows"),
        (f"{_IPHONE} Version/17.4 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        (f"{_IPHONE} CriOS/124.0 Mobile/15E148 Safari/604.1", "Chrome on iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_4) Version/17.4 Safari/605.1.15", "Safari on macOS"),
        ("Mozilla/5.0 (X11; CrOS x86_64) Chrome/124.0 Safari/537.36", "Chrome on ChromeOS"),
        ("curl/8.5.0", "curl"),
        ("python-httpx/0.28.1", "python-httpx"),
        ("MyWallet (Linux)", "A program on Linux"),
        ("", "Unknown device"),
        (None, "Unknown device"),
        ("<script>alert(1)</script>", "Unknown device"),
        ("\u202ereversed/1.0", "Unknown device"),
    ],
)
def test_a_device_is_said_in_words(user_agent: str | None, words: str) -> None:
    assert describe_device(user_agent) == words
