"""One key has one name, and nothing that is no key gets one."""

from __future__ import annotations

import pytest

from hodlxxi.bitcoin.keys import parse_compressed_hex, parse_hex, parse_pubkey_hex, pubkey_of
from hodlxxi.kit.errors import BadInput
from tests.support.signer import TestKey

KEY = TestKey(7)
GOOD = KEY.pubkey_hex
LONG = KEY.uncompressed_hex
OFF_CURVE = "02" + "00" * 31 + "05"  # x = 5 has no point: 5^3 + 7 = 132 is no square

NO_KEY = [
    pytest.param("", id="empty"),
    pytest.param(GOOD[:-1], id="a digit short"),
    pytest.param(GOOD[:-2], id="a byte short"),
    pytest.param(GOOD + "00", id="a byte too many"),
    pytest.param(GOOD + "\n", id="newline at the end"),
    pytest.param(" " + GOOD, id="space in front"),
    pytest.param(GOOD[:4] + " " + GOOD[5:], id="space for a digit"),
    pytest.param(GOOD[:2] + "  " + GOOD[2:], id="two spaces between bytes"),
    pytest.param("0x" + GOOD[2:], id="0x"),
    pytest.param("04" + GOOD[2:], id="prefix 04 with 33 bytes"),
    pytest.param("00" + GOOD[2:], id="prefix 00"),
    pytest.param("05" + GOOD[2:], id="prefix 05"),
    pytest.param("06" + LONG[2:], id="hybrid 06"),
    pytest.param("07" + LONG[2:], id="hybrid 07"),
    pytest.param("02" + LONG[2:], id="prefix 02 with 65 bytes"),
    pytest.param(LONG[:-2] + ("00" if LONG[-2:] != "00" else "01"), id="uncompressed off the curve"),
    pytest.param(LONG[:-1] + " ", id="uncompressed with a space"),
    pytest.param(OFF_CURVE, id="off the curve"),
    pytest.param("02" + "ff" * 32, id="x above the field"),
    pytest.param("02" + "00" * 32, id="x zero"),
    pytest.param("02" + "\uff11" * 64, id="fullwidth digits"),
    pytest.param("02" + "\u0661" * 64, id="arabic digits"),
    pytest.param("02" + "\ud800" * 64, id="lone surrogates"),
    pytest.param("02" + "\0" * 64, id="NUL"),
    pytest.param("02" + "gg" * 32, id="letters beyond f"),
    pytest.param("02" * 500_000, id="a megabyte"),
]


@pytest.mark.parametrize("text", NO_KEY)
def test_what_is_no_key_is_refused_and_the_field_is_named(text: str) -> None:
    for parse in (parse_pubkey_hex, parse_compressed_hex):
        with pytest.raises(BadInput) as refused:
            parse(text, "key")
        assert refused.value.field == "key"
        assert text == "" or text[:40] not in refused.value.text


@pytest.mark.parametrize("spell", [str.lower, str.upper, str.swapcase, str.title])
def test_a_compressed_key_is_known_by_its_lower_case_hex_however_it_was_spelled(spell) -> None:  # type: ignore[no-untyped-def]
    assert parse_pubkey_hex(spell(GOOD), "pubkey") == GOOD
    assert parse_compressed_hex(spell(GOOD), "pubkey") == bytes.fromhex(GOOD)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6])
def test_an_uncompressed_key_is_stored_compressed_whatever_its_parity(number: int) -> None:
    key = TestKey(number)
    assert parse_pubkey_hex(key.uncompressed_hex, "pubkey") == key.pubkey_hex
    assert parse_pubkey_hex(key.uncompressed_hex.upper(), "pubkey") == key.pubkey_hex


def test_the_strict_parser_takes_no_uncompressed_key() -> None:
    with pytest.raises(BadInput):
        parse_compressed_hex(LONG, "key")


def test_hex_of_an_exact_length_or_of_a_range_of_lengths() -> None:
    assert parse_hex("00fF", "k1", 2) == b"\x00\xff"
    assert parse_hex("00", "sig", range(1, 3)) == b"\x00"
    assert parse_hex("0000", "sig", range(1, 3)) == b"\x00\x00"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("00", 2),
        ("000", 1),
        ("", range(1, 3)),
        ("000000", range(1, 3)),
        ("0g", 1),
        ("0 ", 1),
        ("\uff10\uff10", 1),
    ],
)
def test_hex_of_another_length_or_alphabet_is_refused(text: str, size: int | range) -> None:
    with pytest.raises(BadInput, match="hex digits are needed"):
        parse_hex(text, "k1", size)


@pytest.mark.parametrize("raw", [b"", b"\x02" * 32, b"\x04" * 33, b"\x02" * 34, bytes(65)])
def test_a_canonical_name_for_other_bytes_is_a_bug_and_no_refusal(raw: bytes) -> None:
    with pytest.raises(ValueError):
        pubkey_of(raw)
