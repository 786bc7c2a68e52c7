"""DPoP proofs (RFC 9449 §4.3; reference oauth §6.1, §7.1 #21), clause by clause."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hodlxxi.oauth.rules.dpop import (
    WANTS_NONCE,
    Proof,
    Proven,
    digest_of_token,
    is_jkt,
    is_nonce,
    judge_proof,
    nonce_at,
    normal_htu,
    read_proof,
)
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.jwk import PublicJwk, judge_key
from hodlxxi.oauth.rules.jwt import OneUse
from tests.oauth.rules.sample import ISSUER, NOW
from tests.support.jose import ClientKey, b64, compact
from tests.support.vectors import load_vectors

ALGS = ("ES256", "PS256", "EdDSA")
KEYS = {alg: ClientKey(alg) for alg in ALGS}
EC = KEYS["ES256"]
OTHER = ClientKey("ES256")
SMALL = ClientKey("PS256", bits=1024)
SECOND = int(NOW.timestamp())
URL = f"{ISSUER}/oauth/token"
NONCE_KEY = b"n" * 32


def claims(**changes: object) -> dict[str, object]:
    good = {"jti": "j1", "htm": "POST", "htu": URL, "iat": SECOND}
    return {name: value for name, value in (good | changes).items() if value is not None}


def jkt_of(key: ClientKey) -> str:
    judged = judge_key(key.public)
    assert isinstance(judged, PublicJwk)
    return judged.thumbprint


def judge(text: str, *, token: str | None = None, now: datetime = NOW, url: str = URL) -> Proven | Fault:
    proof = read_proof([text])
    assert proof is not None
    if isinstance(proof, Fault):
        return proof
    return judge_proof(proof, method="POST", url=url, now=now, nonce_key=NONCE_KEY, access_token=token)


@pytest.mark.parametrize("it", load_vectors("jose/rfc_examples.json")["dpop"], ids=lambda it: it["source"])
def test_the_published_proofs_are_good(it: Any) -> None:
    proof = read_proof([it["proof"]])
    assert isinstance(proof, Proof)
    assert proof.jkt == it["jkt"]
    at = datetime.fromtimestamp(it["iat"], UTC)
    request = {"method": it["method"], "url": it["url"], "nonce_key": NONCE_KEY}
    assert isinstance(judge_proof(proof, now=at, access_token=it["access_token"], **request), Proven)
    assert (
        judge_proof(proof, now=at + timedelta(hours=1), access_token=it["access_token"], **request)
        == WANTS_NONCE
    )
    assert isinstance(judge_proof(proof, now=at, access_token="another", **request), Fault)


@pytest.mark.parametrize("alg", ALGS)
def test_a_good_proof_counts_once_per_key(alg: str) -> None:
    """MUST 21: ``jti`` once."""
    jkt = jkt_of(KEYS[alg])
    assert judge(KEYS[alg].proof(claims())) == Proven(
        jkt, OneUse(f"dpop:{jkt}", "j1", NOW + timedelta(seconds=75))
    )


def test_the_new_name_of_eddsa_is_taken() -> None:
    assert isinstance(judge(KEYS["EdDSA"].proof(claims(), alg="Ed25519")), Proven)


def test_one_header_or_none() -> None:
    good = EC.proof(claims())
    assert read_proof([]) is None
    assert isinstance(read_proof([f" {good} "]), Proof)
    for headers in ([good, good], [f"{good}, {good}"], [good, ""], [""]):
        assert isinstance(read_proof(headers), Fault)


def hs256_with_the_public_key() -> str:
    unsigned = compact({"alg": "HS256", "typ": "dpop+jwt", "jwk": EC.public}, claims()).rsplit(".", 1)[0]
    return f"{unsigned}.{b64(hmac.digest(EC.public_pem(), unsigned.encode(), 'sha256'))}"


HEADER = {"typ": "dpop+jwt", "jwk": EC.public}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("x", "compact", id="no token"),
        pytest.param("a.b.c.d.e", "compact", id="encrypted"),
        pytest.param(EC.proof([1]), "compact", id="claims are a list"),
        pytest.param(EC.proof(claims(more="x" * 5_000)), "compact", id="long"),
        pytest.param(f"{b64(b'[' * 2000)}.{b64(b'{}')}.AA", "header", id="deep header"),
        pytest.param(EC.proof(claims(), typ=None), "typ", id="no typ"),
        pytest.param(EC.proof(claims(), typ="JWT"), "typ", id="typ JWT"),
        pytest.param(EC.proof(claims(), typ="DPoP+JWT"), "typ", id="typ in capitals"),
        pytest.param(EC.proof(claims(), typ="application/dpop+jwt"), "typ", id="typ as a media type"),
        pytest.param(EC.proof(claims(), typ="at+jwt"), "typ", id="typ of an access token"),
        pytest.param(compact(HEADER | {"alg": "none"}, claims()), "algorithms", id="none"),
        pytest.param(hs256_with_the_public_key(), "algorithms", id="HS256 keyed with the public key"),
        pytest.param(ClientKey("RS256").proof(claims()), "algorithms", id="RS256"),
        pytest.param(EC.proof(claims(), alg="ES256K"), "algorithms", id="ES256K"),
        pytest.param(compact(HEADER, claims()), "algorithms", id="no alg"),
        pytest.param(compact(HEADER | {"alg": ["ES256"]}, claims()), "algorithms", id="alg as a list"),
        pytest.param(EC.proof(claims(), alg="PS256"), "alg", id="alg of another kind of key"),
        pytest.param(EC.proof(claims(), jwk=EC.jwk(alg="ES384")), "jwk", id="jwk for another alg"),
        pytest.param(EC.proof(claims(), jwk=EC.jwk(use="enc")), "jwk", id="jwk for encryption"),
        pytest.param(EC.proof(claims(), jwk=None), "jwk", id="no jwk"),
        pytest.param(EC.proof(claims(), jwk="x"), "jwk", id="jwk as a text"),
        pytest.param(EC.proof(claims(), jwk=None, jku="https://app.example/jwks"), "jwk", id="jku instead"),
        pytest.param(EC.proof(claims(), jwk=None, x5u="https://app.example/x5"), "jwk", id="x5u instead"),
        pytest.param(EC.proof(claims(), jwk=None, kid=jkt_of(EC)), "jwk", id="kid instead"),
        pytest.param(EC.proof(claims(), jwk=EC.jwk(**EC.private_member)), "private", id="EC private key"),
        pytest.param(
            KEYS["PS256"].proof(claims(), jwk=KEYS["PS256"].jwk(p="AA")), "private", id="RSA private member"
        ),
        pytest.param(
            KEYS["EdDSA"].proof(claims(), jwk=KEYS["EdDSA"].jwk(**KEYS["EdDSA"].private_member)),
            "private",
            id="OKP private key",
        ),
        pytest.param(EC.proof(claims(), jwk={"kty": "oct", "k": "AA"}), "private", id="shared secret"),
        pytest.param(SMALL.proof(claims()), "2048", id="RSA below 2048"),
        pytest.param(EC.proof(claims(), crit=["nonce"]), "crit", id="crit"),
        pytest.param(EC.proof(claims(), b64=False), "b64", id="b64"),
        pytest.param(EC.proof(claims(), jwk=OTHER.public), "signature", id="signed by another key"),
        pytest.param(EC.proof(claims())[:-4] + "AAAA", "signature", id="altered signature"),
        pytest.param(EC.proof(claims(jti=None)), "jti", id="no jti"),
        pytest.param(EC.proof(claims(jti="")), "jti", id="empty jti"),
        pytest.param(EC.proof(claims(jti=1)), "jti", id="jti as a number"),
        pytest.param(EC.proof(claims(jti="j" * 256)), "jti", id="long jti"),
        pytest.param(EC.proof(claims(htm=None)), "htm", id="no htm"),
        pytest.param(EC.proof(claims(htm="GET")), "htm", id="another method"),
        pytest.param(EC.proof(claims(htm="post")), "htm", id="method in small letters"),
        pytest.param(EC.proof(claims(htu=None)), "htu", id="no htu"),
        pytest.param(EC.proof(claims(htu=[URL])), "htu", id="htu as a list"),
        pytest.param(EC.proof(claims(htu=f"{ISSUER}/oauth/par")), "htu", id="another endpoint"),
        pytest.param(EC.proof(claims(htu="https://evil.example/oauth/token")), "htu", id="another host"),
        pytest.param(EC.proof(claims(iat=None)), "iat", id="no iat"),
        pytest.param(EC.proof(claims(iat=str(SECOND))), "iat", id="iat as a text"),
        pytest.param(EC.proof(claims(iat=True)), "iat", id="iat as a boolean"),
        pytest.param(EC.proof(claims(exp=SECOND)), "exp", id="exp has passed"),
        pytest.param(EC.proof(claims(exp="x")), "exp", id="exp as a text"),
        pytest.param(EC.proof(claims(nbf=SECOND + 60)), "nbf", id="nbf in the future"),
        pytest.param(EC.proof(claims(nbf=[])), "nbf", id="nbf as a list"),
    ],
)
def test_every_clause_of_a_proof_is_held(text: str, said: str) -> None:
    """MUST 21; Authlib CVE-2026-27962, CVE-2022-39174, CVE-2022-39175: proofs, clause by clause."""
    verdict = judge(text)
    assert isinstance(verdict, Fault)
    assert verdict.word is Word.INVALID_DPOP_PROOF
    assert said in verdict.text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(EC.proof(claims(exp=SECOND + 1, nbf=SECOND - 1)), id="exp and nbf that hold"),
        pytest.param(EC.proof(claims(nbf=SECOND + 10)), id="nbf by a clock that is ahead"),
        pytest.param(EC.proof(claims(iat=SECOND + 0.5)), id="iat with a fraction"),
        pytest.param(EC.proof(claims(ath="x", more=[1])), id="unknown claims"),
        pytest.param(EC.proof(claims(), kid="k", x5c=["A"]), id="headers that point elsewhere"),
        pytest.param(
            EC.proof(claims(), jwk=EC.jwk(alg="ES256", use="sig", kid="k")), id="jwk with more members"
        ),
        pytest.param(EC.proof(claims(htu=URL + "?a=b#c")), id="htu with query and fragment"),
    ],
)
def test_what_a_proof_may_hold_besides_is_tolerated(text: str) -> None:
    assert isinstance(judge(text), Proven)


@pytest.mark.parametrize(
    ("ahead_s", "in_time"),
    [
        (0, True),
        (10, True),
        (15, True),
        (16, False),
        (3600, False),
        (-10, True),
        (-60, True),
        (-61, False),
        (-3600, False),
    ],
)
def test_a_clock_that_drifts_is_offered_a_nonce_and_may_then_be_wrong(ahead_s: int, in_time: bool) -> None:
    drifted = claims(iat=SECOND + ahead_s)
    assert isinstance(judge(EC.proof(drifted)), Proven) == in_time
    if not in_time:
        assert judge(EC.proof(drifted)) == WANTS_NONCE
    with_nonce = judge(EC.proof(drifted | {"nonce": nonce_at(NONCE_KEY, NOW)}))
    assert isinstance(with_nonce, Proven)
    assert with_nonce.once.until == NOW + timedelta(minutes=3), "as long as the nonce may live"


@pytest.mark.parametrize(
    "nonce", ["", "x", 7, nonce_at(b"o" * 32, NOW), nonce_at(NONCE_KEY, NOW + timedelta(minutes=1))]
)
def test_a_nonce_that_is_not_ours_is_replaced(nonce: object) -> None:
    assert judge(EC.proof(claims(nonce=nonce))) == WANTS_NONCE


def test_the_current_nonce_and_the_two_before_it_are_valid() -> None:
    ages = range(-60, 300, 10)
    start = NOW.replace(second=0)
    valid = [
        age for age in ages if is_nonce(NONCE_KEY, nonce_at(NONCE_KEY, start), start + timedelta(seconds=age))
    ]
    assert valid == list(range(0, 180, 10))
    assert nonce_at(NONCE_KEY, start) == nonce_at(NONCE_KEY, start + timedelta(seconds=59)), (
        "one for all workers"
    )
    assert nonce_at(NONCE_KEY, start) != nonce_at(NONCE_KEY, start + timedelta(seconds=60))


def test_at_a_resource_the_proof_names_the_token() -> None:
    """MUST 21: ``ath``."""
    good = claims(ath=digest_of_token("token"))
    assert isinstance(judge(EC.proof(good), token="token"), Proven)
    for ath in (None, "", digest_of_token("other"), 7, digest_of_token("token") + "="):
        verdict = judge(EC.proof(claims(ath=ath)), token="token")
        assert isinstance(verdict, Fault)
        assert "ath" in verdict.text


def test_a_thumbprint_has_43_characters() -> None:
    mine = jkt_of(EC)
    assert is_jkt(mine)
    assert not any(is_jkt(text) for text in (mine[:-1], mine + "A", mine[:-1] + "=", mine + "\n", ""))


def test_an_address_that_is_none_equals_nothing() -> None:
    assert isinstance(judge(EC.proof(claims(htu="x")), url="https://login.example/\u00e9"), Fault)


@pytest.mark.parametrize(
    "htu",
    [
        "HTTPS://LOGIN.EXAMPLE/oauth/token",
        "https://login.example:443/oauth/token",
        "https://login.example:/oauth/token",
        "https://login.example/oauth/token?x=1",
        "https://login.example/oauth/token#x",
        "https://login.example/o%61uth/%74oken",
    ],
)
def test_addresses_that_mean_the_same_are_equal(htu: str) -> None:
    assert normal_htu(htu) == URL
    assert isinstance(judge(EC.proof(claims(htu=htu))), Proven)


@pytest.mark.parametrize(
    "htu",
    [
        "",
        "/oauth/token",
        "login.example/oauth/token",
        "http://login.example/oauth/token",
        "https://login.example:8443/oauth/token",
        "https://login.example:x/oauth/token",
        "https://login.example:99999/oauth/token",
        "https://login.example./oauth/token",
        "https://user@login.example/oauth/token",
        "https://login.example@evil.example/oauth/token",
        "https://evil.example/login.example/oauth/token",
        "https://login.example/oauth/token/",
        "https://login.example//oauth/token",
        "https://login.example/oauth%2Ftoken",
        "https://login.example/x/../oauth/token",
        "https://login.example/OAUTH/token",
        "https://login.example/oauth/token;x",
        "https://login.exa\nmple/oauth/token",
        " https://login.example/oauth/token",
        "https://login.example/oauth/token\t",
        "https://[login.example/oauth/token",
        "https://login\uff0eexample/oauth/token",
        "javascript:alert(1)",
    ],
)
def test_addresses_that_are_not_the_same_are_not(htu: str) -> None:
    assert isinstance(judge(EC.proof(claims(htu=htu))), Fault)


def test_escapes_and_addresses_by_number_have_one_spelling() -> None:
    assert normal_htu("https://a.example/%7euser/%2f%e2") == "https://a.example/~user/%2F%E2"
    assert normal_htu("http://[::1]:80") == "http://[::1]/"
    assert normal_htu("http://127.0.0.1:5000/x") == "http://127.0.0.1:5000/x"


@given(st.text(max_size=80) | st.builds("https://{}".format, st.text(max_size=40)))
def test_any_address_is_normalised_or_refused(url: str) -> None:
    normal = normal_htu(url)
    assert normal is None or normal_htu(normal) == normal


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9)
    | st.just([])
)


@given(st.dictionaries(st.sampled_from(["jti", "htm", "htu", "iat", "exp", "nbf", "nonce", "ath"]), VALUES))
def test_any_signed_claims_are_judged(changes: dict[str, object]) -> None:
    assert isinstance(judge(EC.proof(claims() | changes), token="t"), Proven | Fault)
