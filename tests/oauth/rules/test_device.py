"""Devices: what counts as a code, how fast a poll may come, and what each state brings."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hodlxxi.oauth.rules import device as rules
from hodlxxi.oauth.rules.claims import ACR_KEY, ACR_KEY_REMOTE, ACR_TWO_KEYS, NOTHING_ASKED
from hodlxxi.oauth.rules.device import (
    ANSWERED,
    DENIED,
    EXPIRED,
    PENDING,
    SLOW_DOWN,
    UNKNOWN,
    Allowed,
    Device,
    Ready,
    Refused,
    Wait,
    judge_answerable,
    judge_approver,
    judge_poll,
    parse_user_code,
    render_user_code,
)
from hodlxxi.oauth.rules.grants import BAD_DEVICE_CODE, Grant
from hodlxxi.oauth.rules.login import Login, NeedsSignIn, SignedIn
from tests.oauth.rules.sample import NOW

APP = "app_1"


def device(**changes: Any) -> Device:
    plain = Device(
        digest="d" * 64,
        client_id=APP,
        scopes=("openid",),
        resources=(),
        acr_values=(),
        ip_address="192.0.2.1",
        user_agent="Telly",
        interval_s=5,
        last_polled_at=None,
        created_at=NOW - timedelta(minutes=1),
        expires_at=NOW + timedelta(minutes=9),
    )
    return replace(plain, **changes)


GRANT = Grant("g", APP, "02" * 33, ("openid",), NOW, ACR_KEY, ("pop",), "s", NOTHING_ASKED, None)
ALLOWED = Allowed(GRANT, True)


def test_a_user_code_has_letters_that_look_like_nothing_else_and_make_no_words() -> None:
    assert len(rules.USER_CODE_ALPHABET) ** rules.USER_CODE_CHARS > 2**34
    assert not set(rules.USER_CODE_ALPHABET) & set("AEIOUY0123456789")


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("BCDF-GHJK", "BCDFGHJK"),
        ("bcdfghjk", "BCDFGHJK"),
        (" bcdf – ghjk ", "BCDFGHJK"),
        ("b.c.d.f_g h j k", "BCDFGHJK"),
        ("B-C-D-F-G-H-J-K", "BCDFGHJK"),
        ("BCDFGHJ", None),
        ("BCDFGHJKL", None),
        ("BCDFGHJA", None),
        ("BCDF/GHJK", None),
        ("ΒCDFGHJK", None),
        ("", None),
        (None, None),
        ("B" * 9000, None),
    ],
)
def test_case_dashes_and_blanks_of_a_code_do_not_matter(typed: str | None, code: str | None) -> None:
    assert parse_user_code(typed) == code


@given(st.text(alphabet=rules.USER_CODE_ALPHABET, min_size=8, max_size=8))
def test_a_code_is_read_as_it_was_shown(code: str) -> None:
    shown = render_user_code(code)
    assert len(shown) == 9
    assert parse_user_code(shown) == parse_user_code(shown.lower()) == code


@pytest.mark.parametrize(
    ("state", "allowed", "fault"),
    [
        pytest.param(None, None, BAD_DEVICE_CODE, id="unknown"),
        pytest.param(device(client_id="app_2"), None, BAD_DEVICE_CODE, id="another client's"),
        pytest.param(
            device(client_id="app_2", is_approved=True), ALLOWED, BAD_DEVICE_CODE, id="theirs, approved"
        ),
        pytest.param(device(is_approved=True, is_used=True), ALLOWED, BAD_DEVICE_CODE, id="used"),
        pytest.param(device(is_denied=True), None, DENIED, id="denied"),
        pytest.param(device(expires_at=NOW), None, EXPIRED, id="expired"),
        pytest.param(device(expires_at=NOW, is_approved=True), ALLOWED, EXPIRED, id="approved and expired"),
        pytest.param(device(is_approved=True), None, BAD_DEVICE_CODE, id="approved without a grant"),
        pytest.param(
            device(is_approved=True), Allowed(GRANT, False), BAD_DEVICE_CODE, id="the account is closed"
        ),
        pytest.param(
            device(is_approved=True),
            Allowed(replace(GRANT, revoked_at=NOW), True),
            BAD_DEVICE_CODE,
            id="taken back",
        ),
    ],
)
def test_a_poll_that_brings_nothing_says_why(
    state: Device | None, allowed: Allowed | None, fault: Any
) -> None:
    assert judge_poll(state, allowed, APP, NOW) == Refused(fault)


def test_what_was_allowed_is_ready_however_fast_the_poll() -> None:
    state = device(is_approved=True, last_polled_at=NOW)
    assert judge_poll(state, ALLOWED, APP, NOW) == Ready(GRANT)


@pytest.mark.parametrize(
    ("since_s", "interval_s", "wait"),
    [
        (None, 5, Wait(PENDING, 5)),
        (5, 5, Wait(PENDING, 5)),
        (4.5, 5, Wait(PENDING, 5)),
        (4.4, 5, Wait(SLOW_DOWN, 10)),
        (0, 5, Wait(SLOW_DOWN, 10)),
        (9, 10, Wait(SLOW_DOWN, 15)),
        (10, 10, Wait(PENDING, 10)),
        (1, 60, Wait(SLOW_DOWN, 60)),
    ],
)
def test_a_poll_that_comes_too_soon_slows_the_next_ones(
    since_s: float | None, interval_s: int, wait: Wait
) -> None:
    last = None if since_s is None else NOW - timedelta(seconds=since_s)
    assert judge_poll(device(last_polled_at=last, interval_s=interval_s), None, APP, NOW) == wait


def test_an_answer_is_given_once_and_in_time() -> None:
    assert judge_answerable(device(), NOW) == device()
    assert judge_answerable(None, NOW) is UNKNOWN
    assert judge_answerable(device(expires_at=NOW), NOW) is UNKNOWN
    for answered in ({"is_approved": True}, {"is_denied": True}, {"is_used": True}):
        assert judge_answerable(device(**answered), NOW) is ANSWERED


@pytest.mark.parametrize(
    ("wishes", "acr", "minutes_old", "reported"),
    [
        ((), ACR_KEY, 60, ACR_KEY),
        ((ACR_KEY,), ACR_KEY, 60, ACR_KEY),
        ((ACR_KEY_REMOTE,), ACR_KEY, 60, ACR_KEY_REMOTE),
        ((ACR_TWO_KEYS,), ACR_KEY, 60, None),
        ((ACR_TWO_KEYS, ACR_KEY), ACR_KEY, 60, ACR_KEY),
        ((ACR_TWO_KEYS,), ACR_KEY, 0, ACR_KEY),
        (("urn:other",), ACR_KEY, 60, ACR_KEY),
    ],
)
def test_a_wished_class_asks_for_one_more_sign_in_and_then_the_truth_is_told(
    wishes: tuple[str, ...], acr: str, minutes_old: int, reported: str | None
) -> None:
    login = Login("02" * 33, "s", NOW - timedelta(minutes=minutes_old), acr, ("pop",))
    verdict = judge_approver(device(acr_values=wishes), login)
    assert verdict == (NeedsSignIn() if reported is None else SignedIn(login, reported))
