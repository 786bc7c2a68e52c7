"""The JSON endpoints of an account: its name, keys and recovery codes, and its end."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hodlxxi.identity import account, recovery
from hodlxxi.identity import browser as b
from hodlxxi.identity.account_rules import parse_name
from hodlxxi.identity.account_store import LinkedKey
from hodlxxi.identity.caller import Authenticate, check_session
from hodlxxi.identity.room import IdentityRoom
from hodlxxi.identity.session import Session
from hodlxxi.kit.answers import json_answer
from hodlxxi.kit.body import needed_text, read_json_object, text_field
from hodlxxi.kit.clock import render_time
from hodlxxi.kit.errors import BadInput


def account_routes(room: IdentityRoom, authenticate: Authenticate) -> list[Route]:
    """Every route of an account."""
    api = _AccountApi(room, authenticate)
    return [
        Route("/api/account", api.show, methods=["GET"]),
        Route("/api/account", api.change, methods=["PUT"]),
        Route("/api/account", api.close, methods=["DELETE"]),
        Route("/api/keys", api.list_keys, methods=["GET"]),
        Route("/api/keys/{key}", api.rename_key, methods=["PUT"]),
        Route("/api/keys/{key}", api.remove_key, methods=["DELETE"]),
        Route("/api/recovery-codes", api.count_codes, methods=["GET"]),
        Route("/api/recovery-codes", api.make_codes, methods=["POST"]),
        Route("/api/recovery-codes", api.delete_codes, methods=["DELETE"]),
        Route("/api/auth/recovery", api.recover, methods=["POST"]),
    ]


class _AccountApi:
    """Each parses, calls one use case and renders. All but ``recover`` are for a signed-in person, never for an app."""

    def __init__(self, room: IdentityRoom, authenticate: Authenticate) -> None:
        self._room = room
        self._authenticate = authenticate

    async def show(self, request: Request) -> Response:
        """``GET /api/account``."""
        session = await self._session(request)
        found = await account.get_account(self._room, session.user_id)
        return json_answer(
            {
                "pubkey": found.user.pubkey,
                "display_name": found.user.display_name,
                "created_at": render_time(found.user.created_at),
                "keys": len(found.keys),
                "recovery_codes_left": found.codes.left,
            }
        )

    async def change(self, request: Request) -> Response:
        """``PUT /api/account {display_name}``; null or empty takes the name away."""
        session = await self._session(request, changes=True)
        name = await _name_in(request, "display_name")
        await account.set_name(self._room, session.user_id, name, b.origin_of(request))
        return json_answer({"pubkey": session.user_id, "display_name": name})

    async def close(self, request: Request) -> Response:
        """``DELETE /api/account``: needs a fresh proof."""
        session = await self._session(request, changes=True)
        await account.close_account(self._room, session, b.origin_of(request))
        answer = json_answer({"closed": True})
        b.clear_session_cookie(self._room, answer)
        return answer

    async def list_keys(self, request: Request) -> Response:
        """``GET /api/keys``: the oldest first."""
        session = await self._session(request)
        found = await account.get_account(self._room, session.user_id)
        return json_answer({"keys": [render_key(key, session) for key in found.keys]})

    async def rename_key(self, request: Request) -> Response:
        """``PUT /api/keys/{key} {label}``; null or empty takes the label away."""
        session = await self._session(request, changes=True)
        label, key = await _name_in(request, "label"), request.path_params["key"]
        await account.rename_key(self._room, session.user_id, key, label, b.origin_of(request))
        return json_answer({"key": key, "label": label})

    async def remove_key(self, request: Request) -> Response:
        """``DELETE /api/keys/{key}``: needs a fresh proof, of another key."""
        session = await self._session(request, changes=True)
        key, origin = request.path_params["key"], b.origin_of(request)
        ended = await account.remove_key(self._room, session, key, origin)
        return json_answer({"removed": key, "sessions_ended": ended})

    async def count_codes(self, request: Request) -> Response:
        """``GET /api/recovery-codes``: how many are left."""
        session = await self._session(request)
        codes = (await account.get_account(self._room, session.user_id)).codes
        made_at = render_time(codes.made_at) if codes.made_at else None
        return json_answer({"left": codes.left, "made_at": made_at})

    async def make_codes(self, request: Request) -> Response:
        """``POST /api/recovery-codes``: ten new ones, shown this once; needs a fresh proof."""
        session = await self._session(request, changes=True)
        return json_answer(
            {"codes": await recovery.make_codes(self._room, session, b.origin_of(request))}, 201
        )

    async def delete_codes(self, request: Request) -> Response:
        """``DELETE /api/recovery-codes``: needs a fresh proof."""
        session = await self._session(request, changes=True)
        return json_answer(
            {"deleted": await recovery.delete_codes(self._room, session, b.origin_of(request))}
        )

    async def recover(self, request: Request) -> Response:
        """``POST /api/auth/recovery {code}``: sign in with a recovery code, which is used up then."""
        room = self._room
        b.check_own_page(request, room.policy.public_url)
        code = needed_text(await read_json_object(request), "code", max_chars=100)
        signed_in = await recovery.sign_in_with_code(room, code, await b.visitor_of(room, request))
        session = signed_in.session
        answer = json_answer(
            {"verified": True, "pubkey": session.user_id, "expires_at": render_time(session.expires_at)}
        )
        b.set_session_cookie(room, answer, signed_in.token, session)
        return answer

    async def _session(self, request: Request, *, changes: bool = False) -> Session:
        """The person's session; what changes something comes from our own pages, or from no page at all."""
        if changes:
            b.check_own_page(request, self._room.policy.public_url)
        return check_session(await self._authenticate(request))


async def _name_in(request: Request, field: str) -> str | None:
    body = await read_json_object(request)
    if field not in body:
        raise BadInput(f"{field}: this field is needed; null takes it away.", field=field)
    return parse_name(text_field(body, field), field)


def render_key(key: LinkedKey, session: Session) -> dict[str, Any]:
    """A key of the account; ``current`` is the one that this session was opened with."""
    return {
        "key": key.key,
        "kind": key.kind,
        "label": key.label,
        "added_at": render_time(key.added_at),
        "last_used_at": render_time(key.last_used_at) if key.last_used_at else None,
        "current": key.key == session.key,
    }
