"""BIP-322: the published vectors, every script in every form, and what of it is a sign-in."""

from __future__ import annotations

import base64
from itertools import pairwise
from typing import Any

import pytest

from hodlxxi.bitcoin.address import Network, parse_address
from hodlxxi.bitcoin.bip322 import verify_bip322
from hodlxxi.bitcoin.hashes import sha256d
from hodlxxi.bitcoin.message import NotProved, Proved, judge_login, verify_message
from hodlxxi.bitcoin.transaction import ToSign, message_hash, outpoint_of, render_to_sign
from hodlxxi.bitcoin.verdict import Inconclusive, Invalid, Step, Valid, Verdict
from hodlxxi.kit.errors import BadInput
from tests.support.bip322_signer import Terms, Wallet, as_full, as_simple, sign_tx
from tests.support.signer import TestKey
from tests.support.vectors import load_vectors

VECTORS: dict[str, list[dict[str, Any]]] = load_vectors("bip-0322/basic-test-vectors.json")
KEYS = (TestKey(51), TestKey(52), TestKey(53))
TEXT = b"login.example.org wants you to sign in with your Bitcoin account:"
ONE_KEY = {
    "p2pkh": Wallet("p2pkh", KEYS),
    "p2pkh uncompressed": Wallet("p2pkh", KEYS, compressed=False),
    "p2sh-p2wpkh": Wallet("p2sh-p2wpkh", KEYS),
    "p2wpkh": Wallet("p2wpkh", KEYS),
    "p2tr": Wallet("p2tr", KEYS),
}
SEVERAL = {
    "p2wsh 2 of 3": Wallet("p2wsh-multisig", KEYS, 2),
    "p2wsh 1 of 1": Wallet("p2wsh-multisig", KEYS[:1], 1),
    "p2sh 2 of 3": Wallet("p2sh-multisig", KEYS, 2),
    "p2sh-p2wsh 3 of 3": Wallet("p2sh-p2wsh-multisig", KEYS, 3),
}
NATIVE = ("p2wpkh", "p2tr", "p2wsh-multisig")


def judge(wallet: Wallet, signature: str, text: bytes = TEXT) -> Verdict:
    """The verdict for the wallet's own address."""
    return verify_bip322(wallet.at(Network.MAIN), text, signature)


def texts_of(item: dict[str, Any]) -> bytes:
    """A vector's message; one has its emoji in two halves."""
    return str(item["message"]).encode("utf-16", "surrogatepass").decode("utf-16").encode()


@pytest.mark.parametrize("item", VECTORS["tx_hashes"], ids=lambda item: ascii(item["message"])[:20])
def test_the_two_transactions_of_the_published_vectors(item: dict[str, Any]) -> None:
    text, address = texts_of(item), parse_address(item["address"], Network.MAIN)
    outpoint = outpoint_of(text, address.script_pubkey)
    assert message_hash(text).hex() == item["message_hash"]
    assert outpoint[:32][::-1].hex() == item["to_spend_tx_hash"]
    assert sha256d(render_to_sign(ToSign(()), outpoint))[::-1].hex() == item["to_sign_tx_hash"]


@pytest.mark.parametrize(
    ("item", "signature"),
    [(item, signature) for item in VECTORS["simple"] for signature in item["bip322_signatures"]],
)
def test_every_published_signature_is_valid_here_and_now(item: dict[str, Any], signature: str) -> None:
    verdict = verify_bip322(parse_address(item["address"], Network.MAIN), texts_of(item), signature)
    assert isinstance(verdict, Valid)
    assert (verdict.form, verdict.locktime, verdict.sequence) == ("simple", 0, 0)
    assert len(verdict.signers) == len(item["private_keys"])
    assert (verdict.key is None) is ("multisig" in item["type"])


def test_the_published_sets_are_whole() -> None:
    assert sum(len(item["bip322_signatures"]) for item in VECTORS["simple"]) == 6
    assert (len(VECTORS["tx_hashes"]), len(VECTORS["error"])) == (3, 8)


UNREADABLE = ("invalid base64 encoding", "empty signature", "invalid signature prefix")


@pytest.mark.parametrize("item", VECTORS["error"], ids=lambda item: item["description"])
def test_every_published_error_is_refused(item: dict[str, Any]) -> None:
    address = parse_address(item["address"], Network.MAIN)
    if item["description"] in UNREADABLE:
        with pytest.raises(BadInput, match="signature: "):
            verify_bip322(address, texts_of(item), item["signature"])
    else:
        assert isinstance(verify_bip322(address, texts_of(item), item["signature"]), Invalid)


@pytest.mark.parametrize("prefix", ["", "ful"], ids=["bare", "prefixed"])
@pytest.mark.parametrize("wallet", ONE_KEY.values(), ids=ONE_KEY)
def test_a_full_signature_signs_in_for_every_address_of_one_key(wallet: Wallet, prefix: str) -> None:
    signature = as_full(sign_tx(wallet, TEXT), prefix)
    key = "02" + wallet.x_only.hex() if wallet.script == "p2tr" else KEYS[0].pubkey_hex
    assert judge(wallet, signature) == Valid("full", key, (key,))
    assert verify_message(wallet.at(Network.MAIN), TEXT, signature) == Proved(key, "full")


@pytest.mark.parametrize("prefix", ["", "smp"], ids=["bare", "prefixed"])
@pytest.mark.parametrize("script", ["p2wpkh", "p2tr"])
def test_a_simple_signature_signs_in_for_native_segwit(script: str, prefix: str) -> None:
    wallet = ONE_KEY[script]
    verdict = verify_message(wallet.at(Network.MAIN), TEXT, as_simple(sign_tx(wallet, TEXT), prefix))
    assert isinstance(verdict, Proved)
    assert verdict.form == "simple"


