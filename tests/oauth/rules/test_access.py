"""Bearer tokens: where one may stand, what its content must say, and the life of the keys behind it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hodlxxi.oauth.rules.access import (
    BAD_TOKEN,
    BOUND_TOKEN,
    EXPIRED_TOKEN,
    NO_CREDENTIALS,
    NO_PROOF,
    OTHER_KEY,
    UNBOUND_TOKEN,
    Access,
    Presented,
    judge_access,
    judge_access_claims,
    judge_key_of,
    judge_scope_of,
    parse_authorization,
    render_challenge,
)
from hodlxxi.oauth.rules.claims import AskedClaims, Person
from hodlxxi.oauth.rules.client_auth import Credentials, parse_credentials
from hodlxxi.oauth.rules.dpop import WANTS_NONCE, Proven
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.jwt import OneUse
from hodlxxi.oauth.rules.rotation import (
    HINTS_FOR,
    PENDING_FOR,
    KeyRecord,
    KeyState,
    Tending,
    is_published,
    judge_keys,
)
from tests.oauth.rules.sample import ISSUER, NOW, PUBKEY

SECOND = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("headers", "form", "expected"),
    [
        ([], None, None),
        (["Bearer abc"], None, Presented("abc")),
        (["bearer  abc "], None, Presented("abc")),
        (["BEARER abc"], None, Presented("abc")),
        ([], "abc", Presented("abc")),
        (["Basic abc"], None, None),
        (["DPoP abc"], None, Presented("abc", by_dpop=True)),
        (["dpop  abc "], None, Presented("abc", by_dpop=True)),
        (["DPoP"], None, BAD_TOKEN),
        (["DPoP " + "x" * 9000], None, BAD_TOKEN),
        (["Bearer"], None, BAD_TOKEN),
        (["Bearer "], None, BAD_TOKEN),
        (["Bearer " + "x" * 9000], None, BAD_TOKEN),
        ([], "x" * 9000, BAD_TOKEN),
    ],
)
def test_a_token_stands_in_one_place(headers: list[str], form: str | None, expected: object) -> None:
    assert parse_authorization(headers, form) == expected


@pytest.mark.parametrize(("headers", "form"), [(["Bearer a"], "a"), (["Bearer a", "Bearer a"], None)])
def test_two_places_are_one_too_many(headers: list[str], form: str | None) -> None:
    verdict = parse_authorization(headers, form)
    assert isinstance(verdict, Fault)
    assert verdict.word is Word.INVALID_REQUEST


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"iss": "https://other.example"}, BAD_TOKEN),
        ({"aud": "app_1"}, BAD_TOKEN),
        ({"aud": [ISSUER]}, BAD_TOKEN),
        ({"aud": None}, BAD_TOKEN),
        ({"exp": "x"}, BAD_TOKEN),
        ({"exp": None}, BAD_TOKEN),
        ({"exp": SECOND}, EXPIRED_TOKEN),
        ({"exp": SECOND - 1}, EXPIRED_TOKEN),
    ],
)
def test_the_signed_content_must_speak_for_us_and_be_in_time(changes: Any, expected: Fault | None) -> None:
    payload = {"iss": ISSUER, "aud": ISSUER, "exp": SECOND + 1} | changes
    assert judge_access_claims(payload, issuer=ISSUER, now=NOW) == expected


def access(**changes: Any) -> Access:
    fields = {
        "client_id": "app_1",
        "person": Person(PUBKEY),
        "scopes": frozenset({"openid"}),
        "expires_at": NOW + timedelta(seconds=1),
        "is_alive": True,
        "claims": AskedClaims(),
        "auth_time": NOW,
        "acr": "",
    }
    return Access(**fields | changes)


def test_the_row_has_the_last_word() -> None:
    assert judge_access(access(), NOW) == access()
    assert judge_access(None, NOW) == BAD_TOKEN
    assert judge_access(access(is_alive=False), NOW) == BAD_TOKEN
    assert judge_access(access(expires_at=NOW), NOW) == EXPIRED_TOKEN
    assert judge_scope_of(access(), "openid") is None
    assert judge_scope_of(access(), "chat") is not None


def test_challenges_follow_rfc_6750_and_rfc_9449() -> None:
    missing = Fault(Word.INSUFFICIENT_SCOPE, "x")
    algs = 'DPoP algs="ES256 PS256 EdDSA"'
    place = 'resource_metadata="https://r/.well-known/oauth-protected-resource"'
    assert (
        render_challenge(NO_CREDENTIALS, issuer="https://r") == f'Bearer realm="https://r", {place}, {algs}'
    )
    assert render_challenge(BAD_TOKEN, issuer="r") == 'Bearer realm="r", error="invalid_token"'
    assert render_challenge(EXPIRED_TOKEN, issuer="r").endswith(
        'error="invalid_token", error_description="token_expired"'
    )
    assert render_challenge(missing, issuer="r", scope="s").endswith('error="insufficient_scope", scope="s"')
    by_dpop = 'DPoP realm="r", error="invalid_token", algs="ES256 PS256 EdDSA"'
    assert render_challenge(BAD_TOKEN, issuer="r", by_dpop=True) == by_dpop
    assert render_challenge(BOUND_TOKEN, issuer="r") == by_dpop
    wanted = render_challenge(WANTS_NONCE, issuer="r", by_dpop=True)
    assert wanted == 'DPoP realm="r", error="use_dpop_nonce", algs="ES256 PS256 EdDSA"'


BEARER, DPOP = Presented("t"), Presented("t", by_dpop=True)
PROVEN = Proven("k", OneUse("dpop:k", "j", NOW))


@pytest.mark.parametrize(
    ("bound_to", "sent", "proof", "fault"),
    [
        pytest.param(None, BEARER, None, None, id="plain token, plain call"),
        pytest.param("k", DPOP, PROVEN, None, id="bound token, its key"),
        pytest.param("k", BEARER, None, BOUND_TOKEN, id="bound token as Bearer"),
        pytest.param("k", BEARER, PROVEN, BOUND_TOKEN, id="bound token as Bearer beside a proof"),
        pytest.param("k", DPOP, None, NO_PROOF, id="no proof"),
        pytest.param("o", DPOP, PROVEN, OTHER_KEY, id="another key"),
        pytest.param("k", DPOP, WANTS_NONCE, WANTS_NONCE, id="a proof that wants a nonce"),
        pytest.param(None, DPOP, PROVEN, UNBOUND_TOKEN, id="plain token as DPoP"),
    ],
)
def test_a_bound_token_is_nothing_without_its_key(
    bound_to: str | None, sent: Presented, proof: Proven | Fault | None, fault: Fault | None
) -> None:
    assert judge_key_of(access(dpop_jkt=bound_to), sent, proof) == fault


def test_the_downgrade_says_what_to_do() -> None:
    """Some libraries call userinfo with Bearer (reference oauth §10)."""
    assert "DPoP-bound" in BOUND_TOKEN.text


@given(st.lists(st.text(max_size=60), max_size=2), st.none() | st.text(max_size=20))
def test_any_header_is_judged(headers: list[str], form: str | None) -> None:
    assert isinstance(parse_authorization(headers, form), Presented | Fault | None)


@given(st.none() | st.text(max_size=80) | st.binary(max_size=60).map(lambda raw: "Basic " + raw.hex()))
def test_any_authorization_header_is_judged_as_client_credentials(header: str | None) -> None:
    assert isinstance(parse_credentials(header, {"client_id": "a"}), Credentials | Fault)


DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def key(
    kid: str, state: KeyState, age: timedelta, alg: str = "RS256", retired: timedelta | None = None
) -> KeyRecord:
    active = NOW - age if state is not KeyState.PENDING else None
    return KeyRecord(kid, alg, state, NOW - age, active, NOW - retired if retired is not None else None)


PENDING, ACTIVE, RETIRED = KeyState.PENDING, KeyState.ACTIVE, KeyState.RETIRED


@pytest.mark.parametrize(
    ("keys", "due"),
    [
        pytest.param([], Tending(make_active=("RS256",)), id="first start"),
        pytest.param([key("a", ACTIVE, DAY)], Tending(), id="nothing to do"),
        pytest.param([key("a", ACTIVE, 89 * DAY)], Tending(make_pending=("RS256",)), id="successor in time"),
        pytest.param(
            [key("a", ACTIVE, 90 * DAY), key("b", PENDING, DAY)], Tending(), id="not yet known to all"
        ),
        pytest.param(
            [key("a", ACTIVE, 90 * DAY), key("b", PENDING, PENDING_FOR)],
            Tending(retire=("a",), activate=("b",)),
            id="the day has come",
        ),
        pytest.param([key("b", PENDING, HOUR)], Tending(activate=("b",)), id="nothing else to sign with"),
        pytest.param(
            [key("a", ACTIVE, DAY), key("x", ACTIVE, DAY, alg="ES256")],
            Tending(retire=("x",)),
            id="dropped alg",
        ),
        pytest.param(
            [key("a", ACTIVE, DAY), key("o", RETIRED, 9 * DAY, retired=HINTS_FOR)],
            Tending(),
            id="its last token may still be a hint",
        ),
        pytest.param(
            [key("a", ACTIVE, DAY), key("o", RETIRED, 9 * DAY, retired=HINTS_FOR + HOUR)],
            Tending(drop=("o",)),
            id="its last token is no hint any more",
        ),
    ],
)
def test_what_is_due_for_the_keys(keys: list[KeyRecord], due: Tending) -> None:
    assert judge_keys(keys, ["RS256"], now=NOW, token_life=HOUR) == due


@pytest.mark.parametrize(
    ("record", "shown"),
    [
        pytest.param(key("a", PENDING, HOUR), True, id="pending"),
        pytest.param(key("a", ACTIVE, 200 * DAY), True, id="active"),
        pytest.param(key("a", RETIRED, 200 * DAY, retired=24 * HOUR), True, id="its tokens may live"),
        pytest.param(key("a", RETIRED, 200 * DAY, retired=25 * HOUR), False, id="its last token has ended"),
    ],
)
def test_what_the_jwks_shows(record: KeyRecord, shown: bool) -> None:
    assert is_published(record, now=NOW, token_life=HOUR) is shown
