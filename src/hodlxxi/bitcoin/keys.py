"""Public keys as they arrive, and the one form in which an account knows them.

The canonical form is the 33-byte compressed key in lower-case hex (``Pubkey``). libsecp256k1 also parses
hybrid keys (06, 07) and ``bytes.fromhex`` also takes spaces: length, prefix and alphabet are checked here
before either sees the text.
"""

from __future__ import annotations

import re
from typing import Final, NewType

from coincurve import PublicKey

from hodlxxi.kit.errors import BadInput

Pubkey = NewType("Pubkey", str)

COMPRESSED_BYTES: Final = 33
UNCOMPRESSED_BYTES: Final = 65

_HEX = re.compile(r"[0-9a-fA-F]+")


def parse_hex(text: str, field: str, n_bytes: int | range) -> bytes:
    """The bytes of a hex string of exactly ``n_bytes``, or of a length within that range.

    Either case, ASCII digits only, no space, no ``0x``. ``BadInput`` names ``field``.
    """
    allowed = range(n_bytes, n_bytes + 1) if isinstance(n_bytes, int) else n_bytes
    # The length comes first, so that a huge text costs nothing.
    if len(text) % 2 or len(text) // 2 not in allowed or not _HEX.fullmatch(text):
        wanted = f"{2 * allowed[0]}" if len(allowed) == 1 else f"{2 * allowed[0]} to {2 * allowed[-1]}"
        raise BadInput(f"{field}: {wanted} hex digits are needed.", field=field)
    return bytes.fromhex(text)


def find_key(raw: bytes) -> PublicKey | None:
    """The point of a 33-byte compressed key; None for another length or prefix, or when off the curve."""
    if len(raw) != COMPRESSED_BYTES or raw[0] not in (2, 3):
        return None
    try:
        return PublicKey(raw)
    except ValueError:
        return None


def find_point(raw: bytes) -> PublicKey | None:
    """The point of a key as scripts write it: compressed, or uncompressed (65 bytes, 04). None for hybrid and the rest."""
    if len(raw) != UNCOMPRESSED_BYTES:
        return find_key(raw)
    try:
        return PublicKey(raw) if raw[0] == 4 else None
    except ValueError:
        return None


def parse_compressed_hex(text: str, field: str) -> bytes:
    """The 33 bytes of a compressed key in hex, on the curve. Nothing else is taken, no longer form either."""
    refused = BadInput(f"{field}: a compressed public key of 66 hex digits is needed.", field=field)
    if len(text) != 2 * COMPRESSED_BYTES or not _HEX.fullmatch(text):
        raise refused
    raw = bytes.fromhex(text)
    if find_key(raw) is None:
        raise refused
    return raw


def parse_pubkey_hex(text: str, field: str) -> Pubkey:
    """The canonical form of a key in hex: 66 digits (02, 03), or 130 digits (04), which are compressed.

    The other ways to write a point with 65 bytes (hybrid, 06 and 07) are refused: one key, one name.
    """
    if len(text) == 2 * UNCOMPRESSED_BYTES and text.startswith("04") and _HEX.fullmatch(text):
        try:
            return pubkey_of(PublicKey(bytes.fromhex(text)).format())
        except ValueError:
            raise BadInput(f"{field}: this is not a point of the curve secp256k1.", field=field) from None
    return pubkey_of(parse_compressed_hex(text, field))


def pubkey_of(raw: bytes) -> Pubkey:
    """The canonical form of 33 bytes that were parsed or recovered before; else a bug (``ValueError``)."""
    if len(raw) != COMPRESSED_BYTES or raw[0] not in (2, 3):
        raise ValueError("not a compressed public key")
    return Pubkey(raw.hex())
