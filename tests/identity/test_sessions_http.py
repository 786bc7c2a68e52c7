"""A session begins at sign-in, is judged on every request, and ends for good, on every worker at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from hodlxxi.audit.events import Event, Origin
from hodlxxi.identity.sessions import end_sessions, find_session
from hodlxxi.kit.kv import MemoryKv
from hodlxxi.kit.secret import digest_of
from tests.identity.site import PUBLIC_URL, Site, new_key, sign_in, who
from tests.support.redis import Redis

HOST = "login.example.org"


def _holding(site: Site, token: str) -> httpx.AsyncClient:
    """A client that sends this session cookie and nothing else."""
    client = site.browser()
    client.cookies.set("session", token, domain=HOST)
    return client


async def test_the_id_changes_at_sign_in_and_the_old_session_ends(site: Site) -> None:
    """MUST 26; Keycloak CVE-2024-7341: the id changes."""
    key, browser = new_key(), site.browser()
    first = await sign_in(browser, key)
    assert await who(_holding(site, first)) == key.pubkey_hex
    second = await sign_in(browser, key)
    assert second != first
    assert await who(browser) == key.pubkey_hex
    assert await who(_holding(site, first)) is None


async def test_an_id_that_somebody_planted_is_not_taken_over(site: Site) -> None:
    """MUST 26; Keycloak CVE-2024-7341: a planted id."""
    planted = "planted-by-an-attacker-before-the-sign-in-xx"
    browser = _holding(site, planted)
    key = new_key()
    answer = await sign_in(browser, key)
    assert answer != planted
    assert await who(_holding(site, planted)) is None


async def test_another_persons_sign_in_on_the_same_browser_ends_the_first_ones(site: Site) -> None:
    """Keycloak CVE-2025-12390: two users in one browser."""
    browser, alice, bob = site.browser(), new_key(), new_key()
    old = await sign_in(browser, alice)
    await sign_in(browser, bob)
    assert await who(browser) == bob.pubkey_hex
    assert await who(_holding(site, old)) is None


async def test_a_failed_sign_in_leaves_the_session_as_it_was(site: Site) -> None:
    browser, key = site.browser(), new_key()
    await sign_in(browser, key)
    body = {
        "pubkey": key.pubkey_hex,
        "message": "Login to HODLXXI at 2042-01-05T12:00:00Z",
        "signature": "00" * 64,
    }
    assert (await browser.post("/verify_signature", json=body)).status_code == 401
    assert await who(browser) == key.pubkey_hex


async def test_a_session_ends_after_a_day_although_it_is_in_use(site: Site) -> None:
    browser, key = site.browser(), new_key()
    await sign_in(browser, key)
    for hours in (1, 22):
        site.clock.advance(timedelta(hours=hours))
        assert await who(browser) == key.pubkey_hex
    site.clock.advance(timedelta(minutes=59, seconds=59))
    assert await who(browser) == key.pubkey_hex
    site.clock.advance(1)
    assert await who(browser) is None


async def test_who_is_signed_in_and_how_is_told_to_the_page(site: Site) -> None:
    browser, key = site.browser(), new_key()
    await sign_in(browser, key)
    assert (await browser.get("/api/session")).json() == {
        "pubkey": key.pubkey_hex,
        "key": key.pubkey_hex,
        "auth_time": "2042-01-05T12:00:00Z",
        "acr": "urn:hodlxxi:acr:key",
        "amr": ["pop", "btc_message"],
        "expires_at": "2042-01-06T12:00:00Z",
    }


@pytest.mark.parametrize(
    "cookie",
    ["", "x", "a" * 43, "a" * 101, "a" * 8000, "../../etc", "%00", '"quoted"', "a b", "ended", "é" * 20],
)
async def test_a_made_up_cookie_is_nobody(site: Site, cookie: str) -> None:
    browser = site.browser()
    answer = await browser.get("/api/session", headers={"Cookie": f"session={cookie}".encode()})
    assert (answer.status_code, answer.json()["error"]) == (401, "not_authenticated")


async def test_the_digest_in_the_database_is_useless_as_a_cookie(site: Site) -> None:
    key = new_key()
    await sign_in(site.browser(), key)
    ((digest,),) = await site.rows("SELECT session_id FROM sessions WHERE user_id = :k", k=key.pubkey_hex)
    assert await who(_holding(site, digest)) is None


# -- signing out


async def test_signing_out_ends_the_session_and_takes_the_cookie(site: Site) -> None:
    browser, key = site.browser(), new_key()
    token = await sign_in(browser, key)
    answer = await browser.post("/logout", headers={"Origin": PUBLIC_URL})
    assert (answer.status_code, answer.json()) == (200, {"signed_out": True})
    assert "session" not in browser.cookies
    assert await who(_holding(site, token)) is None
    assert (await browser.post("/logout")).status_code == 200


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
@pytest.mark.parametrize(("method", "path"), [("POST", "/logout"), ("DELETE", "/api/sessions?all=1")])
async def test_another_sites_page_ends_nothing(
    site: Site, headers: dict[str, str], method: str, path: str
) -> None:
    browser, key = site.browser(), new_key()
    await sign_in(browser, key)
    answer = await browser.request(method, path, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (403, "cross_origin")
    assert await who(browser) == key.pubkey_hex


async def test_a_form_of_another_site_ends_nothing(site: Site) -> None:
    browser, key = site.browser(), new_key()
    await sign_in(browser, key)
    for form in ({}, {"csrf": ""}, {"csrf": "A" * 43}):
        answer = await browser.post("/logout", data=form or {"x": "y"})
        assert (answer.status_code, answer.json()["error"]) == (403, "csrf")
    assert await who(browser) == key.pubkey_hex


# -- the list


async def test_a_person_sees_and_ends_their_own_sessions(site: Site) -> None:
    key, here, there, elsewhere = new_key(), site.browser(), site.browser("198.51.100.7"), site.browser()
    there.headers["User-Agent"] = "Mozilla/5.0 (a phone)"
    for browser in (there, elsewhere, here):
        await sign_in(browser, key)
        site.clock.advance(60)
    listed = (await here.get("/api/sessions")).json()["sessions"]
    assert [item["current"] for item in listed] == [True, False, False]
    assert listed[2]["device"] == "Mozilla/5.0 (a phone)"
    assert listed[2]["ip_address"] == "198.51.100.7"
    assert listed[2]["created_at"] == "2042-01-05T12:00:00Z"
    assert all(len(item["id"]) == 16 for item in listed)

    ended = await here.delete("/api/sessions", params={"id": listed[2]["id"]})
    assert (ended.status_code, ended.json()) == (200, {"ended": 1})
    assert (await who(there), await who(elsewhere)) == (None, key.pubkey_hex)
    assert (await here.delete("/api/sessions", params={"id": listed[2]["id"]})).status_code == 404

    assert (await here.delete("/api/sessions", params={"all": "1"})).json() == {"ended": 1}
    assert (await who(elsewhere), await who(here)) == (None, key.pubkey_hex)
    assert (await here.delete("/api/sessions", params={"all": "1"})).json() == {"ended": 0}
    assert len((await here.get("/api/sessions")).json()["sessions"]) == 1


async def test_nobody_sees_or_ends_another_persons_sessions(site: Site) -> None:
    alice, bob, key = site.browser(), site.browser(), new_key()
    await sign_in(alice, key)
    await sign_in(bob, new_key())
    ((item),) = (await alice.get("/api/sessions")).json()["sessions"]
    assert item["id"] not in (await bob.get("/api/sessions")).text
    assert (await bob.delete("/api/sessions", params={"id": item["id"]})).status_code == 404
    await bob.delete("/api/sessions", params={"all": "1"})
    assert await who(alice) == key.pubkey_hex


async def test_the_use_case_itself_ends_only_sessions_of_the_named_user(site: Site) -> None:
    alice, bob = site.browser(), new_key()
    await sign_in(alice, new_key())
    await sign_in(site.browser(), bob)
    digest = digest_of(alice.cookies["session"])
    origin = Origin("203.0.113.9", "req-12345")
    assert await end_sessions(site.app.identity, bob.pubkey_hex, [digest], origin, Event.LOGOUT) == 0
    assert await who(alice) is not None


async def test_ending_all_ends_really_all(site: Site) -> None:
    key, here = new_key(), site.browser()
    await sign_in(here, key)
    async with site.app.db.begin() as tx:
        await tx.exec_driver_sql(
            "INSERT INTO sessions (session_id, user_id, key, created_at, expires_at, auth_time, acr, amr)"
            " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 450)"
            " SELECT user_id || '-' || i, user_id, key, created_at, expires_at, auth_time, acr, amr"
            " FROM (SELECT substr(user_id, 1, 50) AS short, sessions.* FROM sessions) AS s, n"
            f" WHERE user_id = '{key.pubkey_hex}'".replace("user_id || '-'", "short || '-'")
        )
    assert (await here.delete("/api/sessions", params={"all": "1"})).json() == {"ended": 450}
    assert await who(here) == key.pubkey_hex
    left = await site.rows(
        "SELECT 1 FROM sessions WHERE user_id = :k AND revoked_at IS NULL", k=key.pubkey_hex
    )
    assert len(left) == 1


@pytest.mark.parametrize("params", [{}, {"id": ""}, {"all": "yes"}, {"id": "no-such"}, {"id": "%"}])
async def test_ending_needs_to_say_what(site: Site, params: dict[str, str]) -> None:
    browser, key = site.browser(), new_key()
    await sign_in(browser, key)
    assert (await browser.delete("/api/sessions", params=params)).status_code in (400, 404)
    assert await who(browser) == key.pubkey_hex


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/sessions"), ("DELETE", "/api/sessions?all=1")])
async def test_nobody_has_no_sessions(site: Site, method: str, path: str) -> None:
    assert (await site.browser().request(method, path)).status_code == 401


# -- several workers


@pytest.fixture
async def two_workers(make_site: Callable[..., Site], redis: Redis) -> tuple[Site, Site]:
    """Two workers that share the database and Redis."""
    return make_site(redis_url=redis.url), make_site(redis_url=redis.url)


async def test_a_session_made_on_one_worker_is_valid_on_the_other(two_workers: tuple[Site, Site]) -> None:
    one, two = two_workers
    key = new_key()
    token = await sign_in(one.browser(), key)
    assert await who(_holding(two, token)) == key.pubkey_hex


async def test_a_session_ended_on_one_worker_is_over_on_the_other_although_it_was_cached(
    two_workers: tuple[Site, Site],
) -> None:
    one, two = two_workers
    key = new_key()
    browser = one.browser()
    token = await sign_in(browser, key)
    elsewhere = _holding(two, token)
    assert await who(elsewhere) == key.pubkey_hex
    digest = (await one.rows("SELECT session_id FROM sessions WHERE user_id = :k", k=key.pubkey_hex))[0][0]
    async with two.app.kv.listen(f"session:{digest}") as woken:
        await browser.post("/logout")
        async with asyncio.timeout(10):
            assert await woken.get() == "ended"
    assert await who(elsewhere) is None


async def test_signing_in_again_ends_the_old_session_on_the_other_worker(
    two_workers: tuple[Site, Site],
) -> None:
    one, two = two_workers
    key, browser = new_key(), one.browser()
    old = await sign_in(browser, key)
    elsewhere = _holding(two, old)
    assert await who(elsewhere) == key.pubkey_hex
    await sign_in(browser, key)
    assert await who(elsewhere) is None


class _LateWriter(MemoryKv):
    """Another worker's view of a shared memory: it reads at once, and what it writes arrives when the gate opens."""

    state = "connected"

    def __init__(self, memory: MemoryKv) -> None:
        super().__init__()
        self._values = memory._values
        self.arrived, self.gate = asyncio.Event(), asyncio.Event()

    async def _wait(self) -> None:
        self.arrived.set()
        await self.gate.wait()

    async def put(self, key: str, value: str, ttl_s: int) -> None:
        await self._wait()
        await super().put(key, value, ttl_s)

    async def put_new(self, key: str, value: str, ttl_s: int) -> bool:
        await self._wait()
        return await super().put_new(key, value, ttl_s)


