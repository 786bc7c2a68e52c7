"""The node's answers beside ours: checksums and addresses of every form that we take, and what we both refuse."""

from __future__ import annotations

from typing import Any

import pytest

from hodlxxi.bitcoin.address import Network
from hodlxxi.bitcoin.base58 import parse_base58check, render_base58check
from hodlxxi.bitcoin.descriptor.derive import addresses_at
from hodlxxi.bitcoin.descriptor.parse import expand_multipath, parse_descriptor, render_descriptor
from hodlxxi.kit.errors import BadInput
from tests.support.bitcoind import Bitcoind, RpcError
from tests.support.signer import TestKey
from tests.support.vectors import load_vectors

CHAINS = load_vectors("bip32/bip32_test_vectors.json")
TPUBS = [
    render_base58check(bytes.fromhex("043587cf") + parse_base58check(xpub, "x")[4:])
    for chain in CHAINS.values()
    for _, xpub, _ in chain
]
A, B, C = f"[d34db33f/84'/1h/0']{TPUBS[0]}/0/*", f"{TPUBS[1]}/1/2/*", TestKey(3).pubkey_hex
X = C[2:]
LONG = TestKey(4).uncompressed_hex
NODE_TAKES = [
    f"pkh({A})",
    f"pkh({LONG})",
    f"wpkh({A})",
    f"wpkh({TPUBS[2]})",
    f"wpkh([00000000]{TPUBS[2]}/2147483647)",
    f"sh(wpkh({A}))",
    f"sh(pk({LONG}))",
    f"sh(pkh({A}))",
    f"sh(multi(2,{A},{B},{C}))",
    f"sh(sortedmulti(1,{LONG},{B},{C}))",
    f"sh(multi(3,{','.join([C] * 15)}))",
    f"wsh(pk({A}))",
    f"wsh(pkh({A}))",
    f"wsh(multi(2,{A},{B},{C}))",
    f"wsh(sortedmulti(2,{A},{B},{C}))",
    f"wsh(multi(17,{','.join(TestKey(i).pubkey_hex for i in range(1, 21))}))",
    f"sh(wsh(sortedmulti(2,{A},{B},{C})))",
    f"combo({A})",
    f"combo({C})",
    f"combo({LONG})",
    f"tr({A})",
    f"tr({X})",
    f"tr({C})",
    f"rawtr({X})",
    f"rawtr({A})",
    f"tr({A},pk({B}))",
    f"tr({X},pkh({B}))",
    f"tr({A},multi_a(2,{B},{X},{A}))",
    f"tr({X},sortedmulti_a(2,{B},{X},{A}))",
    f"tr({X},{{pk({A}),{{multi_a(1,{C},{B}),{{pk({X}),pkh({A})}}}}}})",
    "addr(bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080)",
    "addr(2N1r7aC69VHeE7yQJPDLi9T1PYq4wnwvjuT)",
    "addr(bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6)",
]
WITHOUT_ADDRESS = [f"pk({A})", f"multi(1,{A},{C})", f"sortedmulti(2,{LONG},{B},{C})"]
BOTH_REFUSE = [
    f"wpkh({LONG})",
    f"wsh(pk({LONG}))",
    f"tr({LONG})",
    f"sh(multi(1,{','.join([C] * 16)}))",
    f"sh(multi(8,{','.join([LONG] * 8)}))",
    f"multi(1,{','.join([C] * 4)})",
    f"wsh(multi(1,{','.join([C] * 21)}))",
    f"wsh(multi(0,{C}))",
    f"wsh(multi(2,{C}))",
    f"sh(tr({C}))",
    f"wsh(combo({C}))",
    "sh(addr(2N1r7aC69VHeE7yQJPDLi9T1PYq4wnwvjuT))",
    f"tr({C},wpkh({C}))",
    f"tr({C},multi(1,{C}))",
    f"tr({C},{{pk({C})}})",
    f"pkh({X})",
    f"wpkh({TPUBS[0]}/*/0)",
    f"wpkh({TPUBS[0]}/2147483648)",
    f"wpkh({TPUBS[0]}/<0;0>/*)",
    f"wpkh({TPUBS[0]}/<0>/*)",
    f"wpkh({TPUBS[0]}/<0;1>/<2;3>/*)",
    f"wsh(multi(1,{TPUBS[0]}/<0;1>/*,{TPUBS[1]}/<0;1;2>/*))",
    f"wpkh([d34db33f/<0;1>]{TPUBS[0]}/*)",
    f"pkh([d34db33]{C})",
    f"pkh([d34db33f/0H]{C})",
    f"pkh({C})x",
    "pkh()",
    "addr(bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4)",
]


