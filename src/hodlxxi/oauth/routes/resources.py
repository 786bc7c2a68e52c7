"""What access tokens open here (userinfo, the demo), and the documents that anybody may read."""

from __future__ import annotations

import hashlib

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from hodlxxi.kit.answers import NO_STORE, json_answer
from hodlxxi.kit.body import read_form
from hodlxxi.kit.clock import render_time
from hodlxxi.oauth import jws
from hodlxxi.oauth.bearer import get_person
from hodlxxi.oauth.discovery import discovery_document, resource_document
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.routes.answers import api_errors, oauth_errors
from hodlxxi.oauth.routes.possession import api_call
from hodlxxi.oauth.rules.access import Access
from hodlxxi.oauth.rules.claims import userinfo_claims
from hodlxxi.oauth.rules.scopes import OPENID, PROFILE_READ

_PUBLIC_FOR_5_MIN = "public, max-age=300"
_FORM = "application/x-www-form-urlencoded"


class Resources:
    """``/oauth/userinfo`` and ``/api/demo/protected``."""

    def __init__(self, room: OAuthRoom) -> None:
        self._room = room
        self.userinfo = oauth_errors(self._userinfo)
        self.protected = api_errors(room.clock)(self._protected)

    async def _userinfo(self, request: Request) -> Response:
        form_token = None
        if request.method == "POST" and request.headers.get("content-type", "").startswith(_FORM):
            form_token = (await read_form(request)).get("access_token")
        access, person = await get_person(self._room, api_call(self._room, request, form_token), OPENID)
        domain = self._room.policy.email_domain
        claims = userinfo_claims(person, access.scopes, access.claims, domain)
        if access.userinfo_alg is None:
            return json_answer(claims)
        return Response(await self._sign(access, claims), headers=NO_STORE, media_type="application/jwt")

    async def _sign(self, access: Access, claims: dict[str, object]) -> str:
        """Userinfo as a JWT for the client that registered for it (Core §5.3.2). Without ``typ``: no ID token either."""
        keys = self._room.keys
        signer = keys.id_signer(await keys.current(), access.userinfo_alg or "")
        about = {"iss": self._room.policy.issuer, "aud": access.client_id}
        return jws.render_typed(signer, None, claims | about)

    async def _protected(self, request: Request) -> Response:
        access, person = await get_person(self._room, api_call(self._room, request), PROFILE_READ)
        return json_answer(
            {
                "message": "This answer is for holders of an access token with the scope profile:read.",
                "pubkey": person.pubkey,
                "client_id": access.client_id,
                "scope": " ".join(sorted(access.scopes)),
                "expires_at": render_time(access.expires_at),
            }
        )


class Documents:
    """Discovery and the public keys."""

    def __init__(self, room: OAuthRoom) -> None:
        self._room = room
        self._discovery = msgspec.json.encode(discovery_document(room))
        self._resource = msgspec.json.encode(resource_document(room))

    async def discovery(self, request: Request) -> Response:
        """``/.well-known/openid-configuration`` and ``/.well-known/oauth-authorization-server``."""
        return _document(request, self._discovery)

    async def resource(self, request: Request) -> Response:
        """``/.well-known/oauth-protected-resource`` (RFC 9728): which server gives tokens for this API."""
        return _document(request, self._resource)

    async def jwks(self, request: Request) -> Response:
        """``/oauth/jwks.json``: every public key whose tokens may be about, and the next one."""
        held = await self._room.keys.current()
        return _document(request, msgspec.json.encode({"keys": held.jwks}))


def _document(request: Request, raw: bytes) -> Response:
    etag = f'"{hashlib.sha256(raw).hexdigest()[:32]}"'
    headers = {"Cache-Control": _PUBLIC_FOR_5_MIN, "ETag": etag}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(raw, headers=headers, media_type="application/json")
