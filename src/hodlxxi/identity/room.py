"""What the identity room needs, and what an operator decides about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from starlette.requests import Request

from hodlxxi.audit.events import Origin
from hodlxxi.bitcoin.address import Network
from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.kit.clock import Clock
from hodlxxi.kit.db import Database, Tx
from hodlxxi.kit.kv import Kv
from hodlxxi.kit.metrics import Metrics
from hodlxxi.kit.pages import Pages
from hodlxxi.kit.ratelimit import Limit, Limiter


@dataclass(frozen=True, slots=True)
class IdentityPolicy:
    """An operator's numbers."""

    public_url: str
    service_name: str
    network: Network
    seed_form: bool = True
    logins: Limit = field(default_factory=lambda: Limit(300))
    # Development only: the keys of ``bitcoin.known_keys`` may sign in, and the page signs with them.
    test_signer: bool = False

    @property
    def domain(self) -> str:
        """The host, with its port when it has one, that the text to sign names."""
        return urlsplit(self.public_url).netloc

    @property
    def secure_cookies(self) -> bool:
        """``Secure`` wherever people reach us over TLS."""
        return self.public_url.startswith("https://")


@dataclass(frozen=True, slots=True)
class LoginClient:
    """The app that sent somebody to sign in, as the login page shows it."""

    name: str
    host: str
    uri: str | None = None
    logo_uri: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None
    verified: bool = False
    # It demands a class that a wallet on another device is not of.
    excludes_remote: bool = False
    # Who the app believes is there: prefilled, never proof.
    login_hint: str | None = None


@dataclass(frozen=True, slots=True)
class LoginOffer:
    """A Lightning login on the login page; ``cookies`` are to be set with it.

    ``match_code`` is what people compare with another screen; ``phone_url`` the page that shows it there. ``refused_by`` is
    the app that will not take it from another device.
    """

    session_id: str
    lnurl: str
    link: str
    qr_src: str
    match_code: str
    phone_url: str
    refused_by: str | None = None
    cookies: tuple[tuple[str, str, str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Ending:
    """What of an account comes to an end: one ``key``, or all of it (``is_closing``, ``is_disabling``), and the open
    ``sessions`` (digests) that end with it, or that end alone."""

    user: Pubkey
    origin: Origin | None
    now: datetime
    key: Pubkey | None = None
    is_closing: bool = False
    is_disabling: bool = False
    sessions: tuple[str, ...] = ()


# Runs in the transaction of the ending, after identity's own rows: what was given on its strength ends with it or not at all.
EndAccess = Callable[[Tx, Ending], Awaitable[None]]


async def end_nothing(_tx: Tx, _ending: Ending) -> None:
    """Where no other room hangs anything on an account."""


# The app that waits behind this path for the browser with this digest.
DescribeClient = Callable[[str, str | None], Awaitable[LoginClient | None]]


async def _no_client(_next: str, _browser: str | None) -> LoginClient | None:
    return None


async def _no_offer(_request: Request, _browser: str, _app: LoginClient | None) -> LoginOffer | None:
    return None


async def _no_link(_request: Request, _browser: str, _link_id: str) -> LoginOffer | None:
    return None


async def _no_cancel(_next: str, _browser: str | None) -> str | None:
    return None


# A login for the browser with this digest, on its way to this app.
OfferLogin = Callable[[Request, str, LoginClient | None], Awaitable[LoginOffer | None]]
# A proof of a new key, for the link with this id that the browser with this digest began.
OfferLink = Callable[[Request, str, str], Awaitable[LoginOffer | None]]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What other rooms add to the pages where keys are proved; ``app`` passes it in, so that the rooms stay strangers."""

    describe_client: DescribeClient = _no_client
    offer_lnurl: OfferLogin = _no_offer
    offer_link: OfferLink = _no_link
    cancel: Callable[[str, str | None], Awaitable[str | None]] = _no_cancel


@dataclass(frozen=True, slots=True)
class IdentityRoom:
    """Everything that the use cases of this room work with."""

    policy: IdentityPolicy
    db: Database
    kv: Kv
    clock: Clock
    metrics: Metrics
    limiter: Limiter
    pages: Pages
    csrf_key: bytes
    # What other rooms end with an account, a key or a session; ``app`` passes it in, so that the rooms stay strangers.
    end_access: EndAccess = end_nothing
