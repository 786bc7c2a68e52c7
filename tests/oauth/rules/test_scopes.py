"""Scopes: what is asked, what is allowed, what is left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.scopes import (
    DEFAULT_SCOPE,
    SCOPES,
    judge_narrowing,
    judge_scope,
    parse_scope,
    usual_scopes,
)

ALLOWED = ("openid", "profile:read", "profile")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("openid profile:read", ("openid", "profile:read"), id="as sent"),
        pytest.param("profile:read openid", ("profile:read", "openid"), id="order kept"),
        pytest.param("openid openid", ("openid",), id="once each"),
        pytest.param("openid email groups phone", ("openid",), id="unknown ones are dropped"),
        pytest.param(" openid  profile ", ("openid", "profile"), id="spaces"),
        pytest.param(None, (DEFAULT_SCOPE,), id="none sent"),
    ],
)
def test_what_is_granted(text: str | None, expected: tuple[str, ...]) -> None:
    assert judge_scope(text, allowed=ALLOWED, catalogue=SCOPES) == expected


@pytest.mark.parametrize(
    "text",
    [
        "wallet:read",
        "openid wallet:write",
        "email",
        "",
        'open"id',
        "open\\id",
        "é",
        " ".join(map(str, range(61))),
    ],
)
def test_what_is_refused(text: str) -> None:
    verdict = judge_scope(text, allowed=ALLOWED, catalogue=SCOPES)
    assert isinstance(verdict, Fault)
    assert verdict.word is Word.INVALID_SCOPE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, ("openid", "profile:read")),
        ("profile:read", ("profile:read",)),
        ("profile:read openid", ("profile:read", "openid")),
        ("profile:read email", ("profile:read",)),
    ],
)
def test_a_refresh_may_narrow(text: str | None, expected: tuple[str, ...]) -> None:
    assert judge_narrowing(text, granted=("openid", "profile:read"), catalogue=SCOPES) == expected


@pytest.mark.parametrize("text", ["wallet:read", "openid profile:read chat", "email", "\x00"])
def test_a_refresh_may_not_widen(text: str) -> None:
    assert isinstance(judge_narrowing(text, granted=("openid", "profile:read"), catalogue=SCOPES), Fault)


def test_importing_wallets_is_not_given_to_those_who_did_not_ask() -> None:
    assert "wallet:write" not in usual_scopes(SCOPES)
    assert {"openid", "profile:read", "wallet:read", "chat", "offline_access"} <= set(usual_scopes(SCOPES))


@given(st.text(max_size=300))
def test_parsing_never_fails(text: str) -> None:
    parsed = parse_scope(text)
    assert isinstance(parsed, Fault) or len(set(parsed)) == len(parsed)


@given(st.text(alphabet="openid profile:rwaltc", max_size=60))
def test_nothing_is_granted_that_is_not_allowed(text: str) -> None:
    verdict = judge_scope(text, allowed=ALLOWED, catalogue=SCOPES)
    assert isinstance(verdict, Fault) or (verdict and set(verdict) <= set(ALLOWED))
