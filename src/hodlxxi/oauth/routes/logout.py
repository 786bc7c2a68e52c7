"""``/oauth/logout``: the app's request arrives here, and the confirmation page's form too."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from hodlxxi.identity import browser as b
from hodlxxi.identity.session import Session
from hodlxxi.kit.answers import NO_STORE
from hodlxxi.kit.body import Form, read_form, read_query
from hodlxxi.kit.web import is_same_origin, see_other
from hodlxxi.oauth.logout import Leaving, log_out
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.routes.pages import with_pages
from hodlxxi.oauth.rules.errors import Fault
from hodlxxi.oauth.rules.logout import Confirm, LogoutRequest
from hodlxxi.oauth.rules.redirects import origin_shown

PATH = "/oauth/logout"
_PARAMS = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state")


class LogoutPage:
    """``GET`` and ``POST /oauth/logout``."""

    def __init__(self, room: OAuthRoom) -> None:
        self._room = room
        self.show = with_pages(room, self._show)
        self.submit = with_pages(room, self._submit)

    async def _show(self, request: Request) -> Response:
        """A request of an app, or somebody who wants to sign out."""
        return await self._answer(request, read_query(request), is_confirmed=False)

    async def _submit(self, request: Request) -> Response:
        """The confirmation page's form (it has ``decision``), or a request of an app by POST."""
        form = await read_form(request)
        decision = form.get("decision")
        if decision is None:
            if b.SESSION_COOKIE not in request.cookies and not is_same_origin(
                request, self._room.policy.issuer
            ):
                # Another site's POST brings no cookie of ours, whatever the browser has: it comes back with it.
                sent = [(name, value) for name in _PARAMS if (value := form.get(name)) is not None]
                return see_other(f"{PATH}?{urlencode(sent)}" if sent else PATH)
            return await self._answer(request, form, is_confirmed=False)
        session = await b.session_of(self._room.identity, request)
        b.check_csrf(self._room.identity, request, session, form)
        if decision != "logout":
            return see_other("/")
        return await self._answer(request, form, is_confirmed=True)

    async def _answer(self, request: Request, sent: Form, *, is_confirmed: bool) -> Response:
        room = self._room
        asked = LogoutRequest(*(sent.get(name) for name in _PARAMS))
        session = await b.session_of(room.identity, request)
        leaving = await log_out(room, asked, session, b.origin_of(request), is_confirmed=is_confirmed)
        verdict = leaving.verdict
        if isinstance(verdict, Fault):
            return room.pages.error(request, 400, verdict.word.value, verdict.text)
        if isinstance(verdict, Confirm):
            return self._confirm(request, sent, leaving, verdict, session)
        if verdict.location is not None:
            # Byte for byte: a registered address is not to be re-encoded on its way out.
            answer = Response(status_code=303, headers={"Location": verdict.location, **NO_STORE})
        else:
            status = 400 if verdict.fault else 200
            answer = room.pages.render(
                request, "identity/signed_out.html", status=status, fault=verdict.fault
            )
        if b.SESSION_COOKIE in request.cookies:
            b.clear_session_cookie(room.identity, answer)
        return answer

    def _confirm(
        self, request: Request, sent: Form, leaving: Leaving, verdict: Confirm, session: Session | None
    ) -> Response:
        room, browser = self._room, b.browser_of(request)
        account = {"pubkey": session.user_id, "short": b.short_key(session.user_id)} if session else None
        page = room.pages.render(
            request,
            "oauth/logout.html",
            status=400 if verdict.fault else 200,
            client=leaving.client.metadata.name if leaving.client else None,
            host=origin_shown(verdict.location) if verdict.location else None,
            account=account,
            signed_in=account,
            fault=verdict.fault,
            fields=[(name, value) for name in _PARAMS if (value := sent.get(name)) is not None],
            csrf=b.csrf_token(room.identity, session, browser),
        )
        b.remember_browser(room.identity, page, browser)
        return page
