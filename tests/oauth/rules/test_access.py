"""Bearer tokens: where one may stand, what its content must say, and the life of the keys behind it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hodlxxi.oauth.rules.access import (
    BAD_TOKEN,
    EXPIRED_TOKEN,
    NO_CREDENTIALS,
    Access,
    judge_access,
    judge_access_claims,
    judge_scope_of,
    parse_bearer,
    render_challenge,
)
from hodlxxi.oauth.rules.claims import AskedClaims, Person
from hodlxxi.oauth.rules.client_auth import Credentials, parse_credentials
from hodlxxi.oauth.rules.errors import Fault, Word
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
        (["Bearer abc"], None, "abc"),
        (["bearer  abc "], None, "abc"),
        (["BEARER abc"], None, "abc"),
        ([], "abc", "abc"),
        (["Basic abc"], None, None),
        (["DPoP abc"], None, None),
        (["Bearer"], None, BAD_TOKEN),
        (["Bearer "], None, BAD_TOKEN),
        (["Bearer " + "x" * 9000], None, BAD_TOKEN),
        ([], "x" * 9000, BAD_TOKEN),
    ],
)
def test_a_token_stands_in_one_place(headers: list[str], form: str | None, expected: object) -> None:
    assert parse_bearer(headers, form) == expected


@pytest.mark.parametrize(("headers", "form"), [(["Bearer a"], "a"), (["Bearer a", "Bearer a"], None)])
def test_two_places_are_one_too_many(headers: list[str], form: str | None) -> None:
    verdict = parse_bearer(headers, form)
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


def test_challenges_follow_rfc_6750() -> None:
    missing = Fault(Word.INSUFFICIENT_SCOPE, "x")
    assert render_challenge(NO_CREDENTIALS, realm="r") == 'Bearer realm="r"'
    assert render_challenge(BAD_TOKEN, realm="r") == 'Bearer realm="r", error="invalid_token"'
    assert render_challenge(missing, realm="r", scope="s").endswith('error="insufficient_scope", scope="s"')


@given(st.lists(st.text(max_size=60), max_size=2), st.none() | st.text(max_size=20))
def test_any_header_is_judged(headers: list[str], form: str | None) -> None:
    assert isinstance(parse_bearer(headers, form), str | Fault | None)


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
