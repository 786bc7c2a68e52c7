"""``/developers/apps/{client_id}/test`` and ``/developers/callback``: a sign-in to one's own app, explained step by step."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hodlxxi.identity import browser as b
from hodlxxi.identity.session import Session
from hodlxxi.kit.answers import refusal_headers, status_of
from hodlxxi.kit.body import read_query
from hodlxxi.kit.errors import Refusal
from hodlxxi.kit.web import see_other
from hodlxxi.oauth import developers as use
from hodlxxi.oauth.developers import Developer
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.routes.developers import app_path, client_id_of, own_pages, read_own_form, render_own
from hodlxxi.oauth.rules.clients import AUTHORIZATION_CODE
from hodlxxi.oauth.rules.snippets import render_exchange, snippets_for
from hodlxxi.oauth.rules.trial import MAX_SHOWN_CHARS, explain_error
from hodlxxi.oauth.trial import begin_trial, find_trial


class TrialPages:
    """The page that starts a trial sign-in, and the one where it ends."""

    def __init__(self, room: OAuthRoom) -> None:
        self._room = room
        own = own_pages(room)
        self.show, self.add_address = own(self._show), own(self._add_address)

    async def _show(self, request: Request, session: Session) -> Response:
        """``GET …/test``: the exact request, every parameter explained, and a link that starts it."""
        room, client_id = self._room, client_id_of(request)
        client = (await use.get_app(room, session.user_id, client_id)).client
        uris, ours = client.metadata.redirect_uris, use.trial_address(room)
        trial, browser = None, b.browser_of(request)
        if AUTHORIZATION_CODE in client.metadata.grant_types and uris:
            trial = begin_trial(room, client, ours if ours in uris else uris[0], browser.secret)
        return render_own(
            room,
            request,
            session,
            "developers_trial.html",
            browser=browser,
            client=client,
            app_path=app_path(client),
            trial=trial,
            trial_address=ours,
            ends_here=ours in uris,
            snippets=[s for s in snippets_for(room.policy.issuer, client) if s.name.startswith("curl")],
        )

    async def _add_address(self, request: Request, session: Session) -> Response:
        """``POST …/test``: register our callback beside the app's own addresses."""
        await read_own_form(self._room, request, session)
        client_id = client_id_of(request)
        who = Developer(session.user_id, b.origin_of(request))
        await use.add_trial_address(self._room, who, client_id)
        return see_other(f"/developers/apps/{client_id}/test")

    async def callback(self, request: Request) -> Response:
        """``GET /developers/callback``: what came back, in plain words. Only the browser that began sees the code."""
        try:
            return await self._callback(request)
        except Refusal as refusal:
            status, headers = status_of(refusal), refusal_headers(refusal)
            return self._room.pages.error(request, status, refusal.code, refusal.text, headers)

    async def _callback(self, request: Request) -> Response:
        room, query = self._room, read_query(request)
        sent = {
            name: (query.get(name) or "")[:MAX_SHOWN_CHARS]
            for name in ("code", "error", "error_description", "state", "iss")
        }
        trial = await find_trial(room, sent["state"], b.browser_of(request).secret)
        command = None
        if trial is not None and sent["code"]:
            command = render_exchange(
                room.policy.issuer,
                trial.client,
                code=sent["code"],
                redirect_uri=use.trial_address(room),
                verifier=trial.verifier,
            )
        return room.pages.render(
            request,
            "oauth/developers_callback.html",
            sent=sent,
            client=trial.client if trial else None,
            app_path=app_path(trial.client) if trial else None,
            command=command,
            issuer=room.policy.issuer,
            meaning=explain_error(sent["error"]) if sent["error"] else None,
        )
