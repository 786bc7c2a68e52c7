"""BIP-322 signatures that were cut, lengthened or wrapped otherwise, and multisigs that are not quite."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hodlxxi.bitcoin.address import Network
from hodlxxi.bitcoin.bip322 import verify_bip322
from hodlxxi.bitcoin.verdict import Inconclusive, Invalid, Step, Valid
from tests.bitcoin.test_fuzz import fuzz
from tests.support.bip322_signer import Tx, Wallet, as_full, as_simple, push, sign_tx, stack_bytes
from tests.support.signer import TestKey

TEXT = b"text to sign"
KEYS = (TestKey(71), TestKey(72), TestKey(73))
WALLETS = {
    "p2pkh": Wallet("p2pkh", KEYS),
    "p2sh-p2wpkh": Wallet("p2sh-p2wpkh", KEYS),
    "p2wpkh": Wallet("p2wpkh", KEYS),
    "p2tr": Wallet("p2tr", KEYS),
    "p2wsh": Wallet("p2wsh-multisig", KEYS, 2),
    "p2sh": Wallet("p2sh-multisig", KEYS, 2),
    "p2sh-p2wsh": Wallet("p2sh-p2wsh-multisig", KEYS, 2),
}
SIGNED = {name: sign_tx(wallet, TEXT) for name, wallet in WALLETS.items()}


def refuse(name: str, raw: bytes, prefix: str = "") -> Invalid | Inconclusive:
    """The refusal of these bytes for a wallet's address; fails when they are taken."""
    signature = prefix + base64.b64encode(raw).decode()
    verdict = verify_bip322(WALLETS[name].at(Network.MAIN), TEXT, signature)
    assert not isinstance(verdict, Valid)
    return verdict


def test_what_is_damaged_below_is_good_as_it_stands() -> None:
    for name, tx in SIGNED.items():
        assert isinstance(verify_bip322(WALLETS[name].at(Network.MAIN), TEXT, as_full(tx)), Valid)


@pytest.mark.parametrize("name", WALLETS)
@pytest.mark.parametrize("prefix", ["", "ful"])
def test_every_cut_and_every_byte_left_over_is_refused(name: str, prefix: str) -> None:
    raw = SIGNED[name].serialize()
    for end in range(1, len(raw)):
        refuse(name, raw[:end], prefix)
    for more in (b"\0", b"\x01", raw, bytes(4)):
        refuse(name, raw + more, prefix)
        refuse(name, more + raw, prefix)


@pytest.mark.parametrize("name", ["p2wpkh", "p2tr", "p2wsh"])
@pytest.mark.parametrize("prefix", ["", "smp"])
def test_every_cut_and_byte_left_over_of_a_witness_is_refused(name: str, prefix: str) -> None:
    raw = stack_bytes(SIGNED[name].inputs[0].witness)
    for end in range(1, len(raw)):
        refuse(name, raw[:end], prefix)
    for more in (b"\0", b"\x01\0", raw):
        refuse(name, raw + more, prefix)


@pytest.mark.parametrize("name", ["p2wpkh", "p2tr", "p2wsh"])
def test_an_element_too_many_or_too_few_is_refused(name: str) -> None:
    stack = SIGNED[name].inputs[0].witness
    for changed in (
        (),
        stack[1:],
        stack[:-1],
        (*stack, b""),
        (b"", *stack),
        (*stack, stack[-1]),
        stack[::-1],
    ):
        if changed != stack:
            refuse(name, stack_bytes(changed))
            refuse(name, stack_bytes(changed), "smp")


def test_a_length_that_is_not_in_its_shortest_form_is_refused() -> None:
    stack = SIGNED["p2tr"].inputs[0].witness
    signature = stack[0]
    for raw in (
        b"\xfd\x01\x00" + bytes([len(signature)]) + signature,
        b"\x01\xfd" + len(signature).to_bytes(2, "little") + signature,
        b"\x01\xfe" + len(signature).to_bytes(4, "little") + signature,
        b"\x01\xff" + len(signature).to_bytes(8, "little") + signature,
    ):
        refused = refuse("p2tr", raw, "smp")
        assert isinstance(refused, Invalid)
        assert refused.at is Step.STRUCTURE


def test_a_huge_length_costs_nothing() -> None:
    for raw in (
        b"\xff" * 9,
        b"\xfe\xff\xff\xff\xff",
        b"\x01\xff" + b"\xff" * 8,
        b"\xfd\xff\xff" + bytes(5000),
    ):
        refuse("p2wpkh", raw)
        refuse("p2wpkh", raw, "smp")
        refuse("p2wpkh", raw, "ful")


@pytest.mark.parametrize("name", ["p2pkh", "p2sh"])
def test_a_script_without_segwit_has_no_witness(name: str) -> None:
    tx = SIGNED[name]
    refuse(name, tx.serialize(segwit=True))
    refuse(name, tx.with_first(witness=(b"",)).serialize())


def test_a_segwit_marker_with_an_empty_witness_is_refused() -> None:
    for name, tx in SIGNED.items():
        refuse(name, tx.with_first(witness=()).serialize(segwit=True), "ful")


