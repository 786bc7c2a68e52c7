"""Signing and verifying our own tokens: compact JWS with a header that is fixed for each key (RFC 7515, 7518, 8037).

Only tokens that we made ourselves are read here, and their headers are known to the byte: a header is looked up, never
interpreted, so nothing in it (``alg``, ``jwk``, ``jku``, ``crit``) can steer the verification. Tokens of others (client
assertions, DPoP proofs) are another matter and do not belong here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

ACCESS_TYP = "at+jwt"
ID_TYP = "JWT"
LOGOUT_TYP = "logout+jwt"
_RSA_BITS = 2048
_P256_BYTES = 32
_COMPACT = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")

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
        pad = _PSS if alg == "PS256" else _PKCS1
        sign, verify = _rsa_sign(key, pad), _rsa_verify(key.public_key(), pad)
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        sign, verify = _es256_sign(key), _es256_verify(key.public_key())
    else:
        sign, verify = key.sign, _eddsa_verify(key.public_key())
    members = _public_members(key)
    kid = thumbprint(members)
    jwk = members | {"kid": kid, "use": "sig", "alg": alg}
    return Signer(kid, alg, sign, verify, jwk, _header(alg, ACCESS_TYP, kid), _header(alg, ID_TYP, kid))


def hmac_signer(secret: bytes) -> Signer:
    """The signer of an operator who chose HS256 for access tokens. Its key is nobody's to see."""

    def sign(signed: bytes) -> bytes:
        return hmac.digest(secret, signed, "sha256")

    def verify(signed: bytes, signature: bytes) -> bool:
        return hmac.compare_digest(sign(signed), signature)

    kid = _b64(hashlib.sha256(b"kid" + hashlib.sha256(secret).digest()).digest()[:12])
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


def split(token: str) -> tuple[bytes, bytes, bytes] | None:
    """Header, payload and signature, each still in base64url; None when it is no compact JWS."""
    try:
        parts = _COMPACT.fullmatch(token.encode("ascii"))
    except UnicodeEncodeError:
        return None
    return (parts[1], parts[2], parts[3]) if parts else None


def read_verified(signer: Signer, parts: tuple[bytes, bytes, bytes]) -> dict[str, object] | None:
    """The payload, if the signature is this key's; the header has been looked up before."""
    header, payload, signature = parts
    try:
        if not signer.verify(header + b"." + payload, _unb64(signature)):
            return None
        return _decode_object(_unb64(payload))
    except (ValueError, msgspec.DecodeError):
        return None


def thumbprint(members: dict[str, str]) -> str:
    """The RFC 7638 thumbprint of a public key: base64url(SHA-256(the required members, sorted))."""
    return _b64(hashlib.sha256(msgspec.json.encode(dict(sorted(members.items())))).digest()).decode()


def _render(signer: Signer, header: bytes, payload: dict[str, object]) -> str:
    signed = header + b"." + _b64(_encode_json(payload))
    return (signed + b"." + _b64(signer.sign(signed))).decode("ascii")


def _header(alg: str, typ: str | None, kid: str) -> bytes:
    members = {"alg": alg, "typ": typ, "kid": kid}
    return _b64(_encode_json({name: value for name, value in members.items() if value is not None}))


def _b64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _unb64(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def _b64_number(number: int, n_bytes: int | None = None) -> str:
    return _b64(number.to_bytes(n_bytes or (number.bit_length() + 7) // 8, "big")).decode()


def _public_members(key: PrivateKey) -> dict[str, str]:
    if isinstance(key, rsa.RSAPrivateKey):
        rsa_numbers = key.public_key().public_numbers()
        return {"e": _b64_number(rsa_numbers.e), "kty": "RSA", "n": _b64_number(rsa_numbers.n)}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_numbers()
        x, y = _b64_number(point.x, _P256_BYTES), _b64_number(point.y, _P256_BYTES)
        return {"crv": "P-256", "kty": "EC", "x": x, "y": y}
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"crv": "Ed25519", "kty": "OKP", "x": _b64(raw).decode()}


_SHA256 = hashes.SHA256()
_PKCS1 = padding.PKCS1v15()
_PSS = padding.PSS(mgf=padding.MGF1(_SHA256), salt_length=padding.PSS.DIGEST_LENGTH)
_ECDSA = ec.ECDSA(_SHA256)


def _rsa_sign(key: rsa.RSAPrivateKey, pad: AsymmetricPadding) -> Callable[[bytes], bytes]:
    return lambda signed: key.sign(signed, pad, _SHA256)


def _rsa_verify(key: rsa.RSAPublicKey, pad: AsymmetricPadding) -> Callable[[bytes, bytes], bool]:
    return _quietly(lambda signed, signature: key.verify(signature, signed, pad, _SHA256))


def _es256_sign(key: ec.EllipticCurvePrivateKey) -> Callable[[bytes], bytes]:
    def sign(signed: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(signed, _ECDSA))
        return r.to_bytes(_P256_BYTES, "big") + s.to_bytes(_P256_BYTES, "big")

    return sign


def _es256_verify(key: ec.EllipticCurvePublicKey) -> Callable[[bytes, bytes], bool]:
    def verify(signed: bytes, signature: bytes) -> None:
        if len(signature) != 2 * _P256_BYTES:
            raise InvalidSignature
        r, s = (int.from_bytes(half, "big") for half in (signature[:_P256_BYTES], signature[_P256_BYTES:]))
        key.verify(encode_dss_signature(r, s), signed, _ECDSA)

    return _quietly(verify)


def _eddsa_verify(key: ed25519.Ed25519PublicKey) -> Callable[[bytes, bytes], bool]:
    return _quietly(lambda signed, signature: key.verify(signature, signed))


def _quietly(check: Callable[[bytes, bytes], None]) -> Callable[[bytes, bytes], bool]:
    def verify(signed: bytes, signature: bytes) -> bool:
        try:
            check(signed, signature)
        except InvalidSignature:
            return False
        return True

    return verify
