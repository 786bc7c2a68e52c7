"""The JSON endpoints for adding a key: begin, look, prove, confirm. For a signed-in person, never for an app."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hodlxxi.identity import browser as b
from hodlxxi.identity import linking
from hodlxxi.identity.account_api import render_key
from hodlxxi.identity.account_rules import parse_name
from hodlxxi.identity.attempt import parse_attempt
from hodlxxi.identity.caller import Authenticate, check_session
from hodlxxi.identity.link_rules import Link
from hodlxxi.identity.room import IdentityRoom
from hodlxxi.identity.session import Session
from hodlxxi.kit.answers import json_answer
from hodlxxi.kit.body import needed_text, read_json_object, text_field
from hodlxxi.kit.clock import render_time


def link_routes(room: IdentityRoom, authenticate: Authenticate) -> list[Route]:
    """Every route of linking that is for programs."""
    api = _LinkApi(room, authenticate)
    return [
        Route("/api/keys", api.confirm, methods=["POST"]),
        Route("/api/keys/links", api.begin, methods=["POST"]),
        Route("/api/keys/links/{link_id}", api.show, methods=["GET"]),
        Route("/api/keys/links/{link_id}/proof", api.prove, methods=["POST"]),
    ]


class _LinkApi:
    """Each parses, calls one use case and renders."""

    def __init__(self, room: IdentityRoom, authenticate: Authenticate) -> None:
        self._room = room
        self._authenticate = authenticate

    async def begin(self, request: Request) -> Response:
        """``POST /api/keys/links {pubkey? | address?}``: a text for the new key to sign; needs a fresh sign-in."""
        session = await self._session(request)
        body = await read_json_object(request)
        link = await linking.begin_link(
            self._room,
            session,
            await b.visitor_of(self._room, request),
            pubkey=text_field(body, "pubkey", max_chars=200),
            address=text_field(body, "address", max_chars=200),
        )
        answer = {
            "link_id": link.link_id,
            "message": link.message,
            "expires_at": render_time(link.expires_at),
        }
        return json_answer(answer, 201)

    async def show(self, request: Request) -> Response:
        """``GET /api/keys/links/{link_id}``: whether a key proved itself, and which."""
        session = check_session(await self._authenticate(request))
        link = await linking.get_link(self._room, session, request.path_params["link_id"])
        return json_answer(_render_link(link))

    async def prove(self, request: Request) -> Response:
        """``POST /api/keys/links/{link_id}/proof {pubkey | address, signature, message?}``: adds nothing by itself."""
        session = await self._session(request)
        body, link_id = await read_json_object(request), request.path_params["link_id"]

        def field(name: str, chars: int) -> str | None:
            return link_id if name == "challenge_id" else text_field(body, name, max_chars=chars)

        attempt = parse_attempt(self._room, request, field)
        origin = b.origin_of(request)
        return json_answer(
            _render_link(await linking.prove_link(self._room, session, link_id, attempt, origin))
        )

    async def confirm(self, request: Request) -> Response:
        """``POST /api/keys {link_id, label?}``: the proved key becomes one of the account's."""
        session = await self._session(request)
        body = await read_json_object(request)
        link_id = needed_text(body, "link_id", max_chars=100)
        label = parse_name(text_field(body, "label"), "label")
        key = await linking.confirm_link(self._room, session, link_id, label, b.origin_of(request))
        return json_answer(render_key(key, session), 201)

    async def _session(self, request: Request) -> Session:
        """The person's session, for a request that comes from our own pages, or from no page at all."""
        b.check_own_page(request, self._room.policy.public_url)
        return check_session(await self._authenticate(request))


def _render_link(link: Link) -> dict[str, Any]:
    return {
        "link_id": link.link_id,
        "proved": link.is_proved,
        "key": link.key,
        "kind": link.kind,
        "expires_at": render_time(link.expires_at),
    }
