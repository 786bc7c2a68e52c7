"""Signed messages as wallets make them: the legacy forms for an address, and the seed's forms for a raw key.

The digest is Bitcoin Core's. A wrong signature is an answer (``NotProved``); only what cannot be read as a
signature at all is ``BadInput``. BIP-322 is another module's: here its forms are recognised and declined.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Final, Literal

from coincurve import PublicKey

from hodlxxi.bitcoin.address import Address, AddressKind, nested_program
from hodlxxi.bitcoin.ecdsa import COMPACT_BYTES, parse_der, recover, verify_compact
from hodlxxi.bitcoin.hashes import hash160, sha256d
from hodlxxi.bitcoin.keys import Pubkey, pubkey_of
from hodlxxi.bitcoin.script import compact_size
from hodlxxi.kit.errors import BadInput

MAX_SIGNATURE_CHARS: Final = 8192

SignatureForm = Literal["legacy", "rs", "der", "compact"]

_MAGIC: Final = b"\x18Bitcoin Signed Message:\n"
_ASCII_SPACE: Final = " \t\n\r\x0b\x0c"
_HEX = re.compile(r"[0-9a-fA-F]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_BIP322_PREFIXES: Final = ("smp", "ful", "pof")
_HEADERS: Final = range(27, 43)
# Below 31 the header says that the key was uncompressed.
_FIRST_COMPRESSED: Final = 31
# Which headers fit which kind (Bitcoin Core, BIP-137, Electrum). A kind that is absent takes none.
_HEADERS_OF: Final[dict[AddressKind, tuple[range, ...]]] = {
    AddressKind.P2PKH: (range(27, 35),),
    AddressKind.P2SH: (range(31, 39),),
    AddressKind.P2WPKH: (range(31, 35), range(39, 43)),
}

_NO_MATCH: Final = "The signature does not match this text and this {}."
_OTHER_KIND: Final = "The signature was made for another type of address."
_KIND_REFUSED: Final = (
    "This signature form is not accepted for this type of address. "
    "Sign with an address that begins with 1, 3 or bc1q and belongs to a single key."
)
_NOT_YET: Final = (
    "This signature form is not supported yet. For an address, send the 65-byte signature in base64 that "
    "wallets make for legacy messages (Bitcoin Core, BIP-137, Electrum)."
)


@dataclass(frozen=True, slots=True)
class Proved:
    """The holder of ``key`` signed the text. ``form`` says how it was written: for the log, not a rank."""

    key: Pubkey
    form: SignatureForm


@dataclass(frozen=True, slots=True)
class NotProved:
    """A signature that proves nothing for this address or key; ``reason`` is a sentence for the person."""

    reason: str


def message_digest(text: bytes) -> bytes:
    """The 32 bytes that a wallet signs: double SHA-256 of magic, length as compact size, and text."""
    return sha256d(_MAGIC + compact_size(len(text)) + text)


def verify_message(address: Address, text: bytes, signature: str) -> Proved | NotProved:
    """Did the single key behind ``address`` sign ``text``, in a legacy form (65 bytes, base64)?

    Recovery finds some key for almost any signature: the proof is that this key makes this address, by the
    rules of the address's kind. The proved key is the compressed one, whichever kind of address it came by.
    """
    written = _parse_written(signature)
    if written.startswith(_BIP322_PREFIXES):
        return NotProved(_NOT_YET)
    if _looks_like_hex_signature(written):
        raise BadInput(
            "signature: for an address, base64 is needed; hex goes with a public key.", field="signature"
        )
    raw = _parse_base64(written)
    if len(raw) != 1 + COMPACT_BYTES or raw[0] not in _HEADERS:
        return NotProved(_NOT_YET)
    return _judge_legacy(address, message_digest(text), raw)


def verify_raw_key(pubkey: Pubkey, text: bytes, signature: str) -> Proved | NotProved:
    """Did ``pubkey`` sign ``text``? The forms are tried by their shape, and the shapes exclude one another:

    128 hex digits are r and s; other hex that starts with ``30`` is DER; base64 of 65 bytes is recovered and
    compared (only the recovery id of the header counts); base64 of 64 bytes is r and s. A high s is taken.
    """
    written = _parse_written(signature)
    key = PublicKey(bytes.fromhex(pubkey))
    digest = message_digest(text)
    if not _looks_like_hex_signature(written):
        return _judge_base64(key, digest, _parse_base64(written))
    form: SignatureForm = "rs" if len(written) == 2 * COMPACT_BYTES else "der"
    if form == "rs":
        compact = bytes.fromhex(written)
    elif len(written) % 2:
        raise BadInput("signature: an odd number of hex digits.", field="signature")
    else:
        compact = parse_der(bytes.fromhex(written))
    return _judge_rs(key, digest, compact, form)


def _judge_legacy(address: Address, digest: bytes, raw: bytes) -> Proved | NotProved:
    """Compare the recovered key with the address, by the table of headers. ``raw`` is header, r, s."""
    header = raw[0]
    headers = _HEADERS_OF.get(address.kind)
    if headers is None:
        return NotProved(_KIND_REFUSED)
    if not any(header in allowed for allowed in headers):
        return NotProved(_OTHER_KIND)
    key = recover(raw[1:], (header - 27) & 3, digest)
    if key is None:
        return NotProved(_NO_MATCH.format("address"))
    program = hash160(key.format(compressed=header >= _FIRST_COMPRESSED))
    if address.kind is AddressKind.P2SH:
        program = nested_program(program)
    if program != address.program:
        return NotProved(_NO_MATCH.format("address"))
    return Proved(pubkey_of(key.format()), "legacy")


def _judge_base64(key: PublicKey, digest: bytes, raw: bytes) -> Proved | NotProved:
    if len(raw) == COMPACT_BYTES:
        return _judge_rs(key, digest, raw, "rs")
    if len(raw) != 1 + COMPACT_BYTES or raw[0] not in _HEADERS:
        text = "signature: for a public key, 64 bytes (r, s), 65 bytes (compact) or DER in hex are needed."
        raise BadInput(text, field="signature")
    recovered = recover(raw[1:], (raw[0] - 27) & 3, digest)
    if recovered is None or recovered.format() != key.format():
        return NotProved(_NO_MATCH.format("public key"))
    return Proved(pubkey_of(key.format()), "compact")


def _judge_rs(key: PublicKey, digest: bytes, compact: bytes, form: SignatureForm) -> Proved | NotProved:
    if verify_compact(key, digest, compact):
        return Proved(pubkey_of(key.format()), form)
    return NotProved(_NO_MATCH.format("public key"))


def _parse_written(signature: str) -> str:
    """The signature without the white space that copying puts around it; too long or empty: ``BadInput``."""
    if len(signature) > MAX_SIGNATURE_CHARS:
        raise BadInput(f"signature: too long, {MAX_SIGNATURE_CHARS} characters at most.", field="signature")
    written = signature.strip(_ASCII_SPACE)
    if not written:
        raise BadInput("signature: is missing.", field="signature")
    return written


def _looks_like_hex_signature(written: str) -> bool:
    """128 hex digits, or hex that starts like DER. No base64 of 64 or 65 bytes does: it ends with ``=``."""
    if not _HEX.fullmatch(written):
        return False
    return len(written) == 2 * COMPACT_BYTES or written.startswith("30")


def _parse_base64(written: str) -> bytes:
    """Standard base64 with its padding, in the one canonical spelling: Python alone also takes ``AB==``."""
    refused = BadInput("signature: neither base64 nor hex.", field="signature")
    if len(written) % 4 or not _BASE64.fullmatch(written):
        raise refused
    raw = base64.b64decode(written, validate=True)
    if base64.b64encode(raw).decode() != written:
        raise refused
    return raw
