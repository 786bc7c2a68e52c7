"""Client assertions (reference oauth §4.2, §7.1 #18): who signed, for whom, when, and once."""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import Any

import pytest
from authlib.oauth2.rfc7523 import private_key_jwt_sign
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from hodlxxi.oauth.rules.assertions import (
    ASSERTION_TYPE,
    Assertion,
    Expected,
    is_signed,
    judge_assertion,
    parse_assertion,
)
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.jwk import PublicJwk, judge_key_set
from hodlxxi.oauth.rules.jwt import OneUse
from tests.oauth.rules.sample import ISSUER, NOW
from tests.support.jose import ClientKey, b64, compact

ALGS = ("RS256", "PS256", "ES256", "EdDSA")
KEYS = {alg: ClientKey(alg) for alg in ALGS}
STRANGER = ClientKey("ES256")
EC = KEYS["ES256"]
SECOND = NOW.timestamp()
TOKEN_URL, PAR_URL = f"{ISSUER}/oauth/token", f"{ISSUER}/oauth/par"
DEFAULT = Expected(ISSUER, frozenset({TOKEN_URL, PAR_URL}))
FAPI2 = Expected(ISSUER, frozenset({TOKEN_URL, PAR_URL}), is_fapi2=True)


def claims(**changes: object) -> dict[str, object]:
    good = {"iss": "app_1", "sub": "app_1", "aud": ISSUER, "exp": SECOND + 60, "iat": SECOND, "jti": "j1"}
    return {name: value for name, value in (good | changes).items() if value is not None}


def keys_of(*keys: ClientKey, **members: object) -> tuple[PublicJwk, ...]:
    judged = judge_key_set({"keys": [key.jwk(**members) for key in keys]})
    assert not isinstance(judged, Fault)
    return judged


def judge(text: str, expected: Expected = DEFAULT, key: ClientKey = EC) -> OneUse | Fault | None:
    """None for a signature that is not the client's."""
    assertion = parse_assertion(ASSERTION_TYPE, text)
    if isinstance(assertion, Fault):
        return assertion
    return judge_assertion(assertion, expected, NOW) if is_signed(assertion, keys_of(key)) else None


@pytest.mark.parametrize("alg", ALGS)
def test_a_good_assertion_counts_once_per_client(alg: str) -> None:
    """MUST 18; fosite CVE-2020-15222, Hydra CVE-2020-5300: ``jti`` once."""
    verdict = judge(KEYS[alg].sign(claims()), key=KEYS[alg])
    assert verdict == OneUse("assertion:app_1", "j1", NOW + timedelta(seconds=70))


def test_an_assertion_by_a_library_of_others_is_taken() -> None:
    """Authlib names the token endpoint, as older clients do. (Its own ``exp`` is an hour ahead: too far for us.)"""
    theirs = ECKey.import_key(EC.private_pem())
    text = private_key_jwt_sign(
        theirs, "app_1", TOKEN_URL, alg="ES256", claims={"exp": int(SECOND) + 60, "iat": int(SECOND)}
    )
    assert isinstance(judge(text), OneUse)


@pytest.mark.parametrize(
    ("assertion_type", "text"),
    [
        pytest.param(None, "x", id="no type"),
        pytest.param("urn:ietf:params:oauth:grant-type:jwt-bearer", EC.sign(claims()), id="another type"),
        pytest.param(ASSERTION_TYPE + " ", EC.sign(claims()), id="type with a blank"),
        pytest.param(ASSERTION_TYPE, None, id="no assertion"),
        pytest.param(ASSERTION_TYPE, "", id="empty"),
        pytest.param(ASSERTION_TYPE, "a.b", id="two parts"),
        pytest.param(ASSERTION_TYPE, "a.b.c.d.e", id="encrypted"),
        pytest.param(ASSERTION_TYPE, EC.sign(claims()) + "\n", id="newline"),
        pytest.param(ASSERTION_TYPE, EC.sign(claims()) + "=", id="padding"),
        pytest.param(ASSERTION_TYPE, EC.sign(claims(more="x" * 9_000)), id="long"),
        pytest.param(ASSERTION_TYPE, EC.sign([1]), id="claims are a list"),
        pytest.param(ASSERTION_TYPE, f"{b64(b'[' * 5000)}.{b64(b'{}')}.AA", id="deep header"),
        pytest.param(ASSERTION_TYPE, f"{b64(b'{}')}.{b64(b'[' * 5000)}.AA", id="deep claims"),
        pytest.param(ASSERTION_TYPE, f"{b64(b'{}')}.{b64(b'{')}.AA", id="claims are no JSON"),
        pytest.param(ASSERTION_TYPE, f"{b64(b'{}')}.A.AA", id="claims are no base64url"),
    ],
)
def test_only_a_compact_token_of_the_right_type_is_read(assertion_type: str | None, text: str | None) -> None:
    verdict = parse_assertion(assertion_type, text)
    assert isinstance(verdict, Fault)
    assert verdict.word is Word.INVALID_CLIENT


