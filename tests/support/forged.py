"""Tokens with the claims of a good one and no good signature: every way in which verifiers were ever fooled.

Authlib CVE-2022-39174/5 (an algorithm of the sender's choice), CVE-2026-27962 (a key from the header), and their kin.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.jose import ClientKey, b64, compact, unb64

STRANGER_RSA, STRANGER_EC = ClientKey("RS256"), ClientKey("ES256")


def forgeries(token: str, jwk: Mapping[str, str]) -> dict[str, str]:
    """By name. ``jwk`` is the public RSA key that signed ``token``."""
    head, payload, signature = token.split(".")
    header, claims = json.loads(unb64(head)), json.loads(unb64(payload))
    found = _unsigned(header, payload, signature)
    found |= _keyed_with_what_is_public(header, payload, jwk)
    found |= _with_keys_of_strangers(header, claims)
    wider = b64(json.dumps(claims | {"scope": "wallet:write", "sub": "x"}).encode())
    found |= {
        "other claims, same signature": f"{head}.{wider}.{signature}",
        "no signature": f"{head}.{payload}.",
        "two parts": f"{head}.{payload}",
        "five parts": f"{head}.{payload}.{signature}..",
        "a flipped bit": f"{head}.{payload}.{signature[:-8]}{'A' if signature[-8] != 'A' else 'B'}{signature[-7:]}",
        "zeros": f"{head}.{payload}.{b64(bytes(256))}",
        "JSON serialization": json.dumps({"protected": head, "payload": payload, "signature": signature}),
        "padded": f"{head}=.{payload}=.{signature}=",
    }
    return found


def _unsigned(header: dict[str, Any], payload: str, signature: str) -> dict[str, str]:
    found = {}
    for alg in (
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        None,
        "HS256",
        "HS512",
        "ES256",
        "PS256",
        "RS512",
        "EdDSA",
    ):
        kept = b64(json.dumps(header | {"alg": alg}).encode())
        found[f"alg {alg!r} with the old signature"] = f"{kept}.{payload}.{signature}"
        found[f"alg {alg!r} without a signature"] = f"{kept}.{payload}."
    without = {name: value for name, value in header.items() if name != "alg"}
    found["no alg"] = f"{b64(json.dumps(without).encode())}.{payload}.{signature}"
    for name, members in {
        "crit b64": {"crit": ["b64"], "b64": False},
        "crit unknown": {"crit": ["x"], "x": 1},
        "crit exp": {"crit": ["exp"]},
        "b64 false": {"b64": False},
        "zip": {"zip": "DEF"},
        "jku": {"jku": "https://evil.example/jwks.json"},
        "x5u": {"x5u": "https://evil.example/cert.pem"},
        "kid unknown": {"kid": "unknown"},
        "kid a path": {"kid": "../../../../dev/null"},
        "kid SQL": {"kid": "x' UNION SELECT 'y"},
        "kid no text": {"kid": {"a": 1}},
        "typ of another": {"typ": "JWT" if header["typ"] != "JWT" else "at+jwt"},
        "typ of a logout": {"typ": "logout+jwt"},
        "no typ": {"typ": None},
    }.items():
        found[name] = f"{b64(json.dumps(header | members).encode())}.{payload}.{signature}"
    return found


def _keyed_with_what_is_public(
    header: dict[str, Any], payload: str, jwk: Mapping[str, str]
) -> dict[str, str]:
    """HMAC keyed with what everybody can fetch, in each form that somebody could have taken for the key."""
    numbers = rsa.RSAPublicNumbers(*(int.from_bytes(unb64(jwk[part])) for part in ("e", "n")))
    key, form = numbers.public_key(), serialization.PublicFormat
    pem = key.public_bytes(serialization.Encoding.PEM, form.SubjectPublicKeyInfo)
    keys = {
        "PEM": pem,
        "PEM without its last line end": pem.strip(),
        "DER": key.public_bytes(serialization.Encoding.DER, form.SubjectPublicKeyInfo),
        "PKCS 1": key.public_bytes(serialization.Encoding.PEM, form.PKCS1),
        "JWK": json.dumps(dict(jwk)).encode(),
        "modulus": unb64(jwk["n"]),
        "kid": jwk["kid"].encode(),
        "nothing": b"",
    }
    found = {}
    for alg, digest in (("HS256", hashlib.sha256), ("HS512", hashlib.sha512)):
        head = b64(json.dumps(header | {"alg": alg}).encode())
        same = b64(json.dumps(header).encode())
        for name, secret in keys.items():
            for kind, begun in ((alg, head), (f"{alg} called {header['alg']}", same)):
                signed = f"{begun}.{payload}"
                tag = hmac.new(secret, signed.encode(), digest).digest()
                found[f"{kind} keyed with {name}"] = f"{signed}.{b64(tag)}"
    return found


def _with_keys_of_strangers(header: dict[str, Any], claims: object) -> dict[str, str]:
    typ, kid = header["typ"], header["kid"]
    found = {"nonsense": compact({"alg": "RS256", "typ": typ, "kid": kid}, claims, b"\x00" * 256)}
    for key in (STRANGER_RSA, STRANGER_EC):
        for name, members in {
            "": {"kid": kid},
            "without kid": {},
            "jwk in the header": {"kid": kid, "jwk": key.public},
            "jwk in the header without kid": {"jwk": key.public},
            "jku": {"kid": kid, "jku": "https://evil.example/jwks.json"},
            "x5c": {"kid": kid, "x5c": [b64(b"certificate")]},
        }.items():
            found[f"{key.alg} of a stranger {name}"] = key.sign(claims, typ=typ, **members)
    return found
