"""The few scripts that wallets use: building them, and recognising a multisig.

No interpreter: whoever needs to know what a script does compares it with one of these templates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hodlxxi.bitcoin.hashes import hash160, sha256

# What CHECKMULTISIG takes at most, and what a push of a P2SH redeem script may hold (consensus).
MAX_MULTISIG_KEYS: Final = 20
MAX_PUSH_BYTES: Final = 520

OP_CHECKSIG: Final = b"\xac"
_OP_CHECKMULTISIG: Final = b"\xae"
_OP_CHECKSIGADD: Final = b"\xba"
_OP_NUMEQUAL: Final = b"\x9c"
_KEY_BYTES: Final = (33, 65)


def compact_size(number: int) -> bytes:
    """Bitcoin's variable-length integer, in its shortest form."""
    if number < 0xFD:
        return number.to_bytes(1, "little")
    if number <= 0xFFFF:
        return b"\xfd" + number.to_bytes(2, "little")
    if number <= 0xFFFFFFFF:
        return b"\xfe" + number.to_bytes(4, "little")
    return b"\xff" + number.to_bytes(8, "little")


def push_bytes(raw: bytes) -> bytes:
    """The shortest push of ``raw``, which has 2 to 520 bytes; one byte may have an opcode of its own."""
    if len(raw) < 0x4C:
        return bytes([len(raw)]) + raw
    if len(raw) <= 0xFF:
        return b"\x4c" + bytes([len(raw)]) + raw
    return b"\x4d" + len(raw).to_bytes(2, "little") + raw


def find_pushes(script: bytes) -> tuple[bytes, ...] | None:
    """The bytes that a script pushes when it does nothing else, each by its shortest push; None for any other script.

    An empty push is one too: it is what CHECKMULTISIG drops.
    """
    found: list[bytes] = []
    at = 0
    while at < len(script):
        opcode = script[at]
        size_bytes = {0x4C: 1, 0x4D: 2}.get(opcode, 0)
        if opcode > 0x4D:
            return None
        begin = at + 1 + size_bytes
        count = int.from_bytes(script[at + 1 : begin], "little") if size_bytes else opcode
        pushed = script[begin : begin + count]
        at = begin + count
        if len(pushed) != count or len(found) > MAX_MULTISIG_KEYS + 1:
            return None
        found.append(pushed)
    # Comparing with our own spelling catches pushes that are longer than they need be.
    again = b"".join(push_bytes(pushed) for pushed in found)
    return tuple(found) if again == script else None


def push_number(number: int) -> bytes:
    """The shortest push of a number from 0 to 127: an opcode up to 16, a byte above."""
    if number == 0:
        return b"\x00"
    return bytes([0x50 + number]) if number <= 16 else bytes([1, number])


def p2pk_script(key: bytes) -> bytes:
    """Pay to this key. 33 or 65 bytes, or the 32 of a key in tapscript."""
    return push_bytes(key) + OP_CHECKSIG


def p2pkh_script(key: bytes) -> bytes:
    """Pay to the hash of this key, written as it is here: compressed and uncompressed differ."""
    return b"\x76\xa9\x14" + hash160(key) + b"\x88" + OP_CHECKSIG


def p2wpkh_script(key: bytes) -> bytes:
    """Witness version 0 with the hash of a compressed key (BIP-141)."""
    return b"\x00\x14" + hash160(key)


def p2sh_script(redeem: bytes) -> bytes:
    """Pay to the hash of a redeem script (BIP-16)."""
    return b"\xa9\x14" + hash160(redeem) + b"\x87"


def p2wsh_script(witness: bytes) -> bytes:
    """Witness version 0 with the hash of a witness script (BIP-141)."""
    return b"\x00\x20" + sha256(witness)


def p2tr_script(output_key: bytes) -> bytes:
    """Witness version 1 with an x-only key as it is: nothing is tweaked here (BIP-341)."""
    return b"\x51\x20" + output_key


@dataclass(frozen=True, slots=True)
class MultisigScript:
    """``threshold`` of ``keys`` (33 or 65 bytes each, in the script's order) have to sign."""

    threshold: int
    keys: tuple[bytes, ...]


def multisig_script(threshold: int, keys: Sequence[bytes]) -> bytes:
    """``k <keys> n CHECKMULTISIG``, with 1 to 20 keys."""
    pushes = b"".join(map(push_bytes, keys))
    return push_number(threshold) + pushes + push_number(len(keys)) + _OP_CHECKMULTISIG


def tapscript_multisig(threshold: int, keys: Sequence[bytes]) -> bytes:
    """``<key> CHECKSIG <key> CHECKSIGADD … k NUMEQUAL`` over x-only keys (BIP-387)."""
    first, *others = map(push_bytes, keys)
    added = b"".join(key + _OP_CHECKSIGADD for key in others)
    return first + OP_CHECKSIG + added + push_number(threshold) + _OP_NUMEQUAL


def find_multisig(script: bytes) -> MultisigScript | None:
    """What ``multisig_script`` was given to make exactly this script; None for any other one.

    Only the lengths and prefixes of keys are looked at, not whether they lie on the curve.
    """
    opened = _find_number(script, 0)
    if opened is None:
        return None
    threshold, at = opened
    keys: list[bytes] = []
    while at < len(script) and script[at] in _KEY_BYTES and len(keys) < MAX_MULTISIG_KEYS:
        keys.append(script[at + 1 : at + 1 + script[at]])
        at += 1 + script[at]
    # Comparing with our own spelling catches all else: cut keys, long pushes, a wrong count, bytes left over.
    if not 1 <= threshold <= len(keys) or multisig_script(threshold, keys) != script:
        return None
    return MultisigScript(threshold, tuple(keys))


def _find_number(script: bytes, at: int) -> tuple[int, int] | None:
    """A small number that is pushed at ``at``, and where the next opcode stands."""
    if at < len(script) and 0x51 <= script[at] <= 0x60:
        return script[at] - 0x50, at + 1
    if script[at : at + 1] == b"\x01" and at + 1 < len(script):
        return script[at + 1], at + 2
    return None
