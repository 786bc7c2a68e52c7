"""A provider in one process over real HTTP messages, and the people and apps that use it."""

from __future__ import annotations

import base64
import itertools
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import sqlalchemy as sa
from starlette.requests import Request
from starlette.routing import Router

from hodlxxi.bitcoin.address import Network
from hodlxxi.identity.browser import session_of
from hodlxxi.identity.caller import Caller
from hodlxxi.identity.room import IdentityPolicy, IdentityRoom, Neighbours
from hodlxxi.identity.routes import identity_routes
from hodlxxi.kit.db import Database
from hodlxxi.kit.http import Outgoing
from hodlxxi.kit.kv import MemoryKv
from hodlxxi.kit.metrics import Metrics
from hodlxxi.kit.pages import Pages
from hodlxxi.kit.ratelimit import Limit, Limiter
from hodlxxi.kit.reach import HostPort
from hodlxxi.kit.secret import Sealer, mint_token
from hodlxxi.kit.web import Edge, EdgePolicy
from hodlxxi.oauth.backchannel import Backchannel
from hodlxxi.oauth.endings import end_access
from hodlxxi.oauth.interaction import cancel_interaction, describe_interaction
from hodlxxi.oauth.keys import KeyRing
from hodlxxi.oauth.limits import ClientLimits
from hodlxxi.oauth.room import OAuthPolicy, OAuthRoom
from hodlxxi.oauth.routes.account import account_page_routes
from hodlxxi.oauth.routes.table import authenticate_bearer, is_open_to_all_origins, oauth_routes
from hodlxxi.oauth.rules.pkce import challenge_of
from hodlxxi.schema import all_tables
from tests.support.clock import FakeClock
from tests.support.signer import TestKey

ISSUER = "https://login.example"
CALLBACK = "https://app.example/cb"
OFF = Limit(0)
_numbers = itertools.count(1000)


