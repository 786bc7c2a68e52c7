"""Extended public keys against BIP-32's chains and its invalid keys."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from hodlxxi.bitcoin.address import Network
from hodlxxi.bitcoin.base58 import parse_base58check, render_base58check
from hodlxxi.bitcoin.bip32 import derive_child, parse_extended_key, render_extended_key
from hodlxxi.kit.errors import BadInput
from tests.support.vectors import load_vectors

CHAINS: dict[str, list[tuple[str, str, str]]] = load_vectors("bip32/bip32_test_vectors.json")
INVALID: list[tuple[str, str]] = load_vectors("bip32/bip32_invalid_keys.json")
PUBLIC = [xpub for chain in CHAINS.values() for _, xpub, _ in chain]
PRIVATE = [xprv for chain in CHAINS.values() for _, _, xprv in chain]
# Pairs of a chain where the second is an unhardened child of the first.
CHILDREN = [
    pytest.param(parent[1], child[1], int(child[0].rpartition("/")[2]), id=f"{seed[:8]}-{child[0]}")
    for seed, chain in CHAINS.items()
    for parent, child in pairwise(chain)
    if child[0][-1] not in "Hh'"
]
XPUB = PUBLIC[0]


def with_version(text: str, version: int) -> str:
    return render_base58check(version.to_bytes(4, "big") + parse_base58check(text, "x")[4:])


def refusal(text: str, network: Network = Network.MAIN) -> BadInput:
    with pytest.raises(BadInput) as refused:
        parse_extended_key(text, network, "descriptor")
    assert refused.value.field == "descriptor"
    assert text not in refused.value.text
    return refused.value


def test_no_vector_is_left_out() -> None:
    assert (len(PUBLIC), len(CHILDREN), len(INVALID)) == (17, 6, 16)


@pytest.mark.parametrize("xpub", PUBLIC)
def test_extended_public_keys_go_round(xpub: str) -> None:
    assert render_extended_key(parse_extended_key(xpub, Network.MAIN, "x")) == xpub


@pytest.mark.parametrize(("parent", "child", "number"), CHILDREN)
def test_public_children_are_those_of_bip_32(parent: str, child: str, number: int) -> None:
    derived = derive_child(parse_extended_key(parent, Network.MAIN, "x"), number, "x")
    assert render_extended_key(derived) == child


@pytest.mark.parametrize("xprv", PRIVATE)
def test_an_extended_private_key_is_refused_as_one(xprv: str) -> None:
    refused = refusal(xprv)
    assert refused.code == "private_key_refused"
    assert "extended private key" in refused.text


REASONS = {
    "invalid public key prefix not in (0x02, 0x03): 0x00": "private key",
    "invalid public key prefix": "does not begin with 02 or 03",
    "invalid private key": "private key",
    "zero depth with non-zero parent fingerprint": "depth 0, but a parent's fingerprint",
    "zero depth with non-zero index": "depth 0, but a child's number",
    "unknown extended key version": "an unknown version",
    "invalid public key: 0x02": "is not on the curve",
    "invalid checksum": "the checksum is wrong",
}


@pytest.mark.parametrize(("text", "reason"), INVALID)
def test_the_invalid_keys_of_bip_32_are_refused_with_their_reason(text: str, reason: str) -> None:
    ours = next(ours for theirs, ours in REASONS.items() if reason.startswith(theirs))
    if text.startswith("xprv") and "checksum" not in reason:
        ours = "private key"
    # One of the two keys of unknown version holds a secret.
    holds_secret = reason.startswith("unknown") and parse_base58check(text, "x")[45] == 0
    assert ("private key" if holds_secret else ours) in refusal(text).text


@pytest.mark.parametrize(
    ("version", "name", "advice"),
    [
        (0x049D7CB2, "ypub", "xpub"),
        (0x04B24746, "zpub", "xpub"),
        (0x0295B43F, "Ypub", "xpub"),
        (0x02AA7ED3, "Zpub", "xpub"),
        (0x044A5262, "upub", "tpub"),
        (0x045F1CF6, "vpub", "tpub"),
        (0x024289EF, "Upub", "tpub"),
        (0x02575483, "Vpub", "tpub"),
    ],
)
def test_slip_132_keys_are_refused_with_the_advice_to_convert(version: int, name: str, advice: str) -> None:
    text = with_version(XPUB, version)
    assert text.startswith(name)
    assert f"convert it to {advice}" in refusal(text).text


@pytest.mark.parametrize(
    "version",
    [
        *(0x0488ADE4, 0x049D7878, 0x04B2430C, 0x0295B005, 0x02AA7A99),
        *(0x04358394, 0x044A4E28, 0x045F18BC, 0x024285B5, 0x02575048),
    ],
)
def test_every_private_version_is_refused_as_one(version: int) -> None:
    text = with_version(PRIVATE[0], version)
    assert text[1:4] == "prv"
    assert refusal(text).code == "private_key_refused"


def test_each_network_takes_its_own_version_only() -> None:
    tpub = with_version(XPUB, 0x043587CF)
    for network in Network:
        good, bad = (XPUB, tpub) if network is Network.MAIN else (tpub, XPUB)
        assert render_extended_key(parse_extended_key(good, network, "x")) == good
        assert f"this is {bad[:4]}; a server on {network} needs {good[:4]}" in refusal(bad, network).text


def test_what_is_no_extended_key_is_refused() -> None:
    assert "78 bytes" in refusal("1FsSia9rv4NeEwvJ2GvXrX7LyxYspbN2mo").text
    assert "too long" in refusal(XPUB * 2).text


@pytest.mark.parametrize("number", [-1, 2**31, 2**32])
def test_hardened_children_have_no_public_derivation(number: int) -> None:
    with pytest.raises(BadInput, match="hardened"):
        derive_child(parse_extended_key(XPUB, Network.MAIN, "x"), number, "x")


def test_the_depth_ends_at_255() -> None:
    payload = bytearray(parse_base58check(PUBLIC[1], "x"))
    payload[4] = 254
    key = parse_extended_key(render_base58check(bytes(payload)), Network.MAIN, "x")
    last = derive_child(key, 0, "x")
    assert last.depth == 255
    with pytest.raises(BadInput, match="255 steps"):
        derive_child(last, 0, "x")


def test_the_fingerprint_is_what_children_name() -> None:
    parent: Any = parse_extended_key(XPUB, Network.MAIN, "x")
    assert derive_child(parent, 7, "x").parent_fingerprint == parent.fingerprint
    assert parent.fingerprint.hex() == "3442193e"
