"""The compound hashes of Bitcoin: double SHA-256, RIPEMD-160 over SHA-256, and BIP-340's tagged hashes.

RIPEMD-160 is missing from OpenSSL 3.0.0 to 3.0.6 and from builds without legacy algorithms. Whether it is
there is asked once, at import; without it the function below does the same in Python.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

_MASK = 0xFFFFFFFF
_START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)
_LEFT_K = (0x00000000, 0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xA953FD4E)
_RIGHT_K = (0x50A28BE6, 0x5C4DD124, 0x6D703EF3, 0x7A6D76E9, 0x00000000)
# Which word of the block a step reads, 16 steps to a round.
_LEFT_WORD = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    (7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8),
    (3, 10, 14, 4, 9, 15, 8, 1, 2, 7, 0, 6, 13, 11, 5, 12),
    (1, 9, 11, 10, 0, 8, 12, 4, 13, 3, 7, 15, 14, 5, 6, 2),
    (4, 0, 5, 9, 7, 12, 2, 10, 14, 1, 3, 8, 11, 6, 15, 13),
)
_RIGHT_WORD = (
    (5, 14, 7, 0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12),
    (6, 11, 3, 7, 0, 13, 5, 10, 14, 15, 8, 12, 4, 9, 1, 2),
    (15, 5, 1, 3, 7, 14, 6, 9, 11, 8, 12, 2, 10, 0, 4, 13),
    (8, 6, 4, 1, 3, 11, 15, 0, 5, 12, 2, 13, 9, 7, 10, 14),
    (12, 15, 10, 4, 1, 5, 8, 7, 6, 2, 13, 14, 0, 3, 9, 11),
)
# How far a step rotates.
_LEFT_TURN = (
    (11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8),
    (7, 6, 8, 13, 11, 9, 7, 15, 7, 12, 15, 9, 11, 7, 13, 12),
    (11, 13, 6, 7, 14, 9, 13, 15, 14, 8, 13, 6, 5, 12, 7, 5),
    (11, 12, 14, 15, 14, 15, 9, 8, 9, 14, 5, 6, 8, 6, 5, 12),
    (9, 15, 5, 11, 6, 8, 13, 12, 5, 12, 13, 14, 11, 8, 5, 6),
)
_RIGHT_TURN = (
    (8, 9, 9, 11, 13, 15, 15, 5, 7, 7, 8, 11, 14, 14, 12, 6),
    (9, 13, 15, 7, 12, 8, 9, 11, 7, 7, 12, 7, 6, 15, 13, 11),
    (9, 7, 15, 11, 8, 6, 6, 14, 12, 13, 5, 14, 13, 13, 7, 5),
    (15, 5, 8, 11, 14, 14, 6, 14, 6, 9, 12, 9, 12, 5, 15, 8),
    (8, 5, 12, 9, 12, 5, 14, 6, 8, 13, 6, 5, 15, 13, 11, 11),
)


def _mix(round_no: int, x: int, y: int, z: int) -> int:
    """The boolean function of one round."""
    if round_no == 0:
        return x ^ y ^ z
    if round_no == 1:
        return (x & y) | (~x & z)
    if round_no == 2:
        return (x | (~y & _MASK)) ^ z
    if round_no == 3:
        return (x & z) | (y & ~z)
    return x ^ (y | (~z & _MASK))


def _run_line(
    state: tuple[int, ...],
    words: list[int],
    order: tuple[tuple[int, ...], ...],
    turns: tuple[tuple[int, ...], ...],
    constants: tuple[int, ...],
    mixes: tuple[int, ...],
) -> tuple[int, int, int, int, int]:
    """One of the two parallel lines of 80 steps over one block."""
    a, b, c, d, e = state
    for round_no in range(5):
        for word, turn in zip(order[round_no], turns[round_no], strict=True):
            t = (a + _mix(mixes[round_no], b, c, d) + words[word] + constants[round_no]) & _MASK
            t = (((t << turn) | (t >> (32 - turn))) + e) & _MASK
            a, e, d, c, b = e, d, ((c << 10) | (c >> 22)) & _MASK, b, t
    return a, b, c, d, e


def ripemd160_in_python(message: bytes) -> bytes:
    """RIPEMD-160 without OpenSSL (Dobbertin, Bosselaers, Preneel 1996)."""
    padded = message + b"\x80" + bytes(-(len(message) + 9) % 64) + (8 * len(message)).to_bytes(8, "little")
    state: tuple[int, ...] = _START
    for at in range(0, len(padded), 64):
        words = [int.from_bytes(padded[i : i + 4], "little") for i in range(at, at + 64, 4)]
        left = _run_line(state, words, _LEFT_WORD, _LEFT_TURN, _LEFT_K, (0, 1, 2, 3, 4))
        right = _run_line(state, words, _RIGHT_WORD, _RIGHT_TURN, _RIGHT_K, (4, 3, 2, 1, 0))
        state = tuple((state[(i + 1) % 5] + left[(i + 2) % 5] + right[(i + 3) % 5]) & _MASK for i in range(5))
    return b"".join(part.to_bytes(4, "little") for part in state)


def _ripemd160_in_openssl(message: bytes) -> bytes:
    return hashlib.new("ripemd160", message).digest()


def _openssl_knows_ripemd160() -> bool:
    try:
        _ripemd160_in_openssl(b"")
    except ValueError:
        return False
    return True


ripemd160 = _ripemd160_in_openssl if _openssl_knows_ripemd160() else ripemd160_in_python


def sha256(message: bytes) -> bytes:
    """SHA-256, 32 bytes."""
    return hashlib.sha256(message).digest()


def sha256d(message: bytes) -> bytes:
    """SHA-256 twice, 32 bytes: transaction ids, message digests, base58 checksums."""
    return sha256(sha256(message))


def hash160(message: bytes) -> bytes:
    """RIPEMD-160 of SHA-256, 20 bytes: what an address holds of a key or a script."""
    return ripemd160(sha256(message))


def tagged_hash(tag: str, message: bytes) -> bytes:
    """SHA-256 with a prefix for its purpose, 32 bytes (BIP-340, "Design"): taproot's hashes and BIP-322's."""
    prefix = sha256(tag.encode())
    return sha256(prefix + prefix + message)


def tag_hasher(tag: str) -> Callable[[bytes], bytes]:
    """``tagged_hash`` for one tag that is used often: the tag fills the first block, which is worked off once, here."""
    begun = hashlib.sha256(sha256(tag.encode()) * 2)

    def digest(message: bytes) -> bytes:
        state = begun.copy()
        state.update(message)
        return state.digest()

    return digest
