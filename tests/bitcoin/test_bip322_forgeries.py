"""Signatures that somebody would like us to take: other people's addresses, other scripts, weaker promises."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from hodlxxi.bitcoin.address import Address, AddressKind, Network, parse_address
from hodlxxi.bitcoin.bip322 import verify_bip322
from hodlxxi.bitcoin.hashes import hash160
from hodlxxi.bitcoin.message import NotProved, verify_message
from hodlxxi.bitcoin.verdict import Inconclusive, Invalid, Step, Valid
from hodlxxi.kit.errors import BadInput
from tests.support.bip322_signer import (
    ALL,
    ANYONECANPAY,
    NONE,
    SINGLE,
    Disguise,
    Terms,
    Tx,
    TxIn,
    Wallet,
    as_full,
    as_simple,
    negate_s,
    push,
    sign_tx,
)
from tests.support.signer import TestKey
from tests.support.vectors import load_vectors

TEXT = b"login.example.org wants you to sign in with your Bitcoin account:"
VICTIM, ATTACKER = TestKey(61), TestKey(62)
KEYS = (VICTIM, TestKey(63), TestKey(64))
SCRIPTS = ("p2pkh", "p2sh-p2wpkh", "p2wpkh", "p2tr")
NATIVE = ("p2wpkh", "p2tr", "p2wsh-multisig")
DISGUISES = [
    Disguise(code=code, redeem=redeem, key=key) for code in (0, 1) for redeem in (0, 1) for key in (0, 1)
]


def wallet_of(script: Any, *keys: TestKey, threshold: int = 1) -> Wallet:
    """A wallet with this script."""
    return Wallet(script, keys, threshold)


def written(tx: Tx, script: str) -> list[str]:
    """The transaction in every form and with every prefix that its script could be sent in."""
    forms = [as_full(tx), as_full(tx, "")]
    return [*forms, as_simple(tx), as_simple(tx, "")] if script in NATIVE else [*forms, as_simple(tx, "")]


def refusal_of(wallet: Wallet, signature: str, text: bytes = TEXT) -> Invalid | Inconclusive | BadInput:
    """How the signature is refused for the wallet's address; fails when it is not, or when it would sign in."""
    address = wallet.at(Network.MAIN)
    try:
        verdict = verify_bip322(address, text, signature)
    except BadInput as refused:
        return refused
    assert not isinstance(verdict, Valid)
    assert isinstance(verify_message(address, text, signature), NotProved)
    return verdict


def test_the_forged_login_of_the_bypass_of_2026_is_refused() -> None:
    """bip322 0.1.7: the witness key was compared with nothing, so any key signed for any segwit address."""
    item = next(item for item in load_vectors("wallet_messages.json")["items"] if item["index"] == 83)
    verdict = verify_bip322(
        parse_address(item["address"], Network.MAIN), item["message"].encode(), item["signature"]
    )
    assert isinstance(verdict, Invalid)
    assert verdict.at is Step.SCRIPT


@pytest.mark.parametrize("disguise", DISGUISES, ids=str)
@pytest.mark.parametrize("script", SCRIPTS)
def test_no_other_key_signs_for_an_address_whatever_it_borrows(script: str, disguise: Disguise) -> None:
    """bip322 0.1.7: with the victim's script code, redeem script and key, and with one's own, in each combination.

    xverse-core#223: a taproot address was signed for by anybody.
    """
    victim, attacker = wallet_of(script, VICTIM), wallet_of(script, ATTACKER)
    tx = sign_tx(victim, TEXT, by=attacker, disguise=disguise)
    for signature in written(tx, script):
        assert isinstance(refusal_of(victim, signature), Invalid)


@pytest.mark.parametrize("claimed", SCRIPTS)
@pytest.mark.parametrize("signed", SCRIPTS)
def test_a_signature_for_one_address_is_none_for_another_of_the_same_key(signed: str, claimed: str) -> None:
    tx = sign_tx(wallet_of(signed, VICTIM), TEXT)
    for signature in written(tx, signed):
        if claimed != signed:
            refusal_of(wallet_of(claimed, VICTIM), signature)


