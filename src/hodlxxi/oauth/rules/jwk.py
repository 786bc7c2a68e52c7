"""Public keys of others: would we believe a signature by this one? (RFC 7517, 7518 §6, 8037; reference oauth §4.2, §6.8)"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.jose import (
    P256_BYTES,
    PublicKey,
    Verify,
    public_members,
    thumbprint,
    unb64,
    verifiers_of,
)
from hodlxxi.oauth.rules.jwt import alg_of

MAX_KEYS = 20
MAX_SET_CHARS = 32_768
MAX_KID_CHARS = 255
MIN_RSA_BITS = 2_048
MAX_RSA_BITS = 4_096  # a check costs more than threefold at each doubling, and the sender chooses the key
_MAX_RSA_EXPONENT = 2**32 - 1

_B64 = re.compile(r"[A-Za-z0-9_-]{1,1000}")

# RFC 7518 §6.2.2, §6.3.2, §6.4; ``priv`` is where newer kinds of keys have it.
_SECRET_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})


@dataclass(frozen=True, slots=True)
class PublicJwk:
    """A key with how it checks a signature, by algorithm. ``thumbprint`` is RFC 7638's, of the canonical members."""

    kid: str | None
    thumbprint: str
    verifiers: Mapping[str, Verify]


@dataclass(frozen=True, slots=True)
class BadJwk:
    """What is wrong with a key. A ``foreign`` one may stand in a set (RFC 7517 §5): it is of a kind that we never use."""

    text: str
    foreign: bool = False


def judge_key(jwk: object) -> PublicJwk | BadJwk:
    """A public key that may sign: RSA of 2048 to 4096 bits, EC on P-256, or Ed25519."""
    if not isinstance(jwk, dict):
        return BadJwk("a key is a JSON object.")
    if _SECRET_MEMBERS & jwk.keys():
        return BadJwk("this holds a private or secret key. Send the public members only, and make a new key.")
    kid = jwk.get("kid")
    if kid is not None and not (isinstance(kid, str) and 0 < len(kid) <= MAX_KID_CHARS):
        return BadJwk(f"kid: a text of 1 to {MAX_KID_CHARS} characters is needed.")
    operations = jwk.get("key_ops")
    if jwk.get("use", "sig") != "sig" or (isinstance(operations, list) and "verify" not in operations):
        return BadJwk("the key is not for signatures.", foreign=True)
    key = _load(jwk)
    if isinstance(key, BadJwk):
        return key
    verifiers = verifiers_of(key)
    if jwk.get("alg") is not None:
        only = alg_of(jwk)
        verifiers = {alg: verify for alg, verify in verifiers.items() if alg == only}
        if not verifiers:
            return BadJwk("alg: no algorithm that we take with this kind of key.", foreign=True)
    return PublicJwk(kid, thumbprint(public_members(key)), verifiers)


def judge_key_set(body: object) -> tuple[PublicJwk, ...] | Fault:
    """The signing keys of a client's JWK set, or the first thing that is wrong with it."""
    keys = body.get("keys") if isinstance(body, dict) else None
    if not isinstance(keys, list):
        return _wrong("a JSON object with a list of keys is needed.")
    if len(keys) > MAX_KEYS or len(repr(body)) > MAX_SET_CHARS:
        return _wrong(f"at most {MAX_KEYS} keys and {MAX_SET_CHARS} characters.")
    usable: list[PublicJwk] = []
    for number, jwk in enumerate(keys, 1):
        key = judge_key(jwk)
        if isinstance(key, PublicJwk):
            usable.append(key)
        elif not key.foreign:
            return _wrong(f"key {number}: {key.text}")
    kids = [key.kid for key in usable if key.kid is not None]
    if len(set(kids)) < len(kids):
        return _wrong("every kid must be unique.")
    return tuple(usable)


def fitting_keys(keys: Sequence[PublicJwk], kid: str | None, alg: str) -> tuple[PublicJwk, ...]:
    """The keys that may have made a signature: the one of that ``kid``; without a kid on either side, each that fits."""
    named = [key for key in keys if kid is not None and key.kid == kid]
    nameless = [key for key in keys if kid is None or key.kid is None]
    return tuple(key for key in named or nameless if alg in key.verifiers)


def _load(jwk: Mapping[str, object]) -> PublicKey | BadJwk:
    kty, crv = jwk.get("kty"), jwk.get("crv")
    try:
        if kty == "RSA":
            return _load_rsa(_bytes(jwk, "n"), _bytes(jwk, "e"))
        if (kty, crv) == ("EC", "P-256"):
            point = _bytes(jwk, "x", P256_BYTES) + _bytes(jwk, "y", P256_BYTES)
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + point)
        if (kty, crv) == ("OKP", "Ed25519"):
            return ed25519.Ed25519PublicKey.from_public_bytes(_bytes(jwk, "x", 32))
    except ValueError:
        return BadJwk("its numbers are no public key of that kind.")
    if isinstance(kty, str):
        return BadJwk("only RSA, EC P-256 and OKP Ed25519 are supported.", foreign=True)
    return BadJwk("kty is missing.")


def _load_rsa(modulus: bytes, exponent: bytes) -> PublicKey | BadJwk:
    n, e = int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big")
    if not MIN_RSA_BITS <= n.bit_length() <= MAX_RSA_BITS:
        return BadJwk(f"RSA keys need {MIN_RSA_BITS} to {MAX_RSA_BITS} bits.")
    if n % 2 == 0 or e > _MAX_RSA_EXPONENT:
        raise ValueError("no RSA key")
    return rsa.RSAPublicNumbers(e, n).public_key()


def _bytes(jwk: Mapping[str, object], name: str, n_bytes: int | None = None) -> bytes:
    text = jwk.get(name)
    if not isinstance(text, str) or not _B64.fullmatch(text):
        raise ValueError(name)
    raw = unb64(text.encode("ascii"))
    if n_bytes is not None and len(raw) != n_bytes:
        raise ValueError(name)
    return raw


def _wrong(text: str) -> Fault:
    return Fault(Word.INVALID_CLIENT_METADATA, f"jwks: {text}")
