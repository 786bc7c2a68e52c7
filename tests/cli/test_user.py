"""``hodlxxi user`` beside a running server: what it does is in force at once, on every worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.races.people import Visitor, new_visitor
from tests.support.server import Server

CONNECTIONS = 24


@pytest.fixture
async def visitor(any_server: Server) -> AsyncIterator[Visitor]:
    """Somebody who is signed in and allowed an app."""
    async with new_visitor(any_server.url) as somebody:
        yield somebody


async def answers(server: Server, path: str, headers: dict[str, str]) -> set[int]:
    """What many connections get, which land on all workers."""

    async def ask() -> int:
        async with httpx.AsyncClient(base_url=server.url, timeout=30) as http:
            return (await http.get(path, headers=headers)).status_code

    return set(await asyncio.gather(*(ask() for _ in range(CONNECTIONS))))


async def test_29_a_disabled_user_is_out_everywhere_at_once(visitor: Visitor, any_server: Server) -> None:
    """MUST 29: on every worker, whatever it knows by heart."""
    tokens = await visitor.tokens()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    cookie = {"Cookie": f"session={visitor.browser.cookies['session']}"}
    # Every worker knows the session and the token, and would take both from what it knows.
    assert await answers(any_server, "/api/session", cookie) == {200}
    assert await answers(any_server, "/api/demo/protected", bearer) == {200}
    done = await asyncio.to_thread(any_server.command, "user", "disable", visitor.key.pubkey_hex, check=True)
    assert "is disabled" in done.stdout
    assert await answers(any_server, "/api/session", cookie) == {401}
    assert await answers(any_server, "/api/demo/protected", bearer) == {401}
    assert await answers(any_server, "/oauth/userinfo", bearer) == {401}
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    refused = await visitor.browser.post("/oauth/token", data=form, auth=visitor.credentials)
    assert refused.json()["error"] == "invalid_grant"
    again = await visitor.browser.post("/verify_signature", json=await visitor.signed_challenge())
    assert (again.status_code, again.json()["error"]) == (403, "account_disabled")
    listed = await asyncio.to_thread(any_server.command, "user", "list", check=True)
    (line,) = [line for line in listed.stdout.splitlines() if visitor.key.pubkey_hex in line]
    assert line.split()[:2] == [visitor.key.pubkey_hex, "disabled"]

    done = await asyncio.to_thread(any_server.command, "user", "enable", visitor.key.pubkey_hex, check=True)
    assert "may sign in again" in done.stdout
    assert await answers(any_server, "/api/session", cookie) == {401}
    assert await answers(any_server, "/api/demo/protected", bearer) == {401}
    await visitor.sign_in()


def test_what_was_so_already_is_said_and_is_no_error(embedded_server: Server) -> None:
    known = httpx.get(f"{embedded_server.url}/health/ready")
    assert known.status_code == 200
    done = embedded_server.command("user", "disable", "02" + "00" * 31 + "01")
    assert done.returncode == 1
    assert "no account" in done.stdout + done.stderr


@pytest.mark.parametrize("key", ["x", "02", "02" * 33, "npub1x"])
def test_what_is_no_key_is_refused_in_words(embedded_server: Server, key: str) -> None:
    done = embedded_server.command("user", "disable", key)
    assert done.returncode == 1
    assert "key" in done.stdout + done.stderr
