"""Fifty at once, over HTTP, on PostgreSQL, spread over four workers: exactly one wins each time."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable
from urllib.parse import urlsplit

import httpx

from tests.races.people import AT_ONCE, Visitor, exchange_form, new_visitor
from tests.support.lnurl_wallet import LnurlWallet
from tests.support.server import Server


async def all_at_once(calls: list[Awaitable[httpx.Response]]) -> Counter[int]:
    """Send everything at the same moment; how often each status came back."""
    return Counter(answer.status_code for answer in await asyncio.gather(*calls))


async def test_one_of_fifty_redemptions_of_a_code_wins_and_the_replay_ends_its_tokens(
    crowd: list[httpx.AsyncClient], visitor: Visitor
) -> None:
    """MUST 12; Keycloak CVE-2026-4282, node-oauth2-server#637: fifty at once over four workers."""
    form = exchange_form(*await visitor.authorize())
    answers = await asyncio.gather(
        *(client.post("/oauth/token", data=form, auth=visitor.credentials) for client in crowd)
    )
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {answer.json()["error"] for answer in answers if answer.status_code != 200} == {"invalid_grant"}
    token = won[0].json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await crowd[0].get("/api/demo/protected", headers=bearer)).status_code == 401


async def test_fifty_refreshes_within_the_grace_get_one_and_the_same_successor(
    crowd: list[httpx.AsyncClient], visitor: Visitor
) -> None:
    """MUST 15; Keycloak CVE-2026-1035: fifty at once over four workers."""
    tokens = await visitor.tokens()
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    answers = await asyncio.gather(
        *(client.post("/oauth/token", data=form, auth=visitor.credentials) for client in crowd)
    )
    assert Counter(answer.status_code for answer in answers) == {200: AT_ONCE}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    assert len({answer.json()["access_token"] for answer in answers}) == 1


async def test_one_of_fifty_claims_of_a_lightning_login_wins(
    full_server: Server, crowd: list[httpx.AsyncClient]
) -> None:
    made = (await crowd[0].post("/api/lnurl-auth/create", json={})).json()
    url = urlsplit(LnurlWallet(secrets.token_bytes(32)).answer_url(made["lnurl"]))
    answer = await crowd[0].get(f"{url.path}?{url.query}")
    assert answer.json() == {"status": "OK"}
    claim = {"Authorization": f"Bearer {made['claim_token']}"}
    path = f"/api/lnurl-auth/check/{made['session_id']}"
    answers = await asyncio.gather(*(client.get(path, headers=claim) for client in crowd))
    won = [answer.json() for answer in answers if answer.json()["verified"]]
    assert len(won) == 1
    assert all(answer.status_code == 200 for answer in answers)
    session = {"Cookie": f"session={won[0]['session_token']}"}
    async with httpx.AsyncClient(base_url=full_server.url) as browser:
        assert (await browser.get("/api/session", headers=session)).status_code == 200


async def test_one_of_fifty_wallets_answers_a_lightning_login(crowd: list[httpx.AsyncClient]) -> None:
    made = (await crowd[0].post("/api/lnurl-auth/create", json={})).json()
    urls = [urlsplit(LnurlWallet(secrets.token_bytes(32)).answer_url(made["lnurl"])) for _ in crowd]
    answers = await asyncio.gather(
        *(client.get(f"{url.path}?{url.query}") for client, url in zip(crowd, urls, strict=True))
    )
    assert Counter(answer.json()["status"] for answer in answers) == {"OK": 1, "ERROR": AT_ONCE - 1}


async def test_one_of_fifty_uses_of_a_challenge_signs_in(
    crowd: list[httpx.AsyncClient], visitor: Visitor
) -> None:
    body = await visitor.signed_challenge()
    statuses = await all_at_once([client.post("/verify_signature", json=body) for client in crowd])
    assert statuses == {200: 1, 401: AT_ONCE - 1}


async def test_one_of_fifty_uses_of_the_seeds_own_text_signs_in(
    crowd: list[httpx.AsyncClient], visitor: Visitor
) -> None:
    body = visitor.signed_seed_text()
    statuses = await all_at_once([client.post("/verify_signature", json=body) for client in crowd])
    assert statuses == {200: 1, 401: AT_ONCE - 1}


async def test_a_key_that_signs_in_fifty_times_at_once_is_one_user(
    crowd: list[httpx.AsyncClient], full_server: Server
) -> None:
    async with new_visitor(full_server.url, signed_in=False) as newcomer:
        bodies = [await newcomer.signed_challenge() for _ in crowd]
        answers = await asyncio.gather(
            *(client.post("/verify_signature", json=body) for client, body in zip(crowd, bodies, strict=True))
        )
    assert Counter(answer.status_code for answer in answers) == {200: AT_ONCE}
    assert sum(answer.json()["user"]["is_new"] for answer in answers) == 1
