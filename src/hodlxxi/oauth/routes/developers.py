"""``/developers``: somebody's own apps, as plain forms that work without JavaScript."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hodlxxi.identity import browser as b
from hodlxxi.identity.login_page import login_url
from hodlxxi.identity.session import Session
from hodlxxi.kit.answers import refusal_headers, status_of
from hodlxxi.kit.body import Form, parse_json, read_form, read_query
from hodlxxi.kit.errors import BadInput, Conflict, Forbidden, Refusal
from hodlxxi.kit.secret import mint_token
from hodlxxi.kit.web import see_other
from hodlxxi.oauth import developers as use
from hodlxxi.oauth.change_client import Changed
from hodlxxi.oauth.developers import Developer
from hodlxxi.oauth.register import Registered
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.app_form import KINDS, OTHER, fill_form, kind_of
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.errors import OAuthRefusal, Word
from hodlxxi.oauth.rules.snippets import snippets_for
from hodlxxi.oauth.store.owned import UsedClient

PATH = "/developers"
MAX_TOKEN_CHARS = 200
_NEW = {"kind": ["web"], "scope": ["openid", "profile"], "id_token_signed_response_alg": ["RS256"]}
_SAID = {
    "changed": "Your changes are saved.",
    "approval": "Your changes are saved. They concern what people are shown or where they are led, so the operator has to "
    "approve the app again; until then it is “not verified”.",
    "removed": "The app is deleted. Everything that people had allowed it has ended.",
}
View = Callable[[Request, Session], Awaitable[Response]]
Page = Callable[[Request], Awaitable[Response]]


def own_pages(room: OAuthRoom) -> Callable[[View], Page]:
    """A view for somebody who is signed in; everybody else signs in first. Every refusal is a page."""

    def decorate(view: View) -> Page:
        @wraps(view)
        async def answered(request: Request) -> Response:
            try:
                session = await b.session_of(room.identity, request)
                if session is None:
                    return see_other(login_url(request.url.path if request.method == "GET" else PATH))
                return await view(request, session)
            except Refusal as refusal:
                status, headers = status_of(refusal), refusal_headers(refusal)
                return room.pages.error(request, status, refusal.code, refusal.text, headers)

        return answered

    return decorate


class DeveloperPages:
    """The list, the form, and one app."""

    def __init__(self, room: OAuthRoom) -> None:
        self._room = room
        own = own_pages(room)
        self.home, self.new, self.register = own(self._home), own(self._new), own(self._register)
        self.app, self.edit, self.change = own(self._app), own(self._edit), own(self._change)
        self.rotate, self.remove = own(self._rotate), own(self._remove)

    async def _home(self, request: Request, session: Session) -> Response:
        """``GET /developers``: the apps of whoever is signed in."""
        apps = await use.list_apps(self._room, session.user_id)
        return render_own(
            self._room,
            request,
            session,
            "developers.html",
            apps=[describe_app(app) for app in apps],
            obstacle=use.find_obstacle(self._room, session.user_id),
            said=_SAID.get(read_query(request).get("said") or ""),
        )

    async def _new(self, request: Request, session: Session) -> Response:
        """``GET /developers/new``: the form."""
        obstacle = use.find_obstacle(self._room, session.user_id)
        if obstacle is not None:
            raise Forbidden(obstacle)
        return self._form(request, session, None, _NEW)

    async def _register(self, request: Request, session: Session) -> Response:
        """``POST /developers/new``."""
        form = await self._read(request, session)
        fields = _fields(form)
        try:
            made = await use.register_app(
                self._room,
                _developer(request, session),
                fields,
                _keys(form),
                once=(form.get("once") or "")[:MAX_TOKEN_CHARS],
                initial_token=(form.get("initial_token") or "")[:MAX_TOKEN_CHARS] or None,
            )
        except (BadInput, OAuthRefusal, Conflict) as refusal:
            if refusal.code == "sent_twice":
                raise
            return self._form(request, session, None, fields, refusal)
        return self._secret(request, session, made, "registered")

    async def _app(self, request: Request, session: Session) -> Response:
        """``GET /developers/apps/{client_id}``."""
        room = self._room
        used = await use.get_app(room, session.user_id, client_id_of(request))
        return render_own(
            room,
            request,
            session,
            "developers_app.html",
            app=describe_app(used),
            client=used.client,
            scopes=[
                scope for name, scope in room.policy.scopes.items() if name in used.client.metadata.scopes
            ],
            snippets=snippets_for(room.policy.issuer, used.client),
            issuer=room.policy.issuer,
            secret_mark=use.mark_of_secret(room, used.client),
            said=_SAID.get(read_query(request).get("said") or ""),
        )

    async def _edit(self, request: Request, session: Session) -> Response:
        """``GET /developers/apps/{client_id}/edit``: the form, filled in."""
        client = (await use.get_app(self._room, session.user_id, client_id_of(request))).client
        return self._form(request, session, client, fill_form(client.metadata))

    async def _change(self, request: Request, session: Session) -> Response:
        """``POST /developers/apps/{client_id}/edit``."""
        form = await self._read(request, session)
        fields, client_id = _fields(form), client_id_of(request)
        client = (await use.get_app(self._room, session.user_id, client_id)).client
        try:
            changed = await use.change_app(
                self._room, _developer(request, session), client_id, fields, _keys(form)
            )
        except (BadInput, OAuthRefusal) as refusal:
            return self._form(request, session, client, fields, refusal)
        if changed.secret is not None:
            return self._secret(request, session, changed, "changed")
        return see_other(
            f"{app_path(changed.client)}?said={'approval' if changed.lost_approval else 'changed'}"
        )

    async def _rotate(self, request: Request, session: Session) -> Response:
        """``POST /developers/apps/{client_id}/secret``."""
        form = await self._read(request, session)
        _check_sure(form)
        seen = (form.get("seen") or "")[:MAX_TOKEN_CHARS]
        changed = await use.rotate_app_secret(
            self._room, _developer(request, session), client_id_of(request), seen
        )
        return self._secret(request, session, changed, "rotated")

    async def _remove(self, request: Request, session: Session) -> Response:
        """``POST /developers/apps/{client_id}/delete``."""
        form = await self._read(request, session)
        _check_sure(form)
        await use.remove_app(self._room, _developer(request, session), client_id_of(request))
        return see_other(f"{PATH}?said=removed")

    async def _read(self, request: Request, session: Session) -> Form:
        return await read_own_form(self._room, request, session)

    def _form(
        self,
        request: Request,
        session: Session,
        client: Client | None,
        values: Mapping[str, Any],
        refusal: Refusal | None = None,
    ) -> Response:
        room = self._room
        needs_token = client is None and room.policy.registration == "token"
        return render_own(
            room,
            request,
            session,
            "developers_form.html",
            status=status_of(refusal) if refusal else 200,
            client=client,
            app_path=app_path(client) if client else None,
            values=values,
            error=_explain(refusal) if refusal else None,
            kinds=list(KINDS.values()),
            is_other=client is not None and kind_of(client.metadata) == OTHER,
            scopes=use.offered_scopes(room, client),
            algs=room.policy.id_token_algs,
            needs_token=needs_token,
            once=mint_token(16),
            trial_address=use.trial_address(room),
        )

    def _secret(self, request: Request, session: Session, made: Registered | Changed, what: str) -> Response:
        """The page that shows a secret, this once: as the answer to the form, so that it stands in no URL and no cookie."""
        room = self._room
        return render_own(
            room,
            request,
            session,
            "developers_secret.html",
            client=made.client,
            app_path=app_path(made.client),
            secret=made.secret,
            registration_token=made.registration_token if isinstance(made, Registered) else None,
            what=what,
            issuer=room.policy.issuer,
        )


def render_own(
    room: OAuthRoom,
    request: Request,
    session: Session,
    template: str,
    *,
    status: int = 200,
    browser: b.Browser | None = None,
    **context: Any,
) -> Response:
    """A page for whoever is signed in, with what every form on it needs."""
    browser = browser or b.browser_of(request)
    page = room.pages.render(
        request,
        f"oauth/{template}",
        status=status,
        signed_in={"pubkey": session.user_id, "short": b.short_key(session.user_id)},
        csrf=b.csrf_token(room.identity, session, browser),
        **context,
    )
    b.remember_browser(room.identity, page, browser)
    return page


async def read_own_form(room: OAuthRoom, request: Request, session: Session) -> Form:
    """The form of a page of ours. Raises ``Forbidden`` when it was not made for this browser."""
    form = await read_form(request)
    b.check_csrf(room.identity, request, session, form)
    return form


def client_id_of(request: Request) -> str:
    """The app that the address names."""
    return str(request.path_params["client_id"])[:100]


def app_path(client: Client) -> str:
    """Where an app's page is."""
    return f"{PATH}/apps/{client.client_id}"


