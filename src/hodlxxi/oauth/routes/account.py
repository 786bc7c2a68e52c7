"""``/account``: what a person sees and ends, as a page of plain forms; and ``/api/apps``, its part for programs."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hodlxxi.audit.events import Event
from hodlxxi.identity import account, notices, recovery, sessions
from hodlxxi.identity import browser as b
from hodlxxi.identity.account_rules import parse_name
from hodlxxi.identity.caller import Authenticate, check_session
from hodlxxi.identity.login_page import login_url
from hodlxxi.identity.routes import public_id
from hodlxxi.identity.session import Session
from hodlxxi.kit.answers import json_answer, status_of
from hodlxxi.kit.body import Form, read_form, read_query
from hodlxxi.kit.errors import BadInput, NotAuthenticated, NotFound, Refusal, Unavailable
from hodlxxi.kit.web import see_other
from hodlxxi.oauth.account import list_connections, read_warnings
from hodlxxi.oauth.endings import end_access_of_client
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.routes.account_view import account_view, render_app

PATH = "/account"
_CLIENT_ID = re.compile(r"[\x21-\x7e]{1,64}")
# What the page says after something was done; the word stands in the address.
DONE = {
    "app": "The app has no access any more.",
    "session": "The session has ended.",
    "sessions": "All other sessions have ended.",
    "key": "The key was removed, with its sessions and what it gave to apps.",
    "label": "The label was changed.",
    "codes": "The recovery codes are void.",
    "name": "Your name was changed.",
    "linked": "The key was added. From now on it signs in to your account.",
    "signed_in": "You signed in again. For 10 minutes you can change keys and codes.",
}

Action = Callable[[Request, Form, Session], Awaitable[Response]]


def account_page_routes(room: OAuthRoom, authenticate: Authenticate) -> list[Route]:
    """The page and its part for programs."""
    page, api = AccountPage(room), AppsApi(room, authenticate)
    return [
        Route(PATH, page.show, methods=["GET"]),
        Route(PATH, page.submit, methods=["POST"]),
        Route("/api/apps", api.list_apps, methods=["GET"]),
        Route("/api/apps/{client_id}", api.end_app, methods=["DELETE"]),
    ]


class AccountPage:
    """``GET`` and ``POST /account``. Each form names what to ``do``."""

    def __init__(self, room: OAuthRoom) -> None:
        self._room = room
        self._identity = room.identity
        self._actions: dict[str, Action] = {
            "end_app": self._end_app,
            "end_session": self._end_session,
            "end_others": self._end_others,
            "label_key": self._label_key,
            "remove_key": self._remove_key,
            "make_codes": self._make_codes,
            "delete_codes": self._delete_codes,
            "set_name": self._set_name,
            "read_warnings": self._read_warnings,
            "read_notices": self._read_notices,
            "close": self._close,
        }

    async def show(self, request: Request) -> Response:
        """The page, for a signed-in person; others sign in first."""
        done = read_query(request).get("done")
        session = await b.session_of(self._identity, request)
        if session is None:
            return see_other(login_url(PATH))
        return await self._render(request, session, done=DONE.get(done or ""))

    async def submit(self, request: Request) -> Response:
        """One of the forms. A proof that is too old leads to the sign-in page and back; a refusal stands on the page."""
        form = await read_form(request)
        session = await b.session_of(self._identity, request)
        b.check_csrf(self._identity, request, session, form)
        if session is None:
            return see_other(login_url(PATH))
        action = self._actions.get(form.get("do") or "")
        if action is None:
            raise BadInput("do: name what to do.", field="do")
        try:
            return await action(request, form, session)
        except Unavailable:
            raise
        except NotAuthenticated:
            return see_other(login_url(PATH))
        except Refusal as refusal:
            if refusal.code == account.STALE:
                return see_other(login_url(f"{PATH}?done=signed_in"))
            return await self._render(request, session, refusal=refusal)

    async def _end_app(self, request: Request, form: Form, session: Session) -> Response:
        await end_access_of_client(
            self._room, session.user_id, form.get("client_id") or "", b.origin_of(request)
        )
        return _done("app")

    async def _end_session(self, request: Request, form: Form, session: Session) -> Response:
        found = await sessions.list_sessions(self._identity, session.user_id)
        chosen = [item.digest for item in found if public_id(item.digest) == form.get("session")]
        if not chosen:
            raise NotFound("There is no such open session.")
        origin = b.origin_of(request)
        await sessions.end_sessions(self._identity, session.user_id, chosen, origin, Event.SESSION_REVOKED)
        return _done("session")

    async def _end_others(self, request: Request, form: Form, session: Session) -> Response:
        await sessions.end_other_sessions(self._identity, session, b.origin_of(request))
        return _done("sessions")

    async def _label_key(self, request: Request, form: Form, session: Session) -> Response:
        label, origin = parse_name(form.get("label"), "label"), b.origin_of(request)
        await account.rename_key(self._identity, session.user_id, form.get("key") or "", label, origin)
        return _done("label")

    async def _remove_key(self, request: Request, form: Form, session: Session) -> Response:
        key, origin = form.get("key") or "", b.origin_of(request)
        await account.remove_key(self._identity, session, key, origin)
        return _done("key")

    async def _make_codes(self, request: Request, form: Form, session: Session) -> Response:
        codes = await recovery.make_codes(self._identity, session, b.origin_of(request))
        return self._room.pages.render(
            request, "oauth/recovery_codes.html", codes=codes, pubkey=session.user_id
        )

    async def _delete_codes(self, request: Request, form: Form, session: Session) -> Response:
        await recovery.delete_codes(self._identity, session, b.origin_of(request))
        return _done("codes")

    async def _set_name(self, request: Request, form: Form, session: Session) -> Response:
        name = parse_name(form.get("display_name"), "display_name")
        await account.set_name(self._identity, session.user_id, name, b.origin_of(request))
        return _done("name")

    async def _read_warnings(self, request: Request, form: Form, session: Session) -> Response:
        await read_warnings(self._room, session.user_id)
        return see_other(PATH)

    async def _read_notices(self, request: Request, form: Form, session: Session) -> Response:
        await notices.mark_read(self._identity, session, form.get("until"))
        return see_other(PATH)

    async def _close(self, request: Request, form: Form, session: Session) -> Response:
        if form.get("sure") is None:
            raise BadInput("Tick the box to close your account.", field="sure")
        await account.close_account(self._identity, session, b.origin_of(request))
        answer = self._room.pages.render(request, "oauth/account_closed.html")
        b.clear_session_cookie(self._identity, answer)
        return answer

    async def _render(
        self, request: Request, session: Session, *, done: str | None = None, refusal: Refusal | None = None
    ) -> Response:
        identity, user = self._identity, session.user_id
        try:
            found = await account.get_account(identity, user)
        except NotAuthenticated:
            return see_other(login_url(PATH))
        opened = await sessions.list_sessions(identity, user)
        connections = await list_connections(self._room, user)
        return self._room.pages.render(
            request,
            "oauth/account.html",
            status=status_of(refusal) if refusal else 200,
            csrf=b.csrf_token(identity, session, b.browser_of(request)),
            signed_in={"pubkey": user, "short": b.short_key(user)},
            done=done,
            error={"code": refusal.code, "text": refusal.text} if refusal else None,
            notices=notices.render_unread(
                await notices.list_notices(identity, session), self._room.clock.now()
            ),
            again=login_url(f"{PATH}?done=signed_in"),
            **account_view(found, opened, connections, session, self._room.clock.now()),
        )


class AppsApi:
    """``/api/apps``: for the person themselves, never for an app."""

    def __init__(self, room: OAuthRoom, authenticate: Authenticate) -> None:
        self._room = room
        self._authenticate = authenticate

    async def list_apps(self, request: Request) -> Response:
        """``GET /api/apps``: what apps hold, the most recently used first."""
        session = check_session(await self._authenticate(request))
        connections = await list_connections(self._room, session.user_id)
        return json_answer({"apps": [render_app(app) for app in connections.apps]})

    async def end_app(self, request: Request) -> Response:
        """``DELETE /api/apps/{client_id}``: take back all that one app holds."""
        b.check_own_page(request, self._room.policy.issuer)
        session = check_session(await self._authenticate(request))
        client_id = request.path_params["client_id"]
        if not _CLIENT_ID.fullmatch(client_id):
            raise NotFound("This app holds no access to your account.")
        ended = await end_access_of_client(self._room, session.user_id, client_id, b.origin_of(request))
        return json_answer({"ended": ended})


def _done(word: str) -> Response:
    return see_other(f"{PATH}?done={word}")
