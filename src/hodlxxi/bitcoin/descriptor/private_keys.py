"""Finding private keys before anything else is read: whatever the grammar says, a secret has no place in a request.

What only looks like a private key counts as one: a mistyped secret is a secret.
"""

from __future__ import annotations

import re
from typing import Final

from hodlxxi.bitcoin.base58 import parse_base58check
from hodlxxi.bitcoin.bip32 import PRIVATE_KEY_REFUSED, is_extended_private
from hodlxxi.bitcoin.descriptor.refusals import FIELD, refuse
from hodlxxi.kit.errors import BadInput

_WORD: Final = re.compile(r"[0-9A-Za-z]+")
_BASE58: Final = "[1-9A-HJ-NP-Za-km-z]"
_EXTENDED_PRIVATE: Final = re.compile(rf"(?i:[a-z]prv)[0-9A-Za-z]|.*[A-Za-z]prv{_BASE58}{{20}}")
_EXTENDED_PUBLIC: Final = re.compile(r"[A-Za-z]pub")
_WIF: Final = re.compile(rf"[5KL9c]{_BASE58}{{50,51}}")
_HEX: Final = re.compile(r"[0-9a-fA-F]+")
# A private key in the wallet import format is 33 bytes, or 34 with a mark for "compressed".
_WIF_BYTES: Final = (33, 34)
# BIP-38, a private key under a password.
_ENCRYPTED_BYTES: Final = 39
_ENCRYPTED: Final = (b"\x01\x42", b"\x01\x43")
# Fewer characters of base58 hold no key.
_MIN_KEY_CHARS: Final = 50


def refuse_private_keys(text: str) -> None:
    """``BadInput``, code ``private_key_refused``, at the first word that is a private key or looks like one.

    Every run of letters and digits is looked at, in any position. The refusal names the place, never the text.
    """
    for word in _WORD.finditer(text):
        if looks_private(word.group()):
            raise refuse(
                "there is a private key, or something that looks like one. Never give it to anybody; "
                "export the public descriptor.",
                word.start(),
                code=PRIVATE_KEY_REFUSED,
            )


def looks_private(word: str) -> bool:
    """Whether a word is a private key of any network and version, or a damaged one."""
    try:
        payload = parse_base58check(word, FIELD)
    except BadInput:
        return _looks_damaged(word)
    if len(payload) == _ENCRYPTED_BYTES and payload.startswith(_ENCRYPTED):
        return True
    return len(payload) in _WIF_BYTES or is_extended_private(payload)


def _looks_damaged(word: str) -> bool:
    """A word without a good checksum: does it have the looks of a secret, or could a long one be anything?"""
    if _EXTENDED_PRIVATE.match(word) or _WIF.fullmatch(word):
        return True
    # Public keys and programs in hex, segwit addresses (one case only) and mistyped xpubs are told apart.
    if len(word) < _MIN_KEY_CHARS or _HEX.fullmatch(word) or word in (word.lower(), word.upper()):
        return False
    return not _EXTENDED_PUBLIC.match(word)
