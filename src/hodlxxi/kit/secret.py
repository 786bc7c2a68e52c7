"""Fresh secrets, their digests, their comparison and their sealing.

Secrets that we mint have 256 bits, so a plain SHA-256 is enough to keep: there is nothing to guess (reference oauth §4.2).
What must be read again later (signing keys, a response kept for a retry) is sealed with AES-256-GCM.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


def mint_token(n_bytes: int = 32) -> str:
    """A fresh secret: ``n_bytes`` of randomness as base64url without padding (43 characters for 32 bytes)."""
    return secrets.token_urlsafe(n_bytes)


def digest_of(secret: str) -> str:
    """What the database keeps of a secret: SHA-256 as 64 hex digits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def same(a: str | bytes, b: str | bytes) -> bool:
    """Whether two secrets are equal, in a time that tells nothing about where they differ."""
    left = a.encode("utf-8", "surrogatepass") if isinstance(a, str) else a
    right = b.encode("utf-8", "surrogatepass") if isinstance(b, str) else b
    return hmac.compare_digest(left, right)


def derive_key(master: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose (HKDF-Expand of RFC 5869 with one block; the master is uniform already)."""
    return hmac.new(master, purpose.encode() + b"\x01", hashlib.sha256).digest()


def tag_of(key: bytes, *parts: str) -> str:
    """A MAC over some texts, unambiguous about where one ends: base64url of HMAC-SHA-256."""
    framed = b"".join(len(p.encode()).to_bytes(4, "big") + p.encode() for p in parts)
    return base64.urlsafe_b64encode(hmac.new(key, framed, hashlib.sha256).digest()).rstrip(b"=").decode()


class Sealer:
    """Seals bytes under a key that only this purpose has (AES-256-GCM, random nonce in front, base64url)."""

    def __init__(self, master: bytes, purpose: str) -> None:
        self._purpose = purpose.encode()
        self._aead = AESGCM(derive_key(master, purpose))

    def seal(self, plain: bytes) -> str:
        """The sealed text; two calls never give the same one."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return base64.urlsafe_b64encode(nonce + self._aead.encrypt(nonce, plain, self._purpose)).decode()

    def unseal(self, sealed: str) -> bytes | None:
        """What was sealed, or None when it was altered or sealed under another key."""
        try:
            raw = base64.urlsafe_b64decode(sealed)
            return self._aead.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], self._purpose)
        except (InvalidTag, ValueError):
            return None
