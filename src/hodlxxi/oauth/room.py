"""What the provider needs, and what an operator decides about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from hodlxxi.identity.room import IdentityRoom
from hodlxxi.kit.clock import Clock
from hodlxxi.kit.db import Database
from hodlxxi.kit.metrics import Metrics
from hodlxxi.kit.pages import Pages
from hodlxxi.kit.ratelimit import Limit, Limiter
from hodlxxi.oauth.keys import KeyRing
from hodlxxi.oauth.limits import ClientLimits
from hodlxxi.oauth.rules.pkce import PkcePolicy
from hodlxxi.oauth.rules.scopes import SCOPES, Catalogue


@dataclass(frozen=True, slots=True)
class OAuthPolicy:
    """An operator's decisions. ``issuer`` is the public URL, without a slash at its end."""

    issuer: str
    registration: Literal["open", "closed"] = "open"
    pkce: PkcePolicy = PkcePolicy.ALWAYS
    code_lifetime: timedelta = timedelta(minutes=10)
    access_lifetime: timedelta = timedelta(hours=1)
    refresh_idle: timedelta = timedelta(days=30)
    refresh_max: timedelta | None = timedelta(days=180)
    refresh_grace: timedelta = timedelta(seconds=30)
    access_alg: Literal["RS256", "ES256", "EdDSA", "HS256"] = "RS256"
    id_token_algs: tuple[str, ...] = ("RS256", "ES256", "EdDSA")
    scopes: Catalogue = field(default_factory=lambda: SCOPES)
    show_all_logos: bool = False
    authorizations: Limit = field(default_factory=lambda: Limit(6000))
    tokens: Limit = field(default_factory=lambda: Limit(6000))
    calls: Limit = field(default_factory=lambda: Limit(6000))
    registrations: Limit = field(default_factory=lambda: Limit(60))

    @property
    def resources(self) -> tuple[str, ...]:
        """The audiences that exist: our own API."""
        return (self.issuer,)


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
    limits: ClientLimits
