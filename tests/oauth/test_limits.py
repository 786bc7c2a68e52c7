"""The operator's exceptions from the rate limits (table ``rate_limits``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx

from hodlxxi.kit.db import Database
from hodlxxi.kit.ratelimit import Limit
from hodlxxi.migrations import run
from hodlxxi.oauth.limits import ClientLimits
from hodlxxi.oauth.store.clients import add_client
from hodlxxi.oauth.store.limits import set_limit
from tests.oauth.provider import CALLBACK, ISSUER, Provider
from tests.oauth.rules import sample
from tests.support.clock import FakeClock

USUAL = Limit(100)


async def test_an_exception_holds_for_its_client_and_bucket_only(database_url: str, clock: FakeClock) -> None:
    db = Database(database_url)
    await run.upgrade(db)
    await _add_client(db, clock)
    limits = ClientLimits(db, clock)
    assert await limits.limit_of("app_1", "call", USUAL) == USUAL
    async with db.begin() as tx:
        await set_limit(tx, "app_1", "call", Limit(7, 60))
    assert await limits.limit_of("app_1", "call", USUAL) == USUAL, "read once a minute"
    clock.advance(timedelta(seconds=61))
    assert await limits.limit_of("app_1", "call", USUAL) == Limit(7, 60)
    assert await limits.limit_of("app_1", "token", USUAL) == USUAL
    assert await limits.limit_of("app_2", "call", USUAL) == USUAL
    async with db.begin() as tx:
        await set_limit(tx, "app_1", "call", None)
    clock.advance(timedelta(seconds=61))
    assert await limits.limit_of("app_1", "call", USUAL) == USUAL
    await db.close()


async def test_who_names_another_client_each_time_is_limited_by_their_address(
    make_provider: Callable[..., Awaitable[Provider]],
) -> None:
    """Each refusal is a row of the audit. An app that proves who it is, behind the same address, is none the worse."""
    provider = await make_provider(tokens=Limit(5))
    app = await provider.register(grant_types=["client_credentials"], redirect_uris=[])
    async with provider.http() as http:
        statuses = []
        for number in range(8):
            form = {"grant_type": "client_credentials", "client_id": f"app_{number}", "client_secret": "x"}
            statuses.append((await http.post("/oauth/token", data=form)).status_code)
    assert statuses == [401] * 5 + [429] * 3
    assert await provider.ask("SELECT count(*) FROM audit_logs WHERE event_type = 'token_refused'") == 5
    assert (await app.post(grant_type="client_credentials")).status_code == 200


async def test_another_address_of_the_same_ipv6_network_starts_no_new_count(
    make_provider: Callable[..., Awaitable[Provider]],
) -> None:
    """Whoever has one address there has 2^64 of them."""
    provider = await make_provider(registrations=Limit(2))
    statuses = []
    for address in ("2001:db8::1", "2001:db8::2", "2001:db8::dead:beef", "2001:db8:0:1::1"):
        transport = httpx.ASGITransport(app=provider.app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
            body = {"redirect_uris": [CALLBACK]}
            statuses.append((await http.post("/oauth/register", json=body)).status_code)
    assert statuses == [201, 201, 429, 201]


async def _add_client(db: Database, clock: FakeClock) -> None:
    async with db.begin() as tx:
        await add_client(tx, sample.client(created_at=clock.now()))
