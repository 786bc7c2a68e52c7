"""How a refusal looks on the wire: the product's JSON envelope, or a page for a browser (contract §1)."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from hodlxxi.kit import errors
from hodlxxi.kit.clock import Clock, render_time

STATUS: dict[type[errors.Refusal], int] = {
    errors.BadInput: 400,
    errors.NotAuthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}
WORDS = {
    400: "invalid_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}

_encode = msgspec.json.Encoder().encode

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class TooLarge(errors.BadInput):
    """The body or a part of it is larger than the route allows (413)."""

    code = "too_large"


class WrongMediaType(errors.BadInput):
    """The body is not of the type that the route reads (415)."""

    code = "unsupported_media_type"


STATUS[TooLarge] = 413
STATUS[WrongMediaType] = 415


def status_of(refusal: errors.Refusal) -> int:
    """The HTTP status of a refusal."""
    for kind in type(refusal).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return 400


def json_answer(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON; ``no-store`` unless a header says otherwise, as nearly all that we answer is somebody's own."""
    merged = {**NO_STORE, **headers} if headers else NO_STORE
    return Response(_encode(content), status_code=status, headers=merged, media_type="application/json")


def refusal_headers(refusal: errors.Refusal) -> dict[str, str]:
    """What a refusal says in header fields: when to come back, where a limit stands, and which proof is wanted."""
    headers = {}
    if isinstance(refusal, errors.TooMany):
        retry = str(refusal.retry_after_s)
        headers = {
            "Retry-After": retry,
            "RateLimit-Limit": str(refusal.limit),
            "RateLimit-Remaining": "0",
            "RateLimit-Reset": retry,
        }
    elif isinstance(refusal, errors.Unavailable):
        headers = {"Retry-After": str(refusal.retry_after_s)}
    challenge = getattr(refusal, "challenge", None)
    return headers | {"WWW-Authenticate": challenge} if challenge else headers


def envelope(
    clock: Clock, request_id: str, error: str, text: str, field: str | None = None
) -> dict[str, str]:
    """The body of every product error."""
    body = {
        "error": error,
        "error_description": text,
        "timestamp": render_time(clock.now()),
        "request_id": request_id,
    }
    if field:
        body["field"] = field
    return body


def wants_html(request: Request) -> bool:
    """Whether a browser asks for a page (``Accept`` names ``text/html``)."""
    return "text/html" in request.headers.get("accept", "")
