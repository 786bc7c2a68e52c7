"""Signatures for a raw public key: four spellings, one meaning."""

from __future__ import annotations

import base64
import hashlib

import pytest

from hodlxxi.bitcoin.keys import parse_pubkey_hex
from hodlxxi.bitcoin.message import NotProved, Proved, verify_raw_key
from hodlxxi.kit.errors import BadInput
from tests.support.signer import ORDER, TestKey, der_of

KEY = TestKey(31)
OTHER = TestKey(32)
TEXT = b"Login to HODLXXI at 2042-01-05T12:00:00Z"
RS = KEY.sign_rs(TEXT)
HIGH = KEY.sign_rs_high(TEXT)
COMPACT = base64.b64decode(KEY.sign_compact(TEXT))


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


FORMS = [
    pytest.param(RS, "rs", id="r and s in hex"),
    pytest.param(RS.upper(), "rs", id="r and s in upper-case hex"),
    pytest.param(HIGH, "rs", id="r and high s in hex"),
    pytest.param(KEY.sign_der(TEXT), "der", id="DER"),
    pytest.param(KEY.sign_der(TEXT).upper(), "der", id="upper-case DER"),
    pytest.param(der_of(bytes.fromhex(HIGH)).hex(), "der", id="DER with high s"),
    pytest.param(_base64(bytes.fromhex(RS)), "rs", id="r and s in base64"),
    pytest.param(_base64(bytes.fromhex(HIGH)), "rs", id="r and high s in base64"),
    pytest.param(
        _base64(bytes([((COMPACT[0] - 27) ^ 1) + 27]) + bytes.fromhex(HIGH)), "compact", id="high compact"
    ),
    *(
        pytest.param(KEY.sign_compact(TEXT, base), "compact", id=f"compact {base}")
        for base in (27, 31, 35, 39)
    ),
]


@pytest.mark.parametrize(("signature", "form"), FORMS)
def test_every_form_proves_the_key_and_only_this_key_and_text(signature: str, form: str) -> None:
    assert verify_raw_key(KEY.pubkey_hex, TEXT, signature) == Proved(KEY.pubkey_hex, form)  # type: ignore[arg-type]
    assert verify_raw_key(KEY.pubkey_hex, TEXT, f"\n {signature}\r\n") == Proved(KEY.pubkey_hex, form)  # type: ignore[arg-type]
    assert isinstance(verify_raw_key(OTHER.pubkey_hex, TEXT, signature), NotProved)
    assert isinstance(verify_raw_key(KEY.pubkey_hex, TEXT + b"\n", signature), NotProved)
    negated = parse_pubkey_hex(("03" if KEY.pubkey_hex[:2] == "02" else "02") + KEY.pubkey_hex[2:], "pubkey")
    assert isinstance(verify_raw_key(negated, TEXT, signature), NotProved)


def test_the_proved_key_is_canonical_when_the_key_came_uncompressed() -> None:
    pubkey = parse_pubkey_hex(KEY.uncompressed_hex.upper(), "pubkey")
    assert verify_raw_key(pubkey, TEXT, RS) == Proved(KEY.pubkey_hex, "rs")


def test_a_compact_signature_needs_the_right_recovery_id() -> None:
    for recid in range(4):
        signature = _base64(bytes([31 + recid]) + COMPACT[1:])
        proved = isinstance(verify_raw_key(KEY.pubkey_hex, TEXT, signature), Proved)
        assert proved is (recid == COMPACT[0] - 31)


@pytest.mark.parametrize(
    "digest", [hashlib.sha256(TEXT).digest(), hashlib.sha256(hashlib.sha256(TEXT).digest()).digest()]
)
def test_a_signature_over_a_plain_hash_of_the_text_proves_nothing(digest: bytes) -> None:
    der = KEY.private.sign(digest, hasher=None)
    assert isinstance(verify_raw_key(KEY.pubkey_hex, TEXT, der.hex()), NotProved)


@pytest.mark.parametrize(
    "compact",
    [
        pytest.param(bytes(64), id="zeros"),
        pytest.param(bytes(32) + COMPACT[33:], id="r zero"),
        pytest.param(COMPACT[1:33] + bytes(32), id="s zero"),
        pytest.param(COMPACT[1:33] + ORDER.to_bytes(32, "big"), id="s is the order"),
        pytest.param(b"\xff" * 64, id="above the order"),
    ],
)
def test_numbers_out_of_range_prove_nothing_in_any_form(compact: bytes) -> None:
    for signature in (compact.hex(), der_of(compact).hex(), _base64(compact), _base64(b"\x1f" + compact)):
        assert isinstance(verify_raw_key(KEY.pubkey_hex, TEXT, signature), NotProved)


DER = KEY.sign_der(TEXT)
UNREADABLE = [
    pytest.param("", id="empty"),
    pytest.param(DER + "00", id="DER and a byte"),
    pytest.param(DER + "0", id="DER and half a byte"),
    pytest.param(DER[:-2], id="DER cut"),
    pytest.param(DER[:10] + " " + DER[11:], id="space in DER"),
    pytest.param("30", id="30 alone"),
    pytest.param("30" * 4000, id="long hex"),
    pytest.param("0x" + RS, id="0x"),
    pytest.param(RS[:-2], id="63 bytes in hex"),
    pytest.param(RS + "01", id="65 bytes in hex"),
    pytest.param(_base64(COMPACT[:63]), id="63 bytes in base64"),
    pytest.param(_base64(COMPACT + b"\0"), id="66 bytes in base64"),
    pytest.param(_base64(b"\x1a" + COMPACT[1:]), id="header 26"),
    pytest.param(_base64(b"\x2b" + COMPACT[1:]), id="header 43"),
    pytest.param(_base64(bytes.fromhex(DER)), id="DER in base64"),
    pytest.param(_base64(bytes.fromhex(RS)).rstrip("="), id="without padding"),
    pytest.param("smp" + _base64(COMPACT), id="a prefix of BIP-322"),
    pytest.param("A" * 8193, id="long"),
    pytest.param("\u0661" * 128, id="arabic digits"),
    pytest.param("\ud800" * 128, id="lone surrogates"),
]


@pytest.mark.parametrize("signature", UNREADABLE)
def test_what_is_no_signature_for_a_key_is_bad_input(signature: str) -> None:
    with pytest.raises(BadInput) as refused:
        verify_raw_key(KEY.pubkey_hex, TEXT, signature)
    assert refused.value.field == "signature"
