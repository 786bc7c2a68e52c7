"""Bearer tokens at our own API: where one may stand, and whether it still opens anything (reference oauth §2.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hodlxxi.oauth.rules.claims import AskedClaims, Person, satisfies
from hodlxxi.oauth.rules.errors import Fault, Word

MAX_TOKEN_CHARS = 8_192

NO_CREDENTIALS = Fault(Word.NOT_AUTHENTICATED, "Send an access token: Authorization: Bearer ...")
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


def parse_bearer(headers: Sequence[str], form_token: str | None = None) -> str | Fault | None:
    """The token of a request that carries it in one place (RFC 6750 §2); None when it carries none.

    A token in the query is no credential here. Another scheme than ``Bearer`` is nobody's credential either.
    """
    if len(headers) + (form_token is not None) > 1:
        return Fault(Word.INVALID_REQUEST, "Send the access token once, in the Authorization header.")
    if form_token is not None:
        return form_token if len(form_token) <= MAX_TOKEN_CHARS else BAD_TOKEN
    if not headers:
        return None
    scheme, _, token = headers[0].strip().partition(" ")
    if scheme.lower() != "bearer":
        return None
    token = token.strip()
    return token if token and len(token) <= MAX_TOKEN_CHARS else BAD_TOKEN


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


def render_challenge(fault: Fault, *, realm: str, scope: str | None = None) -> str:
    """The value of ``WWW-Authenticate`` (RFC 6750 §3). The seed's ``token_expired`` is RFC 6750's ``invalid_token``."""
    if fault.word is Word.NOT_AUTHENTICATED:
        return f'Bearer realm="{realm}"'
    if fault.word is Word.TOKEN_EXPIRED:
        return f'Bearer realm="{realm}", error="invalid_token", error_description="token_expired"'
    challenge = f'Bearer realm="{realm}", error="{fault.word.value}"'
    return f'{challenge}, scope="{scope}"' if scope and fault.word is Word.INSUFFICIENT_SCOPE else challenge
