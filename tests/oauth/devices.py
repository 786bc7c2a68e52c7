"""A device without a keyboard, and somebody who types its code into a browser elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import httpx

from tests.oauth.provider import Person, Provider, RelyingParty

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass
class Television:
    """A device that shows a code and polls."""

    app: RelyingParty
    answer: dict[str, Any]

    @property
    def code(self) -> str:
        """What it shows."""
        return str(self.answer["user_code"])

    async def poll(self, app: RelyingParty | None = None, **more: Any) -> httpx.Response:
        form = {"grant_type": DEVICE_CODE, "device_code": self.answer["device_code"]} | more
        return await (app or self.app).post(**form)

    async def hears(self, app: RelyingParty | None = None) -> str:
        """The word of the error that a poll brings; the interval is kept."""
        self.app.provider.clock.advance(self.answer["interval"])
        answer = await self.poll(app)
        assert answer.status_code == 400, answer.text
        return str(answer.json()["error"])

    async def tokens(self) -> dict[str, Any]:
        answer = await self.poll()
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


async def television_maker(provider: Provider, **metadata: Any) -> RelyingParty:
    """An app for televisions: it can keep no secret and has no address to be sent back to."""
    wish = {
        "client_name": "Television",
        "grant_types": [DEVICE_CODE, "refresh_token"],
        "redirect_uris": None,
        "token_endpoint_auth_method": "none",
    }
    return await provider.register(**wish | metadata)


async def begin(app: RelyingParty, **form: Any) -> Television:
    """A device asks for its codes."""
    headers = {"User-Agent": "Telly/1.0 (<b>living room</b>)"} | app.auth.get("headers", {})
    answer = await app.send("/oauth/device_authorization", form, headers=headers)
    assert answer.status_code == 200, answer.text
    return Television(app, answer.json())


async def open_page(person: Person, path: str = "/device") -> httpx.Response:
    answer = await person.http.get(path)
    assert answer.status_code == 200, answer.text
    assert 'data-page="device"' in answer.text
    return answer


async def type_code(person: Person, code: str, decision: str = "continue") -> httpx.Response:
    """Type a code into the page and press a button of it."""
    page = await open_page(person)
    csrf = re.search(r'name="csrf" value="([^"]*)"', page.text)
    assert csrf is not None
    form = {"csrf": csrf[1], "user_code": code, "decision": decision}
    return await person.http.post("/device", data=form)


async def answer_page(
    person: Person, page: httpx.Response, decision: str = "approve", **more: Any
) -> httpx.Response:
    """Press a button of the page that asks whether it is one's own device."""
    assert 'id="device-approve"' in page.text, page.text
    fields = dict(re.findall(r'name="(csrf|user_code)" value="([^"]*)"', page.text))
    return await person.http.post("/device", data={**fields, "decision": decision, **more})


async def approve(person: Person, device: Television, decision: str = "approve") -> httpx.Response:
    """The whole way of a person with a code in their hand."""
    answer = await answer_page(person, await type_code(person, device.code), decision)
    assert 'id="device-done"' in answer.text, answer.text
    return answer
