"""Client assertions and DPoP proofs, right and twisted. Signed here, not by the code under test."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

EC = ec.generate_private_key(ec.SECP256R1())
OTHER_EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
ED = ed25519.Ed25519PrivateKey.generate()
KEYS = {"ES256": EC, "RS256": RSA, "PS256": RSA, "EdDSA": ED, "HS256": EC, "none": EC}
KIDS = {"ES256": "ec", "RS256": "rsa", "PS256": "rsa", "EdDSA": "ed"}
_MOMENTS = ("iat", "exp", "nbf")


@dataclass(frozen=True)
class Twist:
    """What is done differently. None leaves a member out; ``iat``, ``exp`` and ``nbf`` are seconds from now."""

    claims: Mapping[str, object] = field(default_factory=dict)
    header: Mapping[str, object] = field(default_factory=dict)
    alg: str = "ES256"
    by_other_key: bool = False


def b64(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def public_jwk(alg: str, key: object | None = None) -> dict[str, str]:
    """The public half of a key."""
    key = key or KEYS[alg]
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_numbers()
        return {
            **{"kty": "EC", "crv": "P-256"},
            **{"x": b64(point.x.to_bytes(32, "big")), "y": b64(point.y.to_bytes(32, "big"))},
        }
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}


def private_jwk() -> dict[str, str]:
    """The whole key, which nobody should send."""
    return {**public_jwk("ES256"), "d": b64(EC.private_numbers().private_value.to_bytes(32, "big"))}


def jwks() -> dict[str, object]:
    """What the app with keys registers."""
    return {"keys": [{**public_jwk(alg), "kid": KIDS[alg]} for alg in ("ES256", "RS256", "EdDSA")]}


def _sign(alg: str, key: object, text: bytes) -> bytes:
    if alg == "none":
        return b""
    if alg == "HS256":
        return hashlib.sha256(text).digest()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    if isinstance(key, rsa.RSAPrivateKey):
        if alg == "PS256":
            return key.sign(text, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        return key.sign(text, padding.PKCS1v15(), hashes.SHA256())
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    return key.sign(text)


def _jwt(header: Mapping[str, object], claims: Mapping[str, object], twist: Twist) -> str:
    now = int(time.time())
    all_claims = {**claims, **twist.claims}
    for name in _MOMENTS:
        if isinstance(all_claims.get(name), int):
            all_claims[name] = now + int(str(all_claims[name]))
    parts = [{**header, **twist.header}, all_claims]
    kept = [{name: value for name, value in part.items() if value is not None} for part in parts]
    text = ".".join(b64(json.dumps(part).encode()) for part in kept)
    key = OTHER_EC if twist.by_other_key else KEYS[twist.alg]
    return f"{text}.{b64(_sign(twist.alg, key, text.encode()))}"


def make_assertion(client_id: str, issuer: str, twist: Twist) -> str:
    """A client assertion (RFC 7523 §3); ``{issuer}`` in a claim is the issuer."""
    claims = {
        **{"iss": client_id, "sub": client_id, "aud": issuer},
        **{"jti": secrets.token_urlsafe(16), "iat": 0, "exp": 60},
    }
    header = {"alg": twist.alg, "kid": KIDS.get(twist.alg)}
    return _jwt(header, claims, _placed(twist, issuer))


def make_proof(url: str, path: str, method: str, twist: Twist, token: str | None = None) -> str:
    """A DPoP proof (RFC 9449 §4.2)."""
    claims: dict[str, object] = {
        **{"htm": method, "htu": f"{url}{path}"},
        **{"jti": secrets.token_urlsafe(16), "iat": 0},
    }
    if token is not None:
        claims["ath"] = b64(hashlib.sha256(token.encode()).digest())
    header = {"typ": "dpop+jwt", "alg": twist.alg, "jwk": public_jwk(twist.alg)}
    return _jwt(header, claims, _placed(twist, url))


def _placed(twist: Twist, issuer: str) -> Twist:
    def place(value: object) -> object:
        if isinstance(value, list):
            return [place(one) for one in value]
        return value.replace("{issuer}", issuer) if isinstance(value, str) else value

    claims = {name: place(value) for name, value in twist.claims.items()}
    return Twist(claims, twist.header, twist.alg, twist.by_other_key)


ASSERTIONS: dict[str, Twist] = {
    "right": Twist(),
    "by-rsa": Twist(alg="RS256"),
    "by-pss": Twist(alg="PS256"),
    "by-ed": Twist(alg="EdDSA"),
    "without-kid": Twist(header={"kid": None}),
    "with-other-kid": Twist(header={"kid": "rsa"}),
    "with-unknown-kid": Twist(header={"kid": "nobody"}),
    "by-other-key": Twist(by_other_key=True),
    "with-own-jwk": Twist(header={"jwk": public_jwk("ES256", OTHER_EC), "kid": None}, by_other_key=True),
    "with-jku": Twist(header={"jku": "https://app.example/jwks", "kid": None}, by_other_key=True),
    "unsigned": Twist(alg="none"),
    "by-hmac": Twist(alg="HS256"),
    "critical": Twist(header={"crit": ["exp"]}),
    "typed": Twist(header={"typ": "JWT"}),
    "of-another-type": Twist(header={"typ": "dpop+jwt"}),
    "for-the-endpoint": Twist({"aud": "{issuer}/oauth/token"}),
    "for-an-array": Twist({"aud": ["{issuer}"]}),
    "for-two": Twist({"aud": ["{issuer}", "https://other.example"]}),
    "for-another": Twist({"aud": "https://other.example"}),
    "for-issuer-with-slash": Twist({"aud": "{issuer}/"}),
    "for-nobody": Twist({"aud": None}),
    "from-another": Twist({"iss": "app_nobody"}),
    "from-nobody": Twist({"iss": None}),
    "about-another": Twist({"sub": "app_nobody"}),
    "about-nobody": Twist({"sub": None}),
    "without-exp": Twist({"exp": None}),
    "expired": Twist({"exp": -300, "iat": -600}),
    "for-an-hour": Twist({"exp": 3600}),
    "for-a-day": Twist({"exp": 86400}),
    "with-exp-as-text": Twist({"exp": "tomorrow"}),
    "without-iat": Twist({"iat": None}),
    "five-seconds-ahead": Twist({"iat": 5, "nbf": 5}),
    "two-minutes-ahead": Twist({"iat": 120}),
    "not-yet": Twist({"nbf": 120}),
    "without-jti": Twist({"jti": None}),
}

PROOFS: dict[str, Twist] = {
    "right": Twist(),
    "by-ed": Twist(alg="EdDSA"),
    "by-pss": Twist(alg="PS256"),
    "by-rsa": Twist(alg="RS256"),
    "unsigned": Twist(alg="none"),
    "by-hmac": Twist(alg="HS256"),
    "of-type-jwt": Twist(header={"typ": "JWT"}),
    "without-type": Twist(header={"typ": None}),
    "without-jwk": Twist(header={"jwk": None}),
    "with-private-jwk": Twist(header={"jwk": private_jwk()}),
    "by-other-key": Twist(by_other_key=True),
    "with-a-symmetric-jwk": Twist(header={"jwk": {"kty": "oct", "k": "AAAA"}}),
    "critical": Twist(header={"crit": ["exp"]}),
    "for-another-method": Twist({"htm": "GET"}),
    "for-small-letters": Twist({"htm": "post"}),
    "for-another-place": Twist({"htu": "https://other.example/oauth/token"}),
    "for-another-path": Twist({"htu": "{issuer}/oauth/userinfo"}),
    "for-a-query": Twist({"htu": "{issuer}/oauth/token?a=b"}),
    "for-a-fragment": Twist({"htu": "{issuer}/oauth/token#a"}),
    "for-a-slash-more": Twist({"htu": "{issuer}/oauth/token/"}),
    "for-no-method": Twist({"htm": None}),
    "for-no-place": Twist({"htu": None}),
    "for-what-is-no-url": Twist({"htu": "token"}),
    "without-jti": Twist({"jti": None}),
    "without-iat": Twist({"iat": None}),
    "with-iat-as-text": Twist({"iat": "now"}),
    "ten-seconds-old": Twist({"iat": -10}),
    "ten-seconds-ahead": Twist({"iat": 10}),
    "an-hour-old": Twist({"iat": -3600}),
    "an-hour-ahead": Twist({"iat": 3600}),
    "with-a-wrong-nonce": Twist({"nonce": "hello"}),
    "with-more-claims": Twist({"foo": "bar", "nbf": 0, "exp": 60}),
    "expired": Twist({"exp": -60}),
    "with-a-foreign-ath": Twist({"ath": "x" * 43}),
}
