"""Addresses of Bitcoin Core's key_io vectors, networks, and the three addresses of one key."""

from __future__ import annotations

from typing import Any

import pytest

from hodlxxi.bitcoin import address as addresses
from hodlxxi.bitcoin.address import Address, AddressKind, Network, parse_address, render_address
from hodlxxi.bitcoin.bech32 import BECH32, BECH32M, SegwitProgram, render_bech32, render_segwit, spread_bytes
from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.kit.errors import BadInput
from tests.support.vectors import load_vectors

VALID: list[Any] = load_vectors("bitcoin-core/key_io_valid.json")
ADDRESSES = [(text, script, about) for text, script, about in VALID if not about["isPrivkey"]]
PRIVATE_KEYS = [text for text, _, about in VALID if about["isPrivkey"]]
INVALID = [row[0] for row in load_vectors("bitcoin-core/key_io_invalid.json")]


def test_no_vector_is_left_out() -> None:
    assert (len(ADDRESSES), len(PRIVATE_KEYS), len(INVALID)) == (54, 16, 70)


@pytest.mark.parametrize(("text", "script", "about"), ADDRESSES)
def test_addresses_of_bitcoin_core_have_their_script(text: str, script: str, about: dict[str, Any]) -> None:
    network = Network(about["chain"])
    parsed = parse_address(text, network)
    assert parsed.script_pubkey.hex() == script
    assert render_address(parsed) == text
    assert addresses.find_address(bytes.fromhex(script), network) == parsed
    if about.get("tryCaseFlip"):
        assert parse_address(text.swapcase(), network) == parsed
        with pytest.raises(BadInput, match="mixes"):
            parse_address(
                text[:-1] + text[-1].upper() if text[-1].isalpha() else text[:3].upper() + text[3:], network
            )


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("", id="empty"),
        pytest.param("21" + "02" * 33 + "ac", id="bare key"),
        pytest.param("76a914" + "00" * 20 + "88ac00", id="p2pkh and more"),
        pytest.param("76a914" + "00" * 19 + "88ac", id="p2pkh with 19 bytes"),
        pytest.param("a914" + "00" * 20 + "88", id="p2sh with another end"),
        pytest.param("0015" + "00" * 21, id="version 0 with 21 bytes"),
        pytest.param("0020" + "00" * 31, id="push beyond the end"),
        pytest.param("5129" + "00" * 41, id="41 bytes"),
        pytest.param("5101" + "00", id="1 byte"),
        pytest.param("5020" + "00" * 32, id="no version"),
        pytest.param("6a04" + "00" * 4, id="data"),
    ],
)
def test_other_scripts_have_no_address(script: str) -> None:
    assert addresses.find_address(bytes.fromhex(script), Network.MAIN) is None


@pytest.mark.parametrize("text", PRIVATE_KEYS)
def test_a_private_key_is_no_address_and_is_not_repeated(text: str) -> None:
    for network in Network:
        with pytest.raises(BadInput, match="private key") as refused:
            parse_address(text, network)
        assert text not in refused.value.text


@pytest.mark.parametrize("text", INVALID)
def test_what_bitcoin_core_refuses_is_refused_on_every_network(text: str) -> None:
    for network in Network:
        with pytest.raises(BadInput) as refused:
            parse_address(text, network, "pubkey")
        assert refused.value.field == "pubkey"


@pytest.mark.parametrize(("text", "script", "about"), ADDRESSES)
def test_main_refuses_the_others_and_the_others_refuse_main(
    text: str, script: str, about: dict[str, Any]
) -> None:
    foreign = [n for n in Network if (n is Network.MAIN) != (about["chain"] == "main")]
    for network in foreign:
        with pytest.raises(BadInput, match=f"belongs to .*, this server uses {network}"):
            parse_address(text, network)


def test_regtest_has_a_segwit_prefix_of_its_own_and_the_test_networks_share_one() -> None:
    regtest = render_segwit(SegwitProgram("bcrt", 0, bytes(20)))
    testnet = render_segwit(SegwitProgram("tb", 0, bytes(20)))
    for network in (Network.TEST, Network.TESTNET4, Network.SIGNET):
        assert parse_address(testnet, network).network is network
        with pytest.raises(BadInput, match="belongs to regtest"):
            parse_address(regtest, network)
    with pytest.raises(BadInput, match="belongs to a test network"):
        parse_address(testnet, Network.REGTEST)


