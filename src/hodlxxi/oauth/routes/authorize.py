"""``/oauth/authorize``: the app's request arrives here, and the consent page's form too."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hodlxxi.identity import browser as b
from hodlxxi.identity.login_page import login_url
from hodlxxi.kit.answers import NO_STORE
from hodlxxi.kit.body import Form, read_form, read_query
from hodlxxi.kit.web import csp_with_image, is_same_origin
from hodlxxi.oauth.authorize import GoOn, Outcome, Respond, ShowConsent, ShowError, begin, resume
from hodlxxi.oauth.consent import decide
from hodlxxi.oauth.interaction import GONE, Asker, interaction_path
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.routes.choice import chosen_scopes, shown_scopes
from hodlxxi.oauth.routes.pages import with_pages
from hodlxxi.oauth.rules.authorization import NotRegistered, ResponseMode
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.redirects import MAX_URI_CHARS, alike_chars, nearest
from hodlxxi.oauth.rules.scopes import CLAIM_TEXTS

MAX_ID_CHARS = 100


class AuthorizePage:
    """``GET`` and ``POST /oauth/authorize``."""

    def __init__(self, room: OAuthRoom) -> None:
        self._room = room
        self.show = with_pages(room, self._show)
        self.submit = with_pages(room, self._submit)

    async def _show(self, request: Request) -> Response:
        """A request of an app, or one that goes on after a page of ours (``interaction``)."""
        query = read_query(request)
        browser = b.browser_of(request)
        asker = await self._asker(request, browser)
        waiting = query.get("interaction")
        if waiting is not None:
            outcome = await resume(self._room, waiting[:MAX_ID_CHARS], asker)
        else:
            outcome = await begin(self._room, _params(query), asker, cross_site=False)
        return self._render(request, outcome, browser)

    async def _submit(self, request: Request) -> Response:
        """The consent form (it has ``interaction``), or a request of an app by POST (Core §3.1.2.1)."""
        form = await read_form(request)
        browser = b.browser_of(request)
        asker = await self._asker(request, browser)
        waiting = form.get("interaction")
        if waiting is None:
            # Another site's POST brings no cookie of ours, whatever the browser has.
            cross_site = not is_same_origin(request, self._room.policy.issuer) or browser.is_new
            outcome = await begin(self._room, _params(form), asker, cross_site=True)
            return self._render(request, outcome, None if cross_site else browser)
        b.check_csrf(self._room.identity, request, asker.session, form)
        decision = form.get("decision")
        if decision not in ("authorize", "deny"):
            outcome = ShowError(Fault(Word.INVALID_REQUEST, "decision must be authorize or deny."))
        else:
            agrees, chosen = decision == "authorize", chosen_scopes(form)
            outcome = await decide(self._room, waiting[:MAX_ID_CHARS], asker, agrees=agrees, chosen=chosen)
        return self._render(request, outcome, browser)

    async def _asker(self, request: Request, browser: b.Browser) -> Asker:
        session = await b.session_of(self._room.identity, request)
        return Asker(browser.digest, browser.is_new, session, b.origin_of(request))

    def _render(self, request: Request, outcome: Outcome, browser: b.Browser | None) -> Response:
        response = self._response(request, outcome, browser)
        if browser is not None:
            b.remember_browser(self._room.identity, response, browser)
        return response

    def _response(self, request: Request, outcome: Outcome, browser: b.Browser | None) -> Response:
        pages = self._room.pages
        if isinstance(outcome, ShowError) and outcome.for_owner is not None:
            return self._explain(request, outcome.for_owner)
        if isinstance(outcome, ShowError):
            return pages.error(request, 400, outcome.fault.word.value, outcome.fault.text)
        if isinstance(outcome, GoOn):
            return _see_other(login_url(outcome.path) if outcome.login else outcome.path)
        if isinstance(outcome, ShowConsent):
            return self._consent(request, outcome, browser)
        return self._respond(request, outcome)

    def _explain(self, request: Request, fault: NotRegistered) -> Response:
        """The error page for the app's own developer: what was received beside what is registered."""
        received, client = fault.received or "", fault.client
        registered = client.metadata.redirect_uris if client else ()
        ordered = nearest(registered, received, len(registered))
        return self._room.pages.render(
            request,
            "oauth/bad_redirect.html",
            status=400,
            error=fault.word.value,
            description=fault.text,
            hint=None,
            received=_compare(received[:MAX_URI_CHARS], ordered[0] if ordered else ""),
            registered=[_compare(uri, received) for uri in ordered],
            app_path=f"/developers/apps/{client.client_id}" if client else "/developers",
        )

    def _respond(self, request: Request, outcome: Respond) -> Response:
        answer, issuer = outcome.answer, self._room.policy.issuer
        if answer.destination.response_mode is not ResponseMode.FORM_POST:
            return _see_other(answer.location(issuer))
        return self._room.pages.render(
            request,
            "oauth/form_post.html",
            action=answer.destination.redirect_uri,
            fields=answer.pairs(issuer),
        )

    def _consent(self, request: Request, outcome: ShowConsent, browser: b.Browser | None) -> Response:
        room, client, session = self._room, outcome.client, outcome.session
        if browser is None:
            return self._response(request, ShowError(GONE), None)
        account = {"pubkey": session.user_id, "short": b.short_key(session.user_id)}
        return room.pages.render(
            request,
            "oauth/consent.html",
            headers=csp_with_image(client.logo_uri),
            client=client,
            scopes=shown_scopes(outcome.scopes, outcome.ticked),
            claims=[CLAIM_TEXTS[name] for name in outcome.claims if name in CLAIM_TEXTS],
            links_key=outcome.links_key,
            resources=outcome.resources,
            account=account,
            signed_in=account,
            interaction=outcome.interaction_id,
            csrf=b.csrf_token(room.identity, session, browser),
            switch_url=login_url(interaction_path(outcome.interaction_id)),
        )


def _compare(uri: str, other: str) -> dict[str, str]:
    """Where a URI departs from another."""
    at = alike_chars(uri, other)
    return {"alike": uri[:at], "rest": uri[at:]}


def _params(form: Form) -> dict[str, list[str]]:
    return {name: form.get_all(name) for name in form.names()}


def _see_other(url: str) -> Response:
    """303 with the URL byte for byte: a registered redirect URI is not to be re-encoded on its way out."""
    return Response(status_code=303, headers={"Location": url, **NO_STORE})
