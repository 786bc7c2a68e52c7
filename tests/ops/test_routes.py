"""The endpoints about the server itself."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from hodlxxi import __version__
from hodlxxi.app import App, create_app
from hodlxxi.migrations import run
from tests.identity.site import make_settings
from tests.support.clock import FakeClock
from tests.support.server import Server


@pytest.fixture
async def app(tmp_path: Path, clock: FakeClock) -> AsyncIterator[App]:
    settings = make_settings(
        f"sqlite:///{tmp_path / 'ops.db'}", metrics_token=SecretStr("scrape-me-0123456789abcdef")
    )
    app = create_app(settings, clock)
    await run.upgrade(app.db)
    await app.start()
    yield app
    await app.stop()


def client(app: App, address: str = "127.0.0.1") -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, client=(address, 1)), base_url="https://login.example.org"
    )


async def test_metrics_are_for_this_machine_or_for_the_holder_of_the_token(app: App) -> None:
    async with client(app) as local, client(app, "198.51.100.7") as remote:
        assert (await local.get("/metrics")).status_code == 200
        assert (await remote.get("/metrics")).status_code == 404
        behind_a_proxy = await local.get("/metrics", headers={"X-Forwarded-For": "198.51.100.7"})
        assert behind_a_proxy.status_code == 404
        good = {"Authorization": "Bearer scrape-me-0123456789abcdef"}
        assert (await remote.get("/metrics", headers=good)).status_code == 200
        assert (await remote.get("/metrics", headers={"Authorization": "Bearer wrong"})).status_code == 404


async def test_metrics_have_the_seeds_names(app: App) -> None:
    async with client(app) as local:
        text = (await local.get("/metrics")).text
    for name in (
        "hodlxxi_active_websockets",
        "hodlxxi_chat_messages_total",
        "hodlxxi_lnurl_challenges_active",
        "hodlxxi_oauth_tokens_active",
        "hodlxxi_db_pool_in_use",
        "hodlxxi_http_request_seconds",
    ):
        assert re.search(rf"^# TYPE {name.removesuffix('_total')}", text, re.MULTILINE), name


async def test_a_stopping_worker_is_not_ready_and_still_alive(app: App) -> None:
    async with client(app) as local:
        assert (await local.get("/health/ready")).status_code == 200
        app.is_stopping = True
        assert (await local.get("/health/ready")).status_code == 503
        assert (await local.get("/health/live")).status_code == 200


async def test_health_has_the_contracts_shape(app: App) -> None:
    async with client(app) as local:
        body = (await local.get("/health")).json()
    assert body == {
        "status": "healthy",
        "version": __version__,
        "bitcoin_rpc": "disabled",
        "database": "connected",
        "redis": "disabled",
        "timestamp": "2042-01-05T12:00:00Z",
    }


async def test_the_home_page_says_what_is_on_and_what_is_off(app: App) -> None:
    async with client(app) as local:
        page = (await local.get("/", headers={"Accept": "text/html"})).text
    assert 'data-page="home"' in page
    assert "set REDIS_URL" in page


async def test_static_files_are_served_with_the_headers_of_every_answer(app: App) -> None:
    async with client(app) as local:
        answer = await local.get("/static/app.css")
        assert answer.status_code == 200
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert (await local.get("/static/../settings.py")).status_code == 404
        assert (await local.get("/static/%2e%2e/base.html")).status_code == 404


def counted(text: str, name: str) -> float:
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))


def test_metrics_are_summed_over_the_workers(full_server: Server) -> None:
    name = 'hodlxxi_http_request_seconds_count{method="GET",route="/health/live"'

    def total() -> float:
        return counted(httpx.get(f"{full_server.url}/metrics").text, name)

    before = total()
    for _ in range(20):  # each on a connection of its own, so they reach several workers
        httpx.get(f"{full_server.url}/health/live").raise_for_status()
    assert total() == before + 20


async def test_the_sweeper_removes_what_is_over_and_keeps_what_is_not(app: App, clock: FakeClock) -> None:
    async with client(app, "198.51.100.7") as browser:
        for _ in range(3):
            (await browser.post("/api/auth/challenge", json={})).raise_for_status()
        assert (await app.sweeper.sweep_all())["login_challenges"] == 0
        clock.advance(2 * 3600)
        (await browser.post("/api/auth/challenge", json={})).raise_for_status()
        assert (await app.sweeper.sweep_all())["login_challenges"] == 3
        assert (await app.sweeper.sweep_all())["login_challenges"] == 0
