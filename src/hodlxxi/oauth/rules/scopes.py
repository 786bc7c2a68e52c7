"""What an app may be allowed to do, in the words that the consent page shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hodlxxi.oauth.rules.errors import Fault, Word

OPENID = "openid"
OFFLINE_ACCESS = "offline_access"
PROFILE = "profile"
PROFILE_READ = "profile:read"
EMAIL = "email"  # in the catalogue only where the operator set a domain for synthetic addresses
DEFAULT_SCOPE = PROFILE_READ

MAX_SCOPES = 60
_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,128}")  # RFC 6749 §3.3


@dataclass(frozen=True, slots=True)
class Scope:
    """One permission. ``text`` is for people, ``warning`` shows it in warning colours.

    Only what is ``usual`` is given to an app that registers without naming its scopes.
    """

    name: str
    text: str
    warning: bool = False
    usual: bool = True


Catalogue = Mapping[str, Scope]


def catalogue_of(scopes: Iterable[Scope]) -> Catalogue:
    """The scopes by name, in their order."""
    return MappingProxyType({scope.name: scope for scope in scopes})


SCOPES: Catalogue = catalogue_of(
    [
        # Each text ends the sentence "The app wants to access: ...".
        Scope(OPENID, "Who you are: the key of your account"),
        Scope(PROFILE, "Your display name"),
        Scope(PROFILE_READ, "Your profile information"),
        Scope("wallet:read", "Your wallet balance and the addresses that you proved"),
        Scope("wallet:write", "Your list of watched wallets, to add to it", warning=True, usual=False),
        Scope("chat", "Your chat, to read and send messages as you", warning=True),
        Scope(OFFLINE_ACCESS, "All this also when you are signed out, until you remove it"),
    ]
)


# Likewise, for the claims that an app asks for one by one.
CLAIM_TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "name": "Your display name",
        "preferred_username": "A user name that is made of your key",
        "updated_at": "When your profile last changed",
        "bitcoin_pubkey": "The key of your account",
        "email": "A stand-in e-mail address that can receive nothing",
        "email_verified": "Whether that address was verified (it never is)",
    }
)


def catalogue(*, with_email: bool = False) -> Catalogue:
    """The scopes of this server. ``email`` exists where the operator gives people synthetic addresses."""
    if not with_email:
        return SCOPES
    return catalogue_of(
        [*SCOPES.values(), Scope(EMAIL, "A stand-in e-mail address that can receive nothing")]
    )


def usual_scopes(catalogue: Catalogue) -> tuple[str, ...]:
    """What a client that names no scopes is registered with."""
    return tuple(scope.name for scope in catalogue.values() if scope.usual)


def parse_scope(text: str) -> tuple[str, ...] | Fault:
    """The scope names in the order sent, each once."""
    names = tuple(dict.fromkeys(name for name in text.split(" ") if name))
    if len(names) > MAX_SCOPES or not all(_TOKEN.fullmatch(name) for name in names):
        return Fault(Word.INVALID_SCOPE, "scope must be a list of names with single spaces between them.")
    return names


def judge_scope(text: str | None, *, allowed: Iterable[str], catalogue: Catalogue) -> tuple[str, ...] | Fault:
    """What may be asked of the user (reference oauth §2.1).

    Names that nobody here knows are dropped, as relying parties hard-code ``email groups`` and the like. A known one
    that this client was not given is refused, and so is a request of which nothing is left.
    """
    names = parse_scope(DEFAULT_SCOPE if text is None else text)
    if isinstance(names, Fault):
        return names
    known = tuple(name for name in names if name in catalogue)
    permitted = frozenset(allowed)
    denied = [name for name in known if name not in permitted]
    if denied:
        return Fault(Word.INVALID_SCOPE, f"This client is not registered for the scope {denied[0]}.")
    if not known:
        return Fault(
            Word.INVALID_SCOPE, f"None of the scopes is known here. Known are: {' '.join(catalogue)}."
        )
    return known


def judge_narrowing(
    text: str | None, *, granted: tuple[str, ...], catalogue: Catalogue, declined: tuple[str, ...] = ()
) -> tuple[str, ...] | Fault:
    """The scope of a refreshed access token: the granted one, or a part of it (RFC 6749 §6).

    Unknown names are dropped here as they were when the grant was made, and so is what the user then left unticked: some
    client libraries (Authlib) send again with every refresh what they asked for at first.
    """
    if text is None:
        return granted
    names = parse_scope(text)
    if isinstance(names, Fault):
        return names
    known = tuple(name for name in names if name in catalogue and name not in declined)
    if not known or not set(known) <= set(granted):
        return Fault(Word.INVALID_SCOPE, "scope may only narrow what was granted.")
    return known
