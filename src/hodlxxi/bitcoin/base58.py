"""Base58 with its checksum: the alphabet of addresses and extended keys.

Decoding costs the square of the length, so every text is bounded before it is read.
"""

from __future__ import annotations

from typing import Final

from hodlxxi.bitcoin.hashes import sha256d
from hodlxxi.kit.errors import BadInput

# An extended key, the longest thing that we read, has 111 or 112 characters.
MAX_BASE58_CHARS: Final = 128

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGIT_OF = {character: digit for digit, character in enumerate(_ALPHABET)}


def render_base58(raw: bytes) -> str:
    """Base58 without a checksum; each leading zero byte becomes a ``1``."""
    number = int.from_bytes(raw, "big")
    characters = []
    while number:
        number, digit = divmod(number, 58)
        characters.append(_ALPHABET[digit])
    zeros = len(raw) - len(raw.lstrip(b"\0"))
    return "1" * zeros + "".join(reversed(characters))


def parse_base58(text: str, field: str, *, max_chars: int = MAX_BASE58_CHARS) -> bytes:
    """The bytes of a base58 text without a checksum. Too long, or a foreign character: ``BadInput``."""
    if len(text) > max_chars:
        raise BadInput(f"{field}: too long, {max_chars} characters at most.", field=field)
    number = 0
    for character in text:
        digit = _DIGIT_OF.get(character)
        if digit is None:
            raise BadInput(f"{field}: holds a character that base58 does not have.", field=field)
        number = number * 58 + digit
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def render_base58check(payload: bytes) -> str:
    """Base58 of ``payload`` and the first four bytes of its double SHA-256."""
    return render_base58(payload + sha256d(payload)[:4])


def parse_base58check(text: str, field: str, *, max_chars: int = MAX_BASE58_CHARS) -> bytes:
    """The payload (version included, checksum taken off) of a base58check text."""
    raw = parse_base58(text, field, max_chars=max_chars)
    payload, checksum = raw[:-4], raw[-4:]
    # Fewer than four bytes leave a short "checksum", which equals nothing.
    if sha256d(payload)[:4] != checksum:
        raise BadInput(f"{field}: the checksum is wrong; is a character missing or mistyped?", field=field)
    return payload
