"""Apps' servers are told of a sign-out: real calls to a real server, which verifies what it gets with joserfc."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey

from hodlxxi.audit.events import Origin
from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.identity.users import disable_user
from hodlxxi.oauth.backchannel import Backchannel
from hodlxxi.oauth.endings import end_access_of_client
from hodlxxi.oauth.rules.logout import EVENT
from hodlxxi.oauth.store.outbox import list_due, take_notice
from tests.oauth.leaving import BYE, leave
from tests.oauth.provider import ISSUER, Person, Provider, RelyingParty
from tests.support.far_side import Asked, FarSide, far_side, http_answer

Make = Callable[..., Awaitable[Provider]]
ALGS = ["RS256", "ES256", "Ed25519", "EdDSA", "HS256"]


@dataclass
class Rp:
    """The server of an app, and the app's place at the provider."""

    side: FarSide
    app: RelyingParty

    @property
    def tokens(self) -> list[str]:
        return [dict(asked.form)["logout_token"] for asked in self.side.asked]

    async def claims(self, token: str, key: Any = None) -> dict[str, Any]:
        """What a logout token says, after the checks of Back-Channel Logout 1.0 §2.6."""
        if key is None:
            async with self.app.provider.http() as http:
                key = KeySet.import_key_set((await http.get("/oauth/jwks.json")).json())
        decoded = jwt.decode(token, key, algorithms=ALGS)
        assert decoded.header["typ"] == "logout+jwt"
        return dict(decoded.claims)


@pytest.fixture
async def rp(provider: Provider) -> AsyncIterator[Rp]:
    async with far_side(lambda _: http_answer(b"", kind="text/plain")) as side:
        yield await _register(provider, side)


async def _register(provider: Provider, side: FarSide, path: str = "/bc", **metadata: Any) -> Rp:
    # Nothing that another test left behind is due any more.
    await provider.execute("UPDATE logout_outbox SET given_up_at = created_at")
    provider.dev_hosts.add(("localhost", side.port))
    uri = {
        "backchannel_logout_uri": f"http://localhost:{side.port}{path}",
        "post_logout_redirect_uris": [BYE],
    }
    return Rp(side, await provider.register(**uri | {"backchannel_logout_session_required": True} | metadata))


async def sign_out(person: Person) -> None:
    assert (await person.http.post("/logout")).status_code == 200


async def test_a_logout_token_says_who_signed_out_of_which_session_and_nothing_else(rp: Rp) -> None:
    provider, person = rp.app.provider, await rp.app.provider.person()
    tokens = await rp.app.tokens(person)
    id_claims = await _id_claims(rp, tokens["id_token"])
    await sign_out(person)
    assert await provider.backchannel.deliver_due() == 1
    (asked,) = rp.side.asked
    assert (asked.method, asked.target) == ("POST", "/bc")
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert [name for name, _ in asked.form] == ["logout_token"]
    claims = await rp.claims(rp.tokens[0])
    now = int(provider.clock.now().timestamp())
    jti = claims.pop("jti")
    assert len(jti) >= 22
    assert claims == {
        "iss": ISSUER,
        "aud": rp.app.client_id,
        "iat": now,
        "exp": now + 120,
        "sub": id_claims["sub"],
        "sid": id_claims["sid"],
        "events": {EVENT: {}},
    }
    assert await provider.backchannel.deliver_due() == 0


async def _id_claims(rp: Rp, id_token: str) -> dict[str, Any]:
    async with rp.app.provider.http() as http:
        keys = KeySet.import_key_set((await http.get("/oauth/jwks.json")).json())
    return dict(jwt.decode(id_token, keys, algorithms=ALGS).claims)


async def test_discovery_says_so(provider: Provider) -> None:
    async with provider.http() as http:
        document = (await http.get("/.well-known/openid-configuration")).json()
    assert document["end_session_endpoint"] == f"{ISSUER}/oauth/logout"
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True


async def test_a_logout_token_passes_for_no_other_token(rp: Rp) -> None:
    provider, person = rp.app.provider, await rp.app.provider.person()
    await rp.app.tokens(person)
    await sign_out(person)
    await provider.backchannel.deliver_due()
    (token,) = rp.tokens
    assert (await rp.app.call(token)).status_code == 401
    await person.sign_in()
    page = await leave(person, id_token_hint=token, post_logout_redirect_uri=BYE)
    assert 'data-page="logout"' in page.text
    assert "nonce" not in await rp.claims(token)


