"""What tokens and keys are made of: compact form, base64url, signature checks, thumbprints (RFC 7515, 7518, 7638, 8037).

Nothing here trusts a word of a token: who calls chooses the key and the algorithm, and a check answers yes or no.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

P256_BYTES = 32
SHA256 = hashes.SHA256()
PKCS1 = padding.PKCS1v15()
PSS = padding.PSS(padding.MGF1(SHA256), SHA256.digest_size)
ECDSA = ec.ECDSA(SHA256)

_COMPACT = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
Verify = Callable[[bytes, bytes], bool]  # (what was signed, the signature)


def b64(raw: bytes) -> bytes:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def unb64(text: bytes) -> bytes:
    """The inverse of ``b64``; ValueError when it is none."""
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def split_compact(token: str) -> tuple[bytes, bytes, bytes] | None:
    """Header, payload and signature, each still in base64url; None when it is no compact JWS (RFC 7515 §7.1)."""
    try:
        parts = _COMPACT.fullmatch(token.encode("ascii"))
    except UnicodeEncodeError:
        return None
    return (parts[1], parts[2], parts[3]) if parts else None


def public_members(key: PublicKey) -> dict[str, str]:
    """The required members of a public JWK, in the one canonical spelling (RFC 7518 §6, RFC 8037 §2)."""
    if isinstance(key, rsa.RSAPublicKey):
        rsa_numbers = key.public_numbers()
        return {"e": _b64_number(rsa_numbers.e), "kty": "RSA", "n": _b64_number(rsa_numbers.n)}
    if isinstance(key, ec.EllipticCurvePublicKey):
        point = key.public_numbers()
        x, y = _b64_number(point.x, P256_BYTES), _b64_number(point.y, P256_BYTES)
        return {"crv": "P-256", "kty": "EC", "x": x, "y": y}
    return {"crv": "Ed25519", "kty": "OKP", "x": b64(key.public_bytes_raw()).decode()}


def thumbprint(members: Mapping[str, str]) -> str:
    """The RFC 7638 thumbprint of a public key: base64url(SHA-256(the required members, sorted))."""
    return b64(hashlib.sha256(msgspec.json.encode(dict(sorted(members.items())))).digest()).decode()


def verifiers_of(key: PublicKey) -> dict[str, Verify]:
    """How this key checks a signature, for each algorithm that it may be used with."""
    if isinstance(key, rsa.RSAPublicKey):
        return {
            "RS256": _quietly(lambda signed, signature: key.verify(signature, signed, PKCS1, SHA256)),
            "PS256": _quietly(lambda signed, signature: key.verify(signature, signed, PSS, SHA256)),
        }
    if isinstance(key, ec.EllipticCurvePublicKey):
        return {"ES256": _quietly(_es256(key))}
    return {"EdDSA": _quietly(lambda signed, signature: key.verify(signature, signed))}


def _es256(key: ec.EllipticCurvePublicKey) -> Callable[[bytes, bytes], None]:
    def check(signed: bytes, signature: bytes) -> None:
        if len(signature) != 2 * P256_BYTES:
            raise InvalidSignature
        r, s = (int.from_bytes(half, "big") for half in (signature[:P256_BYTES], signature[P256_BYTES:]))
        key.verify(encode_dss_signature(r, s), signed, ECDSA)

    return check


def _quietly(check: Callable[[bytes, bytes], None]) -> Verify:
    def verify(signed: bytes, signature: bytes) -> bool:
        try:
            check(signed, signature)
        except InvalidSignature:
            return False
        return True

    return verify


def _b64_number(number: int, n_bytes: int | None = None) -> str:
    return b64(number.to_bytes(n_bytes or (number.bit_length() + 7) // 8, "big")).decode()
