"""The part of a request that a DPoP proof speaks about, and the nonce for the next one (RFC 9449 §8.2)."""

from __future__ import annotations

from starlette.requests import Request

from hodlxxi.kit.web import put_on_answer
from hodlxxi.oauth.bearer import ApiCall
from hodlxxi.oauth.possession import HttpCall, current_nonce
from hodlxxi.oauth.room import OAuthRoom


def http_call(room: OAuthRoom, request: Request) -> HttpCall:
    """Method, path and proofs. Whoever sends a proof finds a fresh nonce on the answer, whatever that is."""
    proofs = tuple(request.headers.getlist("dpop"))
    if proofs:
        put_on_answer(request, "DPoP-Nonce", current_nonce(room))
    # As it was sent: an escape is compared as an escape. A server that does not tell has no escapes in its paths.
    raw: bytes | None = request.scope.get("raw_path")
    path = raw.decode("latin-1") if raw is not None else request.url.path
    return HttpCall(request.method, path, proofs)


def api_call(room: OAuthRoom, request: Request, form_token: str | None = None) -> ApiCall:
    """A call with an access token."""
    return ApiCall(request.headers.getlist("authorization"), http_call(room, request), form_token)
