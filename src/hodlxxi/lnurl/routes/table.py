"""Every route of this room, and what it adds to the sign-in page."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Route

from hodlxxi.identity import browser as b
from hodlxxi.identity.room import DescribeClient, LoginClient, LoginOffer, OfferLink, OfferLogin
from hodlxxi.identity.sessions import Visitor
from hodlxxi.lnurl.create import Created, create_login, create_proof, phone_url
from hodlxxi.lnurl.room import LnurlRoom
from hodlxxi.lnurl.routes.api import CALLBACK_PATH, LightningApi
from hodlxxi.lnurl.routes.claim_cookie import claim_cookies
from hodlxxi.lnurl.routes.pages import LightningPages
from hodlxxi.lnurl.rules import match_code


def lnurl_routes(room: LnurlRoom, describe_client: DescribeClient) -> list[Route]:
    """Every route of this room."""
    api, pages = LightningApi(room), LightningPages(room, describe_client)
    return [
        Route("/api/lnurl-auth/create", api.create, methods=["POST"]),
        Route("/api/lnurl-auth/params", api.params, methods=["GET"]),
        Route(f"{CALLBACK_PATH}{{session_id}}", api.callback, methods=["GET"]),
        Route("/api/lnurl-auth/check/{session_id}", api.check, methods=["GET"]),
        Route("/api/lnurl-auth/events/{session_id}", api.events, methods=["GET"]),
        Route("/api/lnurl-auth/qr/{session_id}", api.qr, methods=["GET"]),
        Route("/login/lnurl", pages.go_on, methods=["POST"]),
        Route("/login/lnurl/{session_id}", pages.on_phone, methods=["GET"]),
        Route("/login/lnurl/{session_id}/confirm", pages.confirm, methods=["GET"]),
    ]


def _offer(room: LnurlRoom, created: Created, refused_by: str | None) -> LoginOffer:
    session_id = created.challenge.session_id
    return LoginOffer(
        session_id=session_id,
        lnurl=created.lnurl,
        link=created.link,
        qr_src=f"/api/lnurl-auth/qr/{session_id}",
        match_code=match_code(session_id),
        phone_url=phone_url(room.identity.policy.public_url, session_id, created.lnurl),
        refused_by=refused_by,
        cookies=claim_cookies(created.claim_token),
    )


def offer_lnurl(room: LnurlRoom) -> OfferLogin:
    """What the sign-in page shows of us: a login for the browser with this digest, on its way to this app."""

    async def offer(request: Request, browser: str, app: LoginClient | None) -> LoginOffer | None:
        visitor = Visitor(b.origin_of(request), request.headers.get("user-agent", ""), browser)
        created = await create_login(room, "login", visitor, app)
        return _offer(room, created, app.name if app and app.excludes_remote else None)

    return offer


def offer_link(room: LnurlRoom) -> OfferLink:
    """What the page shows of us where somebody adds a key: a proof for the link that this browser began."""

    async def offer(request: Request, browser: str, link_id: str) -> LoginOffer | None:
        session = await b.session_of(room.identity, request)
        if session is None:
            return None
        visitor = Visitor(b.origin_of(request), request.headers.get("user-agent", ""), browser)
        return _offer(room, await create_proof(room, visitor, link_id, session.user_id), None)

    return offer
