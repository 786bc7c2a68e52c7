"""What the provider needs, and what an operator decides about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from hodlxxi.identity.room import IdentityRoom
from hodlxxi.kit.clock import Clock
from hodlxxi.kit.db import Database
from hodlxxi.kit.http import Outgoing
from hodlxxi.kit.metrics import Metrics
from hodlxxi.kit.pages import Pages
from hodlxxi.kit.ratelimit import Limit, Limiter
from hodlxxi.kit.secret import Sealer
from hodlxxi.oauth.keys import KeyRing
from hodlxxi.oauth.limits import ClientLimits
from hodlxxi.oauth.rules.pkce import PkcePolicy
from hodlxxi.oauth.rules.scopes import SCOPES, Catalogue


@dataclass(frozen=True, slots=True)
class OAuthPolicy:
    """An operator's decisions. ``issuer`` is the public URL, without a slash at its end."""

    issuer: str
    registration: Literal["open", "token", "closed"] = "open"
    pkce: PkcePolicy = PkcePolicy.ALWAYS
    code_lifetime: timedelta = timedelta(minutes=10)
    access_lifetime: timedelta = timedelta(hours=1)
    refresh_idle: timedelta = timedelta(days=30)
    refresh_max: timedelta | None = timedelta(days=180)
    refresh_grace: timedelta = timedelta(seconds=30)
    access_alg: Literal["RS256", "ES256", "EdDSA", "HS256"] = "RS256"
    id_token_algs: tuple[str, ...] = ("RS256", "ES256", "EdDSA")
    scopes: Catalogue = field(default_factory=lambda: SCOPES)
    # What self-registered apps may be registered for; None is everything.
    open_scopes: frozenset[str] | None = None
    # Who may register apps at /developers, by pubkey; None is everyone, an empty set is nobody.
    developers: frozenset[str] | None = None
    subject_type: Literal["public", "pairwise"] = "public"
    other_resources: tuple[str, ...] = ()
    email_domain: str | None = None
    # The class of sign-in that a scope demands at our API (RFC 9470), by scope.
    scope_acr: Mapping[str, str] = field(default_factory=dict)
    pushed_lifetime: timedelta = timedelta(seconds=90)
    device_lifetime: timedelta = timedelta(minutes=10)
    device_interval: timedelta = timedelta(seconds=5)
    show_all_logos: bool = False
    authorizations: Limit = field(default_factory=lambda: Limit(6000))
    tokens: Limit = field(default_factory=lambda: Limit(6000))
    calls: Limit = field(default_factory=lambda: Limit(6000))
    registrations: Limit = field(default_factory=lambda: Limit(60))

    @property
    def resources(self) -> tuple[str, ...]:
        """The audiences that exist: our own API, and those that the operator named."""
        return (self.issuer, *self.other_resources)

    def foreign(self, resources: Iterable[str]) -> tuple[str, ...]:
        """Those of some audiences that are not our own API: people are told of each."""
        return tuple(uri for uri in resources if uri != self.issuer)


@dataclass(frozen=True, slots=True)
class OAuthRoom:
    """Everything that the use cases of this room work with."""

    policy: OAuthPolicy
    db: Database
    clock: Clock
    metrics: Metrics
    limiter: Limiter
    pages: Pages
    identity: IdentityRoom
    keys: KeyRing
    sid_key: bytes
    pairwise_key: bytes
    # Opens the few client secrets of which a digest is not enough.
    sealer: Sealer
    limits: ClientLimits
    outgoing: Outgoing
    dpop_key: bytes
