"""The table of reference oauth §6.6, as judgements."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hodlxxi.oauth.rules.errors import Fault
from hodlxxi.oauth.rules.logout import (
    BAD_HINT,
    LONG_STATE,
    NOT_REGISTERED,
    RETRY_AFTER,
    Confirm,
    Hint,
    LogOut,
    LogoutRequest,
    judge_logout,
    next_try,
    read_hint_claims,
)
from tests.oauth.rules.sample import client

BYE = "https://app.example/bye"
NOW = datetime(2042, 1, 5, tzinfo=UTC)
APP = client()
APP = replace(APP, metadata=replace(APP.metadata, post_logout_redirect_uris=(BYE,)))
OURS, FOREIGN = Hint("sid-1"), Hint("sid-2")
BY_HINT = LogoutRequest(id_token_hint="x")
WITH_URI = LogoutRequest(id_token_hint="x", uri=BYE, state="s")
BAD_URI = LogoutRequest(id_token_hint="x", uri=BYE + "/", state="s")
LEADS = f"{BYE}?state=s"


@pytest.mark.parametrize(
    ("request_", "hint", "known", "signed_in", "verdict"),
    [
        pytest.param(BY_HINT, OURS, True, True, LogOut(None), id="valid-hint"),
        pytest.param(WITH_URI, OURS, True, True, LogOut(LEADS), id="valid-hint-and-uri"),
        pytest.param(WITH_URI, OURS, True, False, LogOut(LEADS), id="no-session-left"),
        pytest.param(WITH_URI, FOREIGN, True, True, Confirm(LEADS), id="other-session"),
        pytest.param(WITH_URI, Hint(None), True, True, Confirm(LEADS), id="hint-without-sid"),
        pytest.param(BAD_URI, OURS, True, True, Confirm(None, NOT_REGISTERED), id="bad-uri"),
        pytest.param(BAD_URI, OURS, True, False, LogOut(None, NOT_REGISTERED), id="bad-uri-and-no-session"),
        pytest.param(BY_HINT, None, False, True, Confirm(None, BAD_HINT), id="bad-hint"),
        pytest.param(WITH_URI, None, False, True, Confirm(None, NOT_REGISTERED), id="bad-hint-and-uri"),
        pytest.param(WITH_URI, None, True, True, Confirm(LEADS), id="bad-hint-and-uri-of-a-named-app"),
        pytest.param(WITH_URI, None, True, False, Confirm(LEADS), id="the-same-without-session"),
        pytest.param(
            LogoutRequest(uri=BYE), None, False, True, Confirm(None, NOT_REGISTERED), id="uri-alone"
        ),
        pytest.param(LogoutRequest(), None, False, True, Confirm(None), id="nothing"),
        pytest.param(LogoutRequest(state="s"), None, False, True, Confirm(None), id="only-state"),
        pytest.param(LogoutRequest(), None, False, False, LogOut(None), id="nothing-and-nobody"),
        pytest.param(LogoutRequest(state="s" * 2049), None, False, True, LONG_STATE, id="long-state"),
    ],
)
def test_each_row(
    request_: LogoutRequest,
    hint: Hint | None,
    known: bool,
    signed_in: bool,
    verdict: LogOut | Confirm | Fault,
) -> None:
    sids = {"sid-1"} if signed_in else set()
    asked = {"hint": hint, "client": APP if known else None, "sids": sids, "is_signed_in": signed_in}
    assert judge_logout(request_, **asked, is_confirmed=False) == verdict
    if isinstance(verdict, Confirm):
        assert judge_logout(request_, **asked, is_confirmed=True) == LogOut(verdict.location, verdict.fault)


def test_an_app_that_has_ended_is_led_back_to_by_nothing() -> None:
    ended = replace(APP, disabled_at=NOW)
    for confirmed in (False, True):
        verdict = judge_logout(
            WITH_URI, hint=OURS, client=ended, sids={"sid-1"}, is_signed_in=True, is_confirmed=confirmed
        )
        assert isinstance(verdict, LogOut | Confirm)
        assert verdict.location is None


@pytest.mark.parametrize(
    "payload",
    [None, {}, {"iss": "https://b.example", "aud": "app_1", "sid": "x"}, {"iss": "https://a.example", "aud": "app_2"},
     {"iss": "https://a.example", "aud": ["app_1"]}],
)  # fmt: skip
def test_an_id_token_of_another_issuer_or_for_another_app_is_no_hint(
    payload: dict[str, object] | None,
) -> None:
    assert read_hint_claims(payload, issuer="https://a.example", client_id="app_1") is None


def test_a_notice_is_tried_again_after_ten_seconds_a_minute_and_ten_minutes() -> None:
    assert [next_try(n, NOW) for n in (1, 2, 3)] == [NOW + wait for wait in RETRY_AFTER]
    assert [wait.total_seconds() for wait in RETRY_AFTER] == [10, 60, 600]
    assert next_try(4, NOW) is None
