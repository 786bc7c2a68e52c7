"""The sign-in page: works without JavaScript, and better with it."""

from __future__ import annotations

import re
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from hodlxxi.identity import browser as b
from hodlxxi.identity.attempt import offers_test_signer, parse_attempt, sign_with_test_key
from hodlxxi.identity.challenge import issue_challenge
from hodlxxi.identity.linking import NEW_KEY_PATH
from hodlxxi.identity.recovery import sign_in_with_code
from hodlxxi.identity.room import IdentityRoom, LoginClient, Neighbours
from hodlxxi.identity.rules import CHALLENGE_LIFE
from hodlxxi.identity.sessions import SignedIn
from hodlxxi.identity.sign_in import sign_in
from hodlxxi.kit.answers import status_of
from hodlxxi.kit.body import Form, read_form, read_query
from hodlxxi.kit.errors import NotFound, Refusal, TooMany, Unavailable
from hodlxxi.kit.web import csp_with_image, see_other

_PUBKEY = re.compile(r"0[23][0-9A-Fa-f]{64}")
_ADDRESS = re.compile(r"(?:[13mn2]|bc1|tb1|bcrt1)[A-Za-z0-9]{20,90}")
MAX_CODE_CHARS = 100
_LOCAL_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,2000}")


def local_path(text: str | None) -> str:
    """Where to go on after sign-in: a path of ours, else the home page. Never another site."""
    return text if text is not None and _LOCAL_PATH.fullmatch(text) else "/"


def login_url(next_path: str) -> str:
    """Where to send somebody who must sign in first."""
    return f"/login?next={quote(next_path, safe='')}"


class LoginPage:
    """``GET`` and ``POST /login``."""

    def __init__(self, room: IdentityRoom, neighbours: Neighbours) -> None:
        self._room = room
        self._neighbours = neighbours

    async def show(self, request: Request) -> Response:
        """The page, with a fresh text to sign and a fresh Lightning login."""
        query = read_query(request)
        return await self.render(request, local_path(query.get("next")))

    async def submit(self, request: Request) -> Response:
        """The form: sign in and go on, or the page again with what was wrong."""
        room = self._room
        form = await read_form(request)
        b.check_csrf(room, request, await b.session_of(room, request), form)
        next_path = local_path(form.get("next"))
        if form.get("decision") == "cancel":
            return see_other(await self._neighbours.cancel(next_path, b.known_browser(request)) or "/")
        try:
            signed_in = await self._sign_in(request, form)
        except (NotFound, TooMany, Unavailable):
            raise
        except Refusal as refusal:
            return await self.render(request, next_path, refusal, form)
        # Whoever lost their keys needs a new one first of all, unless an app waits.
        is_recovered = signed_in.session.key is None and next_path == "/"
        answer = see_other(NEW_KEY_PATH if is_recovered else next_path)
        b.set_session_cookie(room, answer, signed_in.token, signed_in.session)
        return answer

    async def _sign_in(self, request: Request, form: Form) -> SignedIn:
        room, visitor = self._room, await b.visitor_of(self._room, request)
        code = form.get("recovery_code")
        if code is not None:
            return await sign_in_with_code(room, code[:MAX_CODE_CHARS], visitor)
        if form.get("test_key") is not None:
            attempt = await sign_with_test_key(room, request, form)
        else:
            attempt = parse_attempt(room, request, lambda name, chars: form_field(form, name, chars))
        return await sign_in(room, attempt, visitor)

    async def render(
        self, request: Request, next_path: str, refusal: Refusal | None = None, form: Form | None = None
    ) -> Response:
        """The page; after a refusal with what was wrong, and what ``form`` held."""
        room = self._room
        await room.limiter.check("login_page", b.origin_of(request).neighbourhood, room.policy.logins)
        browser = b.browser_of(request)
        session = await b.session_of(room, request)
        client = await self._neighbours.describe_client(next_path, None if browser.is_new else browser.digest)
        challenge = await issue_challenge(
            room, pubkey=None, address=None, browser=browser.digest, app=client.uri if client else None
        )
        offer = await self._neighbours.offer_lnurl(request, browser.digest, client)
        page = room.pages.render(
            request,
            "identity/login.html",
            status=status_of(refusal) if refusal else 200,
            headers=csp_with_image(client.logo_uri if client else None),
            csrf=b.csrf_token(room, None, browser),
            signed_in={"pubkey": session.user_id, "short": b.short_key(session.user_id)} if session else None,
            challenge={
                "id": challenge.challenge_id,
                "message": challenge.message,
                "expires_at": challenge.expires_at,
                "lifetime_s": round(CHALLENGE_LIFE.total_seconds()),
            },
            next=next_path,
            client=client,
            lnurl=offer,
            has_test_signer=offers_test_signer(room, request),
            error={"code": refusal.code, "text": refusal.text} if refusal else None,
            values=_values(form, client),
            is_recovering=form is not None and form.get("recovery_code") is not None,
        )
        b.remember_browser(room, page, browser)
        if offer is not None:
            b.set_offer_cookies(room, page, offer)
        return page


def _values(form: Form | None, client: LoginClient | None) -> dict[str, str]:
    """What stands in the fields: what was sent before, else whom the app hints at, where that is a key or an address."""
    if form is not None:
        return {name: form.get(name) or "" for name in ("pubkey", "address")}
    hint = (client.login_hint if client else None) or ""
    if _PUBKEY.fullmatch(hint):
        return {"pubkey": hint, "address": ""}
    return {"pubkey": "", "address": hint if _ADDRESS.fullmatch(hint) else ""}


def form_field(form: Form, name: str, max_chars: int) -> str | None:
    """A field of a form that holds what was copied from elsewhere; None for an empty one."""
    value = form.get(name)
    if value is None:
        return None
    # A wrapped line of a mail or a chat leaves blanks inside; neither an address, a key nor a signature has any.
    tight = value if name == "message" else "".join(value.split())
    return tight[:max_chars] or None