@pytest.mark.parametrize("script", [*SCRIPTS, "p2wsh-multisig", "p2sh-multisig", "p2sh-p2wsh-multisig"])
def test_another_text_and_another_spend_are_refused(script: str) -> None:
    wallet = Wallet(script, KEYS, 2)  # type: ignore[arg-type]
    tx = sign_tx(wallet, TEXT)
    for signature in written(tx, script):
        for text in (TEXT + b"\n", TEXT[:-1], TEXT.upper(), b""):
            refusal_of(wallet, signature, text)
    for changed in (tx.with_first(index=1), tx.with_first(txid=bytes(32)), tx.with_first(sequence=1)):
        refusal_of(wallet, as_full(changed))


@pytest.mark.parametrize("script", [*SCRIPTS, "p2wsh-multisig", "p2sh-multisig"])
@pytest.mark.parametrize(
    "flag", [NONE, SINGLE, ALL | ANYONECANPAY, NONE | ANYONECANPAY, SINGLE | ANYONECANPAY, 0, 4]
)
def test_a_signature_that_covers_less_is_refused(script: str, flag: int) -> None:
    """btclib#514: the sighash flag was not looked at. NONE, SINGLE, ANYONECANPAY, and unknown ones."""
    wallet = Wallet(script, KEYS, 2)  # type: ignore[arg-type]
    tx = sign_tx(wallet, TEXT, Terms(hash_type=flag))
    for signature in written(tx, script):
        refused = refusal_of(wallet, signature)
        if signature.startswith(("ful", "smp")):
            assert isinstance(refused, Invalid)
            assert refused.at is Step.STRICTNESS


@pytest.mark.parametrize("named", [0, 2, 3, 0x81])
@pytest.mark.parametrize("script", SCRIPTS)
def test_the_flag_cannot_be_relabelled(script: str, named: int) -> None:
    wallet = wallet_of(script, VICTIM)
    for signature in written(sign_tx(wallet, TEXT, Terms(hash_type=1, named_type=named)), script):
        refusal_of(wallet, signature)


def test_taproot_with_an_explicit_default_is_refused_and_with_all_is_taken() -> None:
    wallet = wallet_of("p2tr", VICTIM)
    plain = sign_tx(wallet, TEXT)
    refused = refusal_of(wallet, as_simple(plain.with_first(witness=(plain.inputs[0].witness[0] + b"\0",))))
    assert isinstance(refused, Invalid)
    assert refused.at is Step.STRICTNESS
    assert isinstance(
        verify_bip322(wallet.at(Network.MAIN), TEXT, as_simple(sign_tx(wallet, TEXT, Terms(hash_type=1)))),
        Valid,
    )


def test_an_annex_is_refused_signed_or_not() -> None:
    wallet = wallet_of("p2tr", VICTIM)
    signed = sign_tx(wallet, TEXT, Terms(annex=b"\x50foreign"))
    plain = sign_tx(wallet, TEXT)
    added = plain.with_first(witness=(*plain.inputs[0].witness, b"\x50"))
    for tx in (signed, added):
        for signature in written(tx, "p2tr"):
            refused = refusal_of(wallet, signature)
            assert isinstance(refused, Invalid)
            assert "annex" in refused.reason


def test_a_script_path_is_inconclusive() -> None:
    wallet = wallet_of("p2tr", VICTIM)
    tx = sign_tx(wallet, TEXT).with_first(witness=(b"", b"\x51", b"\xc0" + wallet.x_only))
    assert isinstance(refusal_of(wallet, as_simple(tx)), Inconclusive)


def test_ecdsa_over_taproot_is_refused() -> None:
    wallet = wallet_of("p2tr", VICTIM)
    for header in (27, 31, 35, 39):
        refused = refusal_of(wallet, VICTIM.sign_compact(TEXT, header))
        assert isinstance(refused, Invalid)
        assert refused.at is Step.FORM
    single = sign_tx(wallet_of("p2wpkh", VICTIM), TEXT)
    refusal_of(wallet, as_simple(single))


@pytest.mark.parametrize("script", ["p2pkh", "p2sh-p2wpkh", "p2wpkh", "p2wsh-multisig", "p2sh-multisig"])
def test_a_high_s_is_refused_here(script: str) -> None:
    wallet = Wallet(script, KEYS, 2)  # type: ignore[arg-type]
    for signature in written(sign_tx(wallet, TEXT, Terms(alter=negate_s)), script):
        refused = refusal_of(wallet, signature)
        if signature.startswith("ful"):
            assert isinstance(refused, Invalid)
            assert refused.at is Step.STRICTNESS


def _padded(compact: bytes) -> bytes:
    """BER: r with a zero too many."""
    r, s = (b"\x00\x00" + half for half in (compact[:32], compact[32:]))
    body = b"\x02" + bytes([len(r)]) + r + b"\x02" + bytes([len(s)]) + s
    return b"\x30" + bytes([len(body)]) + body


