"""Endpoints that people visit with a browser: whatever goes wrong is a page."""

from __future__ import annotations

from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from hodlxxi.kit.answers import refusal_headers, status_of
from hodlxxi.kit.errors import Refusal
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.routes.answers import Endpoint


def with_pages(room: OAuthRoom, endpoint: Endpoint) -> Endpoint:
    """The endpoint, with every refusal as a page, whatever the browser says that it accepts."""

    @wraps(endpoint)
    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Refusal as refusal:
            status, headers = status_of(refusal), refusal_headers(refusal)
            return room.pages.error(request, status, refusal.code, refusal.text, headers)

    return answered
