"""Signing keys over months: no app that keeps the JWKS for a day ever meets a token that it cannot verify (§6.7)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from hodlxxi.kit.db import Database
from hodlxxi.kit.secret import Sealer
from hodlxxi.oauth import jws
from hodlxxi.oauth.keys import KeyRing
from hodlxxi.oauth.rules.rotation import HINTS_FOR, PENDING_FOR, KeyState
from hodlxxi.schema import all_tables
from tests.oauth.provider import Provider, claims_of, response_of
from tests.support.clock import FakeClock

Make = Callable[..., Awaitable[Provider]]
ALGS = ("RS256", "ES256", "EdDSA")
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)


def ring_of(db: Database, clock: FakeClock) -> KeyRing:
    """One more worker."""
    return KeyRing(
        db=db,
        clock=clock,
        sealer=Sealer(b"s" * 32, "signing-keys"),
        algs=ALGS,
        access_alg="ES256",
        access_lifetime=HOUR,
    )


@dataclass
class Copy:
    """A copy of the JWKS that is kept for a while, as apps and caches on the way do."""

    kept_for: timedelta
    fetched_at: datetime | None = None
    kids: frozenset[str] = frozenset()

    async def read(self, now: datetime, source: Callable[[], Awaitable[frozenset[str]]]) -> frozenset[str]:
        if self.fetched_at is None or now - self.fetched_at >= self.kept_for:
            self.fetched_at, self.kids = now, await source()
        return self.kids


@dataclass
class World:
    """Two workers, a cache in front of them, and apps all over the world that look at the JWKS once a day.

    The worker that sweeps and signs knows of a new key at once, the one that is asked for the JWKS as late as can be.
    """

    db: Database
    clock: FakeClock
    cache: Copy = field(default_factory=lambda: Copy(timedelta(minutes=5)))
    apps: dict[timedelta, Copy] = field(default_factory=dict)
    living: list[tuple[datetime, str]] = field(default_factory=list)
    signed_with: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.signing, self.asked = ring_of(self.db, self.clock), ring_of(self.db, self.clock)

    async def sweep(self) -> None:
        await self.signing.prepare()

    async def published(self) -> frozenset[str]:
        held = await self.asked.current()
        assert all("d" not in key for key in held.jwks)
        return frozenset(key["kid"] for key in held.jwks)

    async def look(self) -> None:
        """Every app whose hour has come fetches the JWKS, perhaps from a cache on the way."""
        now = self.clock.now()
        for app in self.apps.values():
            await app.read(now, lambda: self.cache.read(now, self.published))

    async def sign(self) -> None:
        """Each algorithm signs a token, and every app verifies it on arrival."""
        held = await self.signing.current()
        for alg in ALGS:
            signer = self.signing.id_signer(held, alg)
            token = jws.render_id_token(signer, {"n": len(self.living)})
            self.living.append((self.clock.now() + HOUR - SECOND, token))
            self.signed_with.add(signer.kid)
            await self.verify(token)

    async def verify(self, token: str) -> None:
        kid = claims_of(token, 0)["kid"]  # a thumbprint: who has it in the JWKS has the key
        for hour, app in self.apps.items():
            assert kid in app.kids, (
                f"the app that looks at {hour} does not know the key at {self.clock.now()}"
            )
        assert await self.asked.read_id_token(token) is not None

    async def verify_the_old(self) -> None:
        """What is about to expire is verified once more."""
        now = self.clock.now()
        for ends_at, token in self.living:
            if ends_at <= now:
                await self.verify(token)
        self.living = [(ends_at, token) for ends_at, token in self.living if ends_at > now]


# When the apps look, after the hour of the sweep. The last of a day leaves a copy in the cache from before the sweep.
LOOKS = (timedelta(0), 29 * SECOND, 298 * SECOND, 7 * HOUR, DAY - SECOND)


@pytest.fixture
async def world(make_provider: Make) -> World:
    provider = await make_provider()
    await provider.execute("DELETE FROM oauth_signing_keys")
    world = World(provider.db, provider.clock)
    await world.signing.prepare()
    for offset in LOOKS:
        copy = Copy(DAY)
        await copy.read(world.clock.now() - DAY + offset, world.published)
        world.apps[offset] = copy
    return world


def moments(sweeps: set[timedelta], days: int) -> Iterator[tuple[timedelta, bool]]:
    """Moments at which something happens, and whether the sweeper runs then."""
    steps = {day * DAY + offset for day in range(days) for offset in LOOKS}
    steps |= {step + HOUR - SECOND for step in steps} | {step + HOUR for step in steps}
    for step in sorted(steps | sweeps):
        yield step, step in sweeps


Event = Callable[[], Awaitable[object]]


async def live(world: World, sweeps: set[timedelta], days: int, events: dict[timedelta, Event]) -> None:
    began = world.clock.now()
    for step, is_due in moments(sweeps, days):
        world.clock.advance(began + step - world.clock.now())
        if is_due:
            await world.sweep()
        for when in [w for w in events if w <= step]:
            await events.pop(when)()
        await world.look()
        await world.verify_the_old()
        if is_due or step % DAY in LOOKS:
            await world.sign()


async def test_for_200_days_of_daily_sweeps_every_app_verifies_every_token(world: World) -> None:
    await live(world, {day * DAY for day in range(200)}, 200, {})
    assert len(world.signed_with) == 3 * len(ALGS), "at the start, and twice since"


async def test_a_manual_rotation_fails_no_app_either(world: World) -> None:
    first = await world.published()
    rotated: list[str] = []

    async def rotate() -> None:
        rotated.append(await world.signing.rotate("RS256"))

    # Another worker rotates just before the cache on the way asks the first, which has not heard of it; a day later the
    # sweeper comes each minute.
    sweeps = {day * DAY + timedelta(minutes=n) for day in (1, 2) for n in range(20)}
    await live(world, sweeps, 3, {28 * SECOND: rotate, DAY: rotate})
    assert rotated[0] not in world.signed_with, "replaced before it signed"
    assert rotated[1] in world.signed_with
    assert first < await world.published(), "what it replaced is still shown"


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_workers_that_start_or_tend_together_make_one_key(
    request: pytest.FixtureRequest, make_provider: Make, engine: str
) -> None:
    provider = await make_provider()
    clock, db = provider.clock, provider.db
    if engine == "postgresql":
        db = Database(request.getfixturevalue("postgres").fresh_database())
        async with db.begin() as tx:
            await tx.run_sync(all_tables().create_all)
    else:
        await provider.execute("DELETE FROM oauth_signing_keys")
    rings = [ring_of(db, clock) for _ in range(4)]
    await asyncio.gather(*(ring.prepare() for ring in rings))
    assert {frozenset(k["kid"] for k in (await ring.current()).jwks) for ring in rings} == {
        frozenset(record.kid for record in await rings[0].list_records())
    }
    assert len(await rings[0].list_records()) == len(ALGS)
    clock.advance(DAY * 89)
    await asyncio.gather(*(ring.prepare() for ring in rings))
    states = [record.state for record in await rings[0].list_records()]
    assert sorted(states) == [KeyState.ACTIVE] * len(ALGS) + [KeyState.PENDING] * len(ALGS)
    clock.advance(PENDING_FOR)
    await asyncio.gather(*(ring.prepare() for ring in rings))
    states = [record.state for record in await rings[0].list_records()]
    assert sorted(states) == [KeyState.ACTIVE] * len(ALGS) + [KeyState.RETIRED] * len(ALGS)
    done = await asyncio.gather(*(ring.rotate("ES256") for ring in rings), return_exceptions=True)
    assert any(isinstance(kid, str) for kid in done)
    assert all(isinstance(kid, str | ValueError) for kid in done), done
    pending = [r.kid for r in await rings[0].list_records() if r.state is KeyState.PENDING]
    assert len(pending) == 1
    assert pending[0] in done
    if db is not provider.db:
        await db.close()


async def test_an_id_token_of_a_retired_key_is_still_a_hint_although_the_key_is_shown_no_more(
    make_provider: Make,
) -> None:
    provider = await make_provider()
    app, person, ring = await provider.register(), await provider.person(), provider.room.keys
    old = (await app.tokens(person))["id_token"]
    kid = claims_of(old, 0)["kid"]
    await ring.rotate("RS256")
    for wait in (PENDING_FOR, 2 * DAY):
        provider.clock.advance(wait)
        await ring.prepare()
    assert kid not in {key["kid"] for key in (await ring.current()).jwks}
    assert [r.state for r in await ring.list_records() if r.kid == kid] == [KeyState.RETIRED]
    await person.sign_in()
    silent = {"prompt": "none", "id_token_hint": old}
    assert "code" in response_of(await person.visit(app, **silent))
    assert await ring.read_access(old) is None
    other = await provider.person()
    await other.authorize(app)
    assert response_of(await other.visit(app, **silent))["error"] == "login_required"
    # In the end it goes, with what was signed by it.
    provider.clock.advance(HINTS_FOR)
    await ring.prepare()
    await person.sign_in()
    assert response_of(await person.visit(app, **silent))["error"] == "invalid_request"


async def test_a_rotation_at_once_leaves_nothing_of_the_old_keys(make_provider: Make) -> None:
    """Also not of those that were retired before: whoever has the machine's keys has had them all."""
    provider = await make_provider()
    app, person, ring = await provider.register(), await provider.person(), provider.room.keys
    retired = (await app.tokens(person))["id_token"]
    await ring.rotate("RS256")
    provider.clock.advance(PENDING_FOR)
    await ring.prepare()
    await person.sign_in()
    active = await app.tokens(person)
    await ring.rotate("RS256", at_once=True)
    for token in (retired, active["id_token"]):
        assert await ring.read_id_token(token) is None
        answer = await person.visit(app, prompt="none", id_token_hint=token)
        assert response_of(answer)["error"] == "invalid_request"
    assert (await app.call(active["access_token"])).status_code == 401
    again = (await app.refresh(active["refresh_token"])).json()
    assert (await app.call(again["access_token"])).status_code == 200
    # The other algorithms are as they were.
    assert len((await ring.current()).jwks) == len(ALGS)
