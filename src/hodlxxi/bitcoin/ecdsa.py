"""ECDSA over a digest that somebody else made: verification in three strictnesses, and key recovery.

Everything here takes the 32 bytes that were signed; coincurve would hash them again unless told not to
(``hasher=None``). A signature travels inside as ``compact``: r and s, 32 bytes each, big-endian.
"""

from __future__ import annotations

from typing import Final

from coincurve import PublicKey
from coincurve.ecdsa import (
    cdata_to_der,
    der_to_cdata,
    deserialize_compact,
    serialize_compact,
    signature_normalize,
)

from hodlxxi.bitcoin.keys import find_key
from hodlxxi.kit.errors import BadInput

DIGEST_BYTES: Final = 32
COMPACT_BYTES: Final = 64
# 30 06 02 01 r 02 01 s is the shortest DER; two 33-byte integers make the longest.
DER_BYTES: Final = range(8, 73)

_ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141


def parse_der(der: bytes, field: str = "signature") -> bytes:
    """The compact form of a strictly DER-encoded signature; BER, padding or a byte too many: ``BadInput``.

    An integer that is negative or too big for the curve is still DER here: libsecp256k1 turns it into zero,
    which never verifies.
    """
    if len(der) not in DER_BYTES:
        raise BadInput(f"{field}: not a DER signature.", field=field)
    try:
        compact: bytes = serialize_compact(der_to_cdata(der))
        return compact
    except ValueError:
        raise BadInput(f"{field}: not a DER signature.", field=field) from None


def has_low_s(compact: bytes) -> bool:
    """Whether s is in the lower half: of (r, s) and (r, n - s), both valid, Bitcoin relays only this one."""
    return int.from_bytes(compact[32:], "big") <= _ORDER // 2


def verify_compact(key: PublicKey, digest: bytes, compact: bytes) -> bool:
    """Whether ``compact`` signs ``digest`` under ``key``. A high s, which the library refuses, is lowered."""
    if len(digest) != DIGEST_BYTES or len(compact) != COMPACT_BYTES:
        return False
    try:
        low = signature_normalize(deserialize_compact(compact))[1]
    except ValueError:  # r or s is not below the order
        return False
    return key.verify(cdata_to_der(low), digest, hasher=None)


def verify_der(key: PublicKey, digest: bytes, der: bytes) -> bool:
    """Like ``verify_compact`` for strict DER; what is not DER is simply not a signature."""
    try:
        return verify_compact(key, digest, parse_der(der))
    except BadInput:
        return False


def verify_der_strict(key: PublicKey, digest: bytes, der: bytes) -> bool:
    """Strict DER *and* low s, as Bitcoin wants it inside a transaction, and BIP-322 with it."""
    if len(digest) != DIGEST_BYTES or len(der) not in DER_BYTES:
        return False
    try:
        # libsecp256k1 parses strictly, and verifies no high s.
        return key.verify(der, digest, hasher=None)
    except ValueError:
        return False


def is_strict_der(der: bytes) -> bool:
    """Whether ``der`` is what ``verify_der_strict`` would look at: to tell a bad encoding from a wrong signature."""
    try:
        return has_low_s(parse_der(der))
    except BadInput:
        return False


def verify_lnurl(k1: bytes, der: bytes, key: bytes) -> bool:
    """Did ``key`` (33 bytes, compressed) sign ``k1`` itself, not a hash of it? (LUD-04)

    LUD-04 has no low-s rule: k1 is used once and the signature names nothing, so a high s is taken.
    """
    point = find_key(key)
    return point is not None and verify_der(point, k1, der)


def recover(compact: bytes, recid: int, digest: bytes) -> PublicKey | None:
    """The key that would have made this signature; None when there is none.

    Some key comes out of almost any 64 bytes: the answer is the comparison with the claimed key.
    """
    if len(compact) != COMPACT_BYTES or recid not in range(4) or len(digest) != DIGEST_BYTES:
        return None
    try:
        return PublicKey.from_signature_and_message(compact + bytes([recid]), digest, hasher=None)
    except ValueError:
        return None