def hs256_with_the_public_key(header: dict[str, object]) -> str:
    """What a verifier takes that lets the token choose its algorithm (CVE-2022-39174)."""
    pem = EC.public_pem()
    unsigned = compact({"alg": "HS256"} | header, claims()).rsplit(".", 1)[0]
    return f"{unsigned}.{b64(hmac.digest(pem, unsigned.encode(), 'sha256'))}"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(compact({"alg": "none"}, claims()), id="none"),
        pytest.param(compact({"alg": "none"}, claims()).rsplit(".", 1)[0] + ".", id="none without signature"),
        pytest.param(compact({"alg": "nOnE"}, claims()), id="none in other letters"),
        pytest.param(hs256_with_the_public_key({}), id="HS256 keyed with the public key"),
        pytest.param(compact({}, claims()), id="no alg"),
        pytest.param(compact({"alg": ["ES256"]}, claims()), id="alg as a list"),
        pytest.param(EC.sign(claims(), alg="RS256"), id="alg of another kind of key"),
        pytest.param(EC.sign(claims(), alg="ES256K"), id="alg that we do not know"),
        pytest.param(STRANGER.sign(claims(), jwk=STRANGER.public), id="jwk of a stranger"),
        pytest.param(STRANGER.sign(claims(), jku="https://evil.example/jwks"), id="jku of a stranger"),
        pytest.param(STRANGER.sign(claims(), x5u="https://evil.example/x5"), id="x5u of a stranger"),
        pytest.param(STRANGER.sign(claims(), x5c=["MIIB"]), id="x5c of a stranger"),
        pytest.param(EC.sign(claims(), crit=["exp"], exp=1), id="crit"),
        pytest.param(EC.sign(claims(), crit=[]), id="empty crit"),
        pytest.param(EC.sign(claims(), b64=False, crit=["b64"]), id="b64"),
        pytest.param(EC.sign(claims(), b64=True), id="b64 without crit"),
        pytest.param(STRANGER.sign(claims()), id="signed by a stranger"),
        pytest.param(EC.sign(claims())[:-4] + "AAAA", id="altered signature"),
        pytest.param(compact({"alg": "ES256"}, claims(), b"\x00" * 64), id="zeros for a signature"),
    ],
)
@pytest.mark.parametrize("expected", [DEFAULT, FAPI2], ids=["default", "fapi2"])
def test_nothing_in_a_header_chooses_the_key_or_the_algorithm(text: str, expected: Expected) -> None:
    """MUST 18; Authlib CVE-2026-27962, CVE-2022-39174, CVE-2022-39175: client assertions."""
    verdict = judge(text, expected)
    assert verdict is None or isinstance(verdict, Fault)


def test_headers_that_point_to_keys_are_ignored_when_the_right_key_signed() -> None:
    pointing = EC.sign(
        claims(), jwk=STRANGER.public, jku="https://app.example/jwks", x5u="https://x", x5c=["A"]
    )
    assert isinstance(judge(pointing), OneUse)


@pytest.mark.parametrize("kid", [None, "k1", "unknown"])
def test_a_kid_chooses_among_the_registered_keys_only(kid: str | None) -> None:
    assertion = parse_assertion(ASSERTION_TYPE, EC.sign(claims(), kid=kid))
    assert isinstance(assertion, Assertion)
    assert is_signed(assertion, keys_of(KEYS["PS256"], EC))
    assert is_signed(assertion, keys_of(EC, kid="k1")) == (kid != "unknown")
    assert not is_signed(assertion, ())


@pytest.mark.parametrize(
    "typ", ["JWT", "jwt", "client-authentication+jwt", "application/client-authentication+jwt"]
)
def test_the_types_of_an_assertion_are_taken(typ: str) -> None:
    assert isinstance(judge(EC.sign(claims(), typ=typ)), OneUse)


@pytest.mark.parametrize("typ", ["at+jwt", "dpop+jwt", "logout+jwt", "", 7])
def test_a_token_of_another_type_is_no_assertion(typ: object) -> None:
    assert isinstance(judge(EC.sign(claims(), typ=typ)), Fault)


