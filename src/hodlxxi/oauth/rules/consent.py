"""Has the user agreed to this, or do we have to ask? (reference oauth §3.3)"""

from __future__ import annotations

from dataclasses import dataclass

from hodlxxi.oauth.rules.authorization import AuthorizationRequest
from hodlxxi.oauth.rules.claims import AskedClaims
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.scopes import OFFLINE_ACCESS


@dataclass(frozen=True, slots=True)
class Consent:
    """What a user has allowed an app before."""

    scopes: frozenset[str]
    claims: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Agreed:
    """Nothing to ask; ``scopes`` are granted."""

    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """The consent page has to be shown."""


def judge_consent(
    request: AuthorizationRequest, client: Client, remembered: Consent | None
) -> Agreed | Ask | Fault:
    """Check C12. May the code be issued without a click?

    Never for a public client at an address that any app on the device could claim: there, a remembered click would
    hand the user's tokens to whoever poses as the app. ``offline_access`` needs its own click; where no page may be
    shown it is left out rather than refused.
    """
    if remembered is not None and _is_covered(request, client, remembered):
        return Agreed(tuple(s for s in request.scopes if s != OFFLINE_ACCESS or s in remembered.scopes))
    if request.is_silent:
        return Fault(Word.CONSENT_REQUIRED, "The user has to agree first, and prompt=none forbids to ask.")
    return Ask()


def _is_covered(request: AuthorizationRequest, client: Client, remembered: Consent) -> bool:
    if "consent" in request.prompt or client.is_claimable_at(request.destination.redirect_uri):
        return False
    missing = frozenset(request.scopes) - remembered.scopes
    if request.is_silent:
        missing -= {OFFLINE_ACCESS}
    return not missing and asked_names(request.claims) <= remembered.claims


def asked_names(asked: AskedClaims) -> frozenset[str]:
    """The single claims that were asked for, wherever they go."""
    return frozenset(asked.id_token) | frozenset(asked.userinfo)
