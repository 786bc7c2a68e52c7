"""``/account/keys/new``: adding a key, in two steps of plain forms: prove the new key, then confirm it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hodlxxi.identity import browser as b
from hodlxxi.identity import linking
from hodlxxi.identity.account import STALE
from hodlxxi.identity.account_rules import describe_kind, parse_name
from hodlxxi.identity.attempt import parse_attempt
from hodlxxi.identity.link_rules import LINK_LIFE, Link
from hodlxxi.identity.linking import NEW_KEY_PATH
from hodlxxi.identity.login_page import form_field, login_url
from hodlxxi.identity.room import IdentityRoom, Neighbours
from hodlxxi.identity.session import Session
from hodlxxi.kit.answers import status_of
from hodlxxi.kit.body import Form, read_form, read_query
from hodlxxi.kit.errors import BadInput, NotAuthenticated, NotFound, Refusal, TooMany, Unavailable
from hodlxxi.kit.web import see_other

_DONE = "/account?done=linked"


class LinkPage:
    """``GET`` and ``POST /account/keys/new``; ``?link=`` names the link that it goes on with."""

    def __init__(self, room: IdentityRoom, neighbours: Neighbours) -> None:
        self._room = room
        self._neighbours = neighbours

    async def show(self, request: Request) -> Response:
        """A fresh text to sign; or, for a link whose key has been proved, the question whether to add it."""
        link_id = read_query(request).get("link")
        session = await b.session_of(self._room, request)
        if session is None:
            return see_other(login_url(NEW_KEY_PATH))
        if link_id is None:
            return await self._begin(request, session)
        return await self.go_on(request, session, link_id)

    async def submit(self, request: Request) -> Response:
        """One of the two forms. A refusal stands on the page."""
        form = await read_form(request)
        session = await b.session_of(self._room, request)
        b.check_csrf(self._room, request, session, form)
        if session is None:
            return see_other(login_url(NEW_KEY_PATH))
        step = {"prove": self._prove, "confirm": self._confirm}.get(form.get("do") or "")
        if step is None:
            raise BadInput("do: name what to do.", field="do")
        link_id = form.get("link") or ""
        try:
            return await step(request, session, link_id, form)
        except (TooMany, Unavailable):
            raise
        except Refusal as refusal:
            return await self.go_on(request, session, link_id, refusal, form)

    async def _prove(self, request: Request, session: Session, link_id: str, form: Form) -> Response:
        def field(name: str, chars: int) -> str | None:
            return link_id if name == "challenge_id" else form_field(form, name, chars)

        attempt = parse_attempt(self._room, request, field)
        await linking.prove_link(self._room, session, link_id, attempt, b.origin_of(request))
        return see_other(link_path(link_id))

    async def _confirm(self, request: Request, session: Session, link_id: str, form: Form) -> Response:
        label = parse_name(form.get("label"), "label")
        await linking.confirm_link(self._room, session, link_id, label, b.origin_of(request))
        return see_other(_DONE)

    async def _begin(self, request: Request, session: Session, refusal: Refusal | None = None) -> Response:
        visitor = await b.visitor_of(self._room, request)
        try:
            link = await linking.begin_link(self._room, session, visitor)
        except NotAuthenticated:
            return see_other(login_url(NEW_KEY_PATH))
        except Refusal as stale:
            if stale.code != STALE:
                raise
            return see_other(login_url(NEW_KEY_PATH))
        return await self._ask_proof(request, session, link, refusal, None)

    async def go_on(
        self,
        request: Request,
        session: Session,
        link_id: str,
        refusal: Refusal | None = None,
        form: Form | None = None,
    ) -> Response:
        """The page as this link stands; after a refusal with what was wrong, and what ``form`` held."""
        try:
            link = await linking.get_link(self._room, session, link_id)
        except NotFound as over:
            return await self._begin(request, session, refusal or over)
        if not link.is_proved:
            return await self._ask_proof(request, session, link, refusal, form)
        return await self._ask_whether(request, session, link, refusal, form)

    async def _ask_proof(
        self, request: Request, session: Session, link: Link, refusal: Refusal | None, form: Form | None
    ) -> Response:
        room, browser = self._room, b.browser_of(request)
        offer = await self._neighbours.offer_link(request, browser.digest, link.link_id)
        left = link.expires_at - room.clock.now()
        values = {name: (form.get(name) if form else None) or "" for name in ("address", "pubkey")}
        page = room.pages.render(
            request,
            "identity/new_key.html",
            status=status_of(refusal) if refusal else 200,
            csrf=b.csrf_token(room, session, browser),
            account=b.short_key(session.user_id),
            link={
                "id": link.link_id,
                "message": link.message,
                "lifetime_s": round(min(left, LINK_LIFE).total_seconds()),
            },
            is_recovered=session.key is None,
            lnurl=offer,
            values=values,
            error=_shown(refusal),
        )
        b.remember_browser(room, page, browser)
        if offer is not None:
            b.set_offer_cookies(room, page, offer)
        return page

    async def _ask_whether(
        self, request: Request, session: Session, link: Link, refusal: Refusal | None, form: Form | None
    ) -> Response:
        room, key = self._room, link.key or ""
        obstacle = await linking.find_obstacle(room, link)
        shown = {"code": obstacle.code, "text": obstacle.reason} if obstacle else _shown(refusal)
        return room.pages.render(
            request,
            "identity/confirm_key.html",
            status=409 if obstacle else status_of(refusal) if refusal else 200,
            csrf=b.csrf_token(room, session, b.browser_of(request)),
            account=b.short_key(session.user_id),
            link_id=link.link_id,
            key={"key": key, "short": b.short_key(key), "kind": describe_kind(link.kind or "")},
            label=(form.get("label") if form else None) or "",
            is_possible=obstacle is None,
            error=shown,
        )


def _shown(refusal: Refusal | None) -> dict[str, str] | None:
    return {"code": refusal.code, "text": refusal.text} if refusal else None


def link_path(link_id: str) -> str:
    """The page that goes on with this link."""
    return f"{NEW_KEY_PATH}?link={link_id}"