async def test_every_app_of_the_session_is_told_once_and_no_other(provider: Provider) -> None:
    """Also one that may act while its user is away, and one that gave its tokens back: people are signed in there too."""
    async with far_side() as side:
        names = ("usual", "offline", "returned", "stranger")
        apps = {name: await _register(provider, side, f"/{name}") for name in names}
        person, other = await provider.person(), await provider.person()
        await apps["usual"].app.tokens(person)
        await apps["usual"].app.tokens(person)
        await apps["offline"].app.tokens(person, scope="openid profile:read offline_access")
        returned = await apps["returned"].app.tokens(person)
        async with provider.http() as http:
            await http.post(
                "/oauth/revoke", data={"token": returned["refresh_token"]}, **apps["returned"].app.auth
            )
        await apps["stranger"].app.tokens(other)
        await apps["stranger"].app.tokens(person, scope="profile:read", nonce=None)
        silent = await provider.register()
        await silent.tokens(person)
        await sign_out(person)
        await provider.backchannel.deliver_due()
        assert sorted(asked.target for asked in side.asked) == ["/offline", "/returned", "/usual"]


async def test_the_browser_is_led_on_before_anybody_is_told(rp: Rp) -> None:
    provider, person = rp.app.provider, await rp.app.provider.person()
    hint = (await rp.app.tokens(person))["id_token"]
    answer = await leave(person, id_token_hint=hint, post_logout_redirect_uri=BYE, state="x")
    assert answer.headers["location"] == f"{BYE}?state=x"
    assert rp.side.asked == []
    assert await provider.backchannel.deliver_due() == 1


async def test_what_fails_is_tried_three_more_times_with_a_fresh_token_each(rp: Rp) -> None:
    provider, person = rp.app.provider, await rp.app.provider.person()
    await rp.app.tokens(person)
    rp.side.answer = lambda _: http_answer(b'{"error":"invalid_request"}', status=400)
    await sign_out(person)
    waits = []
    for wait in (0, 9, 1, 59, 1, 599, 1, 3600):
        provider.clock.advance(wait)
        waits.append(await provider.backchannel.deliver_due())
    assert waits == [1, 0, 1, 0, 1, 0, 1, 0]
    claims = [await rp.claims(token) for token in rp.tokens]
    assert len({one["jti"] for one in claims}) == 4
    assert [one["iat"] - claims[0]["iat"] for one in claims] == [0, 10, 70, 670]
    given_up = "SELECT count(*) FROM logout_outbox WHERE client_id = :id AND given_up_at IS NOT NULL"
    assert await provider.ask(given_up, id=rp.app.client_id) == 1


@pytest.mark.parametrize("status", [200, 204])
async def test_a_retry_that_is_taken_is_the_last(rp: Rp, status: int) -> None:
    provider, person = rp.app.provider, await rp.app.provider.person()
    await rp.app.tokens(person)
    rp.side.answer = lambda _: b""
    await sign_out(person)
    assert await provider.backchannel.deliver_due() == 1
    rp.side.answer = lambda _: http_answer(b"", status=status)
    provider.clock.advance(10)
    assert await provider.backchannel.deliver_due() == 1
    provider.clock.advance(timedelta(hours=1))
    assert await provider.backchannel.deliver_due() == 0


async def test_a_redirect_is_a_failure_and_is_not_followed(rp: Rp) -> None:
    provider, person = rp.app.provider, await rp.app.provider.person()
    await rp.app.tokens(person)
    async with far_side() as inside:
        rp.side.answer = lambda _: http_answer(status=307, Location=f"http://127.0.0.1:{inside.port}/")
        await sign_out(person)
        assert await provider.backchannel.deliver_due() == 1
        provider.clock.advance(10)
        assert await provider.backchannel.deliver_due() == 1
        assert inside.connections == 0


async def test_two_workers_tell_an_app_once(rp: Rp) -> None:
    provider = rp.app.provider
    workers = [Backchannel(provider.room) for _ in range(4)]
    for _ in range(5):
        person = await provider.person()
        await rp.app.tokens(person)
        await sign_out(person)
    counts = await asyncio.gather(*(worker.deliver_due() for worker in workers))
    assert sum(counts) == 5
    assert len(rp.tokens) == len({(await rp.claims(token))["sid"] for token in rp.tokens}) == 5


