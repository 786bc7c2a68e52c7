"""What ties a request to one browser: its cookies, and the token in our forms that other sites cannot know."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from hodlxxi.audit.events import Origin
from hodlxxi.identity.room import IdentityRoom, LoginOffer
from hodlxxi.identity.session import Session
from hodlxxi.identity.sessions import Visitor, find_session
from hodlxxi.kit.body import Form
from hodlxxi.kit.errors import Forbidden
from hodlxxi.kit.secret import digest_of, mint_token, same, tag_of
from hodlxxi.kit.web import client_address, is_same_origin, request_id_of

SESSION_COOKIE = "session"
BROWSER_COOKIE = "browser"
BROWSER_LIFE_S = 30 * 86400
_TOKEN_CHARS = range(20, 100)


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser that we know by its cookie. ``digest`` is what is stored; ``is_new`` when the cookie is still to be set."""

    secret: str
    is_new: bool

    @property
    def digest(self) -> str:
        """What we keep of the cookie."""
        return digest_of(self.secret)


def browser_of(request: Request) -> Browser:
    """The browser at the other end; a new one gets a fresh secret, which ``remember_browser`` hands to it."""
    given = request.cookies.get(BROWSER_COOKIE, "")
    if len(given) in _TOKEN_CHARS:
        return Browser(given, False)
    return Browser(mint_token(), True)


def known_browser(request: Request) -> str | None:
    """The digest of the browser's cookie, or None when it sent none."""
    browser = browser_of(request)
    return None if browser.is_new else browser.digest


def remember_browser(room: IdentityRoom, response: Response, browser: Browser) -> None:
    """Set the browser's cookie when it has none yet."""
    if browser.is_new:
        _set_cookie(room, response, BROWSER_COOKIE, browser.secret, BROWSER_LIFE_S)


def set_session_cookie(room: IdentityRoom, response: Response, token: str, session: Session) -> None:
    """Hand the session to the browser (contract §2)."""
    life = round((session.expires_at - session.created_at).total_seconds())
    _set_cookie(room, response, SESSION_COOKIE, token, life)


def clear_session_cookie(room: IdentityRoom, response: Response) -> None:
    """Take it away again."""
    _set_cookie(room, response, SESSION_COOKIE, "", 0)


def _set_cookie(room: IdentityRoom, response: Response, name: str, value: str, life_s: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=life_s,
        path="/",
        secure=room.policy.secure_cookies,
        httponly=True,
        samesite="lax",
    )


def set_offer_cookies(room: IdentityRoom, response: Response, offer: LoginOffer) -> None:
    """The secrets of a Lightning login that a page of ours shows; only our own pages send them back."""
    for name, value, path, life_s in offer.cookies:
        response.set_cookie(
            name,
            value,
            max_age=life_s,
            path=path,
            secure=room.policy.secure_cookies,
            httponly=True,
            samesite="strict",
        )


async def session_of(room: IdentityRoom, request: Request) -> Session | None:
    """The live session of this request's cookie; looked up once per request."""
    state = request.scope["state"]
    if "session" not in state:
        state["session"] = await find_session(room, request.cookies.get(SESSION_COOKIE))
    found: Session | None = state["session"]
    return found


def origin_of(request: Request) -> Origin:
    """Where the request came from, for the audit."""
    return Origin(client_address(request), request_id_of(request))


async def visitor_of(room: IdentityRoom, request: Request) -> Visitor:
    """The other end, as the use cases want it."""
    return Visitor(
        origin=origin_of(request),
        user_agent=request.headers.get("user-agent", ""),
        browser=known_browser(request),
        old=await session_of(room, request),
    )


def csrf_token(room: IdentityRoom, session: Session | None, browser: Browser) -> str:
    """The hidden field of our forms: bound to the session, or before sign-in to the browser's cookie."""
    return (
        tag_of(room.csrf_key, "session", session.digest)
        if session
        else tag_of(room.csrf_key, "browser", browser.secret)
    )


def check_csrf(room: IdentityRoom, request: Request, session: Session | None, form: Form) -> None:
    """Raises ``Forbidden`` when the form was not made for this browser.

    A form made before somebody signed in (in another tab) stays good: the browser's own token is taken as well.
    """
    given = form.get("csrf") or ""
    browser = browser_of(request)
    if session is not None and same(given, csrf_token(room, session, browser)):
        return
    if not browser.is_new and same(given, csrf_token(room, None, browser)):
        return
    raise Forbidden(
        "This form is too old or came from another site. Load the page again and repeat.", code="csrf"
    )


def check_own_page(request: Request, public_url: str) -> None:
    """Raises ``Forbidden`` when another site's page made this request with the browser's cookies."""
    if not is_same_origin(request, public_url):
        raise Forbidden("This request came from another site.", code="cross_origin")


def short_key(pubkey: str) -> str:
    """How a key is shown to people: ``02ab…9f4c``."""
    return f"{pubkey[:6]}…{pubkey[-4:]}"
