"""Base58, bech32 and LNURL against published values, and against near misses."""

from __future__ import annotations

import pytest

from hodlxxi.bitcoin import base58, bech32
from hodlxxi.kit.errors import BadInput
from tests.support.vectors import load_vectors

LUD_01 = load_vectors("luds/vectors.json")["LUD-01"]


@pytest.mark.parametrize(("raw_hex", "text"), load_vectors("bitcoin-core/base58_encode_decode.json"))
def test_base58_of_bitcoin_core(raw_hex: str, text: str) -> None:
    assert base58.render_base58(bytes.fromhex(raw_hex)) == text
    assert base58.parse_base58(text, "x", max_chars=400) == bytes.fromhex(raw_hex)


def test_base58check_goes_round_and_sees_every_changed_character() -> None:
    text = base58.render_base58check(bytes(3) + b"payload")
    assert base58.parse_base58check(text, "x") == bytes(3) + b"payload"
    for at, character in enumerate(text):
        wrong = "2" if character != "2" else "3"
        with pytest.raises(BadInput):
            base58.parse_base58check(text[:at] + wrong + text[at + 1 :], "x")


@pytest.mark.parametrize(
    "text", ["", "1", "11", "111", "1111", "0", "O", "I", "l", "é", " 2g", "2g ", "2g\n", "1" * 129]
)
def test_base58check_refuses_what_has_no_checksum(text: str) -> None:
    with pytest.raises(BadInput):
        base58.parse_base58check(text, "x")


# BIP-173 and BIP-350, "Test vectors".
VALID_BECH32 = [
    "A12UEL5L",
    "a12uel5l",
    "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
    "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
    "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
    "?1ezyfcl",
]
VALID_BECH32M = [
    "A1LQFN3A",
    "a1lqfn3a",
    "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6",
    "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
    "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
    "?1v759aa",
]
INVALID_BECH32 = [
    "\x201nwldj5", "\x7f1axkwrx", "\x801eym55h", "pzry9x0s0muk", "1pzry9x0s0muk", "x1b4n0q5v",
    "li1dgmt3", "de1lg7wt\xff", "A1G7SGD8", "10a06t8", "1qzzfhee", "a12UEL5L", "\x201xj0phk",
    "\x7f1g6xzxy", "\x801vctc34", "qyrz8wqd2c9m", "1qyrz8wqd2c9m", "y1b0jsk6g", "lt1igcx5c0", "in1muywd",
    "mm1crxm3i", "au1s5cgom", "M1VUXWEZ", "16plkw9", "1p2gdwpf",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "constant"),
    [(t, bech32.BECH32) for t in VALID_BECH32] + [(t, bech32.BECH32M) for t in VALID_BECH32M],
)
def test_bech32_texts_of_the_bips_go_round(text: str, constant: int) -> None:
    parsed = bech32.parse_bech32(text, "x", max_chars=90)
    assert parsed.constant == constant
    assert bech32.render_bech32(parsed.hrp, parsed.digits, constant) == text.lower()


@pytest.mark.parametrize("text", INVALID_BECH32)
def test_bad_bech32_texts_of_the_bips_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        bech32.parse_bech32(text, "x", max_chars=90)


def test_padding_must_be_zero_and_shorter_than_a_digit() -> None:
    assert bech32.gather_bytes(bech32.spread_bytes(b"\xff\x00\x01"), "x") == b"\xff\x00\x01"
    for digits in [(0,), (31, 31), (31, 29), (0, 0, 0)]:
        with pytest.raises(BadInput):
            bech32.gather_bytes(digits, "x")
    assert bech32.gather_bytes((31, 28), "x") == b"\xff"


def test_lud_01_in_both_directions_and_both_cases() -> None:
    assert bech32.encode_lnurl(LUD_01["url"]) == LUD_01["lnurl"].upper()
    assert bech32.decode_lnurl(LUD_01["lnurl"].upper()) == LUD_01["url"]
    assert bech32.decode_lnurl(LUD_01["lnurl"].lower()) == LUD_01["url"]


def test_a_url_as_long_as_ours_goes_round_and_the_cap_holds() -> None:
    url = "https://login.example.org/api/lnurl-auth/callback/" + "s" * 43 + "?tag=login&k1=" + "a" * 64
    assert bech32.decode_lnurl(bech32.encode_lnurl(url)) == url
    with pytest.raises(BadInput, match="too long"):
        bech32.decode_lnurl(bech32.encode_lnurl("https://example.org/" + "a" * 1300))


LNURL = LUD_01["lnurl"]
NO_LNURL = [
    pytest.param(LNURL[:-1] + LNURL[-1].lower(), id="mixed case"),
    pytest.param(LNURL[:-1] + ("Q" if LNURL[-1] != "Q" else "P"), id="wrong checksum"),
    pytest.param("lightning:" + LNURL.lower(), id="with scheme"),
    pytest.param(LNURL + "\n", id="newline"),
    pytest.param(
        bech32.render_bech32("lnurl", bech32.spread_bytes(b"https://a"), bech32.BECH32M), id="bech32m"
    ),
    pytest.param(
        bech32.render_bech32("lnurx", bech32.spread_bytes(b"https://a"), bech32.BECH32), id="other prefix"
    ),
    pytest.param(
        bech32.render_bech32("lnurl", bech32.spread_bytes(b"\xff\xfe"), bech32.BECH32), id="not utf-8"
    ),
    pytest.param(bech32.render_bech32("lnurl", (1,), bech32.BECH32), id="half a byte"),
    pytest.param("", id="empty"),
]


@pytest.mark.parametrize("text", NO_LNURL)
def test_what_is_no_lnurl_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        bech32.decode_lnurl(text)
    assert refused.value.field == "lnurl"
