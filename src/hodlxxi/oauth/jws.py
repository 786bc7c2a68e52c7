"""Signing and verifying our own tokens: compact JWS with a header that is fixed for each key (RFC 7515, 7518, 8037).

Only tokens that we made ourselves are read here, and their headers are known to the byte: a header is looked up, never
interpreted, so nothing in it (``alg``, ``jwk``, ``jku``, ``crit``) can steer the verification. Tokens of others (client
assertions, DPoP proofs) are another matter: ``rules/jwt``.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from hodlxxi.oauth.rules.jose import (
    ECDSA,
    P256_BYTES,
    PKCS1,
    PSS,
    SHA256,
    b64,
    public_members,
    thumbprint,
    unb64,
    verifiers_of,
)

ACCESS_TYP = "at+jwt"
ID_TYP = "JWT"
LOGOUT_TYP = "logout+jwt"
_RSA_BITS = 2048

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_encode_json = msgspec.json.Encoder().encode
_decode_object = msgspec.json.Decoder(dict[str, object]).decode


@dataclass(frozen=True, slots=True)
class Signer:
    """One key with everything that signing needs, made once. ``public_jwk`` is None for a shared secret."""

    kid: str
    alg: str
    sign: Callable[[bytes], bytes]
    verify: Callable[[bytes, bytes], bool]
    public_jwk: dict[str, str] | None
    access_header: bytes
    id_header: bytes


def mint_private_key(alg: str) -> PrivateKey:
    """A fresh key for RS256, PS256, ES256 or EdDSA."""
    if alg in ("RS256", "PS256"):
        return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
    if alg == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if alg == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    raise ValueError(f"no keys are made for {alg}")


def dump_private_key(key: PrivateKey) -> bytes:
    """PKCS #8, unencrypted: to be sealed at once."""
    no_password = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, no_password)


def load_private_key(raw: bytes) -> PrivateKey:
    """The inverse of ``dump_private_key``."""
    key = serialization.load_der_private_key(raw, None)
    if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        return key
    raise ValueError("not a key that we make")


def signer_of(key: PrivateKey, alg: str) -> Signer:
    """The signer of an asymmetric key. ``kid`` is its RFC 7638 thumbprint; an RSA key serves one of its two algorithms."""
    if isinstance(key, rsa.RSAPrivateKey):
        sign = _rsa_sign(key, PSS if alg == "PS256" else PKCS1)
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        sign = _es256_sign(key)
    else:
        sign = key.sign
    verify = verifiers_of(key.public_key())[alg]
    members = public_members(key.public_key())
    kid = thumbprint(members)
    jwk = members | {"kid": kid, "use": "sig", "alg": alg}
    return Signer(kid, alg, sign, verify, jwk, _header(alg, ACCESS_TYP, kid), _header(alg, ID_TYP, kid))


def hmac_signer(secret: bytes) -> Signer:
    """The signer of an operator who chose HS256 for access tokens. Its key is nobody's to see."""

    def sign(signed: bytes) -> bytes:
        return hmac.digest(secret, signed, "sha256")

    def verify(signed: bytes, signature: bytes) -> bool:
        return hmac.compare_digest(sign(signed), signature)

    kid = b64(hashlib.sha256(b"kid" + hashlib.sha256(secret).digest()).digest()[:12])
    header = _header("HS256", ACCESS_TYP, kid.decode())
    return Signer(kid.decode(), "HS256", sign, verify, None, header, _header("HS256", ID_TYP, kid.decode()))


def render_access(signer: Signer, payload: dict[str, object]) -> str:
    """A signed access token."""
    return _render(signer, signer.access_header, payload)


def render_id_token(signer: Signer, payload: dict[str, object]) -> str:
    """A signed ID token."""
    return _render(signer, signer.id_header, payload)


def render_typed(signer: Signer, typ: str | None, payload: dict[str, object]) -> str:
    """A signed token of another kind; its ``typ`` keeps it from being taken for an access or an ID token."""
    return _render(signer, _header(signer.alg, typ, signer.kid), payload)


def read_verified(signer: Signer, parts: tuple[bytes, bytes, bytes]) -> dict[str, object] | None:
    """The payload, if the signature is this key's; the header has been looked up before."""
    header, payload, signature = parts
    try:
        if not signer.verify(header + b"." + payload, unb64(signature)):
            return None
        return _decode_object(unb64(payload))
    except (ValueError, msgspec.DecodeError):
        return None


def read_unverified(payload: bytes) -> dict[str, object] | None:
    """The second part of a token as it stands: nobody has vouched for it yet."""
    try:
        return _decode_object(unb64(payload))
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None


def _render(signer: Signer, header: bytes, payload: dict[str, object]) -> str:
    signed = header + b"." + b64(_encode_json(payload))
    return (signed + b"." + b64(signer.sign(signed))).decode("ascii")


def _header(alg: str, typ: str | None, kid: str) -> bytes:
    members = {"alg": alg, "typ": typ, "kid": kid}
    return b64(_encode_json({name: value for name, value in members.items() if value is not None}))


def _rsa_sign(key: rsa.RSAPrivateKey, pad: AsymmetricPadding) -> Callable[[bytes], bytes]:
    return lambda signed: key.sign(signed, pad, SHA256)


def _es256_sign(key: ec.EllipticCurvePrivateKey) -> Callable[[bytes], bytes]:
    def sign(signed: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(signed, ECDSA))
        return r.to_bytes(P256_BYTES, "big") + s.to_bytes(P256_BYTES, "big")

    return sign
