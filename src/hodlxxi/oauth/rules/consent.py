"""Has the user agreed to this, or do we have to ask? (reference oauth §3.3)"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from hodlxxi.oauth.rules.authorization import AuthorizationRequest
from hodlxxi.oauth.rules.claims import AskedClaims
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.scopes import OFFLINE_ACCESS, OPENID


@dataclass(frozen=True, slots=True)
class Consent:
    """What a user has allowed an app before, and what they left unticked without wanting to be asked again.

    ``resources`` are the audiences that they allowed beside our own API.
    """

    scopes: frozenset[str]
    claims: frozenset[str] = frozenset()
    declined: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Agreed:
    """Nothing to ask; ``scopes`` are granted."""

    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """The consent page has to be shown; ``ticked`` are the scopes that it proposes."""

    ticked: frozenset[str]


def judge_consent(
    request: AuthorizationRequest,
    client: Client,
    remembered: Consent | None,
    resources: Collection[str] = (),
) -> Agreed | Ask | Fault:
    """Check C12. May the code be issued without a click? ``resources`` are the other APIs that it asks tokens for.

    Never for a public client at an address that any app on the device could claim: there, a remembered click would
    hand the user's tokens to whoever poses as the app. ``offline_access`` needs its own click, so the page leaves it
    unticked; where no page may be shown, or where it was left unticked before, it is left out rather than refused.
    """
    if (
        remembered is not None
        and remembered.resources.issuperset(resources)
        and _is_covered(request, client, remembered)
    ):
        return Agreed(tuple(s for s in request.scopes if s != OFFLINE_ACCESS or s in remembered.scopes))
    if request.is_silent:
        return Fault(Word.CONSENT_REQUIRED, "The user has to agree first, and prompt=none forbids to ask.")
    return Ask(propose(request.scopes, remembered))


def propose(asked: tuple[str, ...], remembered: Consent | None) -> frozenset[str]:
    """The scopes that a page ticks in advance: ``offline_access`` only for an app that was given it before."""
    allowed = remembered.scopes if remembered is not None else frozenset()
    return frozenset(s for s in asked if s != OFFLINE_ACCESS or s in allowed)


def _is_covered(request: AuthorizationRequest, client: Client, remembered: Consent) -> bool:
    if "consent" in request.prompt or client.is_claimable_at(request.destination.redirect_uri):
        return False
    missing = frozenset(request.scopes) - remembered.scopes - remembered.declined
    if request.is_silent:
        missing -= {OFFLINE_ACCESS}
    return not missing and asked_names(request.claims) <= remembered.claims


def judge_choice(asked: tuple[str, ...], chosen: frozenset[str] | None) -> tuple[str, ...]:
    """What is granted of what was asked, in its order; nothing when nothing of use was ticked.

    ``chosen`` None is a form without a choice: all of it. ``openid`` goes with every choice (who signs in says who they are),
    and ``offline_access`` by itself allows nothing.
    """
    granted = tuple(s for s in asked if chosen is None or s in chosen or s == OPENID)
    return granted if set(granted) - {OFFLINE_ACCESS} else ()


def merge_consent(
    before: Consent | None,
    asked: tuple[str, ...],
    granted: tuple[str, ...],
    claims: frozenset[str],
    resources: Collection[str] = (),
) -> Consent:
    """What to remember after a choice: what was ticked, and no longer what was not.

    That ``offline_access`` was left unticked is remembered as well, as many apps ask for it by habit; a refusal of anything
    else is not, so that an app which cannot do without it is able to ask again.
    """
    known = before or Consent(frozenset())
    declined = frozenset(asked) & {OFFLINE_ACCESS} - frozenset(granted)
    return Consent(
        known.scopes - frozenset(asked) | frozenset(granted),
        known.claims | claims,
        known.declined - frozenset(asked) | declined,
        known.resources.union(resources),
    )


def asked_names(asked: AskedClaims) -> frozenset[str]:
    """The single claims that were asked for, wherever they go."""
    return frozenset(asked.id_token) | frozenset(asked.userinfo)
