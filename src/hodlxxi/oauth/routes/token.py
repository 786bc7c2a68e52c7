"""What apps call themselves, ``/oauth/token`` and its kin and ``/oauth/register``: forms and JSON in, JSON out."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hodlxxi.identity.browser import origin_of
from hodlxxi.kit.answers import NO_STORE, json_answer
from hodlxxi.kit.body import read_form, read_json_object, read_query
from hodlxxi.oauth.client_auth import ClientRequest
from hodlxxi.oauth.device import start_device
from hodlxxi.oauth.introspect import introspect
from hodlxxi.oauth.par import push_request
from hodlxxi.oauth.register import change_registration, read_registration, register, remove_registration
from hodlxxi.oauth.revoke import revoke
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.routes.answers import oauth_errors, single_values
from hodlxxi.oauth.routes.possession import http_call
from hodlxxi.oauth.rules.errors import Fault, OAuthRefusal, Word
from hodlxxi.oauth.token import exchange

_SECRETS = (
    "client_secret",
    "token",
    "code",
    "code_verifier",
    "refresh_token",
    "device_code",
    "client_assertion",
)


class TokenEndpoint:
    """What apps call with a form: ``/oauth/token``, ``revoke``, ``introspect``, ``par`` and ``device_authorization``."""

    def __init__(self, room: OAuthRoom) -> None:
        self._room = room
        self.post = oauth_errors(self._post)
        self.revoke = oauth_errors(self._revoke)
        self.introspect = oauth_errors(self._introspect)
        self.push = oauth_errors(self._push)
        self.start_device = oauth_errors(self._start_device)

    async def _post(self, request: Request) -> Response:
        return json_answer(await exchange(self._room, await self._read(request)))

    async def _revoke(self, request: Request) -> Response:
        await revoke(self._room, await self._read(request))
        return Response(headers=NO_STORE)

    async def _introspect(self, request: Request) -> Response:
        return json_answer(await introspect(self._room, await self._read(request)))

    async def _push(self, request: Request) -> Response:
        return json_answer(await push_request(self._room, await self._read(request)), 201)

    async def _start_device(self, request: Request) -> Response:
        return json_answer(await start_device(self._room, await self._read(request)))

    async def _read(self, request: Request) -> ClientRequest:
        call = http_call(self._room, request)
        if request.scope["query_string"]:
            check_no_secrets(request)
        sent = await read_form(request)
        form, resources = single_values(sent), tuple(sent.get_all("resource"))
        headers = request.headers.getlist("authorization")
        if len(headers) > 1:
            raise OAuthRefusal(Fault(Word.INVALID_REQUEST, "Authorization was sent more than once."))
        authorization = headers[0] if headers else None
        agent = request.headers.get("user-agent", "")
        return ClientRequest(authorization, form, resources, origin_of(request), agent, call)


class RegisterEndpoint:
    """``/oauth/register`` and ``/oauth/register/{client_id}``."""

    def __init__(self, room: OAuthRoom) -> None:
        self._room = room
        self.create = oauth_errors(self._create)
        self.read = oauth_errors(self._read)
        self.change = oauth_errors(self._change)
        self.remove = oauth_errors(self._remove)

    async def _create(self, request: Request) -> Response:
        body = await read_json_object(request)
        return json_answer(await register(self._room, body, origin_of(request), _token(request)), 201)

    async def _read(self, request: Request) -> Response:
        return json_answer(await read_registration(self._room, _id(request), _token(request)))

    async def _change(self, request: Request) -> Response:
        body = await read_json_object(request)
        args = (self._room, _id(request), _token(request), body, origin_of(request))
        return json_answer(await change_registration(*args))

    async def _remove(self, request: Request) -> Response:
        await remove_registration(self._room, _id(request), _token(request), origin_of(request))
        return Response(status_code=204, headers=NO_STORE)


def check_no_secrets(request: Request) -> None:
    """Raises ``OAuthRefusal`` when a secret stands in the URL, where logs and histories keep it."""
    for name in _SECRETS:
        if name in read_query(request).names():
            raise OAuthRefusal(Fault(Word.INVALID_REQUEST, f"{name} must be in the body, never in the URL."))


def _id(request: Request) -> str:
    return str(request.path_params["client_id"])[:100]


def _token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip()[:200] if scheme.lower() == "bearer" else None
