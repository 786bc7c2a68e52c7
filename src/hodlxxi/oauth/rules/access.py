"""Bearer tokens at our own API: where one may stand, and whether it still opens anything (reference oauth §2.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hodlxxi.oauth.rules.claims import AskedClaims, Person, satisfies
from hodlxxi.oauth.rules.dpop import DPOP_ALGS, Proven
from hodlxxi.oauth.rules.errors import Fault, Word

MAX_TOKEN_CHARS = 8_192

NO_CREDENTIALS = Fault(Word.NOT_AUTHENTICATED, "Send an access token: Authorization: Bearer ...")
# Some libraries call userinfo with Bearer although the token is bound (reference oauth §10).
BOUND_TOKEN = Fault(
    Word.INVALID_TOKEN,
    "This access token is DPoP-bound: send Authorization: DPoP ... and a DPoP proof by its key, not Bearer.",
)
UNBOUND_TOKEN = Fault(
    Word.INVALID_TOKEN, "This access token is not DPoP-bound: send it as Authorization: Bearer ..."
)
OTHER_KEY = Fault(
    Word.INVALID_TOKEN, "The DPoP proof is by another key than the one that the access token is bound to."
)
NO_PROOF = Fault(
    Word.INVALID_DPOP_PROOF, "This access token is DPoP-bound: send a DPoP proof in the header DPoP."
)
BAD_TOKEN = Fault(
    Word.INVALID_TOKEN, "The access token is not valid here: wrong, revoked or for another audience."
)
NOBODYS_TOKEN = Fault(
    Word.INSUFFICIENT_SCOPE, "This token speaks for an app; this needs one that speaks for a person."
)
EXPIRED_TOKEN = Fault(
    Word.TOKEN_EXPIRED, "The access token has expired. Use the refresh token to get a new one."
)


@dataclass(frozen=True, slots=True)
class Access:
    """An access token's row. ``is_alive``: not revoked, grant alive, user and client enabled.

    ``person`` is None for a token that a client has for itself.
    """

    client_id: str
    person: Person | None
    scopes: frozenset[str]
    expires_at: datetime
    is_alive: bool
    claims: AskedClaims
    auth_time: datetime | None
    acr: str | None
    dpop_jkt: str | None = None
    grant_id: str | None = None
    userinfo_alg: str | None = None  # the client wants userinfo signed with it


@dataclass(frozen=True, slots=True)
class Presented:
    """An access token as it was sent: with the scheme ``DPoP``, or with ``Bearer``."""

    token: str
    by_dpop: bool = False


def parse_authorization(headers: Sequence[str], form_token: str | None = None) -> Presented | Fault | None:
    """The token of a request that carries it in one place (RFC 6750 §2, RFC 9449 §7.1); None when it carries none.

    A token in the query is no credential here. Another scheme than ``Bearer`` and ``DPoP`` is nobody's credential either.
    """
    if len(headers) + (form_token is not None) > 1:
        return Fault(Word.INVALID_REQUEST, "Send the access token once, in the Authorization header.")
    if form_token is not None:
        return Presented(form_token) if len(form_token) <= MAX_TOKEN_CHARS else BAD_TOKEN
    if not headers:
        return None
    scheme, _, token = headers[0].strip().partition(" ")
    if scheme.lower() not in ("bearer", "dpop"):
        return None
    token = token.strip()
    return Presented(token, scheme.lower() == "dpop") if 0 < len(token) <= MAX_TOKEN_CHARS else BAD_TOKEN


def judge_access_claims(payload: Mapping[str, object], *, issuer: str, now: datetime) -> Fault | None:
    """Whether the signed content speaks for us and has not expired. The signature and the type were checked before."""
    if payload.get("iss") != issuer or payload.get("aud") != issuer:
        return BAD_TOKEN
    expires = payload.get("exp")
    if not isinstance(expires, int):
        return BAD_TOKEN
    return EXPIRED_TOKEN if expires <= now.timestamp() else None


def judge_access(access: Access | None, now: datetime) -> Access | Fault:
    """Whether the token still stands in the database, with nothing against it."""
    if access is None or not access.is_alive:
        return BAD_TOKEN
    return EXPIRED_TOKEN if access.expires_at <= now else access


def judge_key_of(access: Access, sent: Presented, proof: Proven | Fault | None) -> Fault | None:
    """Whether the caller holds the key that the token is bound to (RFC 9449 §7.1, §7.2).

    A proof beside a ``Bearer`` token is looked at by nobody, as if the server did not know DPoP.
    """
    if not sent.by_dpop:
        return BOUND_TOKEN if access.dpop_jkt is not None else None
    if access.dpop_jkt is None:
        return UNBOUND_TOKEN
    if not isinstance(proof, Proven):
        return proof or NO_PROOF
    return None if proof.jkt == access.dpop_jkt else OTHER_KEY


def judge_scope_of(access: Access, needed: str) -> Fault | None:
    """Whether the token was given this scope."""
    if needed in access.scopes:
        return None
    return Fault(Word.INSUFFICIENT_SCOPE, f"This needs the scope {needed}.")


def judge_class_of(access: Access, needed: str | None) -> Fault | None:
    """Whether the user signed in as strongly as the operator demands for a scope (RFC 9470 §3)."""
    if needed is None or (access.acr is not None and satisfies(access.acr, needed)):
        return None
    text = f"This needs a stronger sign-in: send the user to authorize again with acr_values={needed}."
    return Fault(Word.INSUFFICIENT_USER_AUTHENTICATION, text)


def render_challenge(fault: Fault, *, issuer: str, scope: str | None = None, by_dpop: bool = False) -> str:
    """The value of ``WWW-Authenticate`` (RFC 6750 §3, RFC 9449 §7.1, RFC 9728 §5.1), in the scheme that the caller used.

    The seed's ``token_expired`` is RFC 6750's ``invalid_token``.
    """
    algs = f'algs="{" ".join(DPOP_ALGS)}"'
    if fault.word is Word.NOT_AUTHENTICATED:
        place = f"{issuer}/.well-known/oauth-protected-resource"
        return f'Bearer realm="{issuer}", resource_metadata="{place}", DPoP {algs}'
    word = Word.INVALID_TOKEN if fault.word is Word.TOKEN_EXPIRED else fault.word
    members = [f'realm="{issuer}"', f'error="{word.value}"']
    if fault.word is Word.TOKEN_EXPIRED:
        members.append('error_description="token_expired"')
    if scope and fault.word is Word.INSUFFICIENT_SCOPE:
        members.append(f'scope="{scope}"')
    if by_dpop or fault is BOUND_TOKEN:
        return f"DPoP {', '.join([*members, algs])}"
    return f"Bearer {', '.join(members)}"
