"""A relying party of the FAPI 2.0 Security Profile: it pushes, proves itself by a key, and binds its tokens to another."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import httpx

from hodlxxi.oauth.operator import set_profile
from hodlxxi.oauth.rules.clients import Profile
from tests.oauth.keyed import assertion, proof, signed_form, signing_app
from tests.oauth.provider import Person, Provider, RelyingParty, response_of
from tests.support.jose import ClientKey

_numbers = itertools.count(1)
Form = dict[str, Any]


@dataclass
class FapiRp:
    """An app with its two keys. ``Prove`` arguments are changes that spoil what it sends."""

    app: RelyingParty
    signing: ClientKey
    holding: ClientKey = field(default_factory=lambda: ClientKey("ES256"))

    @property
    def op(self) -> Provider:
        return self.app.provider

    def signed(self, form: Form, **changes: Any) -> Form:
        """The form with an assertion."""
        form = {name: value for name, value in form.items() if value is not None}
        return signed_form(assertion(self.op, self.app.client_id, self.signing, **changes), **form)

    def proved(self, path: str, method: str = "POST", **changes: Any) -> dict[str, str]:
        """The header with a proof."""
        return {"DPoP": proof(self.op, self.holding, path, method, **changes)}

    async def post(
        self, path: str, form: Form, headers: Any = None, said: Form | None = None
    ) -> httpx.Response:
        """``said`` are changes of the assertion."""
        async with self.op.http() as http:
            return await http.post(path, data=self.signed(form, **said or {}), headers=headers or {})

    async def push(self, said: Form | None = None, headers: Any = None, **changes: Any) -> httpx.Response:
        return await self.post("/oauth/par", self.app.request(**changes), headers, said)

    async def pushed(self, **changes: Any) -> dict[str, str]:
        answer = await self.push(**changes)
        assert answer.status_code == 201, answer.text
        return {"client_id": self.app.client_id, "request_uri": answer.json()["request_uri"]}

    async def come(self, person: Person, asked: dict[str, str], **more: str) -> httpx.Response:
        return await person.http.get("/oauth/authorize", params=asked | more)

    async def answer(self, person: Person, **changes: Any) -> dict[str, str]:
        """Pushed, brought, agreed to: what comes back to the app."""
        page = await self.come(person, await self.pushed(**changes))
        return response_of(await person.decide(page) if page.status_code == 200 else page)

    async def redeem(
        self, code: str, said: Form | None = None, headers: Any = None, **changes: Any
    ) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.app.metadata["redirect_uris"][0],
            "code_verifier": self.app.verifier,
        }
        sent = self.proved("/oauth/token") if headers is None else headers
        return await self.post("/oauth/token", form | changes, sent, said)

    async def refresh(self, token: str, said: Form | None = None, headers: Any = None) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return await self.post("/oauth/token", form, headers or self.proved("/oauth/token"), said)

    async def tokens(self, person: Person, **changes: Any) -> dict[str, Any]:
        answer = await self.redeem((await self.answer(person, **changes))["code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def call(
        self, token: str, path: str = "/oauth/userinfo", scheme: str = "DPoP", **changes: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"{scheme} {token}"} | self.proved(path, "GET", token=token, **changes)
        async with self.op.http() as http:
            return await http.get(path, headers=headers)


async def new_fapi(op: Provider, alg: str = "ES256") -> FapiRp:
    """Registered, approved, and held to the profile by the operator."""
    key = ClientKey(alg)
    uri = f"https://fapi{next(_numbers)}.example/cb"
    app = await signing_app(op, key, redirect_uris=[uri], id_token_signed_response_alg="ES256")
    await set_profile(op.room, app.client_id, Profile.FAPI2)
    await op.trust(app)
    return FapiRp(app, key)
