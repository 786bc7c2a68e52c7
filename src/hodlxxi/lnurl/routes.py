"""The endpoints of a Lightning login. Towards wallets every error is 200 with ``{"status":"ERROR"}`` (LUD-01)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace

import structlog
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from hodlxxi.bitcoin.bech32 import encode_lnurl
from hodlxxi.identity import browser as b
from hodlxxi.identity.login_page import local_path
from hodlxxi.identity.room import LoginOffer
from hodlxxi.identity.sessions import SignedIn, Visitor
from hodlxxi.kit.answers import json_answer
from hodlxxi.kit.body import read_form, read_json_object, read_query, text_field
from hodlxxi.kit.clock import render_time
from hodlxxi.kit.errors import NotFound, Refusal
from hodlxxi.kit.web import request_id_of, see_other
from hodlxxi.lnurl import store
from hodlxxi.lnurl.callback import answer_login
from hodlxxi.lnurl.claim import claim_login, find_waiting
from hodlxxi.lnurl.create import Created, create_login
from hodlxxi.lnurl.events import stream_events
from hodlxxi.lnurl.qr import draw_qr
from hodlxxi.lnurl.room import LnurlRoom
from hodlxxi.lnurl.rules import CHALLENGE_LIFE, callback_url, is_session_id, parse_action, parse_answer

log = structlog.get_logger("lnurl")

CLAIM_COOKIE = "lnurl_claim"
# The page's own form posts to the second one.
CLAIM_PATHS = ("/api/lnurl-auth", "/login/lnurl")
CLAIM_LIFE_S = 2 * round(CHALLENGE_LIFE.total_seconds())
CALLBACK_PATH = "/api/lnurl-auth/callback/"


def lnurl_routes(room: LnurlRoom) -> list[Route]:
    """Every route of this room."""
    views = _Views(room)
    return [
        Route("/api/lnurl-auth/create", views.create, methods=["POST"]),
        Route("/api/lnurl-auth/params", views.params, methods=["GET"]),
        Route("/api/lnurl-auth/callback/{session_id}", views.callback, methods=["GET"]),
        Route("/api/lnurl-auth/check/{session_id}", views.check, methods=["GET"]),
        Route("/api/lnurl-auth/events/{session_id}", views.events, methods=["GET"]),
        Route("/api/lnurl-auth/qr/{session_id}", views.qr, methods=["GET"]),
        Route("/login/lnurl", views.go_on, methods=["POST"]),
    ]


def offer_lnurl(room: LnurlRoom) -> Callable[[Request, str], Awaitable[LoginOffer | None]]:
    """What the sign-in page shows of us: a login for the browser with this digest."""

    async def offer(request: Request, browser: str) -> LoginOffer | None:
        visitor = Visitor(b.origin_of(request), request.headers.get("user-agent", ""), browser)
        created = await create_login(room, "login", visitor)
        session_id = created.challenge.session_id
        cookies = tuple((CLAIM_COOKIE, created.claim_token, path, CLAIM_LIFE_S) for path in CLAIM_PATHS)
        return LoginOffer(
            session_id, created.lnurl, created.link, f"/api/lnurl-auth/qr/{session_id}", cookies
        )

    return offer


class _Views:
    def __init__(self, room: LnurlRoom) -> None:
        self._room = room

    async def create(self, request: Request) -> Response:
        """``POST /api/lnurl-auth/create {action?}``."""
        room = self._room
        b.check_own_page(request, room.identity.policy.public_url)
        body = await read_json_object(request)
        action = parse_action(text_field(body, "action", max_chars=16))
        # A browser that we do not know yet gets its cookie, so that its next login ends this one.
        browser = b.browser_of(request)
        visitor = replace(await b.visitor_of(room.identity, request), browser=browser.digest)
        created = await create_login(room, action, visitor)
        answer = json_answer(
            {
                "session_id": created.challenge.session_id,
                "lnurl": created.lnurl,
                "qr_code_data": created.qr_text,
                "k1": created.challenge.k1,
                "expires_in": round(CHALLENGE_LIFE.total_seconds()),
                "claim_token": created.claim_token,
            }
        )
        self._set_claim(answer, created)
        b.remember_browser(room.identity, answer, browser)
        return answer

    async def params(self, request: Request) -> Response:
        """``GET /api/lnurl-auth/params?session_id=``: for the seed's clients; wallets read the LNURL itself."""
        session_id = read_query(request).get("session_id") or ""
        identity = self._room.identity
        challenge = None
        if is_session_id(session_id):
            async with identity.db.read() as tx:
                challenge = await store.find_challenge(tx, session_id)
        if challenge is None or challenge.expires_at <= identity.clock.now():
            raise NotFound("There is no such login, or it has expired.")
        url = callback_url(self._room.policy.url, challenge)
        return json_answer(
            {
                "tag": "login",
                "k1": challenge.k1,
                "callback": url,
                "callback_url": url,
                "action": challenge.action,
            }
        )

    async def callback(self, request: Request) -> Response:
        """``GET /api/lnurl-auth/callback/<session_id>?k1&sig&key``: the wallet's answer."""
        try:
            query = read_query(request)
            answer = parse_answer(query.get("k1"), query.get("sig"), query.get("key"))
            await answer_login(self._room, request.path_params["session_id"], answer, b.origin_of(request))
        except Refusal as refusal:
            return json_answer({"status": "ERROR", "reason": refusal.text})
        except Exception:  # a wallet shows only the reason of a 200
            log.exception("bug", path="lnurl callback")
            reason = f"Something went wrong on our side (request {request_id_of(request)})."
            return json_answer({"status": "ERROR", "reason": reason})
        return json_answer({"status": "OK"})

    async def check(self, request: Request) -> Response:
        """``GET /api/lnurl-auth/check/<session_id>``: the session, for the holder of the claim secret, once."""
        signed_in = await self._claim(request, request.path_params["session_id"])
        if signed_in is None:
            return json_answer({"verified": False})
        session = signed_in.session
        answer = json_answer(
            {
                "verified": True,
                "pubkey": session.user_id,
                "session_token": signed_in.token,
                "expires_at": render_time(session.expires_at),
            }
        )
        self._sign_in(answer, signed_in)
        return answer

    async def events(self, request: Request) -> Response:
        """``GET /api/lnurl-auth/events/<session_id>``: the same news as server-sent events."""
        stream = stream_events(self._room, request.path_params["session_id"], _claim_token(request))
        # Up to its first words, so that a refusal still becomes an answer of its own.
        begun = _resume(await anext(stream), stream)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(begun, media_type="text/event-stream", headers=headers)

    async def qr(self, request: Request) -> Response:
        """``GET /api/lnurl-auth/qr/<session_id>``: the QR code for a page without script, for its own browser only."""
        challenge = await find_waiting(self._room, request.path_params["session_id"], _claim_token(request))
        if challenge is None:
            raise NotFound("There is no such login.")
        lnurl = encode_lnurl(callback_url(self._room.policy.url, challenge))
        drawn = await draw_qr(f"LIGHTNING:{lnurl}")
        return Response(drawn, media_type="image/svg+xml", headers={"Cache-Control": "no-store"})

    async def go_on(self, request: Request) -> Response:
        """``POST /login/lnurl``: the page's button and its script, after the wallet has signed."""
        identity = self._room.identity
        form = await read_form(request)
        b.check_csrf(identity, request, await b.session_of(identity, request), form)
        session_id, next_path = form.get("session_id") or "", local_path(form.get("next"))
        signed_in = await self._claim(request, session_id)
        if signed_in is not None:
            answer: Response = see_other(next_path)
            self._sign_in(answer, signed_in)
            return answer
        waiting = await find_waiting(self._room, session_id, _claim_token(request))
        if waiting is not None and waiting.claimed_at is not None:
            return see_other(next_path)  # the button was pressed twice
        is_over = waiting is None or waiting.expires_at <= identity.clock.now()
        return identity.pages.render(
            request,
            "lnurl/waiting.html",
            csrf=form.get("csrf") or "",
            session_id=session_id,
            next=next_path,
            is_over=is_over,
            text="This login has expired. Start again." if is_over else "Your wallet has not signed yet.",
        )

    async def _claim(self, request: Request, session_id: str) -> SignedIn | None:
        room = self._room
        return await claim_login(
            room, session_id, _claim_token(request), await b.visitor_of(room.identity, request)
        )

    def _sign_in(self, answer: Response, signed_in: SignedIn) -> None:
        b.set_session_cookie(self._room.identity, answer, signed_in.token, signed_in.session)
        for path in CLAIM_PATHS:
            self._set_cookie(answer, "", path, 0)

    def _set_claim(self, answer: Response, created: Created) -> None:
        for path in CLAIM_PATHS:
            self._set_cookie(answer, created.claim_token, path, CLAIM_LIFE_S)

    def _set_cookie(self, answer: Response, value: str, path: str, life_s: int) -> None:
        secure = self._room.identity.policy.secure_cookies
        answer.set_cookie(
            CLAIM_COOKIE, value, max_age=life_s, path=path, secure=secure, httponly=True, samesite="strict"
        )


async def _resume(first: bytes, stream: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    async with aclosing(stream):
        yield first
        async for words in stream:
            yield words


def _claim_token(request: Request) -> str | None:
    """The claim secret: ``Authorization: Bearer`` of a client without cookies, else the cookie; never the query."""
    header = request.headers.get("authorization", "")
    token = header[7:].strip() if header[:7].lower() == "bearer " else request.cookies.get(CLAIM_COOKIE, "")
    return token if 20 <= len(token) <= 100 else None
