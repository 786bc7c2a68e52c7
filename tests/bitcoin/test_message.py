"""Signed messages for an address: real wallets' signatures, and the table of headers and address kinds."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from coincurve import PublicKey

from hodlxxi.bitcoin.address import Address, AddressKind, Network, nested_program, parse_address
from hodlxxi.bitcoin.bip322 import verify_bip322
from hodlxxi.bitcoin.hashes import hash160
from hodlxxi.bitcoin.legacy import message_digest
from hodlxxi.bitcoin.message import NotProved, Proved, verify_message
from hodlxxi.bitcoin.verdict import Valid
from hodlxxi.kit.errors import BadInput
from tests.support.signer import TestKey, digest_for_signing
from tests.support.vectors import load_vectors

ITEMS: list[dict[str, Any]] = load_vectors("wallet_messages.json")["items"]
NETWORK_OF = {"mainnet": Network.MAIN, "testnet": Network.TEST, "regtest": Network.REGTEST}
# Valid as a signature, but of several keys: it cannot be anybody's sign-in.
MULTISIG = 44

KEY = TestKey(21)
TEXT = b"login.example.org wants you to sign in with your Bitcoin account:"
KEY_HASH = hash160(bytes.fromhex(KEY.pubkey_hex))


def _judge(item: dict[str, Any]) -> Proved | NotProved | BadInput:
    try:
        address = parse_address(item["address"], NETWORK_OF[item["network"]])
        return verify_message(address, item["message"].encode(), item["signature"])
    except BadInput as refused:
        return refused


@pytest.mark.parametrize("item", ITEMS, ids=[f"{item['index']}-{item['name']}" for item in ITEMS])
def test_every_wallet_message_is_decided_as_written(item: dict[str, Any]) -> None:
    verdict = _judge(item)
    assert isinstance(verdict, Proved) is (item["decision"] == "valid" and item["index"] != MULTISIG)


def test_a_multisig_signs_validly_and_still_is_nobody() -> None:
    item = next(item for item in ITEMS if item["index"] == MULTISIG)
    address = parse_address(item["address"], NETWORK_OF[item["network"]])
    assert isinstance(verify_bip322(address, item["message"].encode(), item["signature"]), Valid)
    verdict = _judge(item)
    assert isinstance(verdict, NotProved)
    assert "several keys" in verdict.reason


@pytest.mark.parametrize("item", ITEMS, ids=[f"{item['index']}-{item['name']}" for item in ITEMS])
def test_the_proved_key_of_a_wallet_message_makes_its_address(item: dict[str, Any]) -> None:
    verdict = _judge(item)
    if isinstance(verdict, Proved):
        point = PublicKey(bytes.fromhex(verdict.key))
        hashes = {
            hash160(point.format()),
            hash160(point.format(compressed=False)),
            nested_program(hash160(point.format())),
            point.format()[1:],
        }
        assert parse_address(item["address"], NETWORK_OF[item["network"]]).program in hashes


def test_the_forged_login_of_the_bip322_crate_is_never_accepted() -> None:
    forged = next(item for item in ITEMS if item["index"] == 83)
    assert not isinstance(_judge(forged), Proved)


@pytest.mark.parametrize("length", [0, 1, 252, 253, 1000, 65_535])
def test_the_digest_is_the_one_that_wallets_make(length: int) -> None:
    assert message_digest(b"a" * length) == digest_for_signing(b"a" * length)


def test_a_text_of_64_kilobytes_has_a_longer_size() -> None:
    assert len({message_digest(bytes(n)) for n in (65_535, 65_536, 65_537)}) == 3


UNCOMPRESSED = Address(AddressKind.P2PKH, hash160(bytes.fromhex(KEY.uncompressed_hex)), Network.MAIN)
TARGETS = {
    "p2pkh uncompressed": (UNCOMPRESSED, range(27, 31)),
    "p2pkh": (parse_address(KEY.p2pkh(), Network.MAIN), range(31, 35)),
    "p2sh-p2wpkh": (parse_address(KEY.p2sh_p2wpkh(), Network.MAIN), range(31, 39)),
    "p2wpkh": (parse_address(KEY.p2wpkh(), Network.MAIN), [*range(31, 35), *range(39, 43)]),
    "p2sh-p2wpkh uncompressed": (
        Address(AddressKind.P2SH, nested_program(UNCOMPRESSED.program), Network.MAIN),
        [],
    ),
    "p2wpkh uncompressed": (Address(AddressKind.P2WPKH, UNCOMPRESSED.program, Network.MAIN, 0), []),
    "p2tr": (Address(AddressKind.P2TR, bytes.fromhex(KEY.pubkey_hex)[1:], Network.MAIN, 1), []),
    "p2wsh": (Address(AddressKind.P2WSH, bytes(32), Network.MAIN, 0), []),
    "p2sh of another script": (Address(AddressKind.P2SH, bytes(20), Network.MAIN), []),
    "p2sh that holds the key's hash": (Address(AddressKind.P2SH, KEY_HASH, Network.MAIN), []),
    "p2pkh that holds the nested hash": (
        Address(AddressKind.P2PKH, nested_program(KEY_HASH), Network.MAIN),
        [],
    ),
    "future witness": (Address(AddressKind.WITNESS, KEY_HASH, Network.MAIN, 2), []),
}


@pytest.mark.parametrize("header_base", [27, 31, 35, 39])
@pytest.mark.parametrize(("address", "headers"), TARGETS.values(), ids=TARGETS)
def test_the_table_of_headers_and_kinds(address: Address, headers: list[int], header_base: int) -> None:
    """wallet 3: header bytes 27 to 42, each address type."""
    seen = set()
    for number in range(12):  # enough texts to see both recovery ids that occur
        text = TEXT + bytes([number])
        signature = KEY.sign_compact(text, header_base)
        header = base64.b64decode(signature)[0]
        verdict = verify_message(address, text, signature)
        assert (
            verdict == Proved(KEY.pubkey_hex, "legacy")
            if header in headers
            else isinstance(verdict, NotProved)
        )
        seen.add(header)
    assert len(seen) == 2


@pytest.mark.parametrize(("address", "headers"), TARGETS.values(), ids=TARGETS)
def test_any_other_header_proves_nothing(address: Address, headers: list[int]) -> None:
    """wallet 3: no other header."""
    raw = base64.b64decode(KEY.sign_compact(TEXT))
    for header in [*range(27), *range(43, 256)]:
        signature = base64.b64encode(bytes([header]) + raw[1:]).decode()
        assert isinstance(verify_message(address, TEXT, signature), NotProved)


def test_one_signature_serves_the_three_addresses_of_the_key_and_names_the_key() -> None:
    signature = KEY.sign_compact(TEXT)
    for text in (KEY.p2pkh(), KEY.p2sh_p2wpkh(), KEY.p2wpkh(), KEY.p2wpkh().upper()):
        verdict = verify_message(parse_address(text, Network.MAIN), TEXT, signature)
        assert verdict == Proved(KEY.pubkey_hex, "legacy")


def test_an_uncompressed_key_is_named_by_its_compressed_form() -> None:
    verdict = verify_message(UNCOMPRESSED, TEXT, KEY.sign_compact(TEXT, 27))
    assert verdict == Proved(KEY.pubkey_hex, "legacy")


@pytest.mark.parametrize("address", [KEY.p2pkh(), KEY.p2sh_p2wpkh(), KEY.p2wpkh()])
def test_a_high_s_recovers_to_the_same_key(address: str) -> None:
    """wallet 3: high-S is the same signature."""
    high = bytes.fromhex(KEY.sign_rs_high(TEXT))
    header = base64.b64decode(KEY.sign_compact(TEXT))[0]
    flipped = 31 + ((header - 31) ^ 1)
    signature = base64.b64encode(bytes([flipped]) + high).decode()
    assert verify_message(parse_address(address, Network.MAIN), TEXT, signature) == Proved(
        KEY.pubkey_hex, "legacy"
    )


@pytest.mark.parametrize("address", [KEY.p2pkh(), KEY.p2sh_p2wpkh(), KEY.p2wpkh()])
def test_another_key_another_text_and_another_blank_are_not_proved(address: str) -> None:
    target = parse_address(address, Network.MAIN)
    assert isinstance(verify_message(target, TEXT, TestKey(22).sign_compact(TEXT)), NotProved)
    for changed in (TEXT + b" ", b" " + TEXT, TEXT + b"\n", TEXT[:-1], TEXT.upper(), b""):
        assert isinstance(verify_message(target, changed, KEY.sign_compact(TEXT)), NotProved)


@pytest.mark.parametrize(
    "body", [bytes(64), b"\xff" * 64, bytes(32) + b"\x01" * 32, b"\x01" * 32 + bytes(32)]
)
def test_numbers_from_which_no_key_recovers_prove_nothing(body: bytes) -> None:
    for header in range(27, 43):
        signature = base64.b64encode(bytes([header]) + body).decode()
        assert isinstance(verify_message(TARGETS["p2wpkh"][0], TEXT, signature), NotProved)


GOOD = KEY.sign_compact(TEXT)


@pytest.mark.parametrize("spaced", [f" {GOOD}", f"{GOOD}\n", f"\r\n\t{GOOD}\x0b\x0c ", GOOD])
def test_white_space_around_a_signature_is_what_copying_makes(spaced: str) -> None:
    assert verify_message(TARGETS["p2pkh"][0], TEXT, spaced) == Proved(KEY.pubkey_hex, "legacy")


UNREADABLE = [
    pytest.param("", id="empty"),
    pytest.param(" \n\t", id="only space"),
    pytest.param(GOOD.rstrip("="), id="without padding"),
    pytest.param(GOOD + "=", id="padding too long"),
    pytest.param(GOOD + "====", id="padding much too long"),
    pytest.param("=" * 4, id="padding alone"),
    pytest.param(GOOD[:40] + "\n" + GOOD[40:], id="newline inside"),
    pytest.param(GOOD[:40] + " " + GOOD[41:], id="space inside"),
    pytest.param(GOOD[:40] + "-_" + GOOD[42:], id="url-safe alphabet"),
    pytest.param(GOOD[:40] + "\u0661" + GOOD[41:], id="arabic digit"),
    pytest.param("\u00a0" + GOOD, id="no-break space in front"),
    pytest.param(GOOD[:40] + "\ud800" + GOOD[41:], id="lone surrogate"),
    pytest.param(GOOD[:40] + "\0" + GOOD[41:], id="NUL"),
    pytest.param("INVALID", id="a word"),
    pytest.param("AB==", id="not canonical"),
    pytest.param("A" * 8193, id="long"),
    pytest.param(" " * 8193 + GOOD, id="long because of spaces"),
    pytest.param("A" * 2_000_000, id="two megabytes"),
    pytest.param(KEY.sign_rs(TEXT), id="r and s in hex"),
    pytest.param(KEY.sign_der(TEXT), id="DER in hex"),
]


@pytest.mark.parametrize("signature", UNREADABLE)
def test_what_is_no_signature_for_an_address_is_bad_input(signature: str) -> None:
    with pytest.raises(BadInput) as refused:
        verify_message(TARGETS["p2wpkh"][0], TEXT, signature)
    assert refused.value.field == "signature"
    assert not signature or signature[:20] not in refused.value.text


def test_a_last_character_with_stray_bits_is_not_the_same_signature() -> None:
    assert GOOD[-2] != "="
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    stray = GOOD[:-2] + alphabet[alphabet.index(GOOD[-2]) | 1] + "="
    assert base64.b64decode(stray) == base64.b64decode(GOOD)
    with pytest.raises(BadInput):
        verify_message(TARGETS["p2pkh"][0], TEXT, stray)


@pytest.mark.parametrize(
    "signature", ["smp" + GOOD, "ful" + GOOD, "pof" + GOOD, "AAAA", GOOD[:-4], "A" * 8192]
)
def test_a_form_that_holds_something_else_proves_nothing(signature: str) -> None:
    verdict = verify_message(TARGETS["p2wpkh"][0], TEXT, signature)
    assert isinstance(verdict, NotProved)
