"""A wallet without a screen: one key that signs texts in every form that our verifier takes.

The digest is made here, not by the code under test.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from coincurve import PrivateKey

from hodlxxi.bitcoin.address import Network, render_p2pkh, render_p2sh_p2wpkh, render_p2wpkh
from hodlxxi.bitcoin.keys import Pubkey

ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141


@dataclass(frozen=True)
class TestKey:
    """A private key, from 32 bytes or a number: ``TestKey(1)``, ``TestKey(2)`` … are distinct users."""

    __test__ = False  # not a test class, whatever its name says

    secret: int | bytes

    @property
    def private(self) -> PrivateKey:
        """The key as coincurve knows it."""
        raw = self.secret.to_bytes(32, "big") if isinstance(self.secret, int) else self.secret
        return PrivateKey(raw)

    @property
    def pubkey_hex(self) -> Pubkey:
        """The canonical form: 66 lower-case hex digits."""
        return Pubkey(self.private.public_key.format().hex())

    @property
    def uncompressed_hex(self) -> str:
        """The same point with both coordinates: 130 hex digits that begin with 04."""
        return self.private.public_key.format(compressed=False).hex()

    def p2pkh(self, network: Network = Network.MAIN) -> str:
        """The legacy address."""
        return render_p2pkh(self.pubkey_hex, network)

    def p2sh_p2wpkh(self, network: Network = Network.MAIN) -> str:
        """The nested segwit address."""
        return render_p2sh_p2wpkh(self.pubkey_hex, network)

    def p2wpkh(self, network: Network = Network.MAIN) -> str:
        """The native segwit address."""
        return render_p2wpkh(self.pubkey_hex, network)

    def sign_compact(self, text: str | bytes, header_base: int = 31) -> str:
        """65 bytes in base64. ``header_base``: 27 uncompressed, 31 Electrum, 35 nested, 39 native segwit."""
        signed = self.private.sign_recoverable(digest_for_signing(text), hasher=None)
        return base64.b64encode(bytes([header_base + signed[64]]) + signed[:64]).decode()

    def sign_der(self, text: str | bytes) -> str:
        """DER in hex."""
        return self.private.sign(digest_for_signing(text), hasher=None).hex()

    def sign_rs(self, text: str | bytes) -> str:
        """r and s, 128 hex digits."""
        return self.private.sign_recoverable(digest_for_signing(text), hasher=None)[:64].hex()

    def sign_rs_high(self, text: str | bytes) -> str:
        """r and the *other* valid s, as no libsecp256k1 wallet makes it."""
        r, s = self.sign_rs(text)[:64], int(self.sign_rs(text)[64:], 16)
        return r + (ORDER - s).to_bytes(32, "big").hex()


def digest_for_signing(text: str | bytes) -> bytes:
    """The digest of a Bitcoin signed message, for texts below 64 kB."""
    raw = text.encode() if isinstance(text, str) else text
    size = bytes([len(raw)]) if len(raw) < 253 else b"\xfd" + len(raw).to_bytes(2, "little")
    once = hashlib.sha256(b"\x18Bitcoin Signed Message:\n" + size + raw).digest()
    return hashlib.sha256(once).digest()


def der_of(compact: bytes) -> bytes:
    """Strict DER of r and s (64 bytes), high s or not: written out, so that no library lowers s."""

    def integer(raw: bytes) -> bytes:
        trimmed = raw.lstrip(b"\0") or b"\0"
        body = b"\0" + trimmed if trimmed[0] & 0x80 else trimmed
        return bytes([2, len(body)]) + body

    both = integer(compact[:32]) + integer(compact[32:])
    return bytes([0x30, len(both)]) + both