def test_taproot_proves_its_output_key_with_an_even_y() -> None:
    for number in range(1, 9):
        wallet = Wallet("p2tr", (TestKey(number),))
        verdict = judge(wallet, as_simple(sign_tx(wallet, TEXT)))
        assert isinstance(verdict, Valid)
        assert verdict.key == "02" + wallet.x_only.hex()


def test_nested_segwit_is_taken_in_the_simple_form_only_without_its_prefix() -> None:
    wallet = ONE_KEY["p2sh-p2wpkh"]
    tx = sign_tx(wallet, TEXT)
    assert verify_message(wallet.at(Network.MAIN), TEXT, as_simple(tx, "")) == Proved(
        KEYS[0].pubkey_hex, "simple"
    )
    refused = judge(wallet, as_simple(tx, "smp"))
    assert isinstance(refused, Invalid)
    assert refused.at is Step.FORM


@pytest.mark.parametrize("wallet", SEVERAL.values(), ids=SEVERAL)
def test_a_multisig_is_valid_and_names_who_signed_but_signs_in_nobody(wallet: Wallet) -> None:
    tx = sign_tx(wallet, TEXT)
    signers = tuple(key.pubkey_hex for key in wallet.keys[: wallet.threshold])
    written = [as_full(tx), as_full(tx, "")]
    written += [as_simple(tx), as_simple(tx, "")] if wallet.script in NATIVE else []
    for signature in written:
        verdict = judge(wallet, signature)
        assert isinstance(verdict, Valid)
        assert (verdict.key, verdict.signers) == (None, signers)
        login = judge_login(verdict)
        assert isinstance(login, NotProved)
        assert "begins with 1" in login.reason


@pytest.mark.parametrize(
    ("terms", "when"),
    [
        pytest.param(Terms(locktime=500_000), (500_000, 0), id="locktime"),
        pytest.param(Terms(sequence=144, version=2), (0, 144), id="sequence"),
        pytest.param(Terms(locktime=1, sequence=0xFFFFFFFF), (1, 0xFFFFFFFF), id="both"),
    ],
)
@pytest.mark.parametrize("wallet", ONE_KEY.values(), ids=ONE_KEY)
def test_a_timelock_is_told_and_signs_in_nobody(wallet: Wallet, terms: Terms, when: tuple[int, int]) -> None:
    verdict = judge(wallet, as_full(sign_tx(wallet, TEXT, terms)))
    assert isinstance(verdict, Valid)
    assert (verdict.locktime, verdict.sequence) == when
    login = judge_login(verdict)
    assert isinstance(login, NotProved)
    assert "timelock" in login.reason


@pytest.mark.parametrize("version", [1, 3, 4, 0xFFFFFFFF, 0x01000000])
def test_another_version_is_inconclusive(version: int) -> None:
    wallet = ONE_KEY["p2wpkh"]
    signature = as_full(sign_tx(wallet, TEXT, Terms(version=version)))
    assert isinstance(judge(wallet, signature), Inconclusive)
    assert isinstance(verify_message(wallet.at(Network.MAIN), TEXT, signature), NotProved)


def test_version_two_is_as_good_as_zero() -> None:
    wallet = ONE_KEY["p2wpkh"]
    assert isinstance(
        verify_message(wallet.at(Network.MAIN), TEXT, as_full(sign_tx(wallet, TEXT, Terms(version=2)))),
        Proved,
    )


def test_a_proof_of_funds_is_inconclusive_and_says_what_to_do() -> None:
    verdict = judge(ONE_KEY["p2wpkh"], "pof" + base64.b64encode(b"psbt\xff").decode())
    assert isinstance(verdict, Inconclusive)
    assert "Sign the message alone" in verdict.reason


def test_a_script_that_we_do_not_know_is_inconclusive() -> None:
    anyone = Wallet("p2wsh", KEYS, threshold=0, own_script=b"\x51")
    known_hash = Wallet(
        "p2wsh", KEYS, threshold=1, own_script=b"\x21" + KEYS[0].private.public_key.format() + b"\xac"
    )
    for wallet in (anyone, known_hash):
        signature = as_simple(sign_tx(wallet, TEXT))
        assert isinstance(judge(wallet, signature), Inconclusive)
        assert isinstance(verify_message(wallet.at(Network.MAIN), TEXT, signature), NotProved)


def test_a_future_witness_version_is_inconclusive() -> None:
    address = parse_address("bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", Network.MAIN)
    signature = as_simple(sign_tx(ONE_KEY["p2wpkh"], TEXT))
    assert isinstance(verify_bip322(address, TEXT, signature), Inconclusive)


def test_one_key_is_one_account_whichever_way_it_signs_but_for_taproot() -> None:
    proved = set()
    for name, wallet in ONE_KEY.items():
        if name != "p2tr":
            verdict = verify_message(wallet.at(Network.MAIN), TEXT, as_full(sign_tx(wallet, TEXT)))
            assert isinstance(verdict, Proved)
            proved.add(verdict.key)
    for address in (KEYS[0].p2pkh(), KEYS[0].p2sh_p2wpkh(), KEYS[0].p2wpkh()):
        verdict = verify_message(parse_address(address, Network.MAIN), TEXT, KEYS[0].sign_compact(TEXT))
        assert isinstance(verdict, Proved)
        proved.add(verdict.key)
    assert proved == {KEYS[0].pubkey_hex}


def test_the_steps_stand_in_the_order_in_which_they_are_checked() -> None:
    order = [Step.FORM, Step.STRUCTURE, Step.SCRIPT, Step.STRICTNESS, Step.SIGNATURE]
    assert list(Step) == order
    assert all(one is not two for one, two in pairwise(order))