def _long_length(compact: bytes) -> bytes:
    """BER: the length of the sequence in two bytes."""
    der = Terms().encode(compact)
    return b"\x30\x81" + der[1:2] + der[2:]


@pytest.mark.parametrize(
    "encode", [_padded, _long_length, lambda c: Terms().encode(c) + b"\0", lambda _c: b""]
)
@pytest.mark.parametrize("script", ["p2pkh", "p2sh-p2wpkh", "p2wpkh", "p2wsh-multisig"])
def test_what_is_not_strict_der_is_refused(script: str, encode: Any) -> None:
    wallet = Wallet(script, KEYS, 2)  # type: ignore[arg-type]
    for signature in written(sign_tx(wallet, TEXT, Terms(encode=encode)), script):
        refusal_of(wallet, signature)


@pytest.mark.parametrize("form", ["uncompressed", "hybrid"])
@pytest.mark.parametrize("script", ["p2wpkh", "p2sh-p2wpkh"])
def test_segwit_takes_compressed_keys_only(script: Any, form: str) -> None:
    raw = bytes.fromhex(VICTIM.uncompressed_hex)
    raw = raw if form == "uncompressed" else bytes([6 + (raw[-1] & 1)]) + raw[1:]
    wallet = Wallet(script, (VICTIM,), compressed=False)
    tx = sign_tx(wallet, TEXT)
    shown = tx.with_first(witness=(tx.inputs[0].witness[0], raw))
    for signature in written(shown, script):
        refusal_of(wallet, signature)


def test_a_hybrid_key_is_refused_in_the_oldest_script_too() -> None:
    raw = bytes.fromhex(VICTIM.uncompressed_hex)
    hybrid = bytes([6 + (raw[-1] & 1)]) + raw[1:]
    wallet = Wallet("p2pkh", (VICTIM,), compressed=False)
    tx = sign_tx(wallet, TEXT)
    signature = tx.inputs[0].script_sig[: 1 + tx.inputs[0].script_sig[0]]
    address = Address(AddressKind.P2PKH, hash160(hybrid), Network.MAIN)
    shown = as_full(tx.with_first(script_sig=signature + push(hybrid)))
    assert isinstance(verify_bip322(address, TEXT, shown), Invalid)
    refusal_of(wallet, shown)


@pytest.mark.parametrize("script", [*SCRIPTS, "p2wsh-multisig", "p2sh-multisig"])
def test_to_sign_does_nothing_else(script: str) -> None:
    """Two inputs, two outputs, a value, another output script: signed well, and refused."""
    wallet = Wallet(script, KEYS, 2)  # type: ignore[arg-type]
    for terms in (
        Terms(more_inputs=(TxIn(bytes(32)),)),
        Terms(outputs=()),
        Terms(outputs=((0, b"\x6a"), (0, b"\x6a"))),
        Terms(outputs=((1, b"\x6a"),)),
        Terms(outputs=((0, b"\x6a\x01\x00"),)),
        Terms(outputs=((0, b""),)),
    ):
        tx = sign_tx(wallet, TEXT, terms)
        refused = refusal_of(wallet, as_full(tx))
        assert isinstance(refused, Invalid)
        assert refused.at is Step.STRUCTURE
        refusal_of(wallet, as_full(tx, ""))


@pytest.mark.parametrize("other", [n for n in Network if n is not Network.MAIN])
def test_an_address_of_another_network_is_bad_input(other: Network) -> None:
    for script in SCRIPTS:
        with pytest.raises(BadInput, match="this server uses main"):
            parse_address(wallet_of(script, VICTIM).address(other), Network.MAIN)


def test_base64_of_a_signature_has_one_spelling() -> None:
    wallet = wallet_of("p2tr", VICTIM)
    good = as_simple(sign_tx(wallet, TEXT, Terms(hash_type=1)))
    raw = base64.b64decode(good[3:])
    for bad in (
        good.rstrip("="),
        good + "=",
        good[:30] + "\n" + good[30:],
        good.replace("smp", "SMP"),
        "smp" + good,
    ):
        assert not isinstance(refusal_of(wallet, bad), Valid)
    assert isinstance(verify_bip322(wallet.at(Network.MAIN), TEXT, f"  {good}\n"), Valid)
    assert base64.b64encode(raw).decode() == good[3:]
