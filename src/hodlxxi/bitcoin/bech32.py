"""Bech32 and bech32m (BIP-173, BIP-350), segwit programs, and the long form that LNURL uses (LUD-01).

Strict on purpose: one case, the right constant for the witness version, zero padding, exact program lengths.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from hodlxxi.kit.errors import BadInput

BECH32: Final = 1
BECH32M: Final = 0x2BC830A3
MAX_SEGWIT_CHARS: Final = 90
MAX_LNURL_CHARS: Final = 2000

_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_DIGIT_OF = {character: digit for digit, character in enumerate(_ALPHABET)}
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_CHECKSUM_CHARS = 6


@dataclass(frozen=True, slots=True)
class Bech32Text:
    """A text whose checksum holds: ``digits`` are 5-bit values, ``constant`` tells the two kinds apart."""

    hrp: str
    digits: tuple[int, ...]
    constant: int


@dataclass(frozen=True, slots=True)
class SegwitProgram:
    """What a segwit address says: the network's prefix, a witness version 0–16, a program of 2–40 bytes."""

    hrp: str
    version: int
    program: bytes


def _remainder(hrp: str, digits: tuple[int, ...]) -> int:
    """The polynomial remainder over the spread prefix and all digits; a good text leaves the constant."""
    spread = (*(ord(c) >> 5 for c in hrp), 0, *(ord(c) & 31 for c in hrp), *digits)
    remainder = 1
    for value in spread:
        top = remainder >> 25
        remainder = (remainder & 0x1FFFFFF) << 5 ^ value
        for bit, term in enumerate(_GENERATOR):
            if top >> bit & 1:
                remainder ^= term
    return remainder


def render_bech32(hrp: str, digits: tuple[int, ...], constant: int) -> str:
    """The lower-case text of a prefix and 5-bit values."""
    rest = _remainder(hrp, (*digits, 0, 0, 0, 0, 0, 0)) ^ constant
    checksum = tuple(rest >> 5 * (5 - i) & 31 for i in range(_CHECKSUM_CHARS))
    return f"{hrp}1" + "".join(_ALPHABET[digit] for digit in (*digits, *checksum))


def parse_bech32(text: str, field: str, *, max_chars: int) -> Bech32Text:
    """Split and check a text of either constant and either case, never mixed. The prefix comes back lower."""
    if len(text) > max_chars:
        raise BadInput(f"{field}: too long, {max_chars} characters at most.", field=field)
    if not _PRINTABLE.fullmatch(text):
        raise BadInput(f"{field}: holds a character that bech32 does not have.", field=field)
    if text != text.lower() and text != text.upper():
        raise BadInput(f"{field}: mixes upper and lower case.", field=field)
    hrp, separator, tail = text.lower().rpartition("1")
    if not separator or not hrp or len(tail) < _CHECKSUM_CHARS:
        raise BadInput(f"{field}: not a bech32 text.", field=field)
    if not all(character in _DIGIT_OF for character in tail):
        raise BadInput(f"{field}: holds a character that bech32 does not have.", field=field)
    digits = tuple(_DIGIT_OF[character] for character in tail)
    constant = _remainder(hrp, digits)
    if constant not in (BECH32, BECH32M):
        raise BadInput(f"{field}: the checksum is wrong; is a character missing or mistyped?", field=field)
    return Bech32Text(hrp, digits[:-_CHECKSUM_CHARS], constant)


def spread_bytes(raw: bytes) -> tuple[int, ...]:
    """Bytes as 5-bit values, the last one filled up with zero bits."""
    n_digits = (8 * len(raw) + 4) // 5
    number = int.from_bytes(raw, "big") << 5 * n_digits - 8 * len(raw)
    return tuple(number >> 5 * i & 31 for i in reversed(range(n_digits)))


def gather_bytes(digits: tuple[int, ...], field: str) -> bytes:
    """The bytes of 5-bit values. Four or fewer bits may be left over and must be zero, else ``BadInput``."""
    n_bytes, spare_bits = divmod(5 * len(digits), 8)
    number = 0
    for digit in digits:
        number = number << 5 | digit
    if spare_bits >= 5 or number & (1 << spare_bits) - 1:
        raise BadInput(f"{field}: the padding of the bech32 text is wrong.", field=field)
    return (number >> spare_bits).to_bytes(n_bytes, "big")


def render_segwit(program: SegwitProgram) -> str:
    """The lower-case address: version 0 with bech32, later ones with bech32m."""
    constant = BECH32 if program.version == 0 else BECH32M
    return render_bech32(program.hrp, (program.version, *spread_bytes(program.program)), constant)


def parse_segwit(text: str, field: str) -> SegwitProgram:
    """A segwit address of any network; the caller compares the prefix with its own."""
    parsed = parse_bech32(text, field, max_chars=MAX_SEGWIT_CHARS)
    refused = BadInput(f"{field}: not a segwit address.", field=field)
    if not parsed.digits:
        raise refused
    version = parsed.digits[0]
    if version > 16 or parsed.constant != (BECH32 if version == 0 else BECH32M):
        raise refused
    program = gather_bytes(parsed.digits[1:], field)
    if not 2 <= len(program) <= 40 or (version == 0 and len(program) not in (20, 32)):
        raise refused
    return SegwitProgram(parsed.hrp, version, program)


def encode_lnurl(url: str) -> str:
    """The LNURL of a URL, upper case: QR codes have a compact mode for capitals and digits (LUD-01)."""
    return render_bech32("lnurl", spread_bytes(url.encode()), BECH32).upper()


def decode_lnurl(text: str) -> str:
    """The URL of an LNURL in either case, at most 2 000 characters, without the ``lightning:`` in front.

    Only the encoding is judged (``BadInput`` with field ``lnurl``): whether the URL is one to visit is not.
    """
    parsed = parse_bech32(text, "lnurl", max_chars=MAX_LNURL_CHARS)
    if parsed.hrp != "lnurl" or parsed.constant != BECH32:
        raise BadInput("lnurl: not an LNURL.", field="lnurl")
    try:
        return gather_bytes(parsed.digits, "lnurl").decode()
    except UnicodeDecodeError:
        raise BadInput("lnurl: does not hold a URL.", field="lnurl") from None
