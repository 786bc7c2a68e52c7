"""The JSON endpoints of notices: what was done to this account by other sessions."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hodlxxi.identity import browser as b
from hodlxxi.identity import notices
from hodlxxi.identity.caller import Authenticate, check_session
from hodlxxi.identity.notice_store import Notice
from hodlxxi.identity.room import IdentityRoom
from hodlxxi.kit.answers import json_answer
from hodlxxi.kit.body import read_json_object, text_field
from hodlxxi.kit.clock import render_time


def notice_routes(room: IdentityRoom, authenticate: Authenticate) -> list[Route]:
    """Every route of notices."""
    api = _NoticeApi(room, authenticate)
    return [
        Route("/api/notices", api.list_notices, methods=["GET"]),
        Route("/api/notices/read", api.mark_read, methods=["POST"]),
    ]


class _NoticeApi:
    """For the signed-in person, never for an app."""

    def __init__(self, room: IdentityRoom, authenticate: Authenticate) -> None:
        self._room = room
        self._authenticate = authenticate

    async def list_notices(self, request: Request) -> Response:
        """``GET /api/notices``: the newest first, at most 50."""
        session = check_session(await self._authenticate(request))
        found = await notices.list_notices(self._room, session)
        return json_answer({"notices": [_render(notice) for notice in found]})

    async def mark_read(self, request: Request) -> Response:
        """``POST /api/notices/read {until?}``: this browser has read them, up to the one that is named."""
        b.check_own_page(request, self._room.policy.public_url)
        session = check_session(await self._authenticate(request))
        until = text_field(await read_json_object(request), "until", max_chars=100)
        return json_answer({"read": await notices.mark_read(self._room, session, until)})


def _render(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.notice_id,
        "kind": notice.kind,
        "at": render_time(notice.at),
        "text": notices.describe_notice(notice),
        "details": notice.details,
        "read": notice.is_read,
    }