async def test_what_a_killed_worker_had_taken_is_told_by_another(rp: Rp) -> None:
    provider, person = rp.app.provider, await rp.app.provider.person()
    await rp.app.tokens(person)
    await sign_out(person)
    now = provider.clock.now()
    async with provider.db.begin() as tx:
        for notice in await list_due(tx, now, 10):
            assert await take_notice(tx, notice, now)
            assert not await take_notice(tx, notice, now)
    # … and here it dies.
    assert await provider.backchannel.deliver_due() == 0
    provider.clock.advance(16)
    assert await provider.backchannel.deliver_due() == 1
    assert len(rp.tokens) == 1


async def test_a_pairwise_app_is_told_by_its_own_name_for_the_user(provider: Provider) -> None:
    async with far_side() as side:
        rp = await _register(provider, side, subject_type="pairwise")
        person = await provider.person()
        id_claims = await _id_claims(rp, (await rp.app.tokens(person))["id_token"])
        await sign_out(person)
        await provider.backchannel.deliver_due()
        claims = await rp.claims(rp.tokens[0])
        assert claims["sub"] == id_claims["sub"] != person.pubkey
        assert claims["sid"] == id_claims["sid"]


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA", "HS256"])
async def test_the_token_is_signed_as_the_apps_id_tokens_are(make_provider: Make, alg: str) -> None:
    provider = await make_provider(id_token_algs=("RS256", "ES256", "EdDSA", "HS256"))
    async with far_side() as side:
        rp = await _register(provider, side, id_token_signed_response_alg=alg)
        person = await provider.person()
        await rp.app.tokens(person)
        await sign_out(person)
        await provider.backchannel.deliver_due()
        key = OctKey.import_key(rp.app.metadata["client_secret"]) if alg == "HS256" else None
        assert (await rp.claims(rp.tokens[0], key))["aud"] == rp.app.client_id


async def test_an_app_that_has_ended_or_changed_its_mind_is_not_told(rp: Rp) -> None:
    provider, person = rp.app.provider, await rp.app.provider.person()
    await rp.app.tokens(person)
    await sign_out(person)
    statement = "UPDATE oauth_clients SET backchannel_logout_uri = NULL WHERE client_id = :id"
    await provider.execute(statement, id=rp.app.client_id)
    assert await provider.backchannel.deliver_due() == 1
    given_up = "SELECT count(*) FROM logout_outbox WHERE client_id = :id AND given_up_at IS NOT NULL"
    assert await provider.ask(given_up, id=rp.app.client_id) == 1
    assert rp.side.asked == []


@pytest.mark.parametrize("ending", ["disabled", "consent", "other-user", "other-session"])
async def test_every_other_ending_is_told_too(rp: Rp, ending: str) -> None:
    provider, person = rp.app.provider, await rp.app.provider.person()
    sid = (await _id_claims(rp, (await rp.app.tokens(person))["id_token"]))["sid"]
    if ending == "disabled":
        await disable_user(provider.identity, Pubkey(person.pubkey))
    elif ending == "consent":
        await end_access_of_client(provider.room, person.pubkey, rp.app.client_id, Origin("203.0.113.1", "x"))
    elif ending == "other-user":
        await person.sign_in(provider.stranger().key)
    else:
        there = Person(provider, person.key, provider.http())
        await there.sign_in()
        await there.http.delete("/api/sessions", params={"all": "1"})
    assert await provider.backchannel.deliver_due() == 1
    assert (await rp.claims(rp.tokens[0]))["sid"] == sid


async def test_the_task_tells_by_itself_and_ends_when_it_is_stopped(rp: Rp) -> None:
    provider, person = rp.app.provider, await rp.app.provider.person()
    await rp.app.tokens(person)
    worker = Backchannel(provider.room)
    worker.start()
    await asyncio.sleep(0.05)
    await sign_out(person)
    await rp.side.until_asked()
    await worker.stop()
    assert (await rp.claims(rp.tokens[0]))["sub"] == person.pubkey


async def test_a_slow_app_keeps_no_other_waiting(provider: Provider) -> None:
    gate = asyncio.Event()

    async def slow(_asked: Asked) -> bytes:
        await gate.wait()
        return http_answer()

    async with far_side(slow) as slow_side, far_side() as side:
        slow_rp, rp = await _register(provider, slow_side), await _register(provider, side)
        person = await provider.person()
        await slow_rp.app.tokens(person)
        await rp.app.tokens(person)
        worker = Backchannel(provider.room)
        worker.start()
        await asyncio.sleep(0.05)
        await sign_out(person)
        await slow_rp.side.until_asked()
        await rp.side.until_asked()
        gate.set()
        await worker.stop()