async def test_a_reader_who_comes_late_does_not_revive_an_ended_session(site: Site) -> None:
    """It read the row before the end, and writes its copy to the cache after it."""
    assert isinstance(site.app.kv, MemoryKv)
    browser = site.browser()
    token = await sign_in(browser, new_key())
    late = _LateWriter(site.app.kv)
    reader = asyncio.create_task(find_session(replace(site.app.identity, kv=late), token))
    async with asyncio.timeout(10):
        await late.arrived.wait()
        await browser.post("/logout")
        late.gate.set()
        assert await reader is not None
    assert await who(_holding(site, token)) is None


async def test_nonsense_in_the_cache_sends_the_reader_to_the_database(site: Site) -> None:
    key, browser = new_key(), site.browser()
    await sign_in(browser, key)
    ((digest,),) = await site.rows("SELECT session_id FROM sessions WHERE user_id = :k", k=key.pubkey_hex)
    for nonsense in ("{", "{}", '{"digest": 1}', "[]", "another version's text"):
        await site.app.kv.put(f"session:{digest}", nonsense, 30)
        assert await who(browser) == key.pubkey_hex


async def test_without_redis_sessions_go_on_from_the_database(make_site: Callable[..., Site]) -> None:
    own = Redis()
    one, two = make_site(redis_url=own.url), make_site(redis_url=own.url)
    key, browser = new_key(), one.browser()
    token = await sign_in(browser, key)
    own.stop()
    assert await who(_holding(two, token)) == key.pubkey_hex
    await browser.post("/logout")
    assert await who(_holding(two, token)) is None
    assert await sign_in(two.browser(), new_key())
