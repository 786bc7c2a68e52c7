"""What people see of a Lightning login beside the sign-in page. All of it works without script."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from hodlxxi.identity import browser as b
from hodlxxi.identity.landing import Landing, Way, show_landing
from hodlxxi.identity.login_page import local_path
from hodlxxi.identity.room import DescribeClient
from hodlxxi.kit.body import Form, read_form, read_query
from hodlxxi.kit.clock import describe_age
from hodlxxi.kit.web import see_other
from hodlxxi.lnurl.claim import claim_login, find_waiting
from hodlxxi.lnurl.confirm import find_answered, needs_confirmation, reject_login
from hodlxxi.lnurl.phone import get_asked
from hodlxxi.lnurl.room import LnurlRoom
from hodlxxi.lnurl.routes.claim_cookie import claim_token_of, drop_claim

FORM_PATH = "/login/lnurl"


class LightningPages:
    """The page's button, the page on the phone, and the one that asks whose key it was."""

    def __init__(self, room: LnurlRoom, describe_client: DescribeClient) -> None:
        self._room = room
        self._describe_client = describe_client

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
            account=b.short_key(asked.account) if asked.account else None,
            age=describe_age(asked.asked_at, identity.clock.now()),
            host=urlsplit(identity.policy.public_url).netloc,
        )

    async def go_on(self, request: Request) -> Response:
        """``POST /login/lnurl``: the page's button and its script, after the wallet has signed.

        ``confirm`` says that the person has seen the key; ``reject`` that it is not theirs.
        """
        room, identity = self._room, self._room.identity
        form = await read_form(request)
        b.check_csrf(identity, request, await b.session_of(identity, request), form)
        session_id, next_path = form.get("session_id") or "", local_path(form.get("next"))
        token, visitor = claim_token_of(request), await b.visitor_of(identity, request)
        if form.get("reject"):
            await reject_login(room, session_id, token, visitor)
            answer = see_other(f"/login?next={quote(next_path, safe='')}")
            drop_claim(room, answer)
            return answer
        if not form.get("confirm") and await needs_confirmation(room, session_id, token, visitor):
            return see_other(f"{FORM_PATH}/{session_id}/confirm?next={quote(next_path, safe='')}")
        signed_in = await claim_login(room, session_id, token, visitor)
        if signed_in is None:
            return await self._wait(request, form, session_id, next_path)
        answer = see_other(next_path)
        b.set_session_cookie(identity, answer, signed_in.token, signed_in.session)
        drop_claim(room, answer)
        return answer

    async def _wait(self, request: Request, form: Form, session_id: str, next_path: str) -> Response:
        identity = self._room.identity
        waiting = await find_waiting(self._room, session_id, claim_token_of(request))
        if waiting is not None and waiting.claimed_at is not None:
            return see_other(next_path)  # the button was pressed twice
        is_over = waiting is None or waiting.is_rejected or waiting.expires_at <= identity.clock.now()
        return identity.pages.render(
            request,
            "lnurl/waiting.html",
            csrf=form.get("csrf") or "",
            session_id=session_id,
            next=next_path,
            is_over=is_over,
            text="This login has expired. Start again." if is_over else "Your wallet has not signed yet.",
        )

    async def confirm(self, request: Request) -> Response:
        """``GET /login/lnurl/<session_id>/confirm``: whose key answered, for the browser that asked, before it claims.

        A page of its own, so that it can be loaded again.
        """
        room, session_id = self._room, request.path_params["session_id"]
        next_path = local_path(read_query(request).get("next"))
        found = await find_answered(room, session_id, claim_token_of(request))
        if found is None:
            return see_other(f"/login?next={quote(next_path, safe='')}")
        client = await self._describe_client(next_path, b.known_browser(request))
        fields = (("session_id", session_id), ("next", next_path))
        landing = Landing(
            pubkey=found.user,
            go_on=Way(FORM_PATH, (*fields, ("confirm", "1"))),
            other=Way(FORM_PATH, (*fields, ("reject", "1"))),
            app=found.app,
            app_host=found.app_host,
            key=found.key,
            is_open=False,
            is_new_account=found.is_new_account,
            code=found.code,
            near=found.near,
            is_too_weak=client is not None and client.excludes_remote,
        )
        return await show_landing(room.identity, request, landing)