@dataclass
class Provider:
    """Everything in one process; each provider has its own database."""

    db: Database
    clock: FakeClock
    policy: OAuthPolicy
    app: Edge = field(init=False)
    room: OAuthRoom = field(init=False)
    backchannel: Backchannel = field(init=False)
    identity: IdentityRoom = field(init=False)
    # Local servers that this provider may call: a test adds its own.
    dev_hosts: set[HostPort] = field(default_factory=set)

    def __post_init__(self) -> None:
        kv, metrics = MemoryKv(), Metrics()
        limiter = Limiter(kv, metrics)
        pages = Pages(service_name="HODLXXI", version="0")
        identity_policy = IdentityPolicy(ISSUER, "HODLXXI", Network.MAIN, logins=OFF)
        self.identity = IdentityRoom(
            identity_policy,
            self.db,
            kv,
            self.clock,
            metrics,
            limiter,
            pages,
            b"c" * 32,
            lambda tx, ending: end_access(self.room, tx, ending),
        )
        keys = KeyRing(
            db=self.db,
            clock=self.clock,
            sealer=Sealer(b"s" * 32, "signing-keys"),
            algs=self.policy.id_token_algs,
            access_alg=self.policy.access_alg,
            access_lifetime=self.policy.access_lifetime,
            hmac_secret=b"j" * 32,
        )
        self.room = OAuthRoom(
            self.policy,
            self.db,
            self.clock,
            metrics,
            limiter,
            pages,
            self.identity,
            keys,
            b"i" * 32,
            b"p" * 32,
            Sealer(b"s" * 32, "client-secrets"),
            ClientLimits(self.db, self.clock),
            Outgoing(self.clock, agent="HODLXXI/test", dev_hosts=self.dev_hosts),
            b"d" * 32,
        )
        room = self.room
        self.backchannel = Backchannel(room)
        neighbours = Neighbours(
            describe_client=lambda path, browser: describe_interaction(room, path, browser),
            cancel=lambda path, browser: cancel_interaction(room, path, browser),
        )
        routes = [
            *identity_routes(self.identity, neighbours, self.authenticate),
            *oauth_routes(room),
            *account_page_routes(room, self.authenticate),
        ]
        self.app = Edge(
            Router(routes, redirect_slashes=False),
            policy=EdgePolicy(ISSUER),
            clock=self.clock,
            metrics=metrics,
            pages=pages,
            cors_of=lambda path: "open" if is_open_to_all_origins(path) else "none",
            route_of={},
        )

    async def authenticate(self, request: Request) -> Caller | None:
        """A session, else a bearer token."""
        session = await session_of(self.identity, request)
        if session is not None:
            return Caller(session.user_id, session=session)
        return await authenticate_bearer(self.room)(request)

    async def start(self) -> Provider:
        async with self.db.begin() as tx:
            await tx.run_sync(all_tables().create_all)
        await self.room.keys.prepare()
        return self

    async def close(self) -> None:
        await self.room.outgoing.close()
        await self.db.close()

    def http(self, **options: Any) -> httpx.AsyncClient:
        """A program or a browser: it has its own cookies."""
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=ISSUER, **options)

    async def register(self, *uris: str, **metadata: Any) -> RelyingParty:
        async with self.http() as http:
            body = {"client_name": "Wallet Watcher", "redirect_uris": list(uris) or [CALLBACK]} | metadata
            answer = await http.post("/oauth/register", json=body)
        assert answer.status_code == 201, answer.text
        return RelyingParty(self, answer.json())

    async def trust(self, app: RelyingParty, **columns: Any) -> RelyingParty:
        """As the operator does: approve a client, and perhaps make an exception for it."""
        await self.execute(
            "UPDATE oauth_clients SET "
            + ", ".join(f"{name} = :{name}" for name in ({"trust": 1} | columns))
            + " WHERE client_id = :client_id",
            client_id=app.client_id,
            **({"trust": "operator"} | columns),
        )
        return app

    async def person(self) -> Person:
        """Somebody with a key of their own and a fresh browser, signed in."""
        person = Person(self, TestKey(next(_numbers)), self.http())
        await person.sign_in()
        return person

    def stranger(self) -> Person:
        """Somebody who has not signed in."""
        return Person(self, TestKey(next(_numbers)), self.http())

    async def execute(self, statement: str, **params: Any) -> None:
        async with self.db.begin() as tx:
            await tx.execute(sa.text(statement), params)

    async def ask(self, statement: str, **params: Any) -> Any:
        """The first column of the first row."""
        async with self.db.read() as tx:
            return (await tx.execute(sa.text(statement), params)).scalar()

    async def events(self, event: str, client_id: str) -> int:
        statement = "SELECT count(*) FROM audit_logs WHERE event_type = :event AND client_id = :client_id"
        return int(await self.ask(statement, event=event, client_id=client_id))


