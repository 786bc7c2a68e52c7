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
from tests.support.processes import free_port
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
def full_server(serve: Callable[..., Server], postgres: Postgres, redis: Redis) -> Server:
    """Four workers on PostgreSQL and Redis, behind one port."""
    return serve(
        database_url=postgres.fresh_database(), redis_url=redis.url, workers=4, BITCOIN_NETWORK="regtest"
    )


@pytest.fixture(scope="session")
def app_ports() -> list[int]:
    """Ports of this machine that the servers below call: a test may run an app there that is told of logouts."""
    return [free_port(), free_port()]


@pytest.fixture(scope="session")
def dev_server(serve: Callable[..., Server], app_ports: list[int]) -> Server:
    """As ``embedded_server``, with the test signer: ``#test-sign-in`` on its sign-in page signs with one of ten keys."""
    return serve(**_on_a_developers_machine(app_ports))


@pytest.fixture(scope="session")
def full_dev_server(
    serve: Callable[..., Server], postgres: Postgres, redis: Redis, app_ports: list[int]
) -> Server:
    """As ``full_server``, with the test signer."""
    return serve(
        database_url=postgres.fresh_database(),
        redis_url=redis.url,
        workers=4,
        **_on_a_developers_machine(app_ports),
    )


def _on_a_developers_machine(app_ports: list[int]) -> dict[str, str]:
    return {
        "BITCOIN_NETWORK": "regtest",
        "HODLXXI_DEV_TEST_SIGNER": "1",
        "HODLXXI_DEV_OUTGOING_HOSTS": ",".join(f"localhost:{port}" for port in app_ports),
    }


@pytest.fixture(params=["embedded", "full"])
def any_server(request: pytest.FixtureRequest) -> Server:
    """Each flow runs against both."""
    server: Server = request.getfixturevalue(f"{request.param}_server")
    return server


@pytest.fixture(params=["dev", "full_dev"])
def any_dev_server(request: pytest.FixtureRequest) -> Server:
    """Each flow of a scripted browser runs against both."""
    server: Server = request.getfixturevalue(f"{request.param}_server")
    return server
