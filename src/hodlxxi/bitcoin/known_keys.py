"""Ten keys whose secrets everybody knows, because they stand here: for scripted sign-ins on a developer's machine.

Whoever reads this file can sign for them. A server that is not told to take them must refuse them as it would a wrong
signature: they prove nothing.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from coincurve import PrivateKey

from hodlxxi.bitcoin.keys import Pubkey, pubkey_of
from hodlxxi.bitcoin.legacy import message_digest

KNOWN_NUMBERS: Final = range(10)


def _private(number: int) -> PrivateKey:
    return PrivateKey(sha256(f"HODLXXI development test key {number}".encode()).digest())


_PUBKEYS: Final = tuple(pubkey_of(_private(number).public_key.format()) for number in KNOWN_NUMBERS)
_KNOWN: Final = frozenset(_PUBKEYS)


def known_pubkey(number: int) -> Pubkey:
    """The key with this number, 0 to 9."""
    return _PUBKEYS[number]


def is_known_key(key: str) -> bool:
    """Whether everybody can sign for this key (canonical form)."""
    return key in _KNOWN


def sign_with_known_key(number: int, text: bytes) -> str:
    """What a wallet with this key would answer: the signature of a Bitcoin message, DER in hex."""
    return _private(number).sign(message_digest(text), hasher=None).hex()
