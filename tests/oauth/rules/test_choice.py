"""What is granted and remembered of what was ticked on the consent page: pure."""

from __future__ import annotations

import pytest

from hodlxxi.oauth.rules.consent import Agreed, Ask, Consent, judge_choice, judge_consent, merge_consent
from tests.oauth.rules.sample import client, request

ASKED = ("openid", "wallet:read", "profile", "offline_access")
NONE: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("asked", "chosen", "granted"),
    [
        pytest.param(ASKED, None, ASKED, id="a form without a choice"),
        pytest.param(ASKED, frozenset(ASKED), ASKED, id="all"),
        pytest.param(ASKED, {"profile"}, ("openid", "profile"), id="openid goes with every choice"),
        pytest.param(
            ASKED, {"offline_access", "profile"}, ("openid", "profile", "offline_access"), id="order"
        ),
        pytest.param(ASKED, NONE, ("openid",), id="nothing ticked: who signs in is still known"),
        pytest.param(
            ASKED, {"wallet:write", "openid"}, ("openid",), id="what was not asked for is not given"
        ),
        pytest.param(("profile", "chat"), {"chat"}, ("chat",), id="without openid"),
        pytest.param(("profile", "chat"), NONE, (), id="nothing at all"),
        pytest.param(
            ("chat", "offline_access"), {"offline_access"}, (), id="offline_access alone is nothing"
        ),
    ],
)
def test_what_was_ticked_is_granted_and_nothing_else(
    asked: tuple[str, ...], chosen: set[str] | None, granted: tuple[str, ...]
) -> None:
    assert judge_choice(asked, None if chosen is None else frozenset(chosen)) == granted


def test_the_page_proposes_everything_but_to_act_while_one_is_away() -> None:
    asked = judge_consent(request(scopes=ASKED), client(), None)
    assert asked == Ask(frozenset(ASKED) - {"offline_access"})
    before = Consent(frozenset({"offline_access"}))
    assert judge_consent(request(scopes=ASKED), client(), before) == Ask(frozenset(ASKED))


def test_what_was_unticked_is_no_longer_remembered_and_is_asked_for_again() -> None:
    before = Consent(frozenset({"openid", "wallet:read", "chat"}), frozenset({"name"}))
    agreed = merge_consent(before, ("openid", "wallet:read"), ("openid",), frozenset({"email"}))
    assert agreed == Consent(frozenset({"openid", "chat"}), frozenset({"name", "email"}))
    again = judge_consent(request(scopes=("openid", "wallet:read")), client(), agreed)
    assert isinstance(again, Ask)


def test_an_app_that_always_asks_for_offline_access_does_not_make_the_page_come_back() -> None:
    asked = ("openid", "offline_access")
    agreed = merge_consent(None, asked, ("openid",), NONE)
    assert agreed == Consent(frozenset({"openid"}), declined=frozenset({"offline_access"}))
    assert judge_consent(request(scopes=asked), client(), agreed) == Agreed(("openid",))


def test_who_ticks_it_later_is_believed() -> None:
    asked = ("openid", "offline_access")
    declined = merge_consent(None, asked, ("openid",), NONE)
    agreed = merge_consent(declined, asked, asked, NONE)
    assert agreed == Consent(frozenset(asked))
    assert judge_consent(request(scopes=asked), client(), agreed) == Agreed(asked)
