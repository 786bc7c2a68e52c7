"""The two virtual transactions of BIP-322, and the digests that a signature in the second one is over.

``to_spend`` commits to the text and pays to the address; ``to_sign`` spends it. Neither can ever be mined. Everything is
read to the last byte, and every length has its shortest form: what we cannot write again in the same bytes, we refuse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hodlxxi.bitcoin.hashes import sha256, sha256d, tag_hasher
from hodlxxi.bitcoin.script import compact_size

SIGHASH_DEFAULT: Final = 0
SIGHASH_ALL: Final = 1

ZERO_4: Final = bytes(4)
_NO_VALUE: Final = bytes(8)
_MAX_ITEMS: Final = 100

_tag_message = tag_hasher("BIP0322-signed-message")
_tag_sighash = tag_hasher("TapSighash")

# to_spend: version 0, one input that spends nothing with ``OP_0 <message hash>``, one output without value.
_SPEND_HEAD: Final = ZERO_4 + b"\x01" + bytes(32) + b"\xff" * 4 + b"\x22\x00\x20"
_SPEND_MIDDLE: Final = ZERO_4 + b"\x01" + _NO_VALUE
# to_sign's only output: no value, ``OP_RETURN``.
_OUTPUT: Final = _NO_VALUE + b"\x01\x6a"
_OUTPUT_DIGEST: Final = sha256(_OUTPUT)
_OUTPUT_DIGEST_2: Final = sha256(_OUTPUT_DIGEST)
_AMOUNT_DIGEST: Final = sha256(_NO_VALUE)
_SEQUENCE_ZERO_2: Final = sha256d(ZERO_4)
_SEQUENCE_ZERO: Final = sha256(ZERO_4)
_ALL_4: Final = b"\x01\x00\x00\x00"


class MalformedError(Exception):
    """The bytes are no such thing; the text says why."""


@dataclass(frozen=True, slots=True)
class ToSign:
    """What a signature says of ``to_sign``: the rest is given by address and text. Numbers stay as their four bytes."""

    witness: tuple[bytes, ...]
    script_sig: bytes = b""
    version: bytes = ZERO_4
    sequence: bytes = ZERO_4
    locktime: bytes = ZERO_4


def message_hash(text: bytes) -> bytes:
    """The tagged hash of the text (BIP-322, "Full")."""
    return _tag_message(text)


def outpoint_of(text: bytes, script_pubkey: bytes) -> bytes:
    """The output that ``to_sign`` has to spend: the id of ``to_spend`` and index 0, 36 bytes."""
    script = compact_size(len(script_pubkey)) + script_pubkey
    return sha256d(_SPEND_HEAD + _tag_message(text) + _SPEND_MIDDLE + script + ZERO_4) + ZERO_4


class _Reader:
    """Reads bytes from the front; ``MalformedError`` when there are too few."""

    def __init__(self, raw: bytes) -> None:
        self.raw, self.at = raw, 0

    def take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self.raw):
            raise MalformedError("it ends too early")
        found = self.raw[self.at : end]
        self.at = end
        return found

    def number(self) -> int:
        first = self.take(1)[0]
        if first < 0xFD:
            return first
        number = int.from_bytes(self.take(1 << (first - 0xFC)), "little")
        if len(compact_size(number)) != 1 + (1 << (first - 0xFC)):
            raise MalformedError("a length is not written in its shortest form")
        return number

    def text(self) -> bytes:
        return self.take(self.number())

    def stack(self) -> tuple[bytes, ...]:
        count = self.number()
        if count > _MAX_ITEMS:
            raise MalformedError("the witness has too many elements")
        return tuple([self.text() for _ in range(count)])

    def end(self) -> None:
        if self.at != len(self.raw):
            raise MalformedError("bytes are left over")


def parse_stack(raw: bytes) -> tuple[bytes, ...]:
    """A witness stack that fills ``raw`` to its end (BIP-141). Raises ``MalformedError``."""
    reader = _Reader(raw)
    stack = reader.stack()
    reader.end()
    if not stack:
        raise MalformedError("the witness is empty")
    return stack


def parse_to_sign(raw: bytes, outpoint: bytes) -> ToSign:
    """A whole ``to_sign`` that spends ``outpoint`` and does nothing else. Raises ``MalformedError``."""
    reader = _Reader(raw)
    version = reader.take(4)
    inputs = reader.number()
    has_witness = inputs == 0
    if has_witness:
        if reader.take(1) != b"\x01":
            raise MalformedError("it is no transaction")
        inputs = reader.number()
    if inputs != 1:
        raise MalformedError("the transaction has to have exactly one input")
    if reader.take(36) != outpoint:
        raise MalformedError("the transaction spends something else than this message for this address")
    script_sig, sequence = reader.text(), reader.take(4)
    if reader.number() != 1 or reader.take(len(_OUTPUT)) != _OUTPUT:
        raise MalformedError("the transaction has to have exactly one output: no value, OP_RETURN alone")
    witness = reader.stack() if has_witness else ()
    if has_witness and not witness:
        raise MalformedError("the transaction announces a witness and has none")
    locktime = reader.take(4)
    reader.end()
    return ToSign(witness, script_sig, version, sequence, locktime)


def digest_segwit_v0(tx: ToSign, outpoint: bytes, code: bytes) -> bytes:
    """What a P2WPKH or P2WSH signature is over (BIP-143, sighash ALL). ``code`` is the script code without its length."""
    sequences = _SEQUENCE_ZERO_2 if tx.sequence == ZERO_4 else sha256d(tx.sequence)
    return sha256d(
        tx.version
        + sha256d(outpoint)
        + sequences
        + outpoint
        + compact_size(len(code))
        + code
        + _NO_VALUE
        + tx.sequence
        + _OUTPUT_DIGEST_2
        + tx.locktime
        + _ALL_4
    )


def digest_taproot(tx: ToSign, outpoint: bytes, script_pubkey: bytes, hash_type: int) -> bytes:
    """What a key-path signature is over (BIP-341): ``hash_type`` default or ALL, no annex."""
    sequences = _SEQUENCE_ZERO if tx.sequence == ZERO_4 else sha256(tx.sequence)
    return _tag_sighash(
        b"\x00"
        + bytes([hash_type])
        + tx.version
        + tx.locktime
        + sha256(outpoint)
        + _AMOUNT_DIGEST
        + sha256(compact_size(len(script_pubkey)) + script_pubkey)
        + sequences
        + _OUTPUT_DIGEST
        + b"\x00"
        + ZERO_4
    )


def digest_legacy(tx: ToSign, outpoint: bytes, code: bytes) -> bytes:
    """What a P2PKH or bare P2SH signature is over: the transaction with ``code`` in the input, sighash ALL."""
    return sha256d(
        tx.version
        + b"\x01"
        + outpoint
        + compact_size(len(code))
        + code
        + tx.sequence
        + b"\x01"
        + _OUTPUT
        + tx.locktime
        + _ALL_4
    )


def render_to_sign(tx: ToSign, outpoint: bytes) -> bytes:
    """The whole transaction in bytes; without marker and witness when it has none."""
    inside = b"\x01" + outpoint + compact_size(len(tx.script_sig)) + tx.script_sig + tx.sequence
    inside += b"\x01" + _OUTPUT
    if not tx.witness:
        return tx.version + inside + tx.locktime
    return tx.version + b"\x00\x01" + inside + render_stack(tx.witness) + tx.locktime


def render_stack(witness: tuple[bytes, ...]) -> bytes:
    """The witness stack in bytes (BIP-141)."""
    items = b"".join(compact_size(len(item)) + item for item in witness)
    return compact_size(len(witness)) + items
