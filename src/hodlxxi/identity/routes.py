"""The sign-in page and the JSON endpoints around sessions."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hodlxxi.audit.events import Event
from hodlxxi.identity import browser as b
from hodlxxi.identity import landing, sessions
from hodlxxi.identity.account_api import account_routes
from hodlxxi.identity.attempt import parse_attempt
from hodlxxi.identity.caller import Authenticate, check_session
from hodlxxi.identity.challenge import issue_challenge
from hodlxxi.identity.link_api import link_routes
from hodlxxi.identity.link_page import LinkPage
from hodlxxi.identity.linking import NEW_KEY_PATH
from hodlxxi.identity.login_page import LoginPage, local_path
from hodlxxi.identity.notice_api import notice_routes
from hodlxxi.identity.room import IdentityRoom, Neighbours
from hodlxxi.identity.session import Session
from hodlxxi.identity.sessions import SignedIn
from hodlxxi.identity.sign_in import sign_in
from hodlxxi.identity.store import OpenSession
from hodlxxi.kit.answers import json_answer
from hodlxxi.kit.body import read_form, read_json_object, read_query, text_field
from hodlxxi.kit.clock import render_time
from hodlxxi.kit.errors import BadInput, NotFound
from hodlxxi.kit.web import see_other


def identity_routes(room: IdentityRoom, neighbours: Neighbours, authenticate: Authenticate) -> list[Route]:
    """Every route of this room."""
    page = LoginPage(room, neighbours)
    link_page = LinkPage(room, neighbours)
    api = _Api(room, authenticate)
    return [
        Route("/login", page.show, methods=["GET"]),
        Route("/login", page.submit, methods=["POST"]),
        Route(landing.PATH, landing.LandingPage(room, neighbours).show, methods=["GET"]),
        Route("/logout", api.log_out, methods=["POST"]),
        Route("/api/auth/challenge", api.challenge, methods=["POST"]),
        Route("/verify_signature", api.verify_signature, methods=["POST"]),
        Route("/api/session", api.session, methods=["GET"]),
        Route("/api/sessions", api.list_sessions, methods=["GET"]),
        Route("/api/sessions", api.end_sessions, methods=["DELETE"]),
        Route(NEW_KEY_PATH, link_page.show, methods=["GET"]),
        Route(NEW_KEY_PATH, link_page.submit, methods=["POST"]),
        # Before the account's, whose /api/keys/{key} would else answer for /api/keys/links.
        *link_routes(room, authenticate),
        *account_routes(room, authenticate),
        *notice_routes(room, authenticate),
    ]


class _Api:
    """The JSON endpoints; each parses, calls one use case and renders."""

    def __init__(self, room: IdentityRoom, authenticate: Authenticate) -> None:
        self._room = room
        self._authenticate = authenticate

    async def challenge(self, request: Request) -> Response:
        """``POST /api/auth/challenge {pubkey? | address?}``."""
        room = self._room
        await room.limiter.check("challenge", b.origin_of(request).neighbourhood, room.policy.logins)
        body = await read_json_object(request)
        pubkey, address = (
            text_field(body, "pubkey", max_chars=200),
            text_field(body, "address", max_chars=200),
        )
        challenge = await issue_challenge(
            room, pubkey=pubkey, address=address, browser=b.known_browser(request)
        )
        return json_answer(
            {
                "challenge_id": challenge.challenge_id,
                "message": challenge.message,
                "expires_at": render_time(challenge.expires_at),
            }
        )

    async def verify_signature(self, request: Request) -> Response:
        """``POST /verify_signature {pubkey, message, signature, address?, challenge_id?}``."""
        room = self._room
        b.check_own_page(request, room.policy.public_url)
        body = await read_json_object(request)
        attempt = parse_attempt(room, request, lambda name, chars: text_field(body, name, max_chars=chars))
        signed_in = await sign_in(room, attempt, await b.visitor_of(room, request))
        return answer_signed_in(room, signed_in)

    async def log_out(self, request: Request) -> Response:
        """``POST /logout``: from the form of a page (with its CSRF token), or JSON from our own origin.

        A form may name where to go ``next``: to sign in with another key.
        """
        room = self._room
        session = await b.session_of(room, request)
        next_path = None
        is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        if is_form:
            form = await read_form(request)
            b.check_csrf(room, request, session, form)
            next_path = form.get("next")
        else:
            b.check_own_page(request, room.policy.public_url)
        if session is not None:
            origin = b.origin_of(request)
            await sessions.end_sessions(room, session.user_id, [session.digest], origin, Event.LOGOUT)
        if next_path is not None:
            answer: Response = see_other(local_path(next_path))
        elif is_form:
            answer = room.pages.render(request, "identity/signed_out.html", fault=None)
        else:
            answer = json_answer({"signed_out": True})
        b.clear_session_cookie(room, answer)
        return answer

    async def session(self, request: Request) -> Response:
        """``GET /api/session``: who is signed in here."""
        session = check_session(await self._authenticate(request))
        return json_answer(
            {
                "pubkey": session.user_id,
                "key": session.key,
                "auth_time": render_time(session.auth_time),
                "acr": session.acr,
                "amr": list(session.amr),
                "expires_at": render_time(session.expires_at),
            }
        )

    async def list_sessions(self, request: Request) -> Response:
        """``GET /api/sessions``: this person's open sessions."""
        session = check_session(await self._authenticate(request))
        found = await sessions.list_sessions(self._room, session.user_id)
        return json_answer({"sessions": [_render_open(item, session) for item in found]})

    async def end_sessions(self, request: Request) -> Response:
        """``DELETE /api/sessions?id=…`` ends one; ``?all=1`` ends all others."""
        room = self._room
        b.check_own_page(request, room.policy.public_url)
        session = check_session(await self._authenticate(request))
        origin = b.origin_of(request)
        query = read_query(request)
        if query.get("all") == "1":
            return json_answer({"ended": await sessions.end_other_sessions(room, session, origin)})
        wanted = query.get("id")
        if wanted is None:
            raise BadInput("id: name the session to end, or send all=1 to end all others.", field="id")
        found = await sessions.list_sessions(room, session.user_id)
        chosen = [s.digest for s in found if public_id(s.digest) == wanted]
        if not chosen:
            raise NotFound("There is no such open session.")
        ended = await sessions.end_sessions(room, session.user_id, chosen, origin, Event.SESSION_REVOKED)
        return json_answer({"ended": ended})


def answer_signed_in(room: IdentityRoom, signed_in: SignedIn) -> Response:
    """What a program gets for a proof that holds, with the session's cookie."""
    session = signed_in.session
    answer = json_answer(
        {
            "verified": True,
            "pubkey": session.user_id,
            "user": {"pubkey": session.user_id, "is_new": signed_in.is_new_user, "key": session.key},
            "expires_at": render_time(session.expires_at),
        }
    )
    b.set_session_cookie(room, answer, signed_in.token, session)
    return answer


def public_id(digest: str) -> str:
    """How a session is named to its owner; useless as a cookie."""
    return digest[:16]


def _render_open(item: OpenSession, current: Session) -> dict[str, Any]:
    return {
        "id": public_id(item.digest),
        "current": item.digest == current.digest,
        "key": item.key,
        "created_at": render_time(item.created_at),
        "last_used_at": render_time(item.last_used_at or item.created_at),
        "expires_at": render_time(item.expires_at),
        "ip_address": item.ip_address,
        "device": item.user_agent,
        "amr": list(item.amr),
    }
