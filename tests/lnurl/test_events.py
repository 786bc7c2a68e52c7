"""The event stream of a waiting page: woken at once, never claiming, and never in the way of a stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, MutableMapping
from typing import Any

import pytest

from hodlxxi.kit.errors import Unavailable
from hodlxxi.lnurl import events
from hodlxxi.lnurl.events import stream_events
from hodlxxi.lnurl.rules import CLAIM_WINDOW
from hodlxxi.lnurl.waiting import MAX_STREAMS, MAX_STREAMS_EACH, Streams
from tests.identity.site import Site
from tests.lnurl.steps import Started, answer, claim, known_browser, new_wallet, start
from tests.support.clock import FakeClock

WAITING = b'event: waiting\ndata: {"verified":false}\n\n'
VERIFIED = b'event: verified\ndata: {"verified":true}\n\n'
UNKNOWN = b"event: unknown\ndata: {}\n\n"
EXPIRED = b"event: expired\ndata: {}\n\n"
NEVER_S = 3600.0
SOON_S = 0.01


def _stream(site: Site, started: Started) -> AsyncGenerator[bytes]:
    return stream_events(site.app.lnurl, started.session_id, started.claim_token)


async def _is_open(stream: AsyncIterator[bytes]) -> asyncio.Task[bytes]:
    """Read on until the stream has looked once and waits for a wake-up."""
    task = asyncio.ensure_future(anext(stream))
    done, _ = await asyncio.wait({task}, timeout=0.3)
    assert not done, "the stream said something"
    return task


async def test_the_wallets_answer_wakes_the_page(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    # Only the wake-up can end this wait.
    monkeypatch.setattr(events, "LOOK_EVERY_S", NEVER_S)
    started = await start(site.browser())
    stream = _stream(site, started)
    assert await anext(stream) == WAITING
    waiting = await _is_open(stream)
    assert await answer(site, new_wallet(), started) == {"status": "OK"}
    assert await waiting == VERIFIED
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_a_lost_wake_up_is_made_good_by_a_look(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LOOK_EVERY_S", SOON_S)
    monkeypatch.setattr(events, "TICK_S", SOON_S)
    started = await start(site.browser())
    stream = _stream(site, started)
    assert await anext(stream) == WAITING
    waiting = await _is_open(stream)
    await site.write(
        "UPDATE lnurl_challenges SET verified = true, verified_at = created_at WHERE session_id = :i",
        i=started.session_id,
    )
    assert await waiting == VERIFIED


async def test_a_page_that_comes_late_is_told_at_once(site: Site) -> None:
    browser = site.browser()
    started = await start(browser)
    await answer(site, new_wallet(), started)
    reply = await browser.get(started.events)
    assert reply.content == WAITING + VERIFIED
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert (reply.headers["cache-control"], reply.headers["x-accel-buffering"]) == ("no-store", "no")
    assert "set-cookie" not in reply.headers
    assert (await claim(browser, started))["verified"] is True


async def test_the_stream_ends_with_the_login(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LOOK_EVERY_S", SOON_S)
    monkeypatch.setattr(events, "TICK_S", SOON_S)
    stream = _stream(site, await start(site.browser()))
    assert await anext(stream) == WAITING
    waiting = await _is_open(stream)
    site.clock.advance(300)
    assert await waiting == EXPIRED
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_a_newer_login_of_the_same_browser_ends_the_stream(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "LOOK_EVERY_S", SOON_S)
    monkeypatch.setattr(events, "TICK_S", SOON_S)
    browser = known_browser(site)
    stream = _stream(site, await start(browser))
    assert await anext(stream) == WAITING
    await start(browser)
    assert await anext(stream) == EXPIRED


async def test_a_claimed_login_is_over(site: Site) -> None:
    browser = site.browser()
    started = await start(browser)
    await answer(site, new_wallet(), started)
    await claim(browser, started)
    bearer = {"Authorization": f"Bearer {started.claim_token}"}
    assert (await site.browser().get(started.events, headers=bearer)).content == WAITING + EXPIRED


async def test_strangers_learn_nothing(site: Site) -> None:
    other = known_browser(site)
    await start(other)
    started = await start(site.browser())
    for _ in range(2):
        async with asyncio.timeout(10):  # a stream that stays open would be an answer too
            seen = [await browser.get(started.events) for browser in (site.browser(), other)]
            unknown = await other.get("/api/lnurl-auth/events/" + "0" * 32)
            queried = await site.browser().get(started.events, params={"claim_token": started.claim_token})
        assert {reply.content for reply in (*seen, unknown, queried)} == {WAITING + UNKNOWN}
        await answer(site, new_wallet(), started)


async def test_a_quiet_stream_shows_that_it_lives(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEARTBEAT_S", "TICK_S"):
        monkeypatch.setattr(events, name, SOON_S)
    stream = _stream(site, await start(site.browser()))
    seen = [await anext(stream) for _ in range(3)]
    assert seen[0] == WAITING
    assert all(line.startswith(b":") and line.endswith(b"\n\n") for line in seen[1:])


async def test_a_stop_ends_every_stream(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "TICK_S", SOON_S)
    streams = [_stream(site, await start(site.browser())) for _ in range(3)]
    for stream in streams:
        assert await anext(stream) == WAITING
    site.app.is_stopping = True
    for stream in streams:
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


async def test_a_page_that_leaves_gives_its_place_back(site: Site) -> None:
    started = await start(site.browser())
    for _ in range(MAX_STREAMS_EACH + 1):
        sent, leave = asyncio.Queue[MutableMapping[str, Any]](), asyncio.Event()
        call = asyncio.ensure_future(_call(site, started, sent, leave))
        assert (await sent.get())["status"] == 200
        assert (await sent.get())["body"] == WAITING
        await asyncio.wait({call}, timeout=0.1)  # until it has looked and waits
        leave.set()
        await call
    assert site.app.db.pool_in_use() == 0


async def _call(
    site: Site, started: Started, sent: asyncio.Queue[MutableMapping[str, Any]], leave: asyncio.Event
) -> None:
    """One request as a server makes it, from a browser that goes away when ``leave`` is set."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": started.events,
        "raw_path": started.events.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"authorization", f"Bearer {started.claim_token}".encode())],
        "client": ("203.0.113.9", 4711),
        "server": ("login.example.org", 443),
        "state": {},
    }

    async def receive() -> MutableMapping[str, Any]:
        await leave.wait()
        return {"type": "http.disconnect"}

    await site.app(scope, receive, sent.put)


