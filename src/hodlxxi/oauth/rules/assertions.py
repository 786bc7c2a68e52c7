"""Client assertions: a client proves who it is with a key of its own (RFC 7523 §3, OpenID Connect Core §9,
FAPI 2.0 §5.3.2.1; reference oauth §4.2, §7.1 #18).

``parse_assertion`` reads, so that the client can be looked up; ``judge_assertion`` believes. What it says is wrong with
the claims is said only to who holds a key of the client.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.jwk import PublicJwk, fitting_keys
from hodlxxi.oauth.rules.jwt import SIGNING_ALGS, OneUse, alg_of, parse_header, parse_jwt, seconds_of, text_of

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_ASSERTION_CHARS = 8_192
MAX_AHEAD = timedelta(minutes=10)
SKEW = timedelta(seconds=10)
FAPI2_ALGS = ("PS256", "ES256", "EdDSA")
_MAX_CLIENT_ID_CHARS = 200
# RFC 7523 names none; the second is that of its successor. Another type is another token, meant for something else.
_TYPES = frozenset({"jwt", "client-authentication+jwt"})


@dataclass(frozen=True, slots=True)
class Assertion:
    """A client assertion, not yet believed. ``client_id`` is who it claims to be from: ``iss`` and ``sub``."""

    client_id: str
    alg: str
    kid: str | None
    jti: str
    claims: Mapping[str, object]
    signed: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Expected:
    """What an assertion of this client must say. ``fapi2`` clients must name the issuer, as a text, and use no RS256.

    ``endpoints`` are addresses of ours that older clients name instead of the issuer; ``alg`` is the registered one.
    """

    issuer: str
    endpoints: frozenset[str] = frozenset()
    alg: str | None = None
    is_fapi2: bool = False


def parse_assertion(assertion_type: str | None, text: str | None) -> Assertion | Fault:
    """The assertion of a form with ``client_assertion_type`` and ``client_assertion``."""
    if assertion_type != ASSERTION_TYPE or text is None:
        return _refused(f"client_assertion needs client_assertion_type={ASSERTION_TYPE}, and the reverse.")
    jwt = parse_jwt(text, MAX_ASSERTION_CHARS)
    header = parse_header(jwt.header) if jwt else None
    if jwt is None or header is None:
        return _refused("client_assertion is not a compact JWS over a JSON object, or it has crit or b64.")
    alg = alg_of(header)
    if alg not in SIGNING_ALGS:
        return _refused(f"client_assertion: the algorithms are {', '.join(SIGNING_ALGS)}.")
    typ = header.get("typ", "JWT")
    if not isinstance(typ, str) or typ.lower().removeprefix("application/") not in _TYPES:
        return _refused("client_assertion: typ is that of another kind of token.")
    subject = text_of(jwt.claims, "sub", _MAX_CLIENT_ID_CHARS)
    if subject is None or "\x00" in subject or jwt.claims.get("iss") != subject:
        return _refused("client_assertion: iss and sub must both be the client_id.")
    jti = text_of(jwt.claims, "jti")
    if jti is None:
        return _refused("client_assertion: jti is needed, a text of 1 to 255 characters.")
    kid = header.get("kid")
    kid = kid if isinstance(kid, str) else None
    return Assertion(subject, alg, kid, jti, jwt.claims, jwt.signed, jwt.signature)


def is_signed(assertion: Assertion, keys: Sequence[PublicJwk]) -> bool:
    """Whether one of the client's keys made the signature. If not, its set may have changed since it was read."""
    return any(
        key.verifiers[assertion.alg](assertion.signed, assertion.signature)
        for key in fitting_keys(keys, assertion.kid, assertion.alg)
    )


def judge_assertion(assertion: Assertion, expected: Expected, now: datetime) -> OneUse | Fault:
    """What must be spent for this assertion to count, its signature being good (``is_signed``), or what is wrong."""
    if expected.alg is not None and assertion.alg != alg_of({"alg": expected.alg}):
        return _refused(f"client_assertion: this client is registered to sign with {expected.alg}.")
    if expected.is_fapi2 and assertion.alg not in FAPI2_ALGS:
        return _refused(f"client_assertion: the algorithms of this client are {', '.join(FAPI2_ALGS)}.")
    if not _is_for_us(assertion.claims.get("aud"), expected):
        return _refused(f"client_assertion: aud must be {expected.issuer}, as a text.")
    return _judge_times(assertion, now.timestamp())


def _is_for_us(audience: object, expected: Expected) -> bool:
    if expected.is_fapi2:
        return audience == expected.issuer
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    return isinstance(audience, str) and (audience == expected.issuer or audience in expected.endpoints)


def _judge_times(assertion: Assertion, now_s: float) -> OneUse | Fault:
    claims, skew_s = assertion.claims, SKEW.total_seconds()
    expires_s = seconds_of(claims, "exp")
    if expires_s is None or expires_s <= now_s:
        return _refused("client_assertion: exp is missing or has passed.")
    if expires_s > now_s + MAX_AHEAD.total_seconds() + skew_s:
        return _refused("client_assertion: exp is more than 10 minutes ahead.")
    for name in ("iat", "nbf"):
        since_s = seconds_of(claims, name)
        if since_s is None and claims.get(name) is not None:
            return _refused(f"client_assertion: {name} must be a number of seconds.")
        if since_s is not None and since_s > now_s + skew_s:
            return _refused(f"client_assertion: {name} lies in the future.")
    until = datetime.fromtimestamp(expires_s, UTC) + SKEW
    return OneUse(f"assertion:{assertion.client_id}", assertion.jti, until)


def _refused(text: str) -> Fault:
    return Fault(Word.INVALID_CLIENT, text)
