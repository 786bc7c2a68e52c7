"""Nobody is led to an address that their app has not registered, on any path, right or wrong (reference oauth §7.1 #1–#4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hodlxxi.kit.db import Database
from tests.oauth.conftest import policy
from tests.oauth.leaving import click, leave
from tests.oauth.provider import ISSUER, Person, Provider, RelyingParty
from tests.support.clock import FakeClock
from tests.support.hostile_uris import HOSTILE, REGISTERED, UNREGISTRABLE

# Each would be answered by a redirect, were the address a good one (reference oauth §3.3).
ERRORS: list[dict[str, Any]] = [
    {},
    {"response_type": None},
    {"response_type": "token"},
    {"response_mode": "form_post"},
    {"response_mode": "fragment"},
    {"response_mode": "form_post.jwt"},
    {"response_mode": "web_message"},
    {"scope": "wallet:write"},
    {"scope": "nothing"},
    {"code_challenge": None},
    {"code_challenge_method": "plain"},
    {"request": "e30.e30."},
    {"request_uri": "https://evil.example/r"},
    {"registration": "{}"},
    {"resource": "https://api.evil.example"},
    {"prompt": "none"},
    {"prompt": "none login"},
    {"claims": "x"},
    {"id_token_hint": "e30.e30.x"},
    {"state": "x" * 3000},
]


class World:
    """One provider, an app that the operator approved and one that nobody knows, and somebody who is signed in."""

    provider: Provider
    approved: RelyingParty
    unknown: RelyingParty
    person: Person
    stranger: Person
    hint: str


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    path: Path = tmp_path_factory.mktemp("redirects") / "test.db"
    world = World()
    world.provider = await Provider(Database(f"sqlite:///{path}"), FakeClock(), policy()).start()
    bye = {"post_logout_redirect_uris": [REGISTERED]}
    world.approved = await world.provider.trust(await world.provider.register(REGISTERED, **bye))
    world.unknown = await world.provider.register(REGISTERED, **bye)
    world.person, world.stranger = await world.provider.person(), world.provider.stranger()
    world.hint = (await world.approved.tokens(world.person))["id_token"]
    yield world
    await world.provider.close()


def leads_nowhere(answer: httpx.Response) -> None:
    """No redirect, no form and no link that takes the browser off this server."""
    assert answer.status_code == 400, (answer.status_code, answer.headers.get("location"))
    assert "location" not in answer.headers
    assert "refresh" not in answer.headers
    assert 'data-page="form-post"' not in answer.text
    assert 'href="http' not in answer.text
    assert 'action="http' not in answer.text


def test_there_are_enough_of_them() -> None:
    assert len(set(HOSTILE)) >= 150
    assert REGISTERED not in HOSTILE


@pytest.mark.parametrize("uri", [uri for uri in HOSTILE if uri])
async def test_1_and_3_authorize_never_leads_there_whatever_else_is_wrong(world: World, uri: str) -> None:
    """MUST 1, MUST 3: every hostile address with every error, on every path of authorize."""
    for wrong in ERRORS:
        leads_nowhere(await world.person.visit(world.approved, redirect_uri=uri, **wrong))
    leads_nowhere(await world.stranger.visit(world.approved, redirect_uri=uri))
    for wrong in ({}, {"prompt": "none"}, {"scope": "wallet:write"}):
        leads_nowhere(await world.stranger.visit(world.unknown, redirect_uri=uri, **wrong))


@pytest.mark.parametrize("uri", [uri for uri in HOSTILE if uri])
async def test_1_authorize_by_post_never_leads_there(world: World, uri: str) -> None:
    """MUST 1: by POST."""
    for wrong in ({}, {"response_mode": "form_post", "scope": "wallet:write"}):
        form = world.approved.request(redirect_uri=uri, **wrong)
        leads_nowhere(await world.person.http.post("/oauth/authorize", data=form))


@pytest.mark.parametrize("uri", [uri for uri in HOSTILE if uri])
async def test_1_par_takes_no_request_that_leads_there(world: World, uri: str) -> None:
    """MUST 1: at PAR."""
    for wrong in ({}, {"prompt": "none", "scope": "wallet:write"}):
        answer = await world.approved.push(redirect_uri=uri, **wrong)
        assert (answer.status_code, "request_uri" in answer.json()) == (400, False)
        assert "location" not in answer.headers


@pytest.mark.parametrize("uri", UNREGISTRABLE)
async def test_2_nobody_registers_it_for_the_way_in_or_out(world: World, uri: str) -> None:
    """MUST 2: refused at registration, for sign-in and sign-out."""
    async with world.provider.http() as http:
        way_in = await http.post("/oauth/register", json={"redirect_uris": [REGISTERED, uri]})
        way_out = await http.post(
            "/oauth/register", json={"redirect_uris": [REGISTERED], "post_logout_redirect_uris": [uri]}
        )
    if "\x00" in uri:
        assert (way_in.status_code, way_out.status_code) == (400, 400)
        return
    assert (way_in.status_code, way_in.json()["error"]) == (400, "invalid_redirect_uri")
    assert (way_out.status_code, way_out.json()["error"]) == (400, "invalid_client_metadata")


@pytest.mark.parametrize("uri", [uri for uri in HOSTILE if uri])
async def test_1_and_4_logout_never_leads_there(world: World, uri: str) -> None:
    """MUST 1, MUST 4: at logout."""
    person = Person(
        world.provider, world.person.key, world.provider.http(cookies=dict(world.person.http.cookies))
    )
    for sent in (
        {"id_token_hint": world.hint},
        {"id_token_hint": world.hint, "client_id": world.approved.client_id},
        {"client_id": world.approved.client_id},
        {"id_token_hint": "e30.e30.x"},
        {},
    ):
        try_it = {"post_logout_redirect_uri": uri, "state": "x"} | sent
        leads_nowhere(await leave(person, **try_it))
        leads_nowhere(await leave(world.stranger, **try_it))
        leads_nowhere(await person.http.post("/oauth/logout", data=try_it))
    # Also after a click, whatever the form says then.
    leaver = world.provider.stranger()
    await leaver.sign_in()
    page = await leave(leaver, state="x")
    sent = {"post_logout_redirect_uri": uri, "client_id": world.approved.client_id}
    leads_nowhere(await click(leaver, page, **sent))
    cancelled = await click(person, await leave(person, state="x"), "cancel", **sent)
    if "\x00" not in uri:
        assert cancelled.headers["location"] == "/"


@pytest.mark.parametrize("uri", [uri for uri in HOSTILE if uri])
async def test_4_no_sign_in_ends_there(world: World, uri: str) -> None:
    """MUST 4: the sign-in's way back."""
    page = await world.stranger.http.get("/login", params={"next": uri})
    assert page.status_code in (200, 400)
    assert "location" not in page.headers
    if page.status_code == 200:
        csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
        form = {"csrf": csrf, "next": uri, "decision": "cancel"}
        cancelled = await world.stranger.http.post("/login", data=form)
        location = cancelled.headers["location"]
        assert location.startswith("/")
        assert not location.startswith(("//", "/\\"))
        assert httpx.URL(ISSUER).join(location).host == httpx.URL(ISSUER).host
