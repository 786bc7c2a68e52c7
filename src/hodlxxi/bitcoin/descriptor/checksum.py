"""The checksum of descriptors: eight characters after ``#``, over the text as it is written (BIP-380, "Checksum").

``84'`` and ``84h`` mean the same and have different checksums.
"""

from __future__ import annotations

from typing import Final

from hodlxxi.bitcoin.descriptor.refusals import refuse

CHECKSUM_CHARS: Final = 8

# Ordered so that a change of case and the usual slips in hex and paths change one symbol only.
_INPUT = (
    "0123456789()[],'/*abcdefgh@:$%{}"
    "IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~"
    "ijklmnopqrstuvwxyzABCDEFGH`#\"\\ "
)  # fmt: skip
_POSITION_OF: Final = {character: position for position, character in enumerate(_INPUT)}
_OUTPUT: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR: Final = (0xF5DEE51989, 0xA9FDCA3312, 0x1BAB10E32D, 0x3706B1677A, 0x644D626FFD)


def check_characters(text: str) -> None:
    """``BadInput`` with the place of the first character that no descriptor has."""
    for at, character in enumerate(text):
        if character not in _POSITION_OF:
            raise refuse("there is a character that descriptors do not have.", at)


def checksum_of(text: str) -> str:
    """The eight characters for a descriptor without its ``#``; ``BadInput`` for a foreign character."""
    check_characters(text)
    remainder = 1
    classes: list[int] = []
    for character in text:
        position = _POSITION_OF[character]
        remainder = _mix(remainder, position & 31)
        classes.append(position >> 5)
        if len(classes) == 3:
            remainder = _mix(remainder, classes[0] * 9 + classes[1] * 3 + classes[2])
            classes.clear()
    if classes:
        remainder = _mix(remainder, classes[0] if len(classes) == 1 else classes[0] * 3 + classes[1])
    for _ in range(CHECKSUM_CHARS):
        remainder = _mix(remainder, 0)
    remainder ^= 1
    return "".join(_OUTPUT[remainder >> 5 * (7 - i) & 31] for i in range(CHECKSUM_CHARS))


def _mix(remainder: int, symbol: int) -> int:
    top = remainder >> 35
    remainder = (remainder & 0x7FFFFFFFF) << 5 ^ symbol
    for bit, term in enumerate(_GENERATOR):
        if top >> bit & 1:
            remainder ^= term
    return remainder


def strip_checksum(text: str) -> str:
    """The descriptor without ``#`` and checksum. None is needed; a wrong one, or more than one, is ``BadInput``."""
    check_characters(text)
    body, sign, checksum = text.partition("#")
    if not sign:
        return body
    if len(checksum) != CHECKSUM_CHARS or "#" in checksum:
        raise refuse(f"the checksum after # needs exactly {CHECKSUM_CHARS} characters.", len(body))
    if checksum != checksum_of(body):
        raise refuse("the checksum is wrong; is a character missing or mistyped?", len(body))
    return body
