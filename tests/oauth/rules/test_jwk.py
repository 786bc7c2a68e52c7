"""Public keys of others: which ones we would believe a signature by, held against the RFCs' own examples."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.jose import split_compact, unb64
from hodlxxi.oauth.rules.jwk import BadJwk, PublicJwk, fitting_keys, judge_key, judge_key_set
from tests.support.jose import ECDSA, ClientKey, b64, number
from tests.support.vectors import load_vectors

VECTORS = load_vectors("jose/rfc_examples.json")
RSA, EC, ED = ClientKey("RS256"), ClientKey("ES256"), ClientKey("EdDSA")
SMALL, LARGE = ClientKey("RS256", bits=1024), ClientKey("RS256", bits=5120)
RSA_N = int.from_bytes(unb64(RSA.public["n"].encode()), "big")
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.mark.parametrize("it", VECTORS["signatures"], ids=lambda it: it["source"])
def test_a_published_signature_verifies_and_an_altered_one_does_not(it: Any) -> None:
    key = judge_key(it["jwk"])
    parts = split_compact(it["token"])
    assert isinstance(key, PublicJwk)
    assert parts is not None
    signed, signature = parts[0] + b"." + parts[1], unb64(parts[2])
    verify = key.verifiers[it["alg"]]
    assert verify(signed, signature)
    assert not verify(signed + b"A", signature)
    assert not verify(signed, signature[:-1])
    assert not verify(signed, bytes(len(signature)))
    assert not verify(signed, b"")


@pytest.mark.parametrize("it", VECTORS["thumbprints"], ids=lambda it: it["source"])
def test_a_published_thumbprint_is_ours(it: Any) -> None:
    key = judge_key(it["jwk"])
    assert isinstance(key, PublicJwk)
    assert key.thumbprint == it["thumbprint"]


@pytest.mark.parametrize("it", VECTORS["key_sets"], ids=lambda it: it["source"])
def test_a_published_set_is_taken_if_it_is_public(it: Any) -> None:
    verdict = judge_key_set(it["jwks"])
    assert isinstance(verdict, Fault) != it["is_public"]
    if it["is_public"]:
        assert [key.kid for key in verdict] == ["2011-04-29"]


def test_a_key_is_used_only_with_its_own_algorithms() -> None:
    def algs(**members: object) -> set[str]:
        key = judge_key(RSA.jwk(**members))
        assert isinstance(key, PublicJwk)
        return set(key.verifiers)

    assert algs() == {"RS256", "PS256"}
    assert algs(alg="PS256") == {"PS256"}
    new_name = judge_key(ED.jwk(alg="Ed25519"))
    assert isinstance(new_name, PublicJwk)
    assert set(new_name.verifiers) == {"EdDSA"}


@pytest.mark.parametrize(
    ("jwk", "said"),
    [
        pytest.param(RSA.jwk(**RSA.private_member), "private", id="RSA private"),
        pytest.param(EC.jwk(**EC.private_member), "private", id="EC private"),
        pytest.param(ED.jwk(**ED.private_member), "private", id="OKP private"),
        pytest.param(EC.jwk(d=None), "private", id="private member without a value"),
        pytest.param({"kty": "oct", "k": "c2VjcmV0"}, "private", id="shared secret"),
        pytest.param(
            {"kty": "AKP", "alg": "ML-DSA-44", "priv": "eA"}, "private", id="a kind to come, private"
        ),
        pytest.param(SMALL.public, "2048", id="RSA below 2048"),
        pytest.param(LARGE.public, "4096", id="RSA above 4096"),
        pytest.param(RSA.jwk(e="AQ"), "numbers", id="RSA exponent 1"),
        pytest.param(RSA.jwk(e=number(2**33 + 1)), "numbers", id="RSA exponent that costs us time"),
        pytest.param(RSA.jwk(n=number(RSA_N - 1)), "numbers", id="RSA even modulus"),
        pytest.param(RSA.jwk(n="A" * 2000), "numbers", id="RSA modulus too long to read"),
        pytest.param(RSA.jwk(e=65537), "numbers", id="RSA exponent as a number"),
        pytest.param({"kty": "RSA", "n": RSA.public["n"]}, "numbers", id="RSA without e"),
        pytest.param(EC.jwk(y=EC.public["x"]), "numbers", id="EC point not on the curve"),
        pytest.param(EC.jwk(x=b64(bytes(32)), y=b64(bytes(32))), "numbers", id="EC zero"),
        pytest.param(EC.jwk(x=EC.public["x"][:-2]), "numbers", id="EC short coordinate"),
        pytest.param(EC.jwk(x=EC.public["x"] + "="), "numbers", id="padding"),
        pytest.param(EC.jwk(x="!" + EC.public["x"]), "numbers", id="not base64url"),
        pytest.param(EC.jwk(x="é" + EC.public["x"]), "numbers", id="not ASCII"),
        pytest.param(ED.jwk(x=ED.public["x"][:-2]), "numbers", id="OKP short"),
        pytest.param({}, "kty", id="empty"),
        pytest.param({"kty": 1}, "kty", id="kty of a wrong type"),
        pytest.param([], "object", id="list"),
        pytest.param(None, "object", id="nothing"),
        pytest.param("x", "object", id="text"),
        pytest.param(EC.jwk(kid=""), "kid", id="empty kid"),
        pytest.param(EC.jwk(kid=7), "kid", id="kid as a number"),
        pytest.param(EC.jwk(kid="k" * 256), "kid", id="long kid"),
    ],
)
def test_a_key_that_we_would_not_trust_spoils_its_set(jwk: Any, said: str) -> None:
    key = judge_key(jwk)
    assert isinstance(key, BadJwk)
    assert not key.foreign
    assert said in key.text
    verdict = judge_key_set({"keys": [EC.jwk(kid="good"), jwk]})
    assert isinstance(verdict, Fault)
    assert verdict.word is Word.INVALID_CLIENT_METADATA
    assert "key 2" in verdict.text


@pytest.mark.parametrize(
    "jwk",
    [
        pytest.param(EC.jwk(use="enc"), id="for encryption"),
        pytest.param(EC.jwk(key_ops=["deriveKey"]), id="for key agreement"),
        pytest.param(EC.jwk(alg="ECDH-ES"), id="algorithm for encryption"),
        pytest.param(EC.jwk(alg="RS256"), id="algorithm of another kind of key"),
        pytest.param(EC.jwk(crv="P-384"), id="another curve"),
        pytest.param(EC.jwk(crv="secp256k1"), id="Bitcoin's curve"),
        pytest.param({"kty": "OKP", "crv": "X25519", "x": ED.public["x"]}, id="X25519"),
        pytest.param({"kty": "AKP", "alg": "ML-DSA-44", "pub": "eA"}, id="a kind to come"),
    ],
)
def test_a_key_for_another_purpose_may_stand_beside(jwk: Any) -> None:
    verdict = judge_key_set({"keys": [jwk, EC.jwk(kid="good", use="sig", key_ops=["verify"])]})
    assert not isinstance(verdict, Fault)
    assert [key.kid for key in verdict] == ["good"]
    assert judge_key_set({"keys": [jwk]}) == ()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(None, "list of keys", id="nothing"),
        pytest.param([], "list of keys", id="list"),
        pytest.param({}, "list of keys", id="no keys"),
        pytest.param({"keys": {}}, "list of keys", id="keys as an object"),
        pytest.param({"keys": [EC.jwk(kid=str(i)) for i in range(21)]}, "20 keys", id="many"),
        pytest.param({"keys": [EC.jwk(x5c=["A" * 40_000])]}, "characters", id="large"),
        pytest.param({"keys": [EC.jwk(kid="a"), ED.jwk(kid="a")]}, "unique", id="one kid twice"),
    ],
)
def test_a_set_has_few_keys_each_with_a_name_of_its_own(body: Any, said: str) -> None:
    verdict = judge_key_set(body)
    assert isinstance(verdict, Fault)
    assert said in verdict.text


def test_the_key_is_chosen_by_kid_else_every_fitting_one_is_tried() -> None:
    keys = judge_key_set({"keys": [RSA.jwk(kid="r"), EC.jwk(kid="e"), ED.jwk(), ClientKey("ES256").jwk()]})
    assert not isinstance(keys, Fault)
    rsa, ec, ed, nameless = keys
    assert fitting_keys(keys, "e", "ES256") == (ec,)
    assert fitting_keys(keys, "r", "ES256") == (), "the kid of a key of another kind"
    assert fitting_keys(keys, "unknown", "ES256") == (nameless,), (
        "a set without kids, a library that adds one"
    )
    assert fitting_keys(keys, None, "ES256") == (ec, nameless)
    assert fitting_keys(keys, None, "PS256") == (rsa,)
    assert fitting_keys(keys, None, "EdDSA") == (ed,)
    assert fitting_keys(keys, None, "HS256") == fitting_keys(keys, None, "none") == ()


def test_one_key_has_one_thumbprint_however_it_is_spelled() -> None:
    """Some encoders put a zero before the modulus; else one key could pass for two."""
    plain, padded = (
        judge_key(RSA.jwk(n=text))
        for text in (RSA.public["n"], b64(b"\x00" + unb64(RSA.public["n"].encode())))
    )
    assert isinstance(plain, PublicJwk)
    assert isinstance(padded, PublicJwk)
    assert plain.thumbprint == padded.thumbprint


def test_keys_made_by_a_library_of_others_are_read_alike() -> None:
    theirs = KeySet([RSAKey.generate_key(2048), ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519")])
    ours = judge_key_set(theirs.as_dict(private=False))
    assert not isinstance(ours, Fault)
    assert [key.thumbprint for key in ours] == [key.thumbprint() for key in theirs.keys]


def test_a_signature_of_ecdsa_has_two_numbers_of_32_bytes() -> None:
    """Neither the DER form, nor zeros (CVE-2022-21449), nor the group's order pass."""
    key = judge_key(EC.public)
    assert isinstance(key, PublicJwk)
    verify = key.verifiers["ES256"]
    der = EC.private.sign(b"x", ECDSA)
    order = P256_ORDER.to_bytes(32, "big")
    for signature in (der, bytes(64), order * 2, bytes(31) + b"\x01" + bytes(32), b"\x01" * 63, b"\x01" * 65):
        assert not verify(b"x", signature)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kty", "crv", "x", "y", "n", "e", "kid", "use", "alg", "key_ops", "keys"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@given(
    JSON
    | st.dictionaries(
        st.sampled_from(["kty", "crv", "x", "y", "n", "e", "alg"]),
        st.sampled_from(["RSA", "EC", "OKP", "P-256", "Ed25519", "AQAB", "AAAA", "", "é"]),
    )
)
def test_any_json_is_judged(jwk: object) -> None:
    assert isinstance(judge_key(jwk), PublicJwk | BadJwk)
    assert isinstance(judge_key_set(jwk), tuple | Fault)
    assert isinstance(judge_key_set({"keys": [jwk]}), tuple | Fault)
