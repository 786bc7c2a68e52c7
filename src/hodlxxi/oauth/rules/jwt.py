"""JWTs that others signed: client assertions and DPoP proofs, read but not believed (RFC 7515, 7519, RFC 8725).

A header is data: it says which of the keys that *we* trust may fit, and nothing else. ``jku``, ``x5u`` and ``x5c`` are not
looked at, and ``jwk`` only by the rule for proofs. What a verifier would have to understand (``crit``, ``b64``) is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from hodlxxi.oauth.rules.jose import split_compact, unb64

# Signatures of others that we take. RFC 9864 calls EdDSA over Ed25519 by the curve's name.
SIGNING_ALGS = ("RS256", "PS256", "ES256", "EdDSA")
_NEW_NAMES = {"Ed25519": "EdDSA"}
MAX_JTI_CHARS = 255
# As far as time goes here: JSON's integers have no end, and one may be too large to be compared with a clock.
_MAX_SECONDS = 2**53

_decode_object = msgspec.json.Decoder(dict[str, object]).decode


@dataclass(frozen=True, slots=True)
class Jwt:
    """A token of somebody else, taken apart. Nothing of it has been checked."""

    header: bytes  # in base64url
    claims: Mapping[str, object]
    signed: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class OneUse:
    """A value that may be taken once until it is worthless anyway; a value of one kind is nothing in another (§4.7)."""

    kind: str
    value: str
    until: datetime


def parse_jwt(text: str, max_chars: int) -> Jwt | None:
    """The parts of a compact JWS over a JSON object; None when it is anything else."""
    parts = split_compact(text) if len(text) <= max_chars else None
    if parts is None:
        return None
    header, payload, signature = parts
    claims = parse_object(payload)
    try:
        return None if claims is None else Jwt(header, claims, header + b"." + payload, unb64(signature))
    except ValueError:
        return None


def parse_object(segment: bytes) -> dict[str, object] | None:
    """The JSON object behind base64url."""
    try:
        return _decode_object(unb64(segment))
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None


def parse_header(segment: bytes) -> dict[str, object] | None:
    """A header that asks for nothing that we do not do (RFC 7515 §4.1.11, RFC 7797 §3)."""
    header = parse_object(segment)
    return None if header is None or "crit" in header or "b64" in header else header


def alg_of(header: Mapping[str, object]) -> str:
    """The algorithm in the name that we know it by; empty when there is none."""
    alg = header.get("alg")
    return _NEW_NAMES.get(alg, alg) if isinstance(alg, str) else ""


def text_of(claims: Mapping[str, object], name: str, max_chars: int = MAX_JTI_CHARS) -> str | None:
    """A claim that must be a text of 1 to ``max_chars`` characters."""
    value = claims.get(name)
    return value if isinstance(value, str) and 0 < len(value) <= max_chars else None


def seconds_of(claims: Mapping[str, object], name: str) -> float | None:
    """A claim that must be a NumericDate (RFC 7519 §2); None also when it is something else."""
    value = claims.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return max(-_MAX_SECONDS, min(value, _MAX_SECONDS))
