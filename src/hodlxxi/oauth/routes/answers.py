"""How the provider's refusals look on the wire: RFC 6749's body with the request's id, and the headers that belong to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from hodlxxi.kit.answers import TooLarge, envelope, json_answer, refusal_headers, status_of
from hodlxxi.kit.body import Form
from hodlxxi.kit.clock import Clock
from hodlxxi.kit.errors import BadInput, Refusal, Unavailable
from hodlxxi.kit.web import request_id_of
from hodlxxi.oauth.bearer import ScopeMissing, TokenRefused
from hodlxxi.oauth.rules.errors import OAuthRefusal, Word, plain_text

Endpoint = Callable[[Request], Awaitable[Response]]


def oauth_errors(endpoint: Endpoint) -> Endpoint:
    """The endpoint, with every refusal in OAuth's shape (reference oauth §1)."""

    @wraps(endpoint)
    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Refusal as refusal:
            return oauth_error(request, refusal)

    return answered


def api_errors(clock: Clock) -> Callable[[Endpoint], Endpoint]:
    """The endpoint, with every refusal in the product's shape, plus ``WWW-Authenticate`` (reference oauth §2.3)."""

    def decorate(endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        async def answered(request: Request) -> Response:
            try:
                return await endpoint(request)
            except (TokenRefused, ScopeMissing, OAuthRefusal) as refusal:
                body = envelope(clock, request_id_of(request), refusal.code, refusal.text)
                return json_answer(body, _status(refusal), refusal_headers(refusal))

        return answered

    return decorate


def oauth_error(request: Request, refusal: Refusal) -> Response:
    """One refusal as an OAuth error."""
    word = refusal.code
    if isinstance(refusal, BadInput):
        word = Word.INVALID_REQUEST.value
    elif isinstance(refusal, Unavailable):
        word = Word.TEMPORARILY_UNAVAILABLE.value
    body = {
        "error": word,
        "error_description": plain_text(refusal.text),
        "request_id": request_id_of(request),
    }
    return json_answer(body, _status(refusal), refusal_headers(refusal))


def single_values(form: Form) -> dict[str, str]:
    """The form's parameters but ``resource``. Raises ``BadInput`` when one was sent twice (RFC 6749 §3.2)."""
    return {name: form.get(name) or "" for name in form.names() if name != "resource"}


def _status(refusal: Refusal) -> int:
    if isinstance(refusal, OAuthRefusal):
        return refusal.status
    if isinstance(refusal, BadInput) and not isinstance(refusal, TooLarge):
        return 400
    return status_of(refusal)
