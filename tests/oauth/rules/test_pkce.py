"""PKCE, S256 only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hodlxxi.oauth.rules.errors import Fault
from hodlxxi.oauth.rules.pkce import PkcePolicy, challenge_of, judge_challenge, proves

ALWAYS, NONCE, PUBLIC_ONLY = PkcePolicy.ALWAYS, PkcePolicy.NONCE_OR_PKCE, PkcePolicy.PUBLIC_ONLY
# RFC 7636, Appendix B
RFC_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
RFC_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_published_example_proves() -> None:
    assert challenge_of(RFC_VERIFIER) == RFC_CHALLENGE
    assert proves(RFC_VERIFIER, RFC_CHALLENGE)


@pytest.mark.parametrize(
    "verifier", ["a" * 42, "a" * 129, "a" * 42 + "+", "a" * 42 + "é", "a" * 43 + "\n", ""]
)
def test_a_verifier_of_the_wrong_shape_proves_nothing(verifier: str) -> None:
    assert not proves(verifier, RFC_CHALLENGE)


@pytest.mark.parametrize(
    ("challenge", "method"),
    [
        pytest.param(RFC_CHALLENGE, None, id="method missing means plain"),
        pytest.param(RFC_CHALLENGE, "plain", id="plain"),
        pytest.param(RFC_CHALLENGE, "s256", id="lower case"),
        pytest.param(RFC_CHALLENGE[:-1], "S256", id="short"),
        pytest.param(RFC_CHALLENGE + "A", "S256", id="long"),
        pytest.param(RFC_CHALLENGE[:-1] + "=", "S256", id="padding"),
        pytest.param(RFC_CHALLENGE + "\n", "S256", id="newline"),
        pytest.param(None, "S256", id="method without challenge"),
    ],
)
@pytest.mark.parametrize("policy", list(PkcePolicy))
def test_a_bad_challenge_is_refused_whatever_the_policy(
    challenge: str | None, method: str | None, policy: PkcePolicy
) -> None:
    assert isinstance(
        judge_challenge(challenge, method, policy=policy, public=False, openid=True, nonce="n"), Fault
    )


@pytest.mark.parametrize(
    ("policy", "public", "openid", "nonce", "free"),
    [
        (ALWAYS, False, True, "n", False),
        (NONCE, False, True, "n", True),
        (NONCE, False, True, None, False),
        (NONCE, False, False, "n", False),
        (NONCE, True, True, "n", False),
        (PUBLIC_ONLY, False, False, None, True),
        (PUBLIC_ONLY, True, True, "n", False),
    ],
)
def test_who_may_go_without(
    policy: PkcePolicy, public: bool, openid: bool, nonce: str | None, free: bool
) -> None:
    verdict = judge_challenge(None, None, policy=policy, public=public, openid=openid, nonce=nonce)
    assert (verdict is None) == free


@given(st.text(max_size=200), st.text(max_size=60))
def test_only_the_right_verifier_proves(verifier: str, challenge: str) -> None:
    assert not proves(verifier, challenge)