@pytest.mark.parametrize("name", ["p2wpkh", "p2tr", "p2wsh"])
def test_native_segwit_has_no_input_script(name: str) -> None:
    for script in (b"\0", b"\x51", push(b"\x00\x14" + WALLETS["p2wpkh"].key_hash)):
        refuse(name, SIGNED[name].with_first(script_sig=script).serialize())


@pytest.mark.parametrize("name", ["p2sh-p2wpkh", "p2sh-p2wsh"])
def test_nested_segwit_has_exactly_the_push_of_its_program(name: str) -> None:
    tx = SIGNED[name]
    redeem = WALLETS[name].redeem_script
    for script in (
        b"",
        redeem,
        b"\x4c" + push(redeem),
        b"\0" + push(redeem),
        push(redeem) + b"\0",
        push(redeem) * 2,
        push(redeem) + b"\x61",
        push(redeem[:-1] + b"\0"),
        push(WALLETS["p2sh-p2wpkh" if name == "p2sh-p2wsh" else "p2sh-p2wsh"].redeem_script),
    ):
        refuse(name, tx.with_first(script_sig=script).serialize())


def _p2wsh_with(*signatures: bytes) -> bytes:
    script = WALLETS["p2wsh"].multisig
    return stack_bytes((b"", *signatures, script))


def test_a_multisig_takes_each_key_once_and_in_its_order() -> None:
    _, one, two, script = SIGNED["p2wsh"].inputs[0].witness
    third = sign_tx(Wallet("p2wsh-multisig", (KEYS[2], *KEYS[:2]), 2), TEXT)
    assert isinstance(
        verify_bip322(WALLETS["p2wsh"].at(Network.MAIN), TEXT, as_simple(SIGNED["p2wsh"])), Valid
    )
    for raw in (
        _p2wsh_with(one, one),
        _p2wsh_with(two, one),
        _p2wsh_with(one),
        _p2wsh_with(one, two, two),
        _p2wsh_with(one, b""),
        _p2wsh_with(b"", two),
        stack_bytes((b"\0", one, two, script)),
        stack_bytes((one, two, script)),
        stack_bytes((b"", b"", one, two, script)),
        stack_bytes((b"", *third.inputs[0].witness[1:3], script)),
    ):
        refuse("p2wsh", raw, "smp")


def test_a_multisig_script_of_the_forgers_own_is_refused() -> None:
    own = Wallet("p2wsh-multisig", (TestKey(79),), 1)
    for script in ("p2wsh", "p2sh-p2wsh"):
        wallet = WALLETS[script]
        tx = sign_tx(wallet, TEXT, by=Wallet(wallet.script, own.keys, 1))
        refused = refuse(script, tx.serialize(), "ful")
        assert isinstance(refused, Invalid)
        assert refused.at is Step.SCRIPT


def test_pushes_of_a_bare_multisig_are_as_short_as_can_be() -> None:
    tx, redeem = SIGNED["p2sh"], WALLETS["p2sh"].multisig
    script = tx.inputs[0].script_sig
    one = script[1 : 2 + script[1]]
    rest = script[2 + script[1] :]
    for changed in (
        b"\0\x4c" + one + rest,
        b"\x4c\x00" + script[1:],
        b"\x51" + script[1:],
        script[: -len(push(redeem))] + b"\x4d" + len(redeem).to_bytes(2, "little") + redeem,
        script + b"\0",
        b"\0" + script,
    ):
        refuse("p2sh", tx.with_first(script_sig=changed).serialize())


@fuzz
@given(st.sampled_from(sorted(WALLETS)), st.data())
def test_no_flipped_bit_is_taken_for_the_signature(name: str, data: st.DataObject) -> None:
    raw = bytearray(SIGNED[name].serialize())
    bit = data.draw(st.integers(0, 8 * len(raw) - 1))
    raw[bit // 8] ^= 1 << bit % 8
    refuse(name, bytes(raw), data.draw(st.sampled_from(["", "ful"])))


@fuzz
@given(
    st.sampled_from(sorted(WALLETS)),
    st.sampled_from(["", "smp", "ful", "pof"]),
    st.binary(min_size=1, max_size=400),
)
def test_no_bytes_upset_the_verifier_or_convince_it(name: str, prefix: str, raw: bytes) -> None:
    refuse(name, raw, prefix)


def test_the_forms_are_told_apart_by_what_they_are() -> None:
    tx: Tx = SIGNED["p2wpkh"]
    wallet = WALLETS["p2wpkh"].at(Network.MAIN)
    for wrong in (as_simple(tx, "ful"), as_full(tx, "smp"), as_simple(tx, "pof"), as_full(tx, "pof")):
        assert not isinstance(verify_bip322(wallet, TEXT, wrong), Valid)
    legacy = KEYS[0].sign_compact(TEXT)
    for prefix in ("smp", "ful", "pof"):
        assert not isinstance(verify_bip322(wallet, TEXT, prefix + legacy), Valid)
