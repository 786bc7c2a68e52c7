"""Several hosts that share their pairwise subjects: the document that says so, fetched from a real server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tests.oauth.provider import Provider, claims_of
from tests.support.far_side import FarSide, far_side, http_answer

ONE, OTHER = "https://one.example/cb", "https://other.example/cb"
Make = Callable[..., Awaitable[Provider]]


@pytest.fixture
async def side() -> AsyncIterator[FarSide]:
    async with far_side() as server:
        yield server


@pytest.fixture
async def open_provider(make_provider: Make, side: FarSide) -> Provider:
    """A provider whose developer allows calls to that server."""
    provider = await make_provider()
    provider.dev_hosts.add(("localhost", side.port))
    return provider


def _lists(side: FarSide, body: object) -> str:
    side.answer = lambda _: http_answer(json.dumps(body).encode())
    return f"http://localhost:{side.port}/sector.json"


async def _register(provider: Provider, uri: str, **more: Any) -> Any:
    body = {"redirect_uris": [ONE, OTHER], "subject_type": "pairwise", "sector_identifier_uri": uri} | more
    async with provider.http() as http:
        return await http.post("/oauth/register", json=body)


async def test_two_hosts_of_a_sector_share_their_subjects(open_provider: Provider, side: FarSide) -> None:
    uri = _lists(side, [ONE, OTHER])
    person = await open_provider.person()
    subs = set()
    for host in (ONE, OTHER):
        app = await open_provider.register(host, subject_type="pairwise", sector_identifier_uri=uri)
        subs.add(claims_of((await app.tokens(person))["id_token"])["sub"])
    assert len(subs) == 1
    assert len(side.asked) == 1, "it is remembered for a while"


@pytest.mark.parametrize("listed", [[ONE], {"uris": [ONE, OTHER]}, "x", [1, 2], None])
async def test_a_document_that_does_not_list_every_redirect_uri_is_refused(
    open_provider: Provider, side: FarSide, listed: object
) -> None:
    answer = await _register(open_provider, _lists(side, listed))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert await open_provider.ask("SELECT count(*) FROM oauth_clients") == 0


@pytest.mark.parametrize(
    "uri", ["https://127.0.0.1/x", "https://169.254.169.254/latest", "http://localhost:1/x"]
)
async def test_nothing_inside_our_network_is_asked(make_provider: Make, uri: str) -> None:
    """MUST 24; Keycloak CVE-2026-1180: addresses that apps name, only public ones."""
    answer = await _register(await make_provider(), uri)
    assert answer.json()["error"] == "invalid_client_metadata"


async def test_who_may_not_register_makes_us_call_nobody(make_provider: Make, side: FarSide) -> None:
    provider = await make_provider(registration="token")
    provider.dev_hosts.add(("localhost", side.port))
    answer = await _register(provider, _lists(side, [ONE, OTHER]))
    assert answer.status_code == 401
    assert side.connections == 0
