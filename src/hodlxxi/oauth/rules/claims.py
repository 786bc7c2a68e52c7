"""What tokens and userinfo say about a user, and how sure they are (reference oauth §2.2, §5)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from hodlxxi.oauth.rules.scopes import EMAIL, OPENID, PROFILE, PROFILE_READ

ACR_NONE = "urn:hodlxxi:acr:none"
ACR_KEY_REMOTE = "urn:hodlxxi:acr:key-remote"
ACR_KEY = "urn:hodlxxi:acr:key"
ACR_TWO_KEYS = "urn:hodlxxi:acr:two-keys"
ACR_CLASSES = (ACR_NONE, ACR_KEY_REMOTE, ACR_KEY, ACR_TWO_KEYS)  # weakest first; frozen: add, never rename

PROFILE_CLAIMS = ("name", "preferred_username", "updated_at")
EMAIL_CLAIMS = ("email", "email_verified")  # served only where the operator set a domain for them
ASKABLE_CLAIMS = (*PROFILE_CLAIMS, "bitcoin_pubkey")
CLAIMS_SUPPORTED = (
    *("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "acr", "amr", "sid"),
    *ASKABLE_CLAIMS,
)
ID_TOKEN_LIFETIME_S = 3_600


@dataclass(frozen=True, slots=True)
class Person:
    """What may be said about a user. ``pubkey`` is the account's first key, for ever; ``sub`` what the client calls them.

    Both are the same but for pairwise clients, who are not to learn the key unless the user allows it.
    """

    sub: str
    name: str | None = None
    updated_at: datetime | None = None
    pubkey: str = ""

    @property
    def is_pairwise(self) -> bool:
        """Whether the client knows this user by another name than the key."""
        return bool(self.pubkey) and self.pubkey != self.sub


@dataclass(frozen=True, slots=True)
class Proof:
    """How and when the user proved a key. ``acr`` is the true class or the requested one that it satisfies."""

    auth_time: datetime
    acr: str
    amr: tuple[str, ...]
    sid: str


@dataclass(frozen=True, slots=True)
class AskedClaims:
    """The ``claims`` parameter, reduced to what we serve (Core §5.5)."""

    id_token: tuple[str, ...] = ()
    userinfo: tuple[str, ...] = ()
    sub: str | None = None
    essential_acr: tuple[str, ...] | None = None  # None: nothing demanded; empty: nothing that exists here


NOTHING_ASKED = AskedClaims()


def satisfies(have: str, wanted: str) -> bool:
    """Whether one class is as strong as another or stronger. An unknown class satisfies and is satisfied by nothing."""
    return (
        have in ACR_CLASSES and wanted in ACR_CLASSES and ACR_CLASSES.index(have) >= ACR_CLASSES.index(wanted)
    )


def judge_acr(have: str, requested: Iterable[str]) -> str:
    """The class to report: the first requested one that the session satisfies, else the true one."""
    return next((wanted for wanted in requested if satisfies(have, wanted)), have)


def short_pubkey(pubkey: str) -> str:
    """``02ab12…9fcd``: enough for a person to recognise their key."""
    return f"{pubkey[:6]}…{pubkey[-4:]}"


def preferred_username(person: Person) -> str:
    """A stable name in the alphabet that most apps accept: ``[a-z0-9_]``, at most 30 characters."""
    if person.is_pairwise:
        return f"user_{hashlib.sha256(person.sub.encode()).hexdigest()[:20]}"
    return f"btc_{person.sub[2:26].lower()}"


def person_claims(person: Person, names: Iterable[str], email_domain: str | None = None) -> dict[str, object]:
    """The claims about a person by name; what we do not know is left out.

    ``email_domain`` is an operator's concession to apps that fail without an address: it can receive nothing, and says so.
    """
    username = preferred_username(person)
    known: dict[str, object] = {
        "name": person.name or (username if person.is_pairwise else short_pubkey(person.sub)),
        "preferred_username": username,
        "bitcoin_pubkey": person.pubkey or person.sub,
    }
    if email_domain is not None:
        known |= {"email": f"{username}@{email_domain}", "email_verified": False}
    if person.updated_at is not None:
        known["updated_at"] = int(person.updated_at.timestamp())
    return {name: known[name] for name in names if name in known}


def userinfo_claims(
    person: Person, scopes: Iterable[str], asked: AskedClaims, email_domain: str | None = None
) -> dict[str, object]:
    """The UserInfo response (Core §5.3). ``sub`` equals the ID token's."""
    granted = frozenset(scopes)
    names = list(asked.userinfo)
    if PROFILE in granted:
        names += PROFILE_CLAIMS
    if PROFILE_READ in granted:
        names.append("bitcoin_pubkey")
    if EMAIL in granted:
        names += EMAIL_CLAIMS
    return {"sub": person.sub} | person_claims(person, names, email_domain)