BOTH_REFUSE = [
    pytest.param({"iss": None}, "iss and sub", id="no iss"),
    pytest.param({"sub": None}, "iss and sub", id="no sub"),
    pytest.param({"iss": "app_2"}, "iss and sub", id="iss of another client"),
    pytest.param({"sub": ["app_1"]}, "iss and sub", id="sub as a list"),
    pytest.param({"sub": "", "iss": ""}, "iss and sub", id="empty sub"),
    pytest.param({"sub": "a\x00", "iss": "a\x00"}, "iss and sub", id="sub with NUL"),
    pytest.param({"jti": None}, "jti", id="no jti"),
    pytest.param({"jti": ""}, "jti", id="empty jti"),
    pytest.param({"jti": 5}, "jti", id="jti as a number"),
    pytest.param({"jti": "j" * 256}, "jti", id="long jti"),
    pytest.param({"aud": None}, "aud", id="no aud"),
    pytest.param({"aud": "https://other.example"}, "aud", id="foreign aud"),
    pytest.param({"aud": ISSUER + "/"}, "aud", id="issuer with a slash"),
    pytest.param({"aud": [ISSUER, "https://other.example"]}, "aud", id="array aud for two"),
    pytest.param({"aud": [ISSUER, ISSUER]}, "aud", id="array aud twice"),
    pytest.param({"aud": []}, "aud", id="empty aud"),
    pytest.param({"aud": [[ISSUER]]}, "aud", id="nested aud"),
    pytest.param({"aud": "app_1"}, "aud", id="aud is the client"),
    pytest.param({"exp": None}, "exp", id="no exp"),
    pytest.param({"exp": SECOND}, "exp", id="exp now"),
    pytest.param({"exp": SECOND - 300}, "exp", id="exp 5 minutes old"),
    pytest.param({"exp": SECOND + 620}, "10 minutes", id="exp far ahead"),
    pytest.param({"exp": 1e300}, "10 minutes", id="exp at no time"),
    pytest.param({"exp": str(SECOND + 60)}, "exp", id="exp as a text"),
    pytest.param({"exp": True}, "exp", id="exp as a boolean"),
    pytest.param({"iat": SECOND + 61}, "iat", id="iat in the future"),
    pytest.param({"nbf": SECOND + 61}, "nbf", id="nbf in the future"),
    pytest.param({"iat": "now"}, "iat", id="iat as a text"),
    pytest.param({"nbf": [1]}, "nbf", id="nbf as a list"),
]


@pytest.mark.parametrize(("changes", "said"), BOTH_REFUSE)
@pytest.mark.parametrize("expected", [DEFAULT, FAPI2], ids=["default", "fapi2"])
def test_every_clause_of_an_assertion_is_held(changes: Any, said: str, expected: Expected) -> None:
    """MUST 18: clause by clause."""
    verdict = judge(EC.sign(claims(**changes)), expected)
    assert isinstance(verdict, Fault)
    assert verdict.word is Word.INVALID_CLIENT
    assert said in verdict.text


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"iat": SECOND + 8}, id="iat 8 seconds ahead"),
        pytest.param({"nbf": SECOND + 8}, id="nbf 8 seconds ahead"),
        pytest.param({"exp": SECOND + 608, "iat": SECOND + 8}, id="ten minutes by a clock that is ahead"),
        pytest.param({"iat": None}, id="no iat"),
        pytest.param({"exp": SECOND + 0.5}, id="exp with a fraction"),
        pytest.param({"more": {"x": 1}}, id="unknown claim"),
    ],
)
@pytest.mark.parametrize("expected", [DEFAULT, FAPI2], ids=["default", "fapi2"])
def test_what_clocks_and_libraries_do_is_admitted(changes: Any, expected: Expected) -> None:
    assert isinstance(judge(EC.sign(claims(**changes)), expected), OneUse)


@pytest.mark.parametrize("audience", [TOKEN_URL, [TOKEN_URL], PAR_URL, [ISSUER]])
def test_older_clients_may_name_an_endpoint_and_fapi2_clients_only_the_issuer(audience: object) -> None:
    text = EC.sign(claims(aud=audience))
    assert isinstance(judge(text), OneUse)
    assert isinstance(judge(text, FAPI2), Fault)


def test_a_fapi2_client_signs_with_no_rs256() -> None:
    for alg in ALGS:
        verdict = judge(KEYS[alg].sign(claims()), FAPI2, KEYS[alg])
        assert isinstance(verdict, Fault) == (alg == "RS256")


def test_a_client_signs_with_the_algorithm_that_it_registered() -> None:
    """MUST 18: no swap of the algorithm."""
    swapped = KEYS["PS256"].sign(claims())
    assert isinstance(judge(swapped, Expected(ISSUER, alg="RS256"), KEYS["PS256"]), Fault)
    assert isinstance(judge(swapped, Expected(ISSUER, alg="PS256"), KEYS["PS256"]), OneUse)
    for name in ("EdDSA", "Ed25519"):
        text = KEYS["EdDSA"].sign(claims(), alg=name)
        for registered in ("EdDSA", "Ed25519"):
            assert isinstance(judge(text, Expected(ISSUER, alg=registered), KEYS["EdDSA"]), OneUse)


@given(st.text(max_size=100) | st.text(alphabet="abcXYZ019-_.", max_size=100))
def test_any_text_is_judged(text: str) -> None:
    assert isinstance(parse_assertion(ASSERTION_TYPE, text), Fault)


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9)
    | st.just([])
)


@given(st.dictionaries(st.sampled_from(["iss", "sub", "aud", "exp", "iat", "nbf", "jti"]), VALUES))
def test_any_signed_claims_are_judged(changes: dict[str, object]) -> None:
    assert isinstance(judge(EC.sign(claims() | changes)), OneUse | Fault)
