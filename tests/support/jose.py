"""Keys of clients and what they sign: everything that a good library makes, and everything that none would."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

_SHA256 = hashes.SHA256()
ECDSA = ec.ECDSA(_SHA256)


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(value: int, size: int | None = None) -> str:
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def compact(header: Mapping[str, object], claims: object, signature: bytes = b"\x00") -> str:
    """A compact JWS with whatever signature."""
    parts = [b64(json.dumps(part).encode()) for part in (header, claims)]
    return ".".join([*parts, b64(signature)])


class ClientKey:
    """A key pair of a client. ``public`` is its JWK; ``private_member`` is what must never be sent."""

    def __init__(self, alg: str, bits: int = 2048) -> None:
        self.alg = alg
        self.private: Any
        if alg in ("RS256", "PS256"):
            self.private = rsa.generate_private_key(65537, bits)
            numbers = self.private.private_numbers()
            public = numbers.public_numbers
            self.public = {"kty": "RSA", "n": number(public.n), "e": number(public.e)}
            self.private_member = {"d": number(numbers.d)}
        elif alg == "ES256":
            self.private = ec.generate_private_key(ec.SECP256R1())
            point = self.private.public_key().public_numbers()
            self.public = {"kty": "EC", "crv": "P-256", "x": number(point.x, 32), "y": number(point.y, 32)}
            self.private_member = {"d": number(self.private.private_numbers().private_value, 32)}
        else:
            self.private = ed25519.Ed25519PrivateKey.generate()
            self.public = {
                "kty": "OKP",
                "crv": "Ed25519",
                "x": b64(self.private.public_key().public_bytes_raw()),
            }
            self.private_member = {"d": b64(self.private.private_bytes_raw())}

    def jwk(self, **members: object) -> dict[str, object]:
        """The public JWK with further members."""
        return {**self.public, **members}

    def private_pem(self) -> bytes:
        """As libraries of others want it."""
        form = serialization.PrivateFormat.PKCS8
        return bytes(
            self.private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        )

    def public_pem(self) -> bytes:
        """What a careless verifier would take for a shared secret."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return bytes(self.private.public_key().public_bytes(serialization.Encoding.PEM, form))

    def sign(self, claims: object, **header: object) -> str:
        """A compact JWS; a header member of None is left out."""
        members = {name: value for name, value in ({"alg": self.alg} | header).items() if value is not None}
        signed = ".".join(b64(json.dumps(part).encode()) for part in (members, claims))
        return f"{signed}.{b64(self._signature(signed.encode()))}"

    def proof(self, claims: Mapping[str, object], **header: object) -> str:
        """A DPoP proof (RFC 9449 §4.2)."""
        return self.sign(claims, **{"typ": "dpop+jwt", "jwk": self.public} | header)

    def _signature(self, signed: bytes) -> bytes:
        if self.alg == "RS256":
            return bytes(self.private.sign(signed, padding.PKCS1v15(), _SHA256))
        if self.alg == "PS256":
            pss = padding.PSS(padding.MGF1(_SHA256), _SHA256.digest_size)
            return bytes(self.private.sign(signed, pss, _SHA256))
        if self.alg == "ES256":
            r, s = decode_dss_signature(self.private.sign(signed, ECDSA))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return bytes(self.private.sign(signed))