def describe_app(used: UsedClient) -> dict[str, Any]:
    """An app as the pages show it."""
    client = used.client
    kind = KINDS.get(kind_of(client.metadata))
    return {
        "client_id": client.client_id,
        "name": client.metadata.name,
        "path": app_path(client),
        "kind": kind.title if kind else "Several ways",
        "is_approved": not client.is_self_registered,
        "is_disabled": client.disabled_at is not None,
        "created": _when(client.created_at),
        "last_used": _when(used.last_used_at) if used.last_used_at else "never",
        "grants": used.grants,
    }


def _developer(request: Request, session: Session) -> Developer:
    return Developer(session.user_id, b.origin_of(request))


def _fields(form: Form) -> dict[str, list[str]]:
    """What the form says of the app. Raises ``BadInput`` when anything but ``scope`` is there twice."""
    known = [name for name in form.names() if name not in ("csrf", "once", "initial_token", "scope")]
    return {name: [form.get(name) or ""] for name in known} | {"scope": form.get_all("scope")}


def _keys(form: Form) -> object:
    written = (form.get("jwks") or "").strip()
    if not written:
        return None
    try:
        return parse_json(written.encode())
    except BadInput as refusal:
        raise BadInput(f"jwks: {refusal.text}", field="jwks") from None


def _check_sure(form: Form) -> None:
    if form.get("sure") != "yes":
        raise BadInput("Tick the box to say that you are sure.")


def _explain(refusal: Refusal) -> dict[str, str]:
    """What is wrong, and in which field, when the text begins with its name."""
    if refusal.code == Word.INVALID_TOKEN:
        return {"text": "The initial access token is wrong, expired or used up.", "field": "initial_token"}
    return {"text": refusal.text, "field": refusal.text.partition(":")[0].split(",")[0]}


def _when(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%d %b %Y, %H:%M UTC").lstrip("0")
