"""The fixtures that every test may ask for. Real servers start once per session, on first use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.support.bitcoind import Bitcoind
from tests.support.chromium import open_chromium
from tests.support.clock import FakeClock
from tests.support.postgres import Postgres
from tests.support.redis import Redis
from tests.support.server import Server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL cluster."""
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    """A Redis server."""
    server = Redis()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def bitcoind() -> Iterator[Bitcoind]:
    """A node on regtest."""
    node = Bitcoind()
    yield node
    node.close()


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """A browser."""
    async with open_chromium() as browser:
        yield browser


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still."""
    return FakeClock()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database, once on each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.fresh_database()


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[..., Server]]:
    """Starts servers of ours; all are stopped at the end of the session."""
    started: list[Server] = []

    def start(**options: object) -> Server:
        started.append(Server(**options))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture(scope="session")
def embedded_server(serve: Callable[..., Server]) -> Server:
    """One worker on SQLite and in-process state: what ``make run`` starts."""
    return serve(BITCOIN_NETWORK="regtest")


@pytest.fixture(scope="session")
def dev_server(serve: Callable[..., Server]) -> Server:
    """The same with the test signer: ``#test-sign-in`` on its sign-in page signs with one of ten keys."""
    return serve(BITCOIN_NETWORK="regtest", HODLXXI_DEV_TEST_SIGNER="1")


@pytest.fixture(scope="session")
def full_server(serve: Callable[..., Server], postgres: Postgres, redis: Redis) -> Server:
    """Four workers on PostgreSQL and Redis, behind one port."""
    return serve(
        database_url=postgres.fresh_database(), redis_url=redis.url, workers=4, BITCOIN_NETWORK="regtest"
    )


@pytest.fixture(params=["embedded", "full"])
def any_server(request: pytest.FixtureRequest) -> Server:
    """Each flow runs against both."""
    server: Server = request.getfixturevalue(f"{request.param}_server")
    return server
