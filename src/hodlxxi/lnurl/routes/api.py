"""What wallets and programs call. Towards wallets every error is 200 with ``{"status":"ERROR"}`` (LUD-01)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hodlxxi.bitcoin.bech32 import encode_lnurl
from hodlxxi.identity import browser as b
from hodlxxi.identity.linking import begin_link
from hodlxxi.kit.answers import json_answer
from hodlxxi.kit.body import read_json_object, read_query, text_field
from hodlxxi.kit.clock import render_time
from hodlxxi.kit.errors import NotAuthenticated, NotFound, Refusal
from hodlxxi.kit.web import request_id_of
from hodlxxi.lnurl import store
from hodlxxi.lnurl.callback import answer_login
from hodlxxi.lnurl.claim import claim_login, find_waiting
from hodlxxi.lnurl.create import create_login, create_proof, phone_url
from hodlxxi.lnurl.events import stream_events
from hodlxxi.lnurl.qr import draw_qr
from hodlxxi.lnurl.room import LnurlRoom
from hodlxxi.lnurl.routes.claim_cookie import claim_token_of, drop_claim, set_claim
from hodlxxi.lnurl.rules import (
    CHALLENGE_LIFE,
    callback_url,
    has_proved,
    is_session_id,
    parse_action,
    parse_answer,
)

log = structlog.get_logger("lnurl")

CALLBACK_PATH = "/api/lnurl-auth/callback/"


class LightningApi:
    """The JSON endpoints, the wallet's callback and the event stream; each parses, calls one use case and renders."""

    def __init__(self, room: LnurlRoom) -> None:
        self._room = room

    async def create(self, request: Request) -> Response:
        """``POST /api/lnurl-auth/create {action?}``; ``link`` is for a fresh session, and begins a link of its own."""
        room = self._room
        b.check_own_page(request, room.identity.policy.public_url)
        body = await read_json_object(request)
        action = parse_action(text_field(body, "action", max_chars=16))
        # A browser that we do not know yet gets its cookie, so that its next login ends this one.
        browser = b.browser_of(request)
        visitor = replace(await b.visitor_of(room.identity, request), browser=browser.digest)
        linked: dict[str, str] = {}
        if action == "link":
            if visitor.old is None:
                raise NotAuthenticated("Sign in first.")
            link = await begin_link(room.identity, visitor.old, visitor)
            created = await create_proof(room, visitor, link.link_id, link.user_id)
            linked = {"link_id": link.link_id}
        else:
            created = await create_login(room, action, visitor)
        answer = json_answer(
            linked
            | {
                "session_id": created.challenge.session_id,
                "lnurl": created.lnurl,
                "qr_code_data": created.qr_text,
                "k1": created.challenge.k1,
                "expires_in": round(CHALLENGE_LIFE.total_seconds()),
                "claim_token": created.claim_token,
            }
        )
        set_claim(room, answer, created.claim_token)
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
            session_id, agent = request.path_params["session_id"], request.headers.get("user-agent", "")
            await answer_login(self._room, session_id, answer, b.origin_of(request), agent)
        except Refusal as refusal:
            return json_answer({"status": "ERROR", "reason": refusal.text})
        except Exception:  # a wallet shows only the reason of a 200
            log.exception("bug", path="lnurl callback")
            reason = f"Something went wrong on our side (request {request_id_of(request)})."
            return json_answer({"status": "ERROR", "reason": reason})
        return json_answer({"status": "OK"})

    async def check(self, request: Request) -> Response:
        """``GET /api/lnurl-auth/check/<session_id>``: the session, for the holder of the claim secret, once."""
        room = self._room
        visitor = await b.visitor_of(room.identity, request)
        session_id = request.path_params["session_id"]
        signed_in = await claim_login(room, session_id, claim_token_of(request), visitor)
        if signed_in is None:
            return json_answer(await self._proved(session_id, request))
        session = signed_in.session
        answer = json_answer(
            {
                "verified": True,
                "pubkey": session.user_id,
                "session_token": signed_in.token,
                "expires_at": render_time(session.expires_at),
            }
        )
        b.set_session_cookie(room.identity, answer, signed_in.token, session)
        drop_claim(room, answer)
        return answer

    async def _proved(self, session_id: str, request: Request) -> dict[str, Any]:
        """What its holder learns of a login that opens no session (yet): a key that was proved for a link."""
        challenge = await find_waiting(self._room, session_id, claim_token_of(request))
        if challenge is None or not has_proved(challenge, self._room.identity.clock.now()):
            return {"verified": False}
        return {"verified": True, "link_id": challenge.link_id, "key": challenge.pubkey}

    async def events(self, request: Request) -> Response:
        """``GET /api/lnurl-auth/events/<session_id>``: the same news as server-sent events."""
        stream = stream_events(self._room, request.path_params["session_id"], claim_token_of(request))
        # Up to its first words, so that a refusal still becomes an answer of its own.
        begun = _resume(await anext(stream), stream)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(begun, media_type="text/event-stream", headers=headers)

    async def qr(self, request: Request) -> Response:
        """``GET /api/lnurl-auth/qr/<session_id>``: the QR code for a page without script, for its own browser only.

        ``?for=camera``: the one that leads a phone to the page with the match code.
        """
        room = self._room
        challenge = await find_waiting(room, request.path_params["session_id"], claim_token_of(request))
        if challenge is None:
            raise NotFound("There is no such login.")
        is_for_camera = read_query(request).get("for") == "camera"
        lnurl = encode_lnurl(callback_url(room.policy.url, challenge))
        text = phone_url(room.identity.policy.public_url, challenge.session_id, lnurl)
        drawn = await draw_qr(text if is_for_camera else f"LIGHTNING:{lnurl}")
        return Response(drawn, media_type="image/svg+xml", headers={"Cache-Control": "no-store"})


async def _resume(first: bytes, stream: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    async with aclosing(stream):
        yield first
        async for words in stream:
            yield words
