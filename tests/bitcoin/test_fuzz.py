"""Whatever arrives, a parser answers with a value or with BadInput: never another error, and nothing proved by chance.

Two sources: any text at all (control characters and lone surrogates included), and good texts with a few changes, which
get deeper. The runs are derandomised: a failure stays until it is repaired.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hodlxxi.bitcoin.address import Network, parse_address, render_address
from hodlxxi.bitcoin.base58 import parse_base58, parse_base58check, render_base58, render_base58check
from hodlxxi.bitcoin.bech32 import (
    BECH32,
    decode_lnurl,
    encode_lnurl,
    gather_bytes,
    parse_bech32,
    parse_segwit,
    render_bech32,
    render_segwit,
    spread_bytes,
)
from hodlxxi.bitcoin.ecdsa import parse_der, recover, verify_compact, verify_der, verify_lnurl
from hodlxxi.bitcoin.keys import find_key, parse_compressed_hex, parse_hex, parse_pubkey_hex
from hodlxxi.bitcoin.message import NotProved, Proved, verify_message, verify_raw_key
from hodlxxi.bitcoin.schnorr import verify_schnorr
from hodlxxi.kit.errors import BadInput
from tests.support.signer import TestKey

fuzz = settings(
    derandomize=True,
    deadline=None,
    max_examples=200,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)

KEY = TestKey(41)
TEXT = b"text to sign"
ADDRESS = parse_address(KEY.p2wpkh(), Network.MAIN)
GOOD_TEXTS = [
    KEY.pubkey_hex,
    KEY.uncompressed_hex,
    KEY.p2pkh(),
    KEY.p2sh_p2wpkh(Network.REGTEST),
    KEY.p2wpkh(),
    KEY.p2wpkh(Network.SIGNET).upper(),
    KEY.sign_compact(TEXT),
    KEY.sign_der(TEXT),
    KEY.sign_rs(TEXT),
    encode_lnurl("https://login.example.org/api/lnurl-auth/callback/a?tag=login&k1=" + "0" * 64),
]
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)
SMALL_CHANGE = st.sampled_from(
    ["", " ", "\n", "\0", "0", "1", "=", "A", "q", "Q", "é", "\u212a", "\ud800", "30", "04"]
)


@st.composite
def damaged_texts(draw: st.DrawFn) -> str:
    """A good text in which up to three places were replaced, inserted or cut."""
    text = draw(st.sampled_from(GOOD_TEXTS))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 2)))
        text = text[:start] + draw(SMALL_CHANGE) + text[end:]
    return text


PARSERS: list[Callable[[str], object]] = [
    lambda text: parse_hex(text, "x", 32),
    lambda text: parse_hex(text, "x", range(1, 73)),
    lambda text: parse_compressed_hex(text, "x"),
    lambda text: parse_pubkey_hex(text, "x"),
    lambda text: parse_base58(text, "x"),
    lambda text: parse_base58check(text, "x"),
    lambda text: parse_bech32(text, "x", max_chars=90),
    lambda text: parse_segwit(text, "x"),
    decode_lnurl,
    *(partial(parse_address, network=network, field="x") for network in Network),
]


def _answer(ask: Callable[[], object]) -> object:
    """The value, or the refusal as a value; any other exception fails the test."""
    try:
        return ask()
    except BadInput as refused:
        return refused


def _run_parsers(text: str) -> None:
    for parse in PARSERS:
        answer = _answer(partial(parse, text))
        assert not isinstance(answer, BadInput) or answer.field in ("x", "lnurl")


@fuzz
@given(ANY_TEXT)
def test_no_text_upsets_a_parser(text: str) -> None:
    _run_parsers(text)


@fuzz
@given(damaged_texts())
def test_no_damaged_text_upsets_a_parser(text: str) -> None:
    _run_parsers(text)


@pytest.mark.parametrize("unit", ["0", "1", "z", "q", "A", "\u212a", "\ud800", "bc1", "LNURL1", "="])
def test_megabytes_are_refused_by_their_length(unit: str) -> None:
    text = unit * 1_000_000
    for parse in PARSERS:
        with pytest.raises(BadInput):
            parse(text)
    with pytest.raises(BadInput):
        verify_message(ADDRESS, TEXT, text)
    with pytest.raises(BadInput):
        verify_raw_key(KEY.pubkey_hex, TEXT, text)


@fuzz
@given(st.one_of(ANY_TEXT, damaged_texts()))
@example("")
def test_a_signature_text_is_bad_not_proved_or_the_real_one(signature: str) -> None:
    for verify in (
        lambda: verify_message(ADDRESS, TEXT, signature),
        lambda: verify_raw_key(KEY.pubkey_hex, TEXT, signature),
    ):
        verdict = _answer(verify)
        if isinstance(verdict, BadInput):
            assert verdict.field == "signature"
        elif isinstance(verdict, Proved):
            assert signature.strip() in {KEY.sign_compact(TEXT), KEY.sign_der(TEXT), KEY.sign_rs(TEXT)}
        else:
            assert isinstance(verdict, NotProved)


@fuzz
@given(st.integers(0, 255), st.binary(min_size=64, max_size=64))
def test_a_random_compact_signature_proves_nothing(header: int, body: bytes) -> None:
    signature = base64.b64encode(bytes([header]) + body).decode()
    assert isinstance(verify_message(ADDRESS, TEXT, signature), NotProved)


@fuzz
@given(st.integers(0, 519), st.binary(max_size=40))
def test_one_flipped_bit_of_a_signature_or_another_text_proves_nothing(bit: int, text: bytes) -> None:
    raw = bytearray(base64.b64decode(KEY.sign_compact(TEXT)))
    raw[bit // 8] ^= 1 << bit % 8
    flipped = base64.b64encode(bytes(raw)).decode()
    # The header's other bits may still say "this recovery id, this kind": 31-34 and 39-42 both serve P2WPKH.
    same_claim = bit // 8 == 0 and (raw[0] - 27) & 3 == (base64.b64decode(KEY.sign_compact(TEXT))[0] - 27) & 3
    assert same_claim or isinstance(verify_message(ADDRESS, TEXT, flipped), NotProved)
    assert text == TEXT or isinstance(verify_message(ADDRESS, text, KEY.sign_compact(TEXT)), NotProved)


@fuzz
@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=80))
def test_no_bytes_upset_a_verifier(one: bytes, two: bytes, three: bytes) -> None:
    point = find_key(bytes.fromhex(KEY.pubkey_hex))
    assert point is not None
    assert find_key(one) is None or len(one) == 33
    assert not verify_schnorr(one, two, three)
    assert not verify_lnurl(one, two, three)
    assert not verify_der(point, one, two)
    assert not verify_compact(point, one, two)
    assert recover(one, 0, two) is None or (len(one), len(two)) == (64, 32)
    parsed = _answer(lambda: parse_der(one))
    assert isinstance(parsed, BadInput) or (isinstance(parsed, bytes) and len(parsed) == 64)


@fuzz
@given(st.binary(max_size=80))
def test_encodings_go_round(raw: bytes) -> None:
    assert parse_base58(render_base58(raw), "x") == raw
    assert parse_base58check(render_base58check(raw), "x") == raw
    assert gather_bytes(spread_bytes(raw), "x") == raw
    text = render_bech32("lnurl", spread_bytes(raw), BECH32)
    assert gather_bytes(parse_bech32(text, "x", max_chars=2000).digits, "x") == raw


@fuzz
@given(st.text(max_size=100).filter(lambda text: text.isprintable()))
def test_lnurls_go_round(url: str) -> None:
    assert decode_lnurl(encode_lnurl(url)) == url
    assert decode_lnurl(encode_lnurl(url).lower()) == url


@fuzz
@given(damaged_texts(), st.sampled_from(list(Network)))
def test_an_address_that_parses_has_one_spelling(text: str, network: Network) -> None:
    try:
        address = parse_address(text, network)
    except BadInput:
        return
    assert text in (render_address(address), render_address(address).upper())
    assert (
        render_segwit(parse_segwit(text, "x")) == text.lower()
        if address.witness_version is not None
        else True
    )


@fuzz
@given(st.integers(1, 2**200))
def test_every_key_signs_in_by_each_form(secret: int) -> None:
    key = TestKey(secret)
    for address in (key.p2pkh(), key.p2sh_p2wpkh(), key.p2wpkh()):
        verdict = verify_message(parse_address(address, Network.MAIN), TEXT, key.sign_compact(TEXT))
        assert verdict == Proved(key.pubkey_hex, "legacy")
    for signature in (key.sign_rs(TEXT), key.sign_rs_high(TEXT), key.sign_der(TEXT), key.sign_compact(TEXT)):
        assert isinstance(verify_raw_key(key.pubkey_hex, TEXT, signature), Proved)
