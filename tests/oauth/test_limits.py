"""The operator's exceptions from the rate limits (table ``rate_limits``)."""

from __future__ import annotations

from datetime import timedelta

from hodlxxi.kit.db import Database
from hodlxxi.kit.ratelimit import Limit
from hodlxxi.migrations import run
from hodlxxi.oauth.limits import ClientLimits
from hodlxxi.oauth.store.clients import add_client
from hodlxxi.oauth.store.limits import set_limit
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


async def _add_client(db: Database, clock: FakeClock) -> None:
    async with db.begin() as tx:
        await add_client(tx, sample.client(created_at=clock.now()))