@dataclass
class RelyingParty:
    """An app, with what it got when it registered."""

    provider: Provider
    metadata: dict[str, Any]
    verifier: str = field(default_factory=lambda: mint_token())

    @property
    def client_id(self) -> str:
        return str(self.metadata["client_id"])

    @property
    def basic(self) -> dict[str, str]:
        pair = f"{self.client_id}:{self.metadata['client_secret']}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    @property
    def auth(self) -> dict[str, Any]:
        """How this app proves who it is, as arguments for ``post``."""
        if "client_secret" in self.metadata:
            return {"headers": self.basic}
        return {}

    def request(self, **changes: Any) -> dict[str, Any]:
        """The parameters of an authorization request; None leaves one out."""
        params = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.metadata["redirect_uris"][0],
            "scope": "openid profile:read",
            "state": "st-1",
            "nonce": "n-1",
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
        } | changes
        return {name: value for name, value in params.items() if value is not None}

    async def post(self, **form: Any) -> httpx.Response:
        """The token endpoint."""
        body = form if self.auth else {"client_id": self.client_id} | form
        body = {name: value for name, value in body.items() if value is not None}
        async with self.provider.http() as http:
            return await http.post("/oauth/token", data=body, **self.auth)

    async def send(self, path: str, form: dict[str, Any], **options: Any) -> httpx.Response:
        """An endpoint for clients, with this app's proof of itself."""
        body = form if self.auth else {"client_id": self.client_id} | form
        async with self.provider.http() as http:
            return await http.post(path, data=body, **(self.auth | options))

    async def push(self, **changes: Any) -> httpx.Response:
        """An authorization request, pushed (RFC 9126)."""
        return await self.send("/oauth/par", self.request(**changes))

    async def pushed(self, **changes: Any) -> dict[str, str]:
        """What a browser brings in place of a whole authorization request."""
        answer = await self.push(**changes)
        assert answer.status_code == 201, answer.text
        return {"client_id": self.client_id, "request_uri": answer.json()["request_uri"]}

    async def redeem(self, code: str, **changes: Any) -> httpx.Response:
        uri = self.metadata["redirect_uris"][0]
        form = {"redirect_uri": uri, "code_verifier": self.verifier} | changes
        return await self.post(grant_type="authorization_code", code=code, **form)

    async def refresh(self, token: str, **changes: Any) -> httpx.Response:
        return await self.post(grant_type="refresh_token", refresh_token=token, **changes)

    async def tokens(self, person: Person | None = None, **changes: Any) -> dict[str, Any]:
        """The whole way: somebody agrees, and the app gets its tokens."""
        person = person or await self.provider.person()
        code = response_of(await person.authorize(self, **changes))["code"]
        answer = await self.redeem(code)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def call(self, token: str, path: str = "/api/demo/protected") -> httpx.Response:
        async with self.provider.http() as http:
            return await http.get(path, headers={"Authorization": f"Bearer {token}"})


@dataclass
class Person:
    """Somebody with a key and a browser."""

    provider: Provider
    key: TestKey
    http: httpx.AsyncClient

    @property
    def pubkey(self) -> str:
        return self.key.pubkey_hex

    async def sign_in(self, key: TestKey | None = None) -> None:
        key = key or self.key
        challenge = (await self.http.post("/api/auth/challenge", json={})).json()
        body = {
            "pubkey": key.pubkey_hex,
            "challenge_id": challenge["challenge_id"],
            "message": challenge["message"],
            "signature": key.sign_der(challenge["message"]),
        }
        answer = await self.http.post("/verify_signature", json=body)
        assert answer.status_code == 200, answer.text

    async def visit(self, app: RelyingParty, **changes: Any) -> httpx.Response:
        """The browser follows the app's link; no page is clicked yet."""
        return await self.http.get("/oauth/authorize", params=app.request(**changes))

    async def authorize(self, app: RelyingParty, **changes: Any) -> httpx.Response:
        """The browser follows the app's link, and the person agrees where they are asked."""
        answer = await self.visit(app, **changes)
        return await self.decide(answer) if answer.status_code == 200 else answer

    async def decide(self, page: httpx.Response, decision: str = "authorize") -> httpx.Response:
        """Click a button of the consent page."""
        fields = fields_of(page)
        return await self.http.post("/oauth/authorize", data={**fields, "decision": decision})


def claims_of(token: str, part: int = 1) -> dict[str, Any]:
    """What a JWT says, unverified; part 0 is its header."""
    text = token.split(".")[part]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return claims


def fields_of(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of the consent page."""
    assert 'data-page="consent"' in page.text, page.text
    found = {}
    for tag in re.findall(r"<input[^>]*>", page.text):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and value and name[1] in ("interaction", "csrf"):
            found[name[1]] = value[1]
    return found


def response_of(answer: httpx.Response) -> dict[str, str]:
    """The parameters that the browser carries back to the app."""
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["location"])
    return dict(parse_qsl(parts.fragment or parts.query, keep_blank_values=True))


def next_of(answer: httpx.Response) -> str:
    """The path that the sign-in page will lead back to."""
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["location"])
    assert parts.path == "/login", answer.headers["location"]
    return dict(parse_qsl(parts.query))["next"]
