"""Nostr over HTTP: for programs with an ``Authorization`` header, for our pages with a form."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hodlxxi.identity import browser as b
from hodlxxi.identity.caller import Authenticate, check_session
from hodlxxi.identity.landing import landing_path
from hodlxxi.identity.link_page import LinkPage, link_path
from hodlxxi.identity.linking import NEW_KEY_PATH
from hodlxxi.identity.login_page import LoginPage, local_path, login_url
from hodlxxi.identity.room import Neighbours
from hodlxxi.identity.routes import answer_signed_in
from hodlxxi.kit.answers import json_answer
from hodlxxi.kit.body import MAX_FORM_BYTES, Form, read_body, read_form, read_query
from hodlxxi.kit.clock import render_time
from hodlxxi.kit.errors import BadInput, Refusal, TooMany, Unavailable
from hodlxxi.kit.web import see_other
from hodlxxi.nostr.login import prove_key_with_event, sign_in_with_event
from hodlxxi.nostr.room import LINK_PATH, LOGIN_PATH, NostrRoom
from hodlxxi.nostr.rules import Event, parse_event, parse_header

_MAX_ID_CHARS = 64


def nostr_routes(room: NostrRoom, neighbours: Neighbours, authenticate: Authenticate) -> list[Route]:
    """Every route of this room."""
    api, pages = _Api(room, authenticate), _Pages(room, neighbours)
    return [
        Route(LOGIN_PATH, api.sign_in, methods=["POST"]),
        Route(LINK_PATH, api.prove, methods=["POST"]),
        Route("/login/nostr", pages.sign_in, methods=["POST"]),
        Route("/account/keys/nostr", pages.prove, methods=["POST"]),
    ]


class _Api:
    """The JSON endpoints; each parses, calls one use case and renders."""

    def __init__(self, room: NostrRoom, authenticate: Authenticate) -> None:
        self._room = room
        self._authenticate = authenticate

    async def sign_in(self, request: Request) -> Response:
        """``POST /api/auth/nostr?challenge=<id>`` with ``Authorization: Nostr <event>`` (NIP-98)."""
        room, identity = self._room, self._room.identity
        b.check_own_page(request, identity.policy.public_url)
        challenge_id, event, body = await _read(request, "challenge")
        visitor = await b.visitor_of(identity, request)
        return answer_signed_in(identity, await sign_in_with_event(room, challenge_id, event, body, visitor))

    async def prove(self, request: Request) -> Response:
        """``POST /api/auth/nostr/link?link=<id>``: proves a key for the account; it is added when it is confirmed."""
        room = self._room
        b.check_own_page(request, room.identity.policy.public_url)
        session = check_session(await self._authenticate(request))
        link_id, event, body = await _read(request, "link")
        link = await prove_key_with_event(room, session, link_id, event, body, b.origin_of(request))
        return json_answer(
            {
                "link_id": link.link_id,
                "proved": link.is_proved,
                "key": link.key,
                "kind": link.kind,
                "expires_at": render_time(link.expires_at),
            }
        )


class _Pages:
    """What the scripts of our pages send when a browser extension has signed."""

    def __init__(self, room: NostrRoom, neighbours: Neighbours) -> None:
        self._room = room
        self._login_page = LoginPage(room.identity, neighbours)
        self._link_page = LinkPage(room.identity, neighbours)

    async def sign_in(self, request: Request) -> Response:
        """``POST /login/nostr``: sign in and go on, or the sign-in page with what was wrong."""
        identity = self._room.identity
        form = await read_form(request)
        b.check_csrf(identity, request, await b.session_of(identity, request), form)
        next_path = local_path(form.get("next"))
        try:
            event, challenge_id = _event_in(form), _id_in(form, "challenge_id")
            visitor = await b.visitor_of(identity, request)
            signed_in = await sign_in_with_event(self._room, challenge_id, event, b"", visitor)
        except (TooMany, Unavailable):
            raise
        except Refusal as refusal:
            return await self._login_page.render(request, next_path, refusal, form)
        # An extension signs for whatever page asks: whoever got signed in here sees as whom.
        answer = see_other(landing_path(next_path) if signed_in.is_new_browser else next_path)
        b.set_session_cookie(identity, answer, signed_in.token, signed_in.session)
        return answer

    async def prove(self, request: Request) -> Response:
        """``POST /account/keys/nostr``: prove a further key, and on to the question whether to add it."""
        identity = self._room.identity
        form = await read_form(request)
        session = await b.session_of(identity, request)
        b.check_csrf(identity, request, session, form)
        if session is None:
            return see_other(login_url(NEW_KEY_PATH))
        link_id = _id_in(form, "link_id")
        try:
            event, origin = _event_in(form), b.origin_of(request)
            await prove_key_with_event(self._room, session, link_id, event, b"", origin)
        except (TooMany, Unavailable):
            raise
        except Refusal as refusal:
            return await self._link_page.go_on(request, session, link_id, refusal, form)
        return see_other(link_path(link_id))


async def _read(request: Request, name: str) -> tuple[str, Event, bytes]:
    """The id in the query, the event in the header and the body, which may be anything that the event names."""
    headers = request.headers.getlist("authorization")
    if len(headers) > 1:
        raise BadInput("Authorization: sent more than once.", field="authorization")
    event = parse_header(headers[0] if headers else None)
    return _id_in(read_query(request), name), event, await read_body(request, MAX_FORM_BYTES)


def _id_in(form: Form, name: str) -> str:
    value = form.get(name) or ""
    if not 0 < len(value) <= _MAX_ID_CHARS:
        raise BadInput(f"{name}: the id of what the event answers is needed.", field=name)
    return value


def _event_in(form: Form) -> Event:
    return parse_event((form.get("event") or "").encode(errors="surrogatepass"))