def node_addresses(node: Bitcoind, text: str, *, is_ranged: bool) -> list[Any]:
    found: list[Any] = node.rpc("deriveaddresses", text, *([[3, 7]] if is_ranged else []))
    return found


def our_addresses(text: str) -> list[str]:
    descriptor = parse_descriptor(text, Network.REGTEST)
    indexes = range(3, 8) if descriptor.is_ranged else range(1)
    return [address for index in indexes for address in addresses_at(descriptor, index)]


@pytest.mark.parametrize("text", [*NODE_TAKES, *WITHOUT_ADDRESS])
def test_the_node_says_the_same_of_each_form(bitcoind: Bitcoind, text: str) -> None:
    descriptor = parse_descriptor(text, Network.REGTEST)
    said = bitcoind.rpc("getdescriptorinfo", text)
    assert render_descriptor(descriptor) == f"{text}#{said['checksum']}"
    assert said["isrange"] == descriptor.is_ranged
    assert said["hasprivatekeys"] is False
    # The node's own spelling (h for ') is the same descriptor to us.
    assert our_addresses(said["descriptor"]) == our_addresses(text)


@pytest.mark.parametrize("text", NODE_TAKES)
def test_the_node_derives_the_same_addresses(bitcoind: Bitcoind, text: str) -> None:
    descriptor = parse_descriptor(text, Network.REGTEST)
    theirs = node_addresses(bitcoind, render_descriptor(descriptor), is_ranged=descriptor.is_ranged)
    assert our_addresses(text) == theirs
    assert theirs


@pytest.mark.parametrize("text", WITHOUT_ADDRESS)
def test_where_we_have_no_address_the_node_has_none(bitcoind: Bitcoind, text: str) -> None:
    descriptor = parse_descriptor(text, Network.REGTEST)
    with pytest.raises(RpcError, match="does not have a corresponding address"):
        node_addresses(bitcoind, render_descriptor(descriptor), is_ranged=descriptor.is_ranged)
    assert our_addresses(text) == []


@pytest.mark.parametrize("text", BOTH_REFUSE)
def test_what_the_node_refuses_we_refuse(bitcoind: Bitcoind, text: str) -> None:
    with pytest.raises(RpcError):
        bitcoind.rpc("getdescriptorinfo", text)
    with pytest.raises(BadInput):
        parse_descriptor(text, Network.REGTEST)


@pytest.mark.parametrize(
    "text",
    [
        f"wpkh([d34db33f/84h/1h/0h]{TPUBS[0]}/<0;1>/*)",
        f"tr({TPUBS[0]}/<0;1>/*,{{pk({TPUBS[1]}/3/<5;9>/*),multi_a(1,{C},{TPUBS[2]}/<2;1>/*)}})",
    ],
)
def test_the_node_expands_a_multipath_as_we_do(bitcoind: Bitcoind, text: str) -> None:
    descriptor = parse_descriptor(text, Network.REGTEST)
    said = bitcoind.rpc("getdescriptorinfo", text)
    expanded = [render_descriptor(each) for each in expand_multipath(descriptor)]
    assert said["multipath_expansion"] == expanded
    theirs = node_addresses(bitcoind, render_descriptor(descriptor), is_ranged=True)
    assert theirs == [our_addresses(each) for each in expanded]


def test_the_node_takes_each_expansion_into_a_watch_only_wallet(bitcoind: Bitcoind) -> None:
    text = f"wpkh([d34db33f/84h/1h/0h]{TPUBS[0]}/<0;1>/*)"
    bitcoind.rpc("createwallet", "descriptor", True, True)
    requests = [
        {
            "desc": render_descriptor(each),
            "timestamp": "now",
            "active": True,
            "internal": branch == 1,
            "range": 9,
        }
        for branch, each in enumerate(expand_multipath(parse_descriptor(text, Network.REGTEST)))
    ]
    assert all(
        answer["success"] for answer in bitcoind.rpc("importdescriptors", requests, wallet="descriptor")
    )
    change = bitcoind.rpc("getrawchangeaddress", "bech32", wallet="descriptor")
    assert change == our_addresses(text.replace("<0;1>", "1").replace("/*", "/0"))[0]
