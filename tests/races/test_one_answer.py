"""Fifty at once on PostgreSQL, over four workers: a pushed request is answered once, a device is allowed and served once."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections import Counter
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.races.people import AT_ONCE, CALLBACK, SCOPE, Visitor
from tests.support.server import Server

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


async def push(visitor: Visitor, **more: str) -> dict[str, str]:
    """What a browser brings in place of a whole request."""
    form = {
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": SCOPE,
        "code_challenge": secrets.token_urlsafe(32),
        "code_challenge_method": "S256",
    }
    answer = await visitor.browser.post("/oauth/par", data=form | more, auth=visitor.credentials)
    return {
        "client_id": visitor.credentials[0],
        "request_uri": answer.raise_for_status().json()["request_uri"],
    }


def fields_of(page: httpx.Response) -> dict[str, str]:
    return dict(re.findall(r'name="(interaction|csrf|user_code)" value="([^"]*)"', page.text))


def cookies_of(visitor: Visitor) -> Mapping[str, str]:
    return {"Cookie": "; ".join(f"{c.name}={c.value}" for c in visitor.browser.cookies.jar)}


def codes_in(answers: list[httpx.Response]) -> int:
    return sum("code=" in answer.headers.get("location", "") for answer in answers)


async def test_one_of_fifty_visits_with_a_pushed_request_gets_its_code(
    crowd: list[httpx.AsyncClient], visitor: Visitor
) -> None:
    """MUST 22: once."""
    await visitor.authorize()  # from now on nobody is asked
    asked, cookies = await push(visitor), cookies_of(visitor)
    answers = await asyncio.gather(
        *(client.get("/oauth/authorize", params=asked, headers=cookies) for client in crowd)
    )
    assert Counter(answer.status_code for answer in answers) == {303: 1, 400: AT_ONCE - 1}
    assert codes_in(answers) == 1


async def test_one_of_fifty_clicks_on_pages_of_one_pushed_request_counts(
    crowd: list[httpx.AsyncClient], visitor: Visitor
) -> None:
    """MUST 22: once, over many pages."""
    await visitor.browser.get("/login")  # the browser gets its own cookie
    asked, cookies = await push(visitor, prompt="consent"), cookies_of(visitor)
    pages = await asyncio.gather(
        *(client.get("/oauth/authorize", params=asked, headers=cookies) for client in crowd)
    )
    assert Counter(page.status_code for page in pages) == {200: AT_ONCE}, "a visit burns nothing"
    forms = [{**fields_of(page), "decision": "authorize"} for page in pages]
    assert len({form["interaction"] for form in forms}) == AT_ONCE
    answers = await asyncio.gather(
        *(
            client.post("/oauth/authorize", data=form, headers=cookies)
            for client, form in zip(crowd, forms, strict=True)
        )
    )
    assert Counter(answer.status_code for answer in answers) == {303: 1, 400: AT_ONCE - 1}
    assert codes_in(answers) == 1


async def start(visitor: Visitor) -> dict[str, Any]:
    """A television asks for its codes."""
    wish = {"grant_types": [DEVICE_CODE, "refresh_token"], "token_endpoint_auth_method": "none"}
    made = (await visitor.browser.post("/oauth/register", json=wish)).raise_for_status().json()
    form = {"client_id": made["client_id"], "scope": SCOPE}
    device = (await visitor.browser.post("/oauth/device_authorization", data=form)).raise_for_status().json()
    return {**device, "client_id": made["client_id"]}


async def answer_forms(visitor: Visitor, device: dict[str, Any]) -> dict[str, str]:
    """The fields of the page that asks."""
    page = await visitor.browser.get("/device")
    form = {**fields_of(page), "user_code": device["user_code"], "decision": "continue"}
    return fields_of(await visitor.browser.post("/device", data=form))


def poll_of(device: dict[str, Any]) -> dict[str, str]:
    names = ("device_code", "client_id")
    return {"grant_type": DEVICE_CODE} | {name: str(device[name]) for name in names}


async def test_one_of_fifty_polls_of_an_approved_device_gets_the_tokens(
    full_server: Server, crowd: list[httpx.AsyncClient], visitor: Visitor
) -> None:
    """MUST 23: spent once."""
    device = await start(visitor)
    form = await answer_forms(visitor, device) | {"decision": "approve"}
    assert 'data-answer="approved"' in (await visitor.browser.post("/device", data=form)).text
    answers = await asyncio.gather(*(client.post("/oauth/token", data=poll_of(device)) for client in crowd))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: AT_ONCE - 1}
    won = next(answer for answer in answers if answer.status_code == 200)
    assert {answer.json()["error"] for answer in answers if answer is not won} == {"invalid_grant"}
    bearer = {"Authorization": f"Bearer {won.json()['access_token']}"}
    assert (await crowd[0].get("/api/demo/protected", headers=bearer)).status_code == 200


@pytest.mark.parametrize("decisions", [("approve",), ("approve", "deny")], ids=" and ".join)
async def test_one_of_fifty_answers_about_a_device_counts(
    crowd: list[httpx.AsyncClient], visitor: Visitor, decisions: tuple[str, ...]
) -> None:
    """MUST 23: answered once."""
    device = await start(visitor)
    fields = await answer_forms(visitor, device)
    cookies = cookies_of(visitor)
    # Each is counted as a guess until the code was looked at: no more than five at a time come through.
    answers = await asyncio.gather(
        *(
            client.post(
                "/device", data={**fields, "decision": decisions[n % len(decisions)]}, headers=cookies
            )
            for n, client in enumerate(crowd)
        )
    )
    assert {answer.status_code for answer in answers} <= {200, 400, 429}
    won = [answer for answer in answers if "data-answer" in answer.text]
    assert len(won) == 1
    polled = await crowd[0].post("/oauth/token", data=poll_of(device))
    if 'data-answer="approved"' in won[0].text:
        assert polled.status_code == 200
    else:
        assert polled.json()["error"] == "access_denied"


async def test_fifty_guesses_at_once_are_counted_one_by_one(
    crowd: list[httpx.AsyncClient], visitor: Visitor
) -> None:
    """MUST 23: guessing limit."""
    page = await visitor.browser.get("/device")
    form, cookies = {**fields_of(page), "decision": "continue"}, cookies_of(visitor)
    answers = await asyncio.gather(
        *(client.post("/device", data={**form, "user_code": "BCDFGHJK"}, headers=cookies) for client in crowd)
    )
    assert Counter(answer.status_code for answer in answers) == {400: 5, 429: AT_ONCE - 5}
