"""A Lightning login on the servers that operators run: one worker on SQLite, four on PostgreSQL and Redis."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
from collections.abc import AsyncIterator, Callable

import httpx

from tests.lnurl.steps import Started
from tests.support.lnurl_wallet import LnurlWallet
from tests.support.server import Server


async def _start(browser: httpx.AsyncClient) -> Started:
    found = (await browser.post("/api/lnurl-auth/create")).json()
    return Started(**{name: found[name] for name in ("session_id", "lnurl", "k1", "claim_token")})


async def _read_until(lines: AsyncIterator[str], wanted: str) -> str:
    async for line in lines:
        if line.startswith(wanted):
            return line
    raise AssertionError(f"the stream ended without {wanted!r}")


async def test_a_wallet_signs_in_by_the_codes_text_and_wakes_the_page(any_server: Server) -> None:
    wallet = LnurlWallet(secrets.token_bytes(32))
    # Each client has connections of its own, so that several workers take part.
    async with httpx.AsyncClient(base_url=any_server.url) as browser, httpx.AsyncClient() as phone:
        started = await _start(browser)
        async with browser.stream("GET", started.events) as stream:
            lines = stream.aiter_lines()
            await _read_until(lines, "event: waiting")
            reply = await phone.get(wallet.answer_url("LIGHTNING:" + started.lnurl))
            assert reply.json() == {"status": "OK"}
            await _read_until(lines, "event: verified")
            data = await _read_until(lines, "data:")
            assert json.loads(data.removeprefix("data:")) == {"verified": True}
        assert (await phone.get(f"{any_server.url}{started.check}")).json() == {"verified": False}
        found = (await browser.get(started.check)).json()
        assert found["pubkey"] == wallet.pubkey_hex("localhost")
        # Every worker knows the session at once.
        for _ in range(8):
            async with httpx.AsyncClient(base_url=any_server.url, cookies=browser.cookies) as again:
                assert (await again.get("/api/session")).json()["pubkey"] == found["pubkey"]


async def test_a_stop_ends_open_streams_and_does_not_wait_for_them(serve: Callable[..., Server]) -> None:
    server = serve()
    async with httpx.AsyncClient(base_url=server.url) as browser:
        started = await _start(browser)
        async with browser.stream("GET", started.events) as stream:
            lines = stream.aiter_lines()
            await _read_until(lines, "event: waiting")
            stopping = asyncio.create_task(asyncio.to_thread(server.stop))
            rest = [line async for line in lines]
            # It ended by itself: the support code kills what does not.
            assert await stopping in (0, -signal.SIGTERM)
    assert not [line for line in rest if line.startswith("event:")]
    assert "answer_broken_off" not in server.log_text()
