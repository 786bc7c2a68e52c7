"""Somebody at /developers, with a browser that has no JavaScript: reads forms, fills them in, sends them."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

import httpx

from tests.oauth.provider import CALLBACK, Person, Provider, RelyingParty

FORM = {
    "client_name": "Till",
    "kind": "web",
    "redirect_uris": CALLBACK,
    "scope": ["openid", "profile"],
    "id_token_signed_response_alg": "RS256",
}


@dataclass
class Developer:
    """A signed-in person at the pages for developers."""

    person: Person

    @property
    def http(self) -> httpx.AsyncClient:
        return self.person.http

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(path)

    async def send(self, page: str, action: str, **fields: Any) -> httpx.Response:
        """Open a page, and send the form on it with this action."""
        hidden = hidden_of((await self.get(page)).text, action)
        return await self.http.post(action, data=given(hidden | fields))

    async def register(self, **changes: Any) -> httpx.Response:
        return await self.send("/developers/new", "/developers/new", **FORM | changes)

    async def app(self, **changes: Any) -> RelyingParty:
        """Register an app; it knows what the page showed."""
        page = await self.register(**changes)
        assert page.status_code == 200, page.text
        client_id = shown(page, "client-id")
        assert client_id
        uris = str((FORM | changes)["redirect_uris"] or "").splitlines()
        metadata: dict[str, Any] = {"client_id": client_id, "redirect_uris": uris}
        secret, token = shown(page, "client-secret"), shown(page, "registration-token")
        if secret:
            metadata["client_secret"] = secret
        return RelyingParty(self.person.provider, metadata | {"registration_access_token": token})

    async def edit(self, app: RelyingParty, **changes: Any) -> httpx.Response:
        """Open the form, change something and save."""
        path = f"/developers/apps/{app.client_id}/edit"
        page = await self.get(path)
        return await self.http.post(
            path, data=given(fields_of(page.text) | hidden_of(page.text, path) | changes)
        )


async def developer(provider: Provider) -> Developer:
    """Somebody who develops apps."""
    return Developer(await provider.person())


def shown(page: httpx.Response, element_id: str) -> str | None:
    """The text of an element; what is shown, not how it is written."""
    found = re.search(rf'<(\w+)[^>]* id="{element_id}"[^>]*>(.*?)</\1>', page.text, re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", "", found[2])).strip() if found else None


def hidden_of(text: str, action: str) -> dict[str, Any]:
    """The hidden fields of one form."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', text, re.DOTALL)
    assert form, text
    return {
        name: html.unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[0])
    }


def fields_of(text: str) -> dict[str, Any]:
    """What the app's form holds: texts, ticked boxes, chosen options."""
    form = re.search(r'<form id="app-form".*?</form>', text, re.DOTALL)
    assert form
    fields: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form[0]):
        name, value, kind = _attribute(tag, "name"), _attribute(tag, "value"), _attribute(tag, "type")
        if kind in ("text", "hidden") or (kind == "radio" and " checked" in tag):
            fields[name] = value
        elif kind == "checkbox" and " checked" in tag:
            fields.setdefault(name, []).append(value)
    for name, value in re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>(.*?)</textarea>', form[0], re.DOTALL):
        fields[name] = html.unescape(value)
    chosen = re.search(r'<select[^>]* name="(\w+)".*?<option value="([^"]*)" selected>', form[0], re.DOTALL)
    assert chosen
    return fields | {chosen[1]: chosen[2]}


def given(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that are sent; None leaves one out."""
    return {name: value for name, value in fields.items() if value is not None}


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf' {name}="([^"]*)"', tag)
    return html.unescape(found[1]) if found else ""
