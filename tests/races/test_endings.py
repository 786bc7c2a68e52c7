"""Fifty at once against an ending, on PostgreSQL over four workers: afterwards nothing is alive, whoever came first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.races.people import AT_ONCE, Visitor, exchange_form

Ending = Callable[[Visitor, dict[str, Any], httpx.AsyncClient], Awaitable[httpx.Response]]


async def revoke(visitor: Visitor, tokens: dict[str, Any], http: httpx.AsyncClient) -> httpx.Response:
    return await http.post("/oauth/revoke", data={"token": tokens["refresh_token"]}, auth=visitor.credentials)


async def log_out(visitor: Visitor, tokens: dict[str, Any], http: httpx.AsyncClient) -> httpx.Response:
    return await http.post("/logout", headers={"Cookie": f"session={visitor.browser.cookies['session']}"})


async def log_out_at_the_apps_wish(
    visitor: Visitor, tokens: dict[str, Any], http: httpx.AsyncClient
) -> httpx.Response:
    cookie = {"Cookie": f"session={visitor.browser.cookies['session']}"}
    return await http.get("/oauth/logout", params={"id_token_hint": tokens["id_token"]}, headers=cookie)


async def are_all_dead(visitor: Visitor, crowd: list[httpx.AsyncClient], got: list[dict[str, Any]]) -> bool:
    """Whether no token that anybody got opens anything on any worker."""

    async def is_dead(http: httpx.AsyncClient, tokens: dict[str, Any]) -> bool:
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        call = await http.get("/api/demo/protected", headers=bearer)
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        refresh = await http.post("/oauth/token", data=form, auth=visitor.credentials)
        return (call.status_code, refresh.status_code) == (401, 400)

    pairs = zip(crowd, got * AT_ONCE, strict=False)
    return all(await asyncio.gather(*(is_dead(http, tokens) for http, tokens in pairs)))


@pytest.mark.parametrize("end", [revoke, log_out, log_out_at_the_apps_wish], ids=lambda end: end.__name__)
@pytest.mark.parametrize("place", [0, 5, 25])
async def test_no_refresh_outlives_an_ending_at_the_same_moment(
    visitor: Visitor, crowd: list[httpx.AsyncClient], end: Ending, place: int
) -> None:
    """keycloak#51312, MUST 14. ``place``: how many of the fifty are sent before the ending."""
    tokens = await visitor.tokens()
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    calls: list[Awaitable[httpx.Response]] = [
        http.post("/oauth/token", data=form, auth=visitor.credentials) for http in crowd[1:]
    ]
    calls.insert(place, end(visitor, tokens, crowd[0]))
    answers = await asyncio.gather(*calls)
    ended = answers.pop(place)
    assert ended.status_code == 200, ended.text
    assert {answer.status_code for answer in answers} <= {200, 400}
    got = [answer.json() for answer in answers if answer.status_code == 200]
    assert len({one["refresh_token"] for one in got}) <= 1
    assert await are_all_dead(visitor, crowd, [tokens, *got])


async def test_no_code_outlives_the_session_that_it_came_of(
    visitor: Visitor, crowd: list[httpx.AsyncClient]
) -> None:
    """MUST 14: forty-nine authorizations and a sign-out at the same moment: what was issued is worth nothing afterwards."""
    tokens = await visitor.tokens()
    params, verifier = visitor.asking()
    cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in visitor.browser.cookies.items())}
    calls: list[Awaitable[httpx.Response]] = [
        http.get("/oauth/authorize", params=params, headers=cookies) for http in crowd[1:]
    ]
    calls.insert(20, log_out(visitor, tokens, crowd[0]))
    answers = await asyncio.gather(*calls)
    assert answers.pop(20).status_code == 200
    assert {answer.status_code for answer in answers} == {303}
    codes = [code for code in map(visitor.code_in, answers) if code is not None]
    redeemed = await asyncio.gather(
        *(
            http.post("/oauth/token", data=exchange_form(code, verifier), auth=visitor.credentials)
            for http, code in zip(crowd, codes, strict=False)
        )
    )
    assert {answer.status_code for answer in redeemed} <= {400}
    assert await are_all_dead(visitor, crowd, [tokens])
