"""The edge of HTTP: what every request and every answer has in common, whatever the room.

One ASGI layer, ``Edge``, does it in one pass: the request id, the security headers, CORS, refusals to answers, the log
line and the latency metric. It sits outside everything, so an error has its CORS and security headers too.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hodlxxi.kit.answers import WORDS, envelope, json_answer, refusal_headers, status_of, wants_html
from hodlxxi.kit.clock import Clock
from hodlxxi.kit.errors import Refusal, Unavailable
from hodlxxi.kit.metrics import Metrics
from hodlxxi.kit.network import Network, forwarded_address
from hodlxxi.kit.pages import Pages
from hodlxxi.kit.ratelimit import quota_of_request

log = structlog.get_logger("http")

CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_ORIGIN = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]+)?(?=/|$)")
_HSTS = "max-age=31536000"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_QUIET_PATHS = ("/health", "/metrics", "/static")

ON_ANSWER = "headers_on_answer"

Cors = Literal["none", "open", "listed"]


@dataclass(frozen=True, slots=True)
class EdgePolicy:
    """What an operator decides about the edge."""

    public_url: str
    trusted_proxies: tuple[Network, ...] = ()
    cors_origins: tuple[str, ...] = ()

    @property
    def is_https(self) -> bool:
        """Whether people reach us over TLS."""
        return self.public_url.startswith("https://")


class Edge:
    """The outermost ASGI layer. ``cors_of`` tells a path's CORS rule, ``route_of`` names an endpoint for the metrics.

    ``allow_of`` tells which methods an endpoint's address takes: a router knows only those of the route that it found first.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        policy: EdgePolicy,
        clock: Clock,
        metrics: Metrics,
        pages: Pages,
        cors_of: Callable[[str], Cors],
        route_of: Mapping[Any, str],
        allow_of: Mapping[Any, str] | None = None,
    ) -> None:
        self._app = app
        self._policy = policy
        self._clock = clock
        self._metrics = metrics
        self._pages = pages
        self._cors_of = cors_of
        self._route_of = route_of
        self._allow_of = allow_of or {}
        self._fixed = dict(SECURITY_HEADERS)
        if policy.is_https:
            self._fixed["Strict-Transport-Security"] = _HSTS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        scope["app"] = self  # makes Starlette raise its 404 and 405 to us, instead of answering in plain text
        request = Request(scope, receive)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id = _request_id(request)
        state["client_address"] = forwarded_address(scope, self._policy.trusted_proxies)
        cors = self._cors_headers(request)
        status = 500
        began = False

        async def send_dressed(message: Message) -> None:
            nonlocal status, began
            if message["type"] == "http.response.start":
                began = True
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in self._fixed.items():
                    headers.setdefault(name, value)
                headers["X-Request-ID"] = request_id
                quota = quota_of_request.get()
                extra = cors | state.get(ON_ANSWER, {})
                extra = extra if quota is None else extra | quota.headers()
                for name, value in extra.items():
                    headers.setdefault(name, value)
            await send(message)

        quota_of_request.set(None)
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            if request.method == "OPTIONS" and "access-control-request-method" in request.headers:
                await _preflight(cors)(scope, receive, send_dressed)
                return
            try:
                await self._app(scope, receive, send_dressed)
            except Exception as error:  # the edge: everything becomes an answer
                if began:
                    log.exception("answer_broken_off", path=scope["path"])
                    raise
                await self.answer_to(request, error)(scope, receive, send_dressed)
        finally:
            self._finish(scope, status, time.perf_counter() - started)
            structlog.contextvars.unbind_contextvars("request_id")

    def answer_to(self, request: Request, error: Exception) -> Response:
        """The answer to a refusal, to Starlette's own 404 and 405, or to a bug."""
        if isinstance(error, Refusal):
            status, code, text, field = status_of(error), error.code, error.text, error.field
            headers = refusal_headers(error)
            if isinstance(error, Unavailable):
                log.error("dependency_away", error_code=code, cause=type(error.__cause__).__name__)
        elif isinstance(error, HTTPException):
            status, field = error.status_code, None
            code = WORDS.get(status, "invalid_request")
            text = {404: "There is nothing here.", 405: "This address does not take that method."}.get(
                status, str(error.detail)
            )
            headers = dict(error.headers or {})
            allowed = self._allow_of.get(request.scope.get("endpoint"))
            if status == 405 and allowed is not None:
                headers = {"Allow": allowed}
        else:
            log.exception("bug", path=request.url.path)
            status, code, field, headers = 500, "internal_error", None, {}
            text = "Something went wrong on our side. The request id helps the operator to find out what."
        if wants_html(request):
            return self._pages.error(request, status, code, text, headers)
        return json_answer(envelope(self._clock, request_id_of(request), code, text, field), status, headers)

    def _cors_headers(self, request: Request) -> dict[str, str]:
        origin = request.headers.get("origin")
        if origin is None:
            return {}
        rule = self._cors_of(request.url.path)
        listed = self._policy.cors_origins
        if rule == "none" or (rule == "listed" and origin not in listed) or (listed and origin not in listed):
            return {}
        allowed = origin if listed else "*"
        exposed = "DPoP-Nonce, WWW-Authenticate, Retry-After, X-Request-ID"
        headers = {"Access-Control-Allow-Origin": allowed, "Access-Control-Expose-Headers": exposed}
        return headers | {"Vary": "Origin"} if listed else headers

    def _finish(self, scope: Scope, status: int, seconds: float) -> None:
        path = scope["path"]
        route = self._route_of.get(scope.get("endpoint"), "unmatched")
        self._metrics.observe_request(scope["method"], route, status, seconds)
        if status >= 500 or not path.startswith(_QUIET_PATHS):
            log.info(
                "request",
                method=scope["method"],
                path=path if route != "unmatched" else path[:100],
                status=status,
                ms=round(seconds * 1000, 1),
                ip=scope["state"]["client_address"],
            )


