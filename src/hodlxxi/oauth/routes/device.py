"""``/device``: where people type the code that a device shows (RFC 8628 §3.3). Works without JavaScript."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hodlxxi.identity import browser as b
from hodlxxi.identity.login_page import login_url
from hodlxxi.kit.answers import refusal_headers, status_of
from hodlxxi.kit.body import read_form, read_query
from hodlxxi.kit.clock import describe_age
from hodlxxi.kit.errors import TooMany
from hodlxxi.kit.web import csp_with_image, see_other
from hodlxxi.oauth.device import PATH
from hodlxxi.oauth.device_page import Answered, Asked, Person, answer_device, look_up
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.routes.choice import chosen_scopes, shown_scopes
from hodlxxi.oauth.routes.pages import with_pages
from hodlxxi.oauth.rules.device import MAX_TYPED_CHARS, parse_user_code, render_user_code
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.login import NeedsSignIn

NO_CODE = Fault(Word.INVALID_REQUEST, "Type the code that your device shows.")


class DevicePage:
    """``GET`` and ``POST /device``."""

    def __init__(self, room: OAuthRoom) -> None:
        self._room = room
        self.show = with_pages(room, self._show)
        self.submit = with_pages(room, self._submit)

    async def _show(self, request: Request) -> Response:
        """The form; with a code in the address (``verification_uri_complete``) it is filled in, and nothing else happens."""
        typed = _typed(read_query(request).get("user_code"))
        person = await self._person(request)
        return self._page(request, person, typed) if person else see_other(login_url(path_with(typed)))

    async def _submit(self, request: Request) -> Response:
        """A code to look up, or an answer."""
        form = await read_form(request)
        typed = _typed(form.get("user_code"))
        person = await self._person(request)
        if person is None:
            return see_other(login_url(path_with(typed)))
        b.check_csrf(self._room.identity, request, person.session, form)
        page = partial(self._page, request, person, typed)
        if not typed:
            return page(fault=NO_CODE, status=400)
        decision = form.get("decision")
        outcome: Answered | Asked | NeedsSignIn | Fault
        try:
            if decision in ("approve", "deny"):
                agrees, chosen = decision == "approve", chosen_scopes(form)
                outcome = await answer_device(self._room, person, typed, agrees=agrees, chosen=chosen)
            else:
                outcome = await look_up(self._room, person, typed)
        except TooMany as refusal:
            fault = Fault(Word.ACCESS_DENIED, f"Too many wrong codes. {refusal.text}")
            return page(fault=fault, status=status_of(refusal), headers=refusal_headers(refusal))
        if isinstance(outcome, NeedsSignIn):
            return see_other(login_url(path_with(typed)))
        if isinstance(outcome, Fault):
            return page(fault=outcome, status=400)
        return page(asked=outcome) if isinstance(outcome, Asked) else page(answered=outcome)

    async def _person(self, request: Request) -> Person | None:
        session = await b.session_of(self._room.identity, request)
        return Person(session, b.origin_of(request)) if session is not None else None

    def _page(
        self,
        request: Request,
        person: Person,
        typed: str,
        *,
        fault: Fault | None = None,
        asked: Asked | None = None,
        answered: Answered | None = None,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> Response:
        room, browser = self._room, b.browser_of(request)
        account = {"pubkey": person.session.user_id, "short": b.short_key(person.session.user_id)}
        page = room.pages.render(
            request,
            "oauth/device.html",
            status=status,
            headers=(headers or {}) | csp_with_image(asked.client.logo_uri if asked else None),
            csrf=b.csrf_token(room.identity, person.session, browser),
            account=account,
            signed_in=account,
            switch_url=login_url(path_with(typed)),
            typed=typed,
            error=fault.text if fault else None,
            asked=_shown(asked, room.clock.now()) if asked else None,
            answered=answered,
        )
        b.remember_browser(room.identity, page, browser)
        return page


def path_with(typed: str) -> str:
    """This page, with a code filled in where it could be one."""
    code = parse_user_code(typed)
    return f"{PATH}?user_code={render_user_code(code)}" if code else PATH


def _typed(text: str | None) -> str:
    return (text or "").strip()[:MAX_TYPED_CHARS]


def _shown(asked: Asked, now: datetime) -> dict[str, Any]:
    return {
        "code": asked.code,
        "client": asked.client,
        "scopes": shown_scopes(asked.scopes, asked.ticked),
        "links_key": asked.links_key,
        "resources": asked.resources,
        "where": " · ".join(part for part in (asked.ip_address, asked.user_agent) if part),
        "when": describe_age(asked.asked_at, now),
        "is_weak": asked.is_weak,
    }
