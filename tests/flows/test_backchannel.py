"""A sign-out on four workers reaches an app's own server: once, soon, and also when the worker that tells it is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.races.people import Visitor, new_visitor
from tests.support.far_side import Asked, FarSide, far_side, http_answer
from tests.support.postgres import Postgres
from tests.support.redis import Redis
from tests.support.server import Server


@dataclass
class Place:
    """Four workers on PostgreSQL and Redis, and the server of an app on this machine."""

    server: Server
    side: FarSide

    async def register(self, visitor: Visitor) -> None:
        await visitor.register(
            backchannel_logout_uri=f"http://localhost:{self.side.port}/bc",
            backchannel_logout_session_required=True,
        )

    async def claims(self, asked: Asked) -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=self.server.url) as http:
            keys = KeySet.import_key_set((await http.get("/oauth/jwks.json")).json())
        return dict(jwt.decode(dict(asked.form)["logout_token"], keys, algorithms=["RS256"]).claims)


@pytest.fixture(scope="module")
async def place(serve: Callable[..., Server], postgres: Postgres, redis: Redis) -> AsyncIterator[Place]:
    async with far_side() as side:
        server = await asyncio.to_thread(
            serve,
            database_url=postgres.fresh_database(),
            redis_url=redis.url,
            workers=4,
            BITCOIN_NETWORK="regtest",
            HODLXXI_DEV_OUTGOING_HOSTS=f"localhost:{side.port}",
        )
        yield Place(server, side)


@pytest.fixture
async def visitor(place: Place) -> AsyncIterator[Visitor]:
    place.side.answer = lambda _: http_answer(b"")
    place.side.asked.clear()
    async with new_visitor(place.server.url) as somebody:
        await place.register(somebody)
        yield somebody


async def test_an_app_is_told_once_although_four_workers_were_woken(place: Place, visitor: Visitor) -> None:
    tokens = await visitor.tokens()
    started = time.monotonic()
    assert (await visitor.browser.post("/logout")).status_code == 200
    (asked,) = await place.side.until_asked()
    assert time.monotonic() - started < 3
    claims = await place.claims(asked)
    assert (claims["aud"], claims["iss"]) == (visitor.credentials[0], place.server.url)
    keys = KeySet.import_key_set((await visitor.browser.get("/oauth/jwks.json")).json())
    id_claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
    assert (claims["sub"], claims["sid"]) == (id_claims["sub"], id_claims["sid"])
    await asyncio.sleep(1)
    assert len(place.side.asked) == 1


async def test_a_browser_waits_for_no_app(place: Place, visitor: Visitor) -> None:
    gate = asyncio.Event()

    async def hang(_asked: Asked) -> bytes:
        await gate.wait()
        return http_answer()

    await visitor.tokens()
    place.side.answer = hang
    started = time.monotonic()
    assert (await visitor.browser.post("/logout")).status_code == 200
    assert time.monotonic() - started < 3
    await place.side.until_asked()
    gate.set()


async def test_the_operators_command_tells_apps_too(place: Place, visitor: Visitor) -> None:
    await visitor.tokens()
    await asyncio.to_thread(place.server.command, "user", "disable", visitor.key.pubkey_hex, check=True)
    (asked,) = await place.side.until_asked()
    assert (await place.claims(asked))["sub"] == visitor.key.pubkey_hex


async def test_a_killed_worker_loses_its_claim_to_another(place: Place, visitor: Visitor) -> None:
    """Whichever worker it was: all four die while the app's server keeps them waiting."""
    gate = asyncio.Event()

    async def hang(_asked: Asked) -> bytes:
        await gate.wait()
        return b""

    await visitor.tokens()
    place.side.answer = hang
    assert (await visitor.browser.post("/logout")).status_code == 200
    await place.side.until_asked()
    for pid in place.server.worker_pids():
        os.kill(pid, signal.SIGKILL)
    place.side.answer = lambda _: http_answer(b"")
    gate.set()
    first, second = await place.side.until_asked(2, seconds=60)
    old, new = await place.claims(first), await place.claims(second)
    assert (old["sid"], old["aud"]) == (new["sid"], new["aud"])
    assert old["jti"] != new["jti"]
    await asyncio.sleep(1)
    assert len(place.side.asked) == 2