async def test_one_stream_too_many_is_told_to_come_back(site: Site) -> None:
    started = await start(site.browser())
    bearer = {"Authorization": f"Bearer {started.claim_token}"}
    streams = [_stream(site, started) for _ in range(MAX_STREAMS_EACH)]
    for stream in streams:
        assert await anext(stream) == WAITING
    refused = await site.browser().get(started.events, headers=bearer)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    assert refused.json()["error"] == "temporarily_unavailable"
    await streams[0].aclose()
    await answer(site, new_wallet(), started)
    assert (await site.browser().get(started.events, headers=bearer)).content == WAITING + VERIFIED
    for stream in streams:
        await stream.aclose()


async def test_strangers_take_no_places(site: Site) -> None:
    started = await start(site.browser())
    strangers = [stream_events(site.app.lnurl, started.session_id, None) for _ in range(MAX_STREAMS_EACH)]
    for stranger in strangers:
        assert await anext(stranger) == WAITING + UNKNOWN
    assert await anext(_stream(site, started)) == WAITING


def test_places_are_counted_for_each_login_and_for_all() -> None:
    streams = Streams()
    places = [streams.enter("a") for _ in range(MAX_STREAMS_EACH)]
    for place in places:
        place.__enter__()
    with pytest.raises(Unavailable), streams.enter("a"):
        pass
    others = [streams.enter(f"b{n}") for n in range(MAX_STREAMS - MAX_STREAMS_EACH)]
    for place in others:
        place.__enter__()
    with pytest.raises(Unavailable), streams.enter("c"):
        pass
    others[0].__exit__(None, None, None)
    with streams.enter("c"):
        pass
    places[0].__exit__(None, None, None)
    with streams.enter("a"):
        pass


async def test_a_stream_says_what_a_claim_would_get(site: Site, clock: FakeClock) -> None:
    browser = site.browser()
    started = await start(browser)
    await answer(site, new_wallet(), started)
    clock.advance(CLAIM_WINDOW)
    assert EXPIRED in (await browser.get(started.events)).content
    assert (await claim(browser, started))["verified"] is False
