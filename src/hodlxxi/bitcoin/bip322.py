"""Verifying a signed message for an address, in every form that wallets send (BIP-322 2.0.0, and the 65 bytes before it).

Pure, and without a script interpreter: the scripts that we know are compared with their templates, everything else is
inconclusive. Script and digest come from the address, never from the signature; the key comes from the signature and has
to be the address's. Who may sign in with what holds is decided elsewhere (``bitcoin.message``).
"""

from __future__ import annotations

from typing import Final

from hodlxxi.bitcoin.address import Address, AddressKind
from hodlxxi.bitcoin.hashes import hash160
from hodlxxi.bitcoin.legacy import is_legacy, judge_legacy
from hodlxxi.bitcoin.script import find_pushes, push_bytes
from hodlxxi.bitcoin.signature_text import looks_like_hex_signature, parse_base64, parse_written
from hodlxxi.bitcoin.spending import (
    Spend,
    judge_p2pkh,
    judge_p2sh_multisig,
    judge_p2wpkh,
    judge_p2wsh,
    judge_taproot,
)
from hodlxxi.bitcoin.transaction import MalformedError, ToSign, outpoint_of, parse_stack, parse_to_sign
from hodlxxi.bitcoin.verdict import AddressForm, Inconclusive, Invalid, Step, Verdict
from hodlxxi.kit.errors import BadInput

_PREFIXES: Final[dict[str, AddressForm | None]] = {"smp": "simple", "ful": "full", "pof": None}
# What the BIP knows today; a later version may mean something by other numbers.
_VERSIONS: Final = (bytes(4), b"\x02\x00\x00\x00")

_UNREADABLE: Final = "This is no signed message: {}."
_NEITHER: Final = (
    "This is no signed message: neither 65 bytes, nor a witness, nor a BIP-322 transaction ({})."
)
_SCRIPT_SIG: Final = "The input script is not what this type of address needs."
_OTHER_SCRIPT: Final = "The script in the signature is not the script of this address."
_SIMPLE_KIND: Final = (
    "The simple form is for addresses that begin with bc1; sign in the full or the legacy form."
)
_PROOF_OF_FUNDS: Final = "This is a proof of funds (pof), which is not judged here. Sign the message alone."


def verify_bip322(address: Address, text: bytes, signature: str) -> Verdict:
    """Did what ``address`` demands sign ``text``? Valid, inconclusive or invalid; ``BadInput`` for what is no base64.

    The forms exclude one another: a prefix names one (``smp``, ``ful``, ``pof``); without it 65 bytes with a header of 27
    to 42 are legacy, what reads as a witness stack to its end is simple, and all else has to be a transaction.
    """
    written = parse_written(signature)
    if looks_like_hex_signature(written):
        raise BadInput(
            "signature: for an address, base64 is needed; hex goes with a public key.", field="signature"
        )
    if written[:3] in _PREFIXES:
        form, raw = _PREFIXES[written[:3]], parse_base64(written[3:])
        if form is None:
            return Inconclusive(_PROOF_OF_FUNDS)
        return _judge_form(address, text, raw, form, is_prefixed=True)
    raw = parse_base64(written)
    if is_legacy(raw):
        return judge_legacy(address, text, raw)
    return _judge_form(address, text, raw, "simple" if _is_stack(raw) else "full", is_prefixed=False)


def _is_stack(raw: bytes) -> bool:
    try:
        parse_stack(raw)
    except MalformedError:
        return False
    return True


def _judge_form(
    address: Address, text: bytes, raw: bytes, form: AddressForm, *, is_prefixed: bool
) -> Verdict:
    is_nested = form == "simple" and address.kind is AddressKind.P2SH and not is_prefixed
    if form == "simple" and address.witness_version is None and not is_nested:
        return Invalid(_SIMPLE_KIND, Step.FORM, form)
    script_pubkey = address.script_pubkey
    outpoint = outpoint_of(text, script_pubkey)
    try:
        tx = ToSign(parse_stack(raw)) if form == "simple" else parse_to_sign(raw, outpoint)
    except MalformedError as fault:
        reason = _UNREADABLE.format(fault) if is_prefixed or form == "simple" else _NEITHER.format(fault)
        return Invalid(reason, Step.STRUCTURE, form)
    if is_nested:
        # bip322-js signs so, against the BIP: the input script is then our own push of the key's script.
        tx = ToSign(tx.witness, push_bytes(b"\x00\x14" + hash160(tx.witness[-1])))
    if tx.version not in _VERSIONS:
        return Inconclusive("The transaction has a version that BIP-322 does not know.", form)
    return _judge_spend(address.kind, Spend(form, tx, outpoint, script_pubkey, address.program))


def _judge_spend(kind: AddressKind, spend: Spend) -> Verdict:
    if kind is AddressKind.P2PKH:
        pushes = find_pushes(spend.tx.script_sig)
        return (
            judge_p2pkh(spend, pushes) if pushes is not None else spend.invalid(_SCRIPT_SIG, Step.STRUCTURE)
        )
    if kind is AddressKind.P2SH:
        return _judge_p2sh(spend)
    if spend.tx.script_sig:
        return spend.invalid(_SCRIPT_SIG, Step.STRUCTURE)
    if kind is AddressKind.P2WPKH:
        return judge_p2wpkh(spend)
    if kind is AddressKind.P2TR:
        return judge_taproot(spend)
    if kind is AddressKind.P2WSH:
        return judge_p2wsh(spend)
    return spend.unknown("This type of address has no rules yet.")


def _judge_p2sh(spend: Spend) -> Verdict:
    """Behind a script hash stands a witness program, alone in the input script, or a bare multisig."""
    pushes = find_pushes(spend.tx.script_sig)
    if not pushes:
        return spend.invalid(_SCRIPT_SIG, Step.STRUCTURE)
    redeem = pushes[-1]
    if hash160(redeem) != spend.program:
        return spend.invalid(_OTHER_SCRIPT, Step.SCRIPT)
    is_key, is_script = (
        redeem[:2] == b"\x00\x14" and len(redeem) == 22,
        redeem[:2] == b"\x00\x20" and len(redeem) == 34,
    )
    if not (is_key or is_script):
        return judge_p2sh_multisig(spend, pushes, redeem)
    if len(pushes) != 1:
        return spend.invalid(_SCRIPT_SIG, Step.STRUCTURE)
    inner = Spend(spend.form, spend.tx, spend.outpoint, spend.script_pubkey, redeem[2:])
    return judge_p2wpkh(inner) if is_key else judge_p2wsh(inner)
