"""DPoP: a token that only the holder of a key can use (RFC 9449; reference oauth §6.1).

A proof is read once (``read_proof``: the signature is good) and judged against the request that it came with
(``judge_proof``). Clocks of wallets and browsers drift, so a proof of the wrong time is not the end: the client is offered
a nonce, which tells the time instead.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.jose import Verify, b64
from hodlxxi.oauth.rules.jwk import BadJwk, judge_key
from hodlxxi.oauth.rules.jwt import OneUse, alg_of, parse_header, parse_jwt, seconds_of, text_of

DPOP_ALGS = ("ES256", "PS256", "EdDSA")
MAX_PROOF_CHARS = 4_096
MAX_AGE = timedelta(seconds=60)
MAX_AHEAD = timedelta(seconds=15)
NONCE_BUCKET = timedelta(seconds=60)
_OLD_NONCES = 2
_JKT = re.compile(r"[A-Za-z0-9_-]{43}")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_URL = re.compile(r"[!-~]+")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_DEFAULT_PORTS = {"https": 443, "http": 80}

WANTS_NONCE = Fault(
    Word.USE_DPOP_NONCE, "Put the nonce of the DPoP-Nonce header into a new DPoP proof and try again."
)


NEEDS_PROOF = Fault(
    Word.INVALID_DPOP_PROOF, "This client's tokens are bound to a key: send a DPoP proof in the header DPoP."
)


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof with a good signature, not yet compared with its request. ``jkt`` is the thumbprint of its key."""

    jkt: str
    jti: str
    claims: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Proven:
    """A proof that fits its request, if ``once`` can be spent."""

    jkt: str
    once: OneUse


def read_proof(headers: Sequence[str]) -> Proof | Fault | None:
    """The proof in the ``DPoP`` headers of a request; None when there are none (RFC 9449 §4.3, 1 to 7)."""
    if not headers:
        return None
    if len(headers) > 1:
        return _refused("more than one DPoP header.")
    jwt = parse_jwt(headers[0].strip(), MAX_PROOF_CHARS)
    if jwt is None:
        return _refused("not a compact JWS over a JSON object.")
    key = _key_of(jwt.header)
    if isinstance(key, Fault):
        return key
    jkt, verify = key
    if not verify(jwt.signed, jwt.signature):
        return _refused("the signature does not fit jwk.")
    jti = text_of(jwt.claims, "jti")
    if jti is None:
        return _refused("jti is needed, a text of 1 to 255 characters.")
    return Proof(jkt, jti, jwt.claims)


# One key sends the same header with every call: read and loaded once, not each time.
@lru_cache(maxsize=1_024)
def _key_of(segment: bytes) -> tuple[str, Verify] | Fault:
    header = parse_header(segment)
    if header is None:
        return _refused("the header is no JSON object, or it has crit or b64.")
    if header.get("typ") != "dpop+jwt":
        return _refused("typ must be dpop+jwt.")
    alg = alg_of(header)
    if alg not in DPOP_ALGS:
        return _refused(f"the algorithms are {', '.join(DPOP_ALGS)}.")
    key = judge_key(header.get("jwk"))
    if isinstance(key, BadJwk):
        return _refused(f"jwk: {key.text}")
    if alg not in key.verifiers:
        return _refused("alg is not one of the key in jwk.")
    return key.thumbprint, key.verifiers[alg]