def _segwit(hrp: str, version: int, program: bytes, constant: int) -> str:
    return render_bech32(hrp, (version, *spread_bytes(program)), constant)


NO_SEGWIT = [
    pytest.param(_segwit("bc", 0, bytes(20), BECH32M), id="version 0 with bech32m"),
    pytest.param(_segwit("bc", 1, bytes(32), BECH32), id="version 1 with bech32"),
    pytest.param(_segwit("bc", 0, bytes(21), BECH32), id="version 0 with 21 bytes"),
    pytest.param(_segwit("bc", 0, bytes(2), BECH32), id="version 0 with 2 bytes"),
    pytest.param(_segwit("bc", 1, bytes(1), BECH32M), id="1 byte"),
    pytest.param(_segwit("bc", 1, bytes(41), BECH32M), id="41 bytes"),
    pytest.param(_segwit("bc", 17, bytes(32), BECH32M), id="version 17"),
    pytest.param(
        render_bech32("bc", (0, *spread_bytes(bytes(20)), 0), BECH32), id="a digit of padding too many"
    ),
    pytest.param(render_bech32("bc", (), BECH32), id="no version"),
    pytest.param("bc1", id="prefix alone"),
    pytest.param("bc1" + "q" * 5_000, id="long"),
    pytest.param("1" * 5_000, id="long base58"),
    pytest.param(" bc1q9vza2e8x573nczrlzms0wvx3gsqjx7vavgkx0l", id="space in front"),
    pytest.param("bc1q9vza2e8x573nczrlzms0wvx3gsqjx7vavgkx0l\n", id="newline at the end"),
    pytest.param("BC1q9vza2e8x573nczrlzms0wvx3gsqjx7vavgkx0l", id="mixed case"),
    pytest.param("bc1q9vza2e8x573nczrlzms0wvx3gsqjx7vavg\u212ax0l", id="kelvin sign for k"),
    pytest.param("bc1q\ud800", id="lone surrogate"),
    pytest.param("", id="empty"),
]


@pytest.mark.parametrize("text", NO_SEGWIT)
def test_near_misses_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        parse_address(text, Network.MAIN)


@pytest.mark.parametrize(
    ("version", "size", "kind"),
    [
        (0, 20, AddressKind.P2WPKH),
        (0, 32, AddressKind.P2WSH),
        (1, 32, AddressKind.P2TR),
        (1, 2, AddressKind.WITNESS),
        (1, 20, AddressKind.WITNESS),
        (2, 32, AddressKind.WITNESS),
        (16, 40, AddressKind.WITNESS),
    ],
)
def test_the_kind_follows_version_and_length(version: int, size: int, kind: AddressKind) -> None:
    text = render_segwit(SegwitProgram("bc", version, bytes(size)))
    assert parse_address(text, Network.MAIN) == Address(kind, bytes(size), Network.MAIN, version)


# The generator point; its addresses are among the best known there are (BIP-173 uses the segwit one).
G = Pubkey("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")


def test_the_three_addresses_of_one_key() -> None:
    assert addresses.render_p2pkh(G, Network.MAIN) == "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"
    assert addresses.render_p2sh_p2wpkh(G, Network.MAIN) == "3JvL6Ymt8MVWiCNHC7oWU6nLeHNJKLZGLN"
    assert addresses.render_p2wpkh(G, Network.MAIN) == "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
    assert addresses.render_p2wpkh(G, Network.TEST) == "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"
    assert addresses.render_p2pkh(G, Network.REGTEST).startswith(("m", "n"))
    assert addresses.render_p2sh_p2wpkh(G, Network.SIGNET).startswith("2")


def test_the_chain_ids_of_caip_2() -> None:
    assert Network.MAIN.chain_id == "bip122:000000000019d6689c085ae165831e93"
    assert len({network.chain_id for network in Network}) == 5
    assert all(len(network.chain_id) == len("bip122:") + 32 for network in Network)
    assert [str(network) for network in Network] == ["main", "test", "testnet4", "signet", "regtest"]
