"""The scripted wallet is a wallet: BIP-32, LUD-05, and an answer that our verifier takes."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from hodlxxi.bitcoin.base58 import parse_base58check
from hodlxxi.bitcoin.bech32 import encode_lnurl
from hodlxxi.bitcoin.ecdsa import verify_lnurl
from tests.support.lnurl_wallet import HARDENED, LnurlWallet, master_node, path_suffix
from tests.support.vectors import load_vectors

CHAINS = [
    pytest.param(seed, path, xprv, id=f"{seed[:8]}-{path}")
    for seed, chain in load_vectors("bip32/bip32_test_vectors.json").items()
    for path, _, xprv in chain
]
K1 = "ab" * 32
URL = f"https://login.example.org/api/lnurl-auth/callback/abc?tag=login&k1={K1}&action=login"


def _index(step: str) -> int:
    return int(step.rstrip("Hh'")) + (HARDENED if step[-1] in "Hh'" else 0)


@pytest.mark.parametrize(("seed", "path", "xprv"), CHAINS)
def test_bip_32(seed: str, path: str, xprv: str) -> None:
    node = master_node(bytes.fromhex(seed)).descend(*map(_index, path.split("/")[1:]))
    payload = parse_base58check(xprv, "xprv")
    assert (node.chain_code, node.secret) == (payload[13:45], payload[46:78])


def test_lud_05() -> None:
    vector = load_vectors("luds/vectors.json")["LUD-05"]
    assert path_suffix(bytes.fromhex(vector["hashingPrivKey"]), vector["domain"]) == tuple(
        vector["pathSuffix"]
    )


@pytest.mark.parametrize(
    "text", [encode_lnurl(URL), "lightning:" + encode_lnurl(URL), encode_lnurl(URL).lower()]
)
def test_the_wallet_answers_the_url_with_a_signature_that_holds(text: str) -> None:
    wallet = LnurlWallet(b"seed of a wallet")
    answered = wallet.answer_url(text)
    assert answered.startswith(URL + "&sig=")
    query = {name: values[0] for name, values in parse_qs(urlsplit(answered).query).items()}
    assert query["key"] == wallet.pubkey_hex("login.example.org")
    assert verify_lnurl(bytes.fromhex(K1), bytes.fromhex(query["sig"]), bytes.fromhex(query["key"]))


def test_another_host_or_another_seed_is_another_key() -> None:
    wallet = LnurlWallet(b"one")
    keys = {
        wallet.pubkey_hex("a.example"),
        wallet.pubkey_hex("b.example"),
        LnurlWallet(b"two").pubkey_hex("a.example"),
    }
    assert len(keys) == 3
    assert wallet.pubkey_hex("a.example") == LnurlWallet(b"one").pubkey_hex("a.example")
