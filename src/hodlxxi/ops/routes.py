"""Health, metrics, the home page and the API's description."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hodlxxi import __version__
from hodlxxi.identity import browser as b
from hodlxxi.identity.notices import list_notices
from hodlxxi.identity.room import IdentityRoom
from hodlxxi.kit.answers import json_answer
from hodlxxi.kit.clock import render_time
from hodlxxi.kit.errors import NotFound
from hodlxxi.kit.network import is_from_this_machine
from hodlxxi.kit.secret import same
from hodlxxi.ops.health import NodeAddress, ask_health

OPENAPI = Path(__file__).parent / "openapi.json"


@dataclass(frozen=True, slots=True)
class Feature:
    """A line of the home page: what is on and what is off."""

    name: str
    is_on: bool
    text: str


@dataclass(frozen=True, slots=True)
class OpsRoom:
    """What operations need. ``is_migrated`` asks whether the schema is the one that we need."""

    identity: IdentityRoom
    node: NodeAddress | None
    metrics_token: str | None
    features: tuple[Feature, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    is_stopping: Callable[[], bool] = field(default=lambda: False)


def ops_routes(room: OpsRoom) -> list[Route]:
    """Every route of this room."""
    views = _Views(room)
    return [
        Route("/", views.home, methods=["GET"]),
        Route("/health", views.health, methods=["GET"]),
        Route("/health/live", views.live, methods=["GET"]),
        Route("/health/ready", views.ready, methods=["GET"]),
        Route("/metrics", views.metrics, methods=["GET"]),
        Route("/openapi.json", views.openapi, methods=["GET"]),
    ]


class _Views:
    def __init__(self, room: OpsRoom) -> None:
        self._room = room
        self._openapi = OPENAPI.read_bytes() if OPENAPI.exists() else b"{}"

    async def home(self, request: Request) -> Response:
        """``GET /``: who is signed in, what is on, where to go."""
        identity = self._room.identity
        session = await b.session_of(identity, request)
        browser = b.browser_of(request)
        told = await list_notices(identity, session) if session else []
        page = identity.pages.render(
            request,
            "home.html",
            signed_in={"pubkey": session.user_id, "short": b.short_key(session.user_id)} if session else None,
            csrf=b.csrf_token(identity, session, browser),
            unread=sum(not notice.is_read for notice in told),
            features=[
                {"name": f.name, "state": "on" if f.is_on else "off", "text": f.text}
                for f in self._room.features
            ],
            links=[{"href": href, "text": text} for href, text in self._room.links],
        )
        b.remember_browser(identity, page, browser)
        return page

    async def health(self, request: Request) -> Response:
        """``GET /health``: 200 healthy or degraded, 503 when the database is away."""
        identity = self._room.identity
        health = await ask_health(identity.db, identity.kv, self._room.node)
        body = {
            "status": health.status,
            "version": __version__,
            "bitcoin_rpc": health.bitcoin_rpc,
            "database": health.database,
            "redis": health.redis,
            "timestamp": render_time(identity.clock.now()),
        }
        return json_answer(body, 503 if health.status == "unhealthy" else 200)

    async def live(self, request: Request) -> Response:
        """``GET /health/live``: the process runs and its event loop turns."""
        return json_answer({"status": "alive"})

    async def ready(self, request: Request) -> Response:
        """``GET /health/ready``: may traffic be sent here?"""
        identity = self._room.identity
        if self._room.is_stopping():
            return json_answer({"status": "stopping"}, 503)
        health = await ask_health(identity.db, identity.kv, None)
        is_ready = health.database == "connected"
        return json_answer(
            {"status": "ready" if is_ready else "waiting for the database"}, 200 if is_ready else 503
        )

    async def metrics(self, request: Request) -> Response:
        """``GET /metrics``: for this machine itself, or with ``Authorization: Bearer <METRICS_TOKEN>``."""
        if not self._may_scrape(request):
            raise NotFound("There is nothing here.")
        metrics = self._room.identity.metrics
        metrics.set_pool_in_use(self._room.identity.db.pool_in_use())
        text = await asyncio.wait_for(metrics.render(), 5)
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    def _may_scrape(self, request: Request) -> bool:
        token = self._room.metrics_token
        given = request.headers.get("authorization", "")
        if token is not None and given.lower().startswith("bearer ") and same(given[7:], token):
            return True
        return is_from_this_machine(request.scope)

    async def openapi(self, request: Request) -> Response:
        """``GET /openapi.json``."""
        return Response(
            self._openapi, media_type="application/json", headers={"Cache-Control": "public, max-age=300"}
        )
