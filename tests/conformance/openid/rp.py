"""A relying party as the public test plans play it: it sends what old libraries send, and believes nothing unchecked."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.oauth.provider import CALLBACK, ISSUER, Person, Provider, RelyingParty, next_of, response_of

NO_PKCE = {"code_challenge": None, "code_challenge_method": None}
UI_ERRORS = ("login_required", "interaction_required", "consent_required", "account_selection_required")


@dataclass
class Rp:
    """An app that wants its answers in one mode; None is the default of the flow."""

    app: RelyingParty
    mode: str | None = None

    @property
    def op(self) -> Provider:
        return self.app.provider

    def request(self, **changes: Any) -> dict[str, Any]:
        """An authorization request, without PKCE unless it is asked for."""
        changes = NO_PKCE | {"response_mode": self.mode, "scope": "openid"} | changes
        return self.app.request(**changes)

    async def visit(self, person: Person, **changes: Any) -> httpx.Response:
        return await person.http.get("/oauth/authorize", params=self.request(**changes))

    async def ask(self, person: Person, **changes: Any) -> dict[str, str]:
        """What comes back to the app, after the person has agreed where they were asked."""
        return self.read(await self.finish(person, await self.visit(person, **changes)))

    async def finish(self, person: Person, answer: httpx.Response) -> httpx.Response:
        """From any page or redirect of ours on to the answer."""
        while True:
            if answer.status_code == 200 and 'data-page="consent"' in answer.text:
                answer = await person.decide(answer)
            elif answer.headers.get("location", "").startswith("/login"):
                path = next_of(answer)
                await person.sign_in()
                answer = await person.http.get(path)
            elif answer.headers.get("location", "").startswith("/oauth/authorize"):
                answer = await person.http.get(answer.headers["location"])
            else:
                return answer

    def read(self, answer: httpx.Response) -> dict[str, str]:
        """The parameters of an answer, which must have come in the mode that was asked for."""
        if self.mode != "form_post":
            assert answer.headers["location"].startswith(self.app.metadata["redirect_uris"][0])
            return response_of(answer)
        assert answer.status_code == 200, answer.text
        assert f'action="{html.escape(self.app.metadata["redirect_uris"][0])}"' in answer.text
        fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', answer.text)
        return {name: html.unescape(value) for name, value in fields}

    async def redeem(self, code: str, **changes: Any) -> httpx.Response:
        return await self.app.redeem(code, **{"code_verifier": None} | changes)

    async def tokens(self, person: Person, **changes: Any) -> dict[str, Any]:
        answer = await self.redeem((await self.ask(person, **changes))["code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def id_claims(self, tokens: dict[str, Any], alg: str = "RS256") -> dict[str, Any]:
        """What the ID token says, after every check of Core §3.1.3.7."""
        async with self.op.http() as http:
            keys = KeySet.import_key_set((await http.get("/oauth/jwks.json")).json())
        token = jwt.decode(tokens["id_token"], keys, algorithms=[alg])
        assert token.header["kid"] in {key.kid for key in keys.keys}
        now = self.op.clock.now().timestamp()
        claims: dict[str, Any] = dict(token.claims)
        assert (claims["iss"], claims["aud"]) == (ISSUER, self.app.client_id)
        assert "azp" not in claims
        assert claims["iat"] <= now < claims["exp"]
        assert 0 < len(claims["sub"]) <= 255
        return claims

    async def userinfo(self, tokens: dict[str, Any]) -> dict[str, Any]:
        answer = await self.app.call(tokens["access_token"], "/oauth/userinfo")
        assert answer.status_code == 200, answer.text
        claims: dict[str, Any] = answer.json()
        return claims


async def new_rp(op: Provider, mode: str | None = None, **metadata: Any) -> Rp:
    """Freshly registered, as each test of the plans does."""
    return Rp(await op.register(CALLBACK, **metadata), mode)


def error_page(answer: httpx.Response) -> None:
    """A page of ours: nobody is sent anywhere."""
    assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert 'data-page="error"' in answer.text
