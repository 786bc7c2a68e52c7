"""An app that signs its users out, and what it sees of that."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx

from tests.oauth.provider import Person, Provider, RelyingParty

BYE = "https://app.example/bye"


async def app_of(provider: Provider, **metadata: Any) -> RelyingParty:
    """An app with an address to go to after a sign-out."""
    return await provider.register(**{"post_logout_redirect_uris": [BYE]} | metadata)


async def leave(person: Person, **params: Any) -> httpx.Response:
    """The app sends the browser to sign out; None leaves a parameter out."""
    return await person.http.get("/oauth/logout", params={k: v for k, v in params.items() if v is not None})


async def click(
    person: Person, page: httpx.Response, decision: str = "logout", **changes: str
) -> httpx.Response:
    """Click a button of the confirmation page, perhaps after changing what its form holds."""
    assert 'data-page="logout"' in page.text, page.text
    fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text))
    sent = {name: html.unescape(value) for name, value in fields.items()}
    return await person.http.post("/oauth/logout", data=sent | {"decision": decision} | changes)


async def is_signed_in(person: Person) -> bool:
    return (await person.http.get("/api/session")).status_code == 200


def page_of(answer: httpx.Response) -> str:
    """Which page this is; never one that leads the browser anywhere by itself."""
    assert "location" not in answer.headers
    assert "refresh" not in answer.headers
    found = re.search(r'data-page="([^"]*)"', answer.text)
    assert found, answer.text
    return found[1]
