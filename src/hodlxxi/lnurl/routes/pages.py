"""What people see of a Lightning login beside the sign-in page. All of it works without script."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from hodlxxi.identity import browser as b
from hodlxxi.identity.login_page import local_path
from hodlxxi.kit.body import read_form
from hodlxxi.kit.clock import describe_age
from hodlxxi.kit.web import see_other
from hodlxxi.lnurl.claim import claim_login, find_waiting
from hodlxxi.lnurl.phone import get_asked
from hodlxxi.lnurl.room import LnurlRoom
from hodlxxi.lnurl.routes.claim_cookie import claim_token_of, drop_claim


class LightningPages:
    """The page's button, and the page on the phone."""

    def __init__(self, room: LnurlRoom) -> None:
        self._room = room

    async def on_phone(self, request: Request) -> Response:
        """``GET /login/lnurl/<session_id>``: what a phone's camera leads to; needs no cookie and gives none.

        (``?lightning=`` is for wallets, which read it out of the code: LUD-01. Nobody reads it here.)
        """
        identity = self._room.identity
        asked = await get_asked(self._room, request.path_params["session_id"], b.origin_of(request))
        return identity.pages.render(
            request,
            "lnurl/phone.html",
            asked=asked,
            age=describe_age(asked.asked_at, identity.clock.now()),
            host=urlsplit(identity.policy.public_url).netloc,
        )

    async def go_on(self, request: Request) -> Response:
        """``POST /login/lnurl``: the page's button and its script, after the wallet has signed."""
        room, identity = self._room, self._room.identity
        form = await read_form(request)
        b.check_csrf(identity, request, await b.session_of(identity, request), form)
        session_id, next_path = form.get("session_id") or "", local_path(form.get("next"))
        token, visitor = claim_token_of(request), await b.visitor_of(identity, request)
        signed_in = await claim_login(room, session_id, token, visitor)
        if signed_in is not None:
            answer: Response = see_other(next_path)
            b.set_session_cookie(identity, answer, signed_in.token, signed_in.session)
            drop_claim(room, answer)
            return answer
        waiting = await find_waiting(room, session_id, token)
        if waiting is not None and waiting.claimed_at is not None:
            return see_other(next_path)  # the button was pressed twice
        is_over = waiting is None or waiting.expires_at <= identity.clock.now()
        return identity.pages.render(
            request,
            "lnurl/waiting.html",
            csrf=form.get("csrf") or "",
            session_id=session_id,
            next=next_path,
            is_over=is_over,
            text="This login has expired. Start again." if is_over else "Your wallet has not signed yet.",
        )
