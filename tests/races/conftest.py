"""Crowds, and somebody with an app."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.races.people import AT_ONCE, Visitor, new_visitor
from tests.support.server import Server


@pytest.fixture
async def crowd(full_server: Server) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Fifty clients with a connection each, so that the requests land on different workers."""
    clients = [httpx.AsyncClient(base_url=full_server.url, timeout=60) for _ in range(AT_ONCE)]
    await asyncio.gather(*(client.get("/health/live") for client in clients))
    yield clients
    await asyncio.gather(*(client.aclose() for client in clients))


@pytest.fixture
async def visitor(full_server: Server) -> AsyncIterator[Visitor]:
    """Somebody who is signed in and allowed an app, with the app's credentials."""
    async with new_visitor(full_server.url) as somebody:
        yield somebody
