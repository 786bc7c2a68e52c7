"""A small site behind the edge, for the tests of the edge."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, Router

from hodlxxi.kit import errors
from hodlxxi.kit.answers import json_answer
from hodlxxi.kit.metrics import Metrics
from hodlxxi.kit.network import parse_networks
from hodlxxi.kit.pages import Pages
from hodlxxi.kit.web import Cors, Edge, EdgePolicy, client_address, request_id_of
from tests.support.clock import FakeClock

SECRET = "hunter2-in-a-traceback"
REFUSALS: dict[str, errors.Refusal] = {
    "bad": errors.BadInput("pubkey: 66 hex digits are needed.", field="pubkey"),
    "nobody": errors.NotAuthenticated("Sign in first."),
    "forbidden": errors.Forbidden("Not yours."),
    "missing": errors.NotFound("No such thing."),
    "conflict": errors.Conflict("It exists."),
    "many": errors.TooMany("Slow down.", retry_after_s=9, limit=3),
    "away": errors.Unavailable("The database does not answer.", code="database_unavailable", retry_after_s=4),
}


async def _seen(request: Request) -> Response:
    return json_answer({"id": request_id_of(request), "address": client_address(request)})


async def _refuse(request: Request) -> Response:
    raise REFUSALS[request.path_params["kind"]]


async def _bug(_request: Request) -> Response:
    raise RuntimeError(SECRET)


async def _half(_request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError(SECRET)

    return StreamingResponse(chunks())


async def _framed(_request: Request) -> Response:
    return Response("x", headers={"Content-Security-Policy": "default-src 'none'"})


ROUTES = [
    Route("/seen", _seen, methods=["GET"]),
    Route("/open/seen", _seen, methods=["GET", "POST"]),
    Route("/listed/seen", _seen, methods=["GET"]),
    Route("/open/bug", _bug),
    Route("/open/refuse/{kind}", _refuse),
    Route("/refuse/{kind}", _refuse),
    Route("/bug", _bug),
    Route("/half", _half),
    Route("/framed", _framed),
]


def cors_of(path: str) -> Cors:
    """By the first part of the path."""
    if path.startswith("/open/"):
        return "open"
    return "listed" if path.startswith("/listed/") else "none"


def make_site(
    *,
    public_url: str = "https://login.example.org",
    proxies: str = "",
    origins: tuple[str, ...] = (),
    raise_errors: bool = False,
) -> tuple[httpx.AsyncClient, Metrics]:
    """A client of the site, and its metrics."""
    metrics = Metrics()
    edge = Edge(
        Router(ROUTES, redirect_slashes=False),
        policy=EdgePolicy(public_url, parse_networks(proxies), origins),
        clock=FakeClock(),
        metrics=metrics,
        pages=Pages(service_name="HODLXXI", version="0"),
        cors_of=cors_of,
        route_of={route.endpoint: route.path for route in ROUTES},
    )
    transport = httpx.ASGITransport(edge, raise_app_exceptions=raise_errors, client=("203.0.113.9", 4711))
    return httpx.AsyncClient(transport=transport, base_url=public_url), metrics
