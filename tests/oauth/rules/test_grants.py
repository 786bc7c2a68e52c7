"""Codes and refresh tokens: who may redeem, what a second use means."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hodlxxi.oauth.rules.errors import Word
from hodlxxi.oauth.rules.grants import (
    BAD_CODE,
    Code,
    CodePresented,
    Redeem,
    Refresh,
    Refused,
    Repeat,
    Replay,
    Reuse,
    Rotate,
    Successor,
    WrongVerifier,
    judge_code,
    judge_refresh,
    refresh_expiry,
)
from hodlxxi.oauth.rules.scopes import SCOPES
from tests.oauth.rules.sample import CALLBACK, CHALLENGE, MINUTE, NOW, VERIFIER, grant


def code(**changes: Any) -> Code:
    fields = {
        "digest": "d",
        "client_id": "app_1",
        "redirect_uri": CALLBACK,
        "code_challenge": CHALLENGE,
        "nonce": None,
        "expires_at": NOW + MINUTE,
        "used": False,
        "bad_attempts": 0,
        "grant": grant(),
    }
    return Code(**fields | changes)


def sent(**changes: Any) -> CodePresented:
    return CodePresented(**{"client_id": "app_1", "redirect_uri": CALLBACK, "verifier": VERIFIER} | changes)


@pytest.mark.parametrize(
    ("row", "presented"),
    [
        pytest.param(code(), sent(), id="all as asked"),
        pytest.param(code(), sent(redirect_uri=None), id="redirect_uri left out, with PKCE"),
        pytest.param(code(code_challenge=None), sent(verifier=None), id="neither challenge nor verifier"),
    ],
)
def test_a_good_code_is_redeemed(row: Code, presented: CodePresented) -> None:
    assert judge_code(row, presented, NOW) == Redeem(row)


@pytest.mark.parametrize(
    ("row", "presented"),
    [
        pytest.param(None, sent(), id="unknown"),
        pytest.param(code(), sent(client_id="app_2"), id="another client"),
        pytest.param(code(), sent(redirect_uri=CALLBACK + "2"), id="another redirect_uri"),
        pytest.param(
            code(code_challenge=None), sent(redirect_uri=None, verifier=None), id="nothing binds it"
        ),
        pytest.param(code(expires_at=NOW), sent(), id="expired"),
        pytest.param(code(grant=grant(revoked_at=NOW)), sent(), id="grant revoked"),
        pytest.param(code(user_enabled=False), sent(), id="user disabled"),
    ],
)
def test_a_bad_code_is_refused_with_one_text(row: Code | None, presented: CodePresented) -> None:
    assert judge_code(row, presented, NOW) == Refused(BAD_CODE)


def test_pkce_cannot_be_downgraded_in_either_direction() -> None:
    unasked = judge_code(code(code_challenge=None), sent(), NOW)
    assert isinstance(unasked, Refused)
    assert unasked.fault.word is Word.INVALID_REQUEST
    assert isinstance(judge_code(code(), sent(verifier=None), NOW), WrongVerifier)


def test_the_fifth_wrong_verifier_spends_the_code() -> None:
    wrong = sent(verifier="w" * 43)
    assert judge_code(code(bad_attempts=3), wrong, NOW) == WrongVerifier(BAD_CODE, spend=False)
    assert judge_code(code(bad_attempts=4), wrong, NOW) == WrongVerifier(BAD_CODE, spend=True)


def test_only_who_is_right_in_everything_else_can_replay() -> None:
    used = code(used=True)
    assert judge_code(used, sent(), NOW) == Replay(BAD_CODE)
    assert judge_code(used, sent(), NOW + timedelta(days=1)) == Replay(BAD_CODE)
    assert isinstance(judge_code(used, sent(verifier="w" * 43), NOW), WrongVerifier)
    assert isinstance(judge_code(used, sent(client_id="app_2"), NOW), Refused)
    assert isinstance(judge_code(used, sent(redirect_uri=CALLBACK + "2"), NOW), Refused)


def refresh(**changes: Any) -> Refresh:
    fields = {
        "token_id": "t",
        "client_id": "app_1",
        "expires_at": NOW + MINUTE,
        "used_at": None,
        "revoked": False,
        "grant": grant(),
    }
    return Refresh(**fields | changes)


def used(**changes: Any) -> Refresh:
    fields = {
        "used_at": NOW - timedelta(seconds=5),
        "successor": Successor(used=False, revoked=False, scopes=("openid", "profile:read")),
        "grace_until": NOW + timedelta(seconds=25),
        "grace_sealed": "sealed",
    }
    return refresh(**fields | changes)


def judged(row: Refresh | None, client_id: str = "app_1", scope: str | None = None) -> object:
    return judge_refresh(row, client_id=client_id, scope=scope, now=NOW, catalogue=SCOPES)


def test_a_good_refresh_rotates() -> None:
    assert judged(refresh()) == Rotate(refresh(), ("openid", "profile:read"))
    assert judged(refresh(), scope="profile:read") == Rotate(refresh(), ("profile:read",))


@pytest.mark.parametrize(
    ("row", "client_id"),
    [
        pytest.param(None, "app_1", id="unknown"),
        pytest.param(refresh(), "app_2", id="another client"),
        pytest.param(used(), "app_2", id="another client with a used one ends nothing"),
        pytest.param(refresh(expires_at=NOW), "app_1", id="idle too long"),
        pytest.param(refresh(grant=grant(absolute_expires_at=NOW)), "app_1", id="grant too old"),
        pytest.param(refresh(grant=grant(revoked_at=NOW)), "app_1", id="grant revoked"),
        pytest.param(refresh(revoked=True), "app_1", id="token revoked"),
        pytest.param(refresh(user_enabled=False), "app_1", id="user disabled"),
    ],
)
def test_a_bad_refresh_is_refused(row: Refresh | None, client_id: str) -> None:
    verdict = judged(row, client_id)
    assert isinstance(verdict, Refused)
    assert verdict.fault.word is Word.INVALID_GRANT


def test_wider_is_refused_and_costs_nothing() -> None:
    verdict = judged(refresh(), scope="openid wallet:read")
    assert isinstance(verdict, Refused)
    assert verdict.fault.word is Word.INVALID_SCOPE


@pytest.mark.parametrize("scope", [None, "openid profile:read", "profile:read openid"])
def test_a_repetition_within_the_grace_gets_the_same_answer(scope: str | None) -> None:
    assert judged(used(), scope=scope) == Repeat("sealed")


@pytest.mark.parametrize(
    ("row", "scope"),
    [
        pytest.param(used(grace_until=NOW - timedelta(seconds=1)), None, id="late"),
        pytest.param(used(grace_until=None, grace_sealed=None), None, id="no grace"),
        pytest.param(used(grace_sealed=None), None, id="swept"),
        pytest.param(used(successor=None), None, id="successor gone"),
        pytest.param(
            used(successor=Successor(True, False, ("openid", "profile:read"))), None, id="successor used"
        ),
        pytest.param(
            used(successor=Successor(False, True, ("openid", "profile:read"))), None, id="successor revoked"
        ),
        pytest.param(used(), "profile:read", id="another scope"),
        pytest.param(used(), "wallet:read", id="a wider scope"),
        pytest.param(used(expires_at=NOW - MINUTE, grace_until=None), None, id="expired and used"),
    ],
)
def test_anything_else_is_a_reuse(row: Refresh, scope: str | None) -> None:
    assert isinstance(judged(row, scope=scope), Reuse)


def test_a_refresh_token_never_outlives_its_grant() -> None:
    month = timedelta(days=30)
    assert refresh_expiry(grant(), NOW, month) == NOW + month
    assert refresh_expiry(grant(absolute_expires_at=NOW + MINUTE), NOW, month) == NOW + MINUTE
    assert refresh_expiry(grant(absolute_expires_at=None), NOW, month) == NOW + month
