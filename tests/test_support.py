"""The servers that the tests stand on are real and answer."""

from __future__ import annotations

import redis as redis_client
from playwright.async_api import Browser

from tests.support.bitcoind import Bitcoind
from tests.support.postgres import Postgres
from tests.support.redis import Redis


def test_postgresql_gives_fresh_databases(postgres: Postgres) -> None:
    url = postgres.fresh_database()
    assert (
        postgres.run(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", database=url.rpartition("/")[2]
        )
        == "0"
    )


def test_redis_answers(redis: Redis) -> None:
    with redis_client.Redis(port=redis.port) as client:
        assert client.ping()


def test_the_node_mines(bitcoind: Bitcoind) -> None:
    before = bitcoind.rpc("getblockcount")
    bitcoind.rpc("generatetodescriptor", 1, "raw(51)#8lvh9jxk")
    assert bitcoind.rpc("getblockcount") == before + 1


async def test_chromium_shows_a_page(chromium: Browser) -> None:
    page = await chromium.new_page()
    await page.goto("data:text/html,<h1>hello</h1>")
    assert await page.inner_text("h1") == "hello"
    await page.close()
