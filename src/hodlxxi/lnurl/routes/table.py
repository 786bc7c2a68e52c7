"""Every route of this room, and what it adds to the sign-in page."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Route

from hodlxxi.identity import browser as b
from hodlxxi.identity.room import DescribeClient, LoginClient, LoginOffer, OfferLogin
from hodlxxi.identity.sessions import Visitor
from hodlxxi.lnurl.create import create_login, phone_url
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


def offer_lnurl(room: LnurlRoom) -> OfferLogin:
    """What the sign-in page shows of us: a login for the browser with this digest, on its way to this app."""

    async def offer(request: Request, browser: str, app: LoginClient | None) -> LoginOffer | None:
        visitor = Visitor(b.origin_of(request), request.headers.get("user-agent", ""), browser)
        created = await create_login(room, "login", visitor, app)
        session_id = created.challenge.session_id
        return LoginOffer(
            session_id,
            created.lnurl,
            created.link,
            f"/api/lnurl-auth/qr/{session_id}",
            match_code(session_id),
            phone_url(room.identity.policy.public_url, session_id, created.lnurl),
            app.name if app and app.excludes_remote else None,
            claim_cookies(created.claim_token),
        )

    return offer