def access_token_claims(
    *,
    issuer: str,
    client_id: str,
    sub: str,
    scopes: Iterable[str],
    proof: Proof | None,
    audience: str,
    dpop_jkt: str | None,
    jti: str,
    now: int,
    lifetime_s: int,
) -> dict[str, object]:
    """The payload of an access token (RFC 9068 §2.2). ``proof`` is None where a client speaks for itself."""
    claims: dict[str, object] = {
        "iss": issuer,
        "sub": sub,
        "aud": audience,
        "client_id": client_id,
        "scope": " ".join(scopes),
        "iat": now,
        "exp": now + lifetime_s,
        "jti": jti,
    }
    if proof is not None:
        claims["auth_time"] = int(proof.auth_time.timestamp())
        claims["acr"] = proof.acr
        claims["amr"] = list(proof.amr)
    if dpop_jkt is not None:
        claims["cnf"] = {"jkt": dpop_jkt}
    return claims


def id_token_claims(
    *,
    issuer: str,
    client_id: str,
    person: Person,
    proof: Proof,
    asked: AskedClaims,
    access_token: str,
    alg: str,
    nonce: str | None,
    now: int,
) -> dict[str, object]:
    """The payload of an ID token (Core §2). A refreshed one has no ``nonce`` and the same ``auth_time`` and ``sid``."""
    claims: dict[str, object] = {
        "iss": issuer,
        "sub": person.sub,
        "aud": client_id,
        "iat": now,
        "exp": now + ID_TOKEN_LIFETIME_S,
        "auth_time": int(proof.auth_time.timestamp()),
        "acr": proof.acr,
        "amr": list(proof.amr),
        "sid": proof.sid,
        "at_hash": at_hash(access_token, alg),
    }
    if nonce is not None:
        claims["nonce"] = nonce
    return claims | person_claims(person, asked.id_token) if asked.id_token else claims


def at_hash(access_token: str, alg: str) -> str:
    """The left half of the token's hash, in the hash of the ID token's algorithm (Core §3.1.3.6)."""
    digest = hashlib.sha512 if alg == "EdDSA" else hashlib.sha256
    full = digest(access_token.encode("ascii")).digest()
    return base64.urlsafe_b64encode(full[: len(full) // 2]).rstrip(b"=").decode()


def find_hint_subject(payload: Mapping[str, object], *, issuer: str, client_id: str) -> str | None:
    """Whom an ID token of ours speaks about, if it was made for this client; its age does not matter (Core §3.1.2.1).

    The signature has been checked before, with any key of ours.
    """
    audience = payload.get("aud")
    fits = audience == client_id or (isinstance(audience, list) and client_id in audience)
    sub = payload.get("sub")
    return sub if fits and payload.get("iss") == issuer and isinstance(sub, str) else None


def needs_id_token(scopes: Iterable[str]) -> bool:
    """Whether this is a sign-in (OpenID Connect) rather than plain API access."""
    return OPENID in scopes
