"""ECDSA through our own functions: Wycheproof, LUD-04, and the three strictnesses."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from coincurve import PublicKey

from hodlxxi.bitcoin import ecdsa
from hodlxxi.kit.errors import BadInput
from tests.support.signer import ORDER, TestKey, der_of
from tests.support.vectors import load_vectors

GROUPS = load_vectors("wycheproof/ecdsa_secp256k1_sha256_bitcoin_test.json")["testGroups"]
CASES: list[Any] = [
    pytest.param(group["publicKey"]["uncompressed"], case, id=f"{case['tcId']}-{case['comment']}")
    for group in GROUPS
    for case in group["tests"]
]
LUD_04 = {name: bytes.fromhex(value) for name, value in load_vectors("luds/vectors.json")["LUD-04"].items()}

KEY = TestKey(11)
POINT = PublicKey(bytes.fromhex(KEY.pubkey_hex))
DIGEST = hashlib.sha256(b"digest").digest()
COMPACT = KEY.private.sign_recoverable(DIGEST, hasher=None)[:64]
RECID = KEY.private.sign_recoverable(DIGEST, hasher=None)[64]
HIGH = COMPACT[:32] + (ORDER - int.from_bytes(COMPACT[32:], "big")).to_bytes(32, "big")


@pytest.mark.parametrize(("key", "case"), CASES)
def test_wycheproof(key: str, case: dict[str, str]) -> None:
    digest = hashlib.sha256(bytes.fromhex(case["msg"])).digest()
    verdict = ecdsa.verify_der_strict(PublicKey(bytes.fromhex(key)), digest, bytes.fromhex(case["sig"]))
    assert verdict is (case["result"] == "valid")


def test_all_463_wycheproof_cases_are_there() -> None:
    assert len(CASES) == 463


def test_lud_04_is_over_k1_itself() -> None:
    assert ecdsa.verify_lnurl(LUD_04["k1"], LUD_04["sig"], LUD_04["key"])
    assert not ecdsa.verify_lnurl(hashlib.sha256(LUD_04["k1"]).digest(), LUD_04["sig"], LUD_04["key"])


@pytest.mark.parametrize(
    ("k1", "sig", "key"),
    [
        pytest.param(bytes(32), LUD_04["sig"], LUD_04["key"], id="other k1"),
        pytest.param(LUD_04["k1"][:31], LUD_04["sig"], LUD_04["key"], id="short k1"),
        pytest.param(LUD_04["k1"] + b"\0", LUD_04["sig"], LUD_04["key"], id="long k1"),
        pytest.param(LUD_04["k1"], LUD_04["sig"] + b"\0", LUD_04["key"], id="trailing byte"),
        pytest.param(LUD_04["k1"], LUD_04["sig"][:-1], LUD_04["key"], id="missing byte"),
        pytest.param(LUD_04["k1"], b"", LUD_04["key"], id="no signature"),
        pytest.param(LUD_04["k1"], LUD_04["sig"], b"\x03" + LUD_04["key"][1:], id="negated key"),
        pytest.param(LUD_04["k1"], LUD_04["sig"], LUD_04["key"] + b"\0", id="long key"),
        pytest.param(LUD_04["k1"], LUD_04["sig"], LUD_04["key"][1:], id="x-only key"),
        pytest.param(LUD_04["k1"], LUD_04["sig"], b"", id="no key"),
    ],
)
def test_a_changed_lnurl_answer_is_wrong_and_never_an_error(k1: bytes, sig: bytes, key: bytes) -> None:
    assert not ecdsa.verify_lnurl(k1, sig, key)


def test_the_same_lnurl_key_in_65_bytes_is_refused_in_either_spelling() -> None:
    long = PublicKey(LUD_04["key"]).format(compressed=False)
    for prefix in (b"\x04", b"\x06", b"\x07"):
        assert not ecdsa.verify_lnurl(LUD_04["k1"], LUD_04["sig"], prefix + long[1:])


def test_a_high_s_counts_everywhere_but_in_the_strict_check() -> None:
    assert ecdsa.has_low_s(COMPACT)
    assert not ecdsa.has_low_s(HIGH)
    for compact in (COMPACT, HIGH):
        assert ecdsa.verify_compact(POINT, DIGEST, compact)
        assert ecdsa.verify_der(POINT, DIGEST, der_of(compact))
        assert ecdsa.verify_lnurl(DIGEST, der_of(compact), POINT.format())
    assert ecdsa.verify_der_strict(POINT, DIGEST, der_of(COMPACT))
    assert not ecdsa.verify_der_strict(POINT, DIGEST, der_of(HIGH))


def test_der_and_compact_are_one_signature() -> None:
    assert ecdsa.parse_der(der_of(COMPACT)) == COMPACT
    assert ecdsa.parse_der(der_of(HIGH)) == HIGH


def _ber_long_length(der: bytes) -> bytes:
    return der[:1] + b"\x81" + der[1:]


def _padded_r(der: bytes) -> bytes:
    return bytes([0x30, der[1] + 1, 2, der[3] + 1, 0]) + der[4:]


DER = der_of(COMPACT)
NO_DER = [
    pytest.param(b"", id="empty"),
    pytest.param(DER + b"\0", id="trailing byte"),
    pytest.param(DER + b"\x01", id="sighash byte"),
    pytest.param(DER[:-1], id="cut"),
    pytest.param(_ber_long_length(DER), id="long form of the length"),
    pytest.param(b"\x30\x80" + DER[2:] + b"\0\0", id="indefinite length"),
    pytest.param(_padded_r(der_of(b"\x11" * 32 + COMPACT[32:])), id="padded r"),
    pytest.param(b"\x31" + DER[1:], id="a set"),
    pytest.param(b"\x30\x06\x03\x01\x01\x02\x01\x01", id="a bit string for r"),
    pytest.param(COMPACT, id="compact"),
    pytest.param(DER * 100, id="long"),
]


@pytest.mark.parametrize("der", NO_DER)
def test_what_is_not_strict_der_is_refused(der: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        ecdsa.parse_der(der, "sig")
    assert refused.value.field == "sig"
    assert not ecdsa.verify_der(POINT, DIGEST, der)
    assert not ecdsa.verify_der_strict(POINT, DIGEST, der)


@pytest.mark.parametrize(
    "compact",
    [
        pytest.param(bytes(64), id="zeros"),
        pytest.param(bytes(32) + COMPACT[32:], id="r zero"),
        pytest.param(COMPACT[:32] + bytes(32), id="s zero"),
        pytest.param(COMPACT[:32] + ORDER.to_bytes(32, "big"), id="s is the order"),
        pytest.param(b"\xff" * 64, id="above the order"),
        pytest.param(COMPACT[:63], id="63 bytes"),
        pytest.param(COMPACT + b"\0", id="65 bytes"),
        pytest.param(b"", id="empty"),
    ],
)
def test_numbers_out_of_range_verify_and_recover_nothing(compact: bytes) -> None:
    assert not ecdsa.verify_compact(POINT, DIGEST, compact)
    assert all(ecdsa.recover(compact, recid, DIGEST) is None for recid in range(4))


def test_recovery_finds_the_key_with_either_s() -> None:
    assert ecdsa.recover(COMPACT, RECID, DIGEST) == POINT
    assert ecdsa.recover(HIGH, RECID ^ 1, DIGEST) == POINT
    other = ecdsa.recover(COMPACT, RECID ^ 1, DIGEST)
    assert other is not None
    assert other != POINT


@pytest.mark.parametrize("recid", [-1, 4, 255])
def test_a_recovery_id_has_two_bits(recid: int) -> None:
    assert ecdsa.recover(COMPACT, recid, DIGEST) is None


@pytest.mark.parametrize("digest", [b"", DIGEST[:31], DIGEST + b"\0"])
def test_a_digest_of_another_length_is_never_signed(digest: bytes) -> None:
    assert not ecdsa.verify_compact(POINT, digest, COMPACT)
    assert ecdsa.recover(COMPACT, RECID, digest) is None
