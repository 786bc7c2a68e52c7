"""What goes when its time is over, what is counted, and what an operator does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from hodlxxi.kit.db import Database
from hodlxxi.oauth.gauges import gauges
from hodlxxi.oauth.register import Registered, add_client, end_client
from hodlxxi.oauth.rules.clients import Trust
from hodlxxi.oauth.rules.errors import Fault
from hodlxxi.oauth.rules.pkce import PkcePolicy
from hodlxxi.oauth.store.clients import find_client, list_clients
from hodlxxi.oauth.sweep import sweeps
from tests.oauth.conftest import policy
from tests.oauth.provider import CALLBACK, Provider
from tests.oauth.test_code import error_of
from tests.support.clock import FakeClock

Make = Callable[..., Awaitable[Provider]]
TABLES = ("oauth_codes", "oauth_tokens", "oauth_grants", "oauth_interactions")


async def sweep(provider: Provider) -> dict[str, int]:
    removed = {}
    for name, once in sweeps(provider.room.keys).items():
        async with provider.db.begin() as tx:
            removed[name] = await once(tx, provider.clock.now(), 500)
    return removed


async def counts(provider: Provider) -> list[int]:
    return [int(await provider.ask(f"SELECT count(*) FROM {table}")) for table in TABLES]


async def test_everything_goes_when_its_time_is_over_and_not_before(make_provider: Make) -> None:
    provider = await make_provider()
    app = await provider.register()
    tokens = await app.tokens()
    second = (await app.refresh(tokens["refresh_token"])).json()
    assert (await sweep(provider))["oauth_responses"] == 0
    provider.clock.advance(timedelta(minutes=1))
    assert (await sweep(provider))["oauth_responses"] == 1
    assert await counts(provider) == [1, 2, 1, 1]
    provider.clock.advance(timedelta(days=2))
    await sweep(provider)
    assert await counts(provider) == [0, 2, 1, 0]
    # A used refresh token is still known as such: a thief who comes late ends the family.
    assert error_of(await app.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert error_of(await app.refresh(second["refresh_token"])) == "invalid_grant"
    provider.clock.advance(timedelta(days=31))
    await sweep(provider)
    provider.clock.advance(timedelta(days=2))
    await sweep(provider)
    assert await counts(provider) == [0, 0, 0, 0]


async def test_a_pushed_request_stays_as_long_as_somebody_may_answer_it(make_provider: Make) -> None:
    provider = await make_provider()
    await (await provider.register()).pushed()
    provider.clock.advance(
        timedelta(minutes=32)
    )  # it may be visited for 90 s, and answered for half an hour then
    assert (await sweep(provider))["oauth_pars"] == 0
    provider.clock.advance(timedelta(hours=1))
    assert (await sweep(provider))["oauth_pars"] == 1


async def test_an_app_that_nobody_uses_is_ended_after_a_quarter(make_provider: Make) -> None:
    provider = await make_provider()
    unused, used = await provider.register(), await provider.register()
    approved = await provider.trust(await provider.register())
    provider.clock.advance(timedelta(days=50))
    await used.tokens()
    provider.clock.advance(timedelta(days=41))
    assert (await sweep(provider))["oauth_clients_unused"] == 1
    assert error_of(await unused.redeem("x"), 401) == "invalid_client"
    assert error_of(await used.redeem("x")) == "invalid_grant"
    assert error_of(await approved.redeem("x")) == "invalid_grant"


async def test_an_app_that_ended_goes_when_nothing_points_to_it_any_more(database_url: str) -> None:
    provider = await Provider(Database(database_url), FakeClock(), policy()).start()
    ended = await provider.register()
    approved = await provider.trust(await provider.register())
    person = await provider.person()
    for app in (ended, approved):
        await app.tokens(person)
        await provider.execute(
            "UPDATE oauth_clients SET disabled_at = :now WHERE client_id = :c",
            now=provider.clock.now().replace(tzinfo=None) if provider.db.is_sqlite else provider.clock.now(),
            c=app.client_id,
        )
    left = "SELECT count(*) FROM oauth_clients WHERE client_id = :c"
    provider.clock.advance(timedelta(days=31))
    await sweep(provider)
    assert await provider.ask(left, c=ended.client_id) == 1, "its grant is still kept"
    provider.clock.advance(timedelta(days=200))
    for _ in range(3):
        await sweep(provider)
    assert await provider.ask(left, c=ended.client_id) == 0
    consents = "SELECT count(*) FROM oauth_consents WHERE client_id = :c"
    assert await provider.ask(consents, c=ended.client_id) == 0
    assert await provider.ask(left, c=approved.client_id) == 1, "the operator's apps are the operator's"
    await provider.close()


async def test_live_access_tokens_are_counted(make_provider: Make) -> None:
    provider = await make_provider()
    _, ask = gauges(provider.room)["hodlxxi_oauth_tokens_active"]
    app = await provider.register()
    assert await ask() == 0
    tokens = await app.tokens()
    await app.tokens()
    assert await ask() == 2
    provider.clock.advance(60)
    await app.refresh(tokens["refresh_token"])
    assert await ask() == 3
    provider.clock.advance(60)
    await app.refresh(tokens["refresh_token"])
    assert await ask() == 1
    provider.clock.advance(3600)
    assert await ask() == 0


async def test_the_operator_adds_trusts_and_ends_clients(provider: Provider) -> None:
    room = provider.room
    async with provider.db.begin() as tx:
        body = {"client_name": "Ours", "redirect_uris": [CALLBACK]}
        added = await add_client(room, tx, body, trust=Trust.OPERATOR, pkce_policy=PkcePolicy.PUBLIC_ONLY)
        refused = await add_client(room, tx, {"redirect_uris": ["x"]}, trust=Trust.OPERATOR)
    assert isinstance(refused, Fault)
    assert isinstance(added, Registered)
    assert added.secret
    client_id = added.client.client_id
    async with provider.db.read() as tx:
        assert await find_client(tx, client_id) == added.client
        assert client_id in {client.client_id for client in await list_clients(tx)}
    person = await provider.person()
    params = {"client_id": client_id, "redirect_uri": CALLBACK, "response_type": "code"}
    assert (await person.http.get("/oauth/authorize", params=params)).status_code == 200
    async with provider.db.begin() as tx:
        await end_client(tx, client_id, provider.clock.now())
    assert (await person.http.get("/oauth/authorize", params=params)).status_code == 400


async def test_a_resource_at_the_token_endpoint_must_exist(provider: Provider) -> None:
    app = await provider.register()
    tokens = await app.tokens()
    answer = await app.refresh(tokens["refresh_token"], resource="https://api.other.example")
    assert error_of(answer) == "invalid_target"
    both = [provider.policy.issuer, provider.policy.issuer]
    assert (await app.refresh(tokens["refresh_token"], resource=both)).status_code == 200
