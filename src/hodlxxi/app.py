"""The composition root: the only place that knows every room."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import structlog
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from hodlxxi import __version__
from hodlxxi.bitcoin.address import Network
from hodlxxi.identity.browser import session_of
from hodlxxi.identity.caller import Authenticate, Caller
from hodlxxi.identity.room import IdentityPolicy, IdentityRoom, Neighbours
from hodlxxi.identity.routes import identity_routes
from hodlxxi.identity.sweep import sweeps as identity_sweeps
from hodlxxi.kit.clock import Clock, SystemClock
from hodlxxi.kit.db import Database
from hodlxxi.kit.errors import Unavailable
from hodlxxi.kit.http import Outgoing
from hodlxxi.kit.kv import make_kv
from hodlxxi.kit.metrics import Metrics
from hodlxxi.kit.pages import STATIC_FOLDER, Assets, Pages
from hodlxxi.kit.ratelimit import Limit, Limiter
from hodlxxi.kit.secret import Sealer, derive_key
from hodlxxi.kit.stopping import watch_signals
from hodlxxi.kit.web import Cors, Edge, EdgePolicy
from hodlxxi.lnurl.create import check_host
from hodlxxi.lnurl.room import LnurlPolicy, LnurlRoom
from hodlxxi.lnurl.routes.api import CALLBACK_PATH
from hodlxxi.lnurl.routes.table import lnurl_routes, offer_link, offer_lnurl
from hodlxxi.lnurl.store import count_open
from hodlxxi.lnurl.sweep import sweeps as lnurl_sweeps
from hodlxxi.lnurl.waiting import Streams
from hodlxxi.nostr.room import NostrRoom
from hodlxxi.nostr.routes import nostr_routes
from hodlxxi.oauth.backchannel import Backchannel
from hodlxxi.oauth.endings import end_access
from hodlxxi.oauth.gauges import gauges as oauth_gauges
from hodlxxi.oauth.interaction import cancel_interaction, describe_interaction
from hodlxxi.oauth.keys import KeyRing
from hodlxxi.oauth.limits import ClientLimits
from hodlxxi.oauth.room import OAuthPolicy, OAuthRoom
from hodlxxi.oauth.routes.account import account_page_routes
from hodlxxi.oauth.routes.table import authenticate_bearer, is_open_to_all_origins, oauth_routes
from hodlxxi.oauth.rules.pkce import PkcePolicy
from hodlxxi.oauth.rules.scopes import catalogue
from hodlxxi.oauth.sweep import sweeps as oauth_sweeps
from hodlxxi.ops.growth import count_rows
from hodlxxi.ops.health import NodeAddress
from hodlxxi.ops.routes import Feature, OpsRoom, ops_routes
from hodlxxi.ops.sweeper import Sweeper
from hodlxxi.schema import all_tables
from hodlxxi.settings import Settings, metrics_folder

log = structlog.get_logger("app")

TEST_BANNER = "Development test signer is on: everybody who reaches this server can sign in."


class App:
    """The ASGI application with everything that it owns. ``start`` and ``stop`` are the server's lifespan."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.db = Database(
            settings.database(), pool_size=settings.db_pool_size, pool_overflow=settings.db_pool_overflow
        )
        self.kv = make_kv(settings.redis_url)
        self.metrics = Metrics(multiprocess=metrics_folder() is not None)
        self.pages = Pages(
            service_name=settings.service_name,
            version=__version__,
            banner=TEST_BANNER if settings.hodlxxi_dev_test_signer else None,
        )
        self.limiter = Limiter(self.kv, self.metrics)
        self.outgoing = Outgoing(self.clock, agent=f"HODLXXI/{__version__}", dev_hosts=settings.dev_hosts())
        self.identity = self._identity_room()
        self.is_stopping = False
        self.lnurl = LnurlRoom(
            LnurlPolicy(settings.lnurl_url or settings.public_url, Limit(settings.rate_limit_login)),
            self.identity,
            Streams(),
            lambda: self.is_stopping,
        )
        self.oauth = self._oauth_room()
        self.backchannel = Backchannel(self.oauth)
        for name, (text, ask) in oauth_gauges(self.oauth).items():
            self.metrics.gauge(name, text, ask)
        self.metrics.gauge("hodlxxi_lnurl_challenges_active", "Lightning logins waiting", self._count_lnurl)
        self.metrics.gauge_by("hodlxxi_table_rows", "Rows by table", "table", self._count_rows)
        self._authenticate_bearer = authenticate_bearer(self.oauth)
        self.routes = self._routes()
        self.sweeper = Sweeper(
            db=self.db,
            kv=self.kv,
            clock=self.clock,
            metrics=self.metrics,
            sweeps=identity_sweeps() | lnurl_sweeps() | oauth_sweeps(self.oauth.keys),
        )
        self._asgi: ASGIApp = Edge(
            Router(self.routes, lifespan=self._lifespan, redirect_slashes=False),
            policy=EdgePolicy(settings.public_url, settings.networks(), settings.origins()),
            clock=self.clock,
            metrics=self.metrics,
            pages=self.pages,
            cors_of=_cors_map(),
            route_of=_route_names(self.routes),
            allow_of=_allowed_methods(self.routes),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        await self._asgi(scope, receive, send)

    async def start(self) -> None:
        """Open what needs the event loop.

        A worker that respawns while the database is away must not give up: it starts, says so at ``/health/ready``, and is
        well again when the database is. (The first start is judged by ``hodlxxi serve`` before there are workers.)
        """
        watch_signals(self._note_stop)
        await self.kv.ping()
        try:
            await check_host(self.lnurl)
            await self.oauth.keys.prepare()
        except Unavailable:
            log.error("database_away_at_start")
        self.sweeper.start()
        self.backchannel.start()
        log.info("ready", version=__version__, database="sqlite" if self.db.is_sqlite else "postgresql")

    def _note_stop(self) -> None:
        self.is_stopping = True

    async def stop(self) -> None:
        """End every task and give back every connection."""
        self.is_stopping = True
        await self.sweeper.stop()
        await self.backchannel.stop()
        await self.outgoing.close()
        await self.kv.close()
        await self.db.close()

    async def authenticate(self, request: Request) -> Caller | None:
        """Who is asking: a session, else a bearer token."""
        session = await session_of(self.identity, request)
        if session is not None:
            return Caller(session.user_id, session=session)
        return await self._authenticate_bearer(request)

    async def _count_lnurl(self) -> float:
        async with self.db.read() as tx:
            return await count_open(tx, self.clock.now())

    async def _count_rows(self) -> dict[str, float]:
        return await count_rows(self.db, all_tables().sorted_tables)

    @asynccontextmanager
    async def _lifespan(self, _app: object) -> AsyncIterator[None]:
        await self.start()
        try:
            yield
        finally:
            await self.stop()

    def _identity_room(self) -> IdentityRoom:
        settings = self.settings
        policy = IdentityPolicy(
            public_url=settings.public_url,
            service_name=settings.service_name,
            network=Network(settings.bitcoin_network),
            seed_form=settings.seed_message_form,
            logins=Limit(settings.rate_limit_login),
            test_signer=settings.hodlxxi_dev_test_signer,
        )
        return IdentityRoom(
            policy=policy,
            db=self.db,
            kv=self.kv,
            clock=self.clock,
            metrics=self.metrics,
            limiter=self.limiter,
            pages=self.pages,
            csrf_key=derive_key(settings.secret(), "csrf"),
            end_access=lambda tx, ending: end_access(self.oauth, tx, ending),
        )

    def _oauth_room(self) -> OAuthRoom:
        settings = self.settings
        policy = OAuthPolicy(
            issuer=settings.public_url,
            registration=settings.oauth_registration,
            pkce=PkcePolicy(settings.oauth_pkce_policy),
            code_lifetime=timedelta(seconds=settings.oauth_code_lifetime_s),
            access_lifetime=timedelta(seconds=settings.oauth_access_lifetime_s),
            refresh_idle=timedelta(days=settings.oauth_refresh_idle_days),
            refresh_max=timedelta(days=settings.oauth_refresh_max_days)
            if settings.oauth_refresh_max_days
            else None,
            refresh_grace=timedelta(seconds=settings.oauth_refresh_grace_s),
            access_alg=settings.jwt_algorithm,
            id_token_algs=settings.signing_algs(),
            authorizations=Limit(settings.rate_limit_token),
            tokens=Limit(settings.rate_limit_token),
            calls=Limit(settings.rate_limit_api),
            registrations=Limit(settings.rate_limit_register),
            scopes=catalogue(with_email=settings.oauth_email_domain is not None),
            open_scopes=frozenset(settings.open_scopes()) or None,
            developers=settings.developers(),
            subject_type=settings.oauth_subject_type,
            other_resources=settings.resources(),
            email_domain=settings.oauth_email_domain,
            scope_acr=settings.scope_classes(),
            pushed_lifetime=timedelta(seconds=settings.oauth_par_lifetime_s),
            device_lifetime=timedelta(seconds=settings.oauth_device_lifetime_s),
            show_all_logos=settings.oauth_show_all_logos,
        )
        return OAuthRoom(
            policy=policy,
            db=self.db,
            clock=self.clock,
            metrics=self.metrics,
            limiter=self.limiter,
            pages=self.pages,
            identity=self.identity,
            keys=make_key_ring(settings, self.db, self.clock),
            sid_key=derive_key(settings.secret(), "sid"),
            pairwise_key=derive_key(settings.secret(), "pairwise"),
            sealer=Sealer(settings.secret(), "client-secrets"),
            limits=ClientLimits(self.db, self.clock),
            outgoing=self.outgoing,
            dpop_key=derive_key(settings.secret(), "dpop-nonce"),
        )

    def _neighbours(self) -> Neighbours:
        room = self.oauth
        return Neighbours(
            describe_client=lambda path, browser: describe_interaction(room, path, browser),
            offer_lnurl=offer_lnurl(self.lnurl),
            offer_link=offer_link(self.lnurl),
            cancel=lambda path, browser: cancel_interaction(room, path, browser),
        )

    def _routes(self) -> list[BaseRoute]:
        authenticate: Authenticate = self.authenticate
        neighbours = self._neighbours()
        ops = OpsRoom(
            identity=self.identity,
            node=node_address(self.settings),
            metrics_token=_revealed(self.settings.metrics_token),
            features=features(self.settings),
            links=(("/developers", "For app developers"), ("/openapi.json", "API description (OpenAPI)")),
            is_stopping=lambda: self.is_stopping,
        )
        return [
            *identity_routes(self.identity, neighbours, authenticate),
            *nostr_routes(NostrRoom(self.identity), neighbours, authenticate),
            *lnurl_routes(self.lnurl, neighbours.describe_client),
            *oauth_routes(self.oauth),
            *account_page_routes(self.oauth, authenticate),
            *ops_routes(ops),
            Mount("/static", Assets(directory=STATIC_FOLDER, check_dir=False), name="static"),
        ]


def create_app(settings: Settings, clock: Clock | None = None) -> App:
    """The application, ready to be served."""
    return App(settings, clock)


def make_key_ring(settings: Settings, db: Database, clock: Clock) -> KeyRing:
    """The signing keys; the command line tends them too."""
    secret = _revealed(settings.jwt_secret)
    return KeyRing(
        db=db,
        clock=clock,
        sealer=Sealer(settings.secret(), "signing-keys"),
        algs=settings.signing_algs(),
        access_alg=settings.jwt_algorithm,
        access_lifetime=timedelta(seconds=settings.oauth_access_lifetime_s),
        hmac_secret=secret.encode() if secret else None,
    )


def features(settings: Settings) -> tuple[Feature, ...]:
    """What is on and what is off, in the operator's words."""
    return (
        Feature("Sign in with a Bitcoin message", True, f"network: {settings.bitcoin_network}"),
        Feature("Sign in with Lightning (LNURL-auth)", True, settings.lnurl_url or settings.public_url),
        Feature("Sign in with Nostr (NIP-07, NIP-98)", True, "a browser extension or a signer app"),
        Feature("OAuth 2.1 and OpenID Connect", True, f"app registration: {settings.oauth_registration}"),
        Feature(
            "PostgreSQL",
            not settings.is_embedded,
            "set DATABASE_URL" if settings.is_embedded else "connected by DATABASE_URL",
        ),
        Feature(
            "Redis",
            bool(settings.redis_url),
            "connected by REDIS_URL" if settings.redis_url else "set REDIS_URL for several workers",
        ),
        Feature(
            "Bitcoin Core",
            bool(settings.rpc_host),
            "set RPC_HOST" if not settings.rpc_host else settings.rpc_host,
        ),
    )


def _cors_map() -> Any:
    open_paths = frozenset({"/openapi.json"})

    def cors_of(path: str) -> Cors:
        # Wallets inside a page call back from its origin; nothing else of the Lightning login is for other sites.
        is_open = path in open_paths or path.startswith(CALLBACK_PATH) or is_open_to_all_origins(path)
        return "open" if is_open else "none"

    return cors_of


def _route_names(routes: list[BaseRoute]) -> Mapping[Any, str]:
    return {route.endpoint: route.path for route in routes if isinstance(route, Route)}


def _allowed_methods(routes: list[BaseRoute]) -> Mapping[Any, str]:
    found = [route for route in routes if isinstance(route, Route)]
    methods: dict[str, set[str]] = {}
    for route in found:
        methods.setdefault(route.path, set()).update(route.methods or ())
    return {route.endpoint: ", ".join(sorted(methods[route.path])) for route in found}


def node_address(settings: Settings) -> NodeAddress | None:
    """Where Bitcoin Core listens, if the operator named it."""
    if not settings.rpc_host:
        return None
    password = _revealed(settings.rpc_password) or ""
    return NodeAddress(settings.rpc_host, settings.rpc_port, settings.rpc_user or "", password)


def _revealed(secret: Any) -> str | None:
    return secret.get_secret_value() if secret is not None else None
