"""Whether a virtual ``to_sign`` may spend from a script: one judge for each script that wallets use.

Each compares the scripts in the spend with those of the address, then checks the signatures. All are strict as Bitcoin's
relay rules are: DER, low s, compressed keys in segwit, shortest pushes, sighash ALL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from coincurve import PublicKey

from hodlxxi.bitcoin.ecdsa import is_strict_der, verify_der_strict
from hodlxxi.bitcoin.hashes import hash160, sha256
from hodlxxi.bitcoin.keys import COMPRESSED_BYTES, Pubkey, find_key, find_point, pubkey_of
from hodlxxi.bitcoin.schnorr import SIGNATURE_BYTES, verify_schnorr
from hodlxxi.bitcoin.script import MultisigScript, find_multisig
from hodlxxi.bitcoin.transaction import (
    SIGHASH_ALL,
    SIGHASH_DEFAULT,
    ToSign,
    digest_legacy,
    digest_segwit_v0,
    digest_taproot,
)
from hodlxxi.bitcoin.verdict import AddressForm, Inconclusive, Invalid, Step, Valid, Verdict

_ANNEX: Final = 0x50

_NO_MATCH: Final = "The signature does not match this text and this address."
_OTHER_KEY: Final = "The key in the signature is not the key of this address."
_OTHER_SCRIPT: Final = "The script in the signature is not the script of this address."
_WITNESS_SHAPE: Final = "The witness does not have the elements that this type of address needs."
_SIGHASH: Final = "The signature does not cover everything: only sighash ALL is accepted."
_ENCODING: Final = "The signature is not strictly encoded (DER with a low s)."
_COMPRESSED: Final = "Only compressed public keys are accepted here."
_MULTISIG_COUNT: Final = (
    "A multisig needs exactly as many signatures as its script says, after one empty element."
)
_UNKNOWN_SCRIPT: Final = (
    "This address has a script that we do not know: only single keys and k-of-n multisig are judged."
)
_SCRIPT_PATH: Final = "The signature spends a taproot address by a script; only its key is judged."


@dataclass(frozen=True, slots=True)
class Spend:
    """A ``to_sign`` (``tx``) against the output ``outpoint`` with ``script_pubkey``, whose hash or key is ``program``."""

    form: AddressForm
    tx: ToSign
    outpoint: bytes
    script_pubkey: bytes
    program: bytes

    def valid(self, key: Pubkey | None, signers: tuple[Pubkey, ...]) -> Valid:
        """It holds; from which time on and with what age, the transaction says."""
        locktime, sequence = (
            int.from_bytes(self.tx.locktime, "little"),
            int.from_bytes(self.tx.sequence, "little"),
        )
        return Valid(self.form, key, signers, locktime, sequence)

    def invalid(self, reason: str, at: Step) -> Invalid:
        """It does not hold."""
        return Invalid(reason, at, self.form)

    def unknown(self, reason: str) -> Inconclusive:
        """We cannot tell."""
        return Inconclusive(reason, self.form)


def judge_p2pkh(spend: Spend, pushes: tuple[bytes, ...]) -> Verdict:
    """``<signature> <key>`` in the input script; the key as the address has it, compressed or not."""
    if spend.tx.witness or len(pushes) != 2:
        return spend.invalid(_WITNESS_SHAPE, Step.STRUCTURE)
    signature, raw = pushes
    key = find_point(raw)
    if key is None or hash160(raw) != spend.program:
        return spend.invalid(_OTHER_KEY, Step.SCRIPT)
    digest = digest_legacy(spend.tx, spend.outpoint, spend.script_pubkey)
    return _judge_single(spend, key, signature, digest)


def judge_p2wpkh(spend: Spend) -> Verdict:
    """``<signature> <key>`` in the witness; ``program`` is HASH160 of the key (BIP-141, BIP-143)."""
    witness = spend.tx.witness
    if len(witness) != 2:
        return spend.invalid(_WITNESS_SHAPE, Step.STRUCTURE)
    signature, raw = witness
    if len(raw) != COMPRESSED_BYTES:
        return spend.invalid(_COMPRESSED, Step.SCRIPT)
    key = find_key(raw)
    if key is None or hash160(raw) != spend.program:
        return spend.invalid(_OTHER_KEY, Step.SCRIPT)
    code = b"\x76\xa9\x14" + spend.program + b"\x88\xac"
    return _judge_single(spend, key, signature, digest_segwit_v0(spend.tx, spend.outpoint, code))


def judge_taproot(spend: Spend) -> Verdict:
    """One Schnorr signature in the witness, by the output key itself (BIP-341, key path); no annex."""
    witness = spend.tx.witness
    if len(witness) > 1 and witness[-1][:1] == bytes([_ANNEX]):
        return spend.invalid("The signature has an annex, which means nothing here.", Step.STRUCTURE)
    if len(witness) > 2:
        return spend.unknown(_SCRIPT_PATH)
    if len(witness) != 1:
        return spend.invalid(_WITNESS_SHAPE, Step.STRUCTURE)
    signature, hash_type = witness[0], SIGHASH_DEFAULT
    if len(signature) == SIGNATURE_BYTES + 1:
        signature, hash_type = signature[:-1], signature[-1]
        if hash_type != SIGHASH_ALL:
            return spend.invalid(_SIGHASH, Step.STRICTNESS)
    elif len(signature) != SIGNATURE_BYTES:
        return spend.invalid("A taproot signature has 64 bytes, or 65 with sighash ALL.", Step.STRICTNESS)
    digest = digest_taproot(spend.tx, spend.outpoint, spend.script_pubkey, hash_type)
    if not verify_schnorr(spend.program, digest, signature):
        return spend.invalid(_NO_MATCH, Step.SIGNATURE)
    # The point with this x and an even y: how an x-only key is written as a key.
    key = pubkey_of(b"\x02" + spend.program)
    return spend.valid(key, (key,))


def judge_p2wsh(spend: Spend) -> Verdict:
    """``<> <signatures> <script>`` in the witness of a k-of-n multisig; ``program`` is SHA-256 of the script."""
    witness = spend.tx.witness
    if not witness or sha256(witness[-1]) != spend.program:
        return spend.invalid(_OTHER_SCRIPT, Step.SCRIPT)
    script = witness[-1]
    multisig = find_multisig(script)
    if multisig is None:
        return spend.unknown(_UNKNOWN_SCRIPT)
    if any(len(key) != COMPRESSED_BYTES for key in multisig.keys):
        return spend.invalid(_COMPRESSED, Step.SCRIPT)
    digest = digest_segwit_v0(spend.tx, spend.outpoint, script)
    return _judge_multisig(spend, multisig, witness[:-1], digest)


def judge_p2sh_multisig(spend: Spend, pushes: tuple[bytes, ...], redeem: bytes) -> Verdict:
    """``<> <signatures> <redeem script>`` in the input script of a bare k-of-n multisig."""
    multisig = find_multisig(redeem)
    if multisig is None:
        return spend.unknown(_UNKNOWN_SCRIPT)
    if spend.tx.witness:
        return spend.invalid(_WITNESS_SHAPE, Step.STRUCTURE)
    return _judge_multisig(spend, multisig, pushes[:-1], digest_legacy(spend.tx, spend.outpoint, redeem))


def _judge_single(spend: Spend, key: PublicKey, signature: bytes, digest: bytes) -> Verdict:
    fault = _find_fault(key, signature, digest)
    if fault is not None:
        return spend.invalid(*fault)
    proved = pubkey_of(key.format())
    return spend.valid(proved, (proved,))


def _judge_multisig(
    spend: Spend, multisig: MultisigScript, elements: tuple[bytes, ...], digest: bytes
) -> Verdict:
    """As CHECKMULTISIG does: signatures stand in the order of their keys, each key is tried once."""
    if len(elements) != 1 + multisig.threshold or elements[0] != b"":
        return spend.invalid(_MULTISIG_COUNT, Step.STRUCTURE)
    signatures = elements[1:]
    for signature in signatures:
        if not _is_strict(signature):
            return spend.invalid(*_strictness_fault(signature))
    signers: list[Pubkey] = []
    waiting = iter(signatures)
    current = next(waiting, None)
    for raw in multisig.keys:
        if current is None:
            break
        key = find_point(raw)
        if key is not None and verify_der_strict(key, digest, current[:-1]):
            signers.append(pubkey_of(key.format()))
            current = next(waiting, None)
    if current is not None:
        return spend.invalid(_NO_MATCH, Step.SIGNATURE)
    return spend.valid(None, tuple(signers))


def _find_fault(key: PublicKey, signature: bytes, digest: bytes) -> tuple[str, Step] | None:
    """Why this signature (DER and the sighash byte) does not hold; None when it does."""
    if signature[-1:] == b"\x01" and verify_der_strict(key, digest, signature[:-1]):
        return None
    return (_NO_MATCH, Step.SIGNATURE) if _is_strict(signature) else _strictness_fault(signature)


def _is_strict(signature: bytes) -> bool:
    return signature[-1:] == bytes([SIGHASH_ALL]) and is_strict_der(signature[:-1])


def _strictness_fault(signature: bytes) -> tuple[str, Step]:
    is_encoding = signature[-1:] == bytes([SIGHASH_ALL]) or not is_strict_der(signature[:-1])
    return (_ENCODING if is_encoding else _SIGHASH), Step.STRICTNESS
