"""A signature as people paste it: white space around it, base64 or hex inside, in one spelling."""

from __future__ import annotations

import base64
import re
from typing import Final

from hodlxxi.kit.errors import BadInput

MAX_SIGNATURE_CHARS: Final = 8192

_ASCII_SPACE: Final = " \t\n\r\x0b\x0c"
_HEX = re.compile(r"[0-9a-fA-F]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
# r and s, 32 bytes each.
_RS_HEX_DIGITS: Final = 128


def parse_written(signature: str) -> str:
    """The signature without the white space that copying puts around it; too long or empty: ``BadInput``."""
    if len(signature) > MAX_SIGNATURE_CHARS:
        raise BadInput(f"signature: too long, {MAX_SIGNATURE_CHARS} characters at most.", field="signature")
    written = signature.strip(_ASCII_SPACE)
    if not written:
        raise BadInput("signature: is missing.", field="signature")
    return written


def looks_like_hex_signature(written: str) -> bool:
    """128 hex digits, or hex that starts like DER. No base64 of 64 or 65 bytes does: it ends with ``=``."""
    if not _HEX.fullmatch(written):
        return False
    return len(written) == _RS_HEX_DIGITS or written.startswith("30")


def parse_base64(written: str) -> bytes:
    """Standard base64 with its padding, in the one canonical spelling: Python alone also takes ``AB==``."""
    refused = BadInput("signature: neither base64 nor hex.", field="signature")
    if len(written) % 4 or not _BASE64.fullmatch(written):
        raise refused
    raw = base64.b64decode(written, validate=True)
    if base64.b64encode(raw).decode() != written:
        raise refused
    return raw