def judge_proof(
    proof: Proof, *, method: str, url: str, now: datetime, nonce_key: bytes, access_token: str | None = None
) -> Proven | Fault:
    """Whether the proof was made for this request, now (RFC 9449 §4.3, 8 to 12).

    ``url`` is the address under our configured public URL. At a resource ``access_token`` is the token that came along.
    ``WANTS_NONCE`` is the answer where only the time is in doubt.
    """
    claims = proof.claims
    if claims.get("htm") != method:
        return _refused(f"htm must be {method}.")
    htu = claims.get("htu")
    normal = normal_htu(htu) if isinstance(htu, str) else None
    if normal is None or normal != normal_htu(url):
        return _refused(f"htu must be {url}")
    if access_token is not None and not _same(claims.get("ath"), digest_of_token(access_token)):
        return _refused("ath must be the SHA-256 of the access token.")
    until = _judge_time(claims, now, nonce_key)
    if isinstance(until, Fault):
        return until
    return Proven(proof.jkt, OneUse(f"dpop:{proof.jkt}", proof.jti, until))


def _judge_time(claims: Mapping[str, object], now: datetime, nonce_key: bytes) -> datetime | Fault:
    """Until when this proof could be used, and so must be remembered."""
    now_s = now.timestamp()
    if any(seconds_of(claims, name) is None and claims.get(name) is not None for name in ("exp", "nbf")):
        return _refused("exp and nbf must be numbers of seconds.")
    issued_s = seconds_of(claims, "iat")
    if issued_s is None:
        return _refused("iat is needed, a number of seconds.")
    expires_s = seconds_of(claims, "exp")
    if expires_s is not None and expires_s <= now_s:
        return _refused("exp has passed.")
    if (seconds_of(claims, "nbf") or 0) > now_s + MAX_AHEAD.total_seconds():
        return _refused("nbf lies in the future.")
    nonce = claims.get("nonce")
    if nonce is not None:
        return now + (_OLD_NONCES + 1) * NONCE_BUCKET if is_nonce(nonce_key, nonce, now) else WANTS_NONCE
    if not -MAX_AGE.total_seconds() <= issued_s - now_s <= MAX_AHEAD.total_seconds():
        return WANTS_NONCE
    return now + MAX_AGE + MAX_AHEAD


def is_jkt(text: str) -> bool:
    """Whether this can be a thumbprint, as ``dpop_jkt`` has to be (RFC 9449 §10)."""
    return _JKT.fullmatch(text) is not None


def digest_of_token(access_token: str) -> str:
    """The claim ``ath`` of an access token (RFC 9449 §4.2)."""
    return b64(hashlib.sha256(access_token.encode("utf-8", "surrogatepass")).digest()).decode()


def normal_htu(url: str) -> str | None:
    """The address without query and fragment, in the spelling of RFC 3986 §6.2.2 and §6.2.3; None when it is none."""
    if not _URL.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not host or "@" in parts.netloc:
        return None
    place = f"[{host}]" if ":" in host else host
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        place = f"{place}:{port}"
    return f"{parts.scheme}://{place}{_ESCAPE.sub(_normal_escape, parts.path) or '/'}"


def _normal_escape(escape: re.Match[str]) -> str:
    char = chr(int(escape[1], 16))
    return char if _UNRESERVED.fullmatch(char) else escape[0].upper()


def nonce_at(key: bytes, now: datetime) -> str:
    """The nonce of this minute: the same from each worker, and nobody can know the next (RFC 9449 §8)."""
    return _nonce(key, _bucket(now))


def is_nonce(key: bytes, nonce: object, now: datetime) -> bool:
    """Whether a nonce is the current one or one of the two before it."""
    current = _bucket(now)
    matches = [_same(nonce, _nonce(key, current - age)) for age in range(_OLD_NONCES + 1)]
    return any(matches)


def _bucket(now: datetime) -> int:
    return int(now.timestamp() // NONCE_BUCKET.total_seconds())


def _nonce(key: bytes, bucket: int) -> str:
    return b64(hmac.digest(key, b"dpop-nonce" + bucket.to_bytes(8, "big"), "sha256")[:16]).decode()


def _same(given: object, expected: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(
        given.encode("utf-8", "surrogatepass"), expected.encode()
    )


def _refused(text: str) -> Fault:
    return Fault(Word.INVALID_DPOP_PROOF, f"DPoP proof: {text}")