def csp_with_image(uri: str | None) -> dict[str, str]:
    """The header for a page that shows one image of another site, such as an app's logo.

    (No ``form-action`` anywhere: browsers would apply it to the way back to the app.)
    """
    origin = _ORIGIN.match(uri) if uri else None
    if origin is None:
        return {}
    # Only the origin: a path may hold the characters that part one directive from the next.
    return {
        "Content-Security-Policy": CSP.replace("img-src 'self' data:", f"img-src 'self' data: {origin[0]}")
    }


def _preflight(cors: Mapping[str, str]) -> Response:
    headers = dict(cors)
    if cors:
        headers |= {
            "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
            "Access-Control-Allow-Headers": "Authorization, Content-Type, DPoP",
            "Access-Control-Max-Age": "600",
        }
    return Response(status_code=204, headers=headers)


def _request_id(request: Request) -> str:
    given = request.headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)


def put_on_answer(request: Request, name: str, value: str) -> None:
    """Have a header on the answer of this request, whatever that will be: success, refusal or bug."""
    request.scope["state"].setdefault(ON_ANSWER, {})[name] = value


def request_id_of(request: Request) -> str:
    """This request's id, as it stands in ``X-Request-ID`` and in every log line."""
    return str(request.scope["state"]["request_id"])


def client_address(request: Request) -> str:
    """Who connects, through the configured proxies."""
    return str(request.scope["state"]["client_address"])


def see_other(url: str) -> RedirectResponse:
    """303: after a POST the browser goes on with a GET, and takes no body along."""
    return RedirectResponse(url, status_code=303, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


def is_same_origin(request: Request, public_url: str) -> bool:
    """Whether a browser says that our own page made this request (``Origin``, else ``Sec-Fetch-Site``); True without both.

    Browsers send ``Origin`` on every POST, so a missing one means a client that is not a browser.
    """
    origin = request.headers.get("origin")
    if origin is not None:
        ours = urlsplit(public_url)
        return origin == f"{ours.scheme}://{ours.netloc}"
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
