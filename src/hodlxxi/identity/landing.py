"""``You are signing in as 02ab…9f4c to App X``: where a browser lands that is new to an account.

Shown before the session opens (a Lightning login that came from another device) or just after it (``landing_path``).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from hodlxxi.identity import browser as b
from hodlxxi.identity.login_page import local_path
from hodlxxi.identity.room import IdentityRoom, Neighbours
from hodlxxi.kit.body import read_query
from hodlxxi.kit.web import see_other

PATH = "/login/landing"


@dataclass(frozen=True, slots=True)
class Way:
    """A button of the page: a form with these fields besides its token, or a link when there are none."""

    path: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Landing:
    """What the page says. ``code`` and ``near`` are of a login that another device answered; None otherwise."""

    pubkey: str
    go_on: Way
    other: Way
    app: str | None = None
    app_host: str | None = None
    key: str | None = None
    is_open: bool = True
    is_new_account: bool = False
    code: str | None = None
    near: str | None = None
    # The app asked for a class that this sign-in is not of.
    is_too_weak: bool = False

    @property
    def short(self) -> str:
        """The account, as people see it."""
        return b.short_key(self.pubkey)


def landing_path(next_path: str) -> str:
    """Where to send a browser that is new to the account it has just been signed in to; from there it goes on."""
    return f"{PATH}?next={quote(next_path, safe='')}"


async def show_landing(room: IdentityRoom, request: Request, landing: Landing) -> Response:
    """The page."""
    browser = b.browser_of(request)
    csrf = b.csrf_token(room, await b.session_of(room, request), browser)
    return room.pages.render(request, "identity/landing.html", landing=landing, csrf=csrf)


class LandingPage:
    """``GET /login/landing``: after the fact."""

    def __init__(self, room: IdentityRoom, neighbours: Neighbours) -> None:
        self._room = room
        self._neighbours = neighbours

    async def show(self, request: Request) -> Response:
        """Who is signed in here now, for which app, and the way out for whoever that is not."""
        next_path = local_path(read_query(request).get("next"))
        again = f"/login?next={quote(next_path, safe='')}"
        session = await b.session_of(self._room, request)
        if session is None:
            return see_other(again)
        client = await self._neighbours.describe_client(next_path, b.known_browser(request))
        landing = Landing(
            pubkey=session.user_id,
            go_on=Way(next_path),
            other=Way("/logout", (("next", again),)),
            app=client.name if client else None,
            app_host=client.host if client else None,
            key=session.key,
        )
        return await show_landing(self._room, request, landing)
