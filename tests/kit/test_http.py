"""Calls to addresses that other people chose, against real servers: where they go, and what of an answer is taken."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from hodlxxi.kit import http
from hodlxxi.kit.http import Outgoing, Resolve
from hodlxxi.kit.reach import MAX_BYTES, HostPort, NotFetched
from tests.support.certificates import make_tls
from tests.support.clock import FakeClock
from tests.support.far_side import Asked, FarSide, far_side, http_answer

HOST = "rp.example"


def names(*answers: Sequence[str]) -> Resolve:
    """A name server that gives these answers in turn, the last for ever."""
    left = list(answers)

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


class Place:
    """A client of ours and a server on loopback that it may call as ``rp.example``."""

    def __init__(self, clock: FakeClock, side: FarSide, resolve: Resolve, tls: ssl.SSLContext | None) -> None:
        self.side, self.clock = side, clock
        self.dev_hosts: set[HostPort] = {(HOST, side.port)}
        self.outgoing = Outgoing(clock, agent="HODLXXI/9", dev_hosts=self.dev_hosts, resolve=resolve, tls=tls)
        self.base = f"{'https' if tls else 'http'}://{HOST}:{side.port}"

    async def get(self, path: str = "/jwks.json", **options: timedelta) -> object:
        return await self.outgoing.get_json(self.base + path, **options)

    async def reason(self, path: str = "/jwks.json", **options: timedelta) -> str:
        with pytest.raises(NotFetched) as refused:
            await self.get(path, **options)
        return refused.value.reason


@asynccontextmanager
async def _place(
    clock: FakeClock, resolve: Resolve, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Place]:
    async with far_side() as side:
        place = Place(clock, side, resolve, tls)
        yield place
        await place.outgoing.close()


@pytest.fixture
async def place(clock: FakeClock) -> AsyncIterator[Place]:
    async with _place(clock, names(["127.0.0.1"])) as place:
        yield place


# -- an answer that is taken


async def test_json_is_fetched_with_nothing_of_ours_in_the_request(place: Place) -> None:
    place.side.answer = lambda _: http_answer(b'{"keys":[]}', Set_Cookie="a=b; Path=/")
    assert await place.get("/jwks.json?a=%2F") == {"keys": []}
    assert await place.get("/other") == {"keys": []}
    first, second = place.side.asked
    assert (first.method, first.target, first.body) == ("GET", "/jwks.json?a=%2F", b"")
    assert first.headers == second.headers
    assert set(first.headers) == {"host", "connection", "user-agent", "accept", "accept-encoding"}
    assert (first.headers["host"], first.headers["user-agent"]) == (f"{HOST}:{place.side.port}", "HODLXXI/9")
    assert first.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "kind", ["application/json", "application/jwk-set+json", "Application/JSON; charset=utf-8"]
)
async def test_every_kind_of_json_is_taken(place: Place, kind: str) -> None:
    place.side.answer = lambda _: http_answer(b'["https://a.example/cb"]', kind=kind)
    assert await place.get() == ["https://a.example/cb"]


async def test_the_certificate_is_verified_against_the_name_in_the_url(
    clock: FakeClock, tmp_path: Path
) -> None:
    server, trusting = make_tls(tmp_path, HOST)
    async with far_side(tls=server) as side:
        place = Place(clock, side, names(["127.0.0.1"]), trusting)
        assert await place.get() == {}
        place.dev_hosts.add(("other.example", side.port))
        with pytest.raises(NotFetched) as refused:
            await place.outgoing.get_json(f"https://other.example:{side.port}/x")
        assert refused.value.reason == "tls"
        await place.outgoing.close()
        untrusting = Place(clock, side, names(["127.0.0.1"]), ssl.create_default_context())
        assert await untrusting.reason() == "tls"
        await untrusting.outgoing.close()
        assert len(side.asked) == 1


# -- where it goes


@pytest.mark.parametrize(
    "addresses",
    [
        [], ["127.0.0.1"], ["169.254.169.254"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"],
        ["2001:4860:4860::8888", "::1"], ["0.0.0.0"],
    ],
    ids=str,
)  # fmt: skip
async def test_nothing_is_connected_to_when_one_address_of_the_host_is_special(
    clock: FakeClock, addresses: list[str]
) -> None:
    """MUST 24; Keycloak CVE-2026-1180: special-use addresses."""
    async with _place(clock, names(addresses)) as place:
        place.dev_hosts.clear()
        for url in (f"https://{HOST}:{place.side.port}/x", f"https://sub.{HOST}:{place.side.port}/x"):
            with pytest.raises(NotFetched) as refused:
                await place.outgoing.get_json(url)
            assert refused.value.reason == "unreachable"
            with pytest.raises(NotFetched) as refused:
                await place.outgoing.post_form(url, {"logout_token": "x"})
            assert refused.value.reason == "unreachable"
        assert place.side.connections == 0


async def test_dns_rebinding_gains_nothing_as_the_name_is_looked_up_once(clock: FakeClock) -> None:
    """MUST 24; Keycloak CVE-2026-1180: DNS rebinding."""
    asked = 0

    async def rebinding(_host: str, _port: int) -> Sequence[str]:
        nonlocal asked
        asked += 1
        return ["127.0.0.1"] if asked == 1 else ["127.0.0.2"]

    async with _place(clock, rebinding) as place, far_side(host="127.0.0.2", port=place.side.port) as inside:
        assert await place.get() == {}
        assert (asked, place.side.connections, inside.connections) == (1, 1, 0)
        # The next call is judged anew.
        place.dev_hosts.clear()
        with pytest.raises(NotFetched):
            await place.outgoing.get_json(f"https://{HOST}:{place.side.port}/next")
        assert (asked, inside.connections) == (2, 0)


@pytest.mark.parametrize("name", ["localhost", "localhost.localdomain", "ip6-localhost"])
async def test_the_systems_own_names_for_this_machine_are_refused(clock: FakeClock, name: str) -> None:
    async with far_side() as side:
        outgoing = Outgoing(clock, agent="x")
        with pytest.raises(NotFetched) as refused:
            await outgoing.get_json(f"https://{name}:{side.port}/x")
        assert refused.value.reason == "unreachable"
        await outgoing.close()
        assert side.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(place: Place, status: int) -> None:
    """MUST 24; CVE-2020-10770, CVE-2026-1180: redirects."""
    async with far_side() as inside:
        place.side.answer = lambda _: http_answer(status=status, Location=f"http://127.0.0.1:{inside.port}/x")
        assert await place.reason() == "status"
        assert await place.outgoing.post_form(place.base + "/logout", {"a": "b"}) == status
        assert inside.connections == 0


async def test_a_proxy_of_the_environment_is_not_used(
    clock: FakeClock, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with far_side() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert await place.get() == {}
        assert proxy.connections == 0


# -- what is no good


def _chunked(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"


LARGE = b'"' + b"x" * MAX_BYTES + b'"'


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(http_answer(status=404), "status", id="404"),
        pytest.param(http_answer(status=204, body=b""), "status", id="204"),
        pytest.param(http_answer(kind="text/html"), "type", id="html"),
        pytest.param(http_answer(kind="text/plain"), "type", id="text"),
        pytest.param(http_answer(kind="application/jsonp"), "type", id="jsonp"),
        pytest.param(
            http_answer(gzip.compress(b"{}"), Content_Encoding="gzip"), "type", id="compressed-unasked"
        ),
        pytest.param(http_answer(b"{"), "json", id="broken"),
        pytest.param(http_answer(b""), "json", id="empty"),
        pytest.param(http_answer(b"[" * 1000 + b"]" * 1000), "json", id="deep"),
        pytest.param(http_answer(b'"\\ud800"'), "json", id="lone-surrogate"),
        pytest.param(http_answer(b'"\xff"'), "json", id="not-utf-8"),
        pytest.param(http_answer(LARGE), "size", id="large"),
        pytest.param(_chunked(LARGE), "size", id="large-without-length"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n" + b"A: " + b"x" * 20_000 + b"\r\n\r\n", "unreachable", id="large-header"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"A: x\r\n" * 1000 + b"\r\n", "unreachable", id="many-headers"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", "unreachable", id="no-http"),
        pytest.param(b"", "unreachable", id="nothing"),
        pytest.param(http_answer(b"{}")[:-1], "unreachable", id="cut-off"),
    ],
)
async def test_an_answer_that_is_no_good_is_refused_by_name(place: Place, answer: bytes, reason: str) -> None:
    place.side.answer = lambda _: answer
    assert await place.reason() == reason


async def test_json_of_exactly_the_limit_is_taken(place: Place) -> None:
    body = b'"' + b"x" * (MAX_BYTES - 2) + b'"'
    place.side.answer = lambda _: http_answer(body)
    assert await place.get() == "x" * (MAX_BYTES - 2)


async def test_a_server_that_never_ends_its_answer_is_given_up(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "TOTAL_S", 0.3)

    async def drip(_asked: Asked) -> bytes:
        await asyncio.sleep(2)
        return b""

    place.side.answer = drip
    assert await place.reason() == "timeout"


async def test_a_private_host_a_closed_port_and_no_such_name_read_the_same(clock: FakeClock) -> None:
    """Who names an address to us must not learn from our words what there is in our network."""
    texts = set()
    for answer, port in ((["10.0.0.1"], 443), ([], 443), (["127.0.0.1"], 1)):
        outgoing = Outgoing(clock, agent="x", dev_hosts={(HOST, 1)}, resolve=names(answer))
        with pytest.raises(NotFetched) as refused:
            await outgoing.get_json(f"https://{HOST}:{port}/x")
        texts.add((refused.value.text, refused.value.reason))
        await outgoing.close()
    assert texts == {("The host cannot be reached over the public internet.", "unreachable")}


# -- what is remembered


async def test_an_answer_is_kept_for_ten_minutes_and_a_newer_one_can_be_asked_for(place: Place) -> None:
    place.side.answer = lambda _: http_answer(str(len(place.side.asked)).encode())
    assert [await place.get(), await place.get()] == [1, 1]
    place.clock.advance(31)
    assert await place.get() == 1
    young = timedelta(seconds=30)
    assert [await place.get(max_age=young), await place.get(max_age=young), await place.get()] == [2, 2, 2]
    place.clock.advance(timedelta(minutes=10))
    assert await place.get() == 3


async def test_a_failure_is_kept_for_a_minute(place: Place) -> None:
    place.side.answer = lambda _: http_answer(status=500)
    assert [await place.reason(), await place.reason()] == ["status", "status"]
    assert len(place.side.asked) == 1
    place.side.answer = lambda _: http_answer(b"1")
    place.clock.advance(59)
    assert await place.reason() == "status"
    place.clock.advance(1)
    assert await place.get() == 1


async def test_a_failed_renewal_leaves_the_copy_that_there_is(place: Place) -> None:
    place.side.answer = lambda _: http_answer(b"1")
    assert await place.get() == 1
    place.clock.advance(31)
    place.side.answer = lambda _: http_answer(status=500)
    assert await place.reason(max_age=timedelta(seconds=30)) == "status"
    assert await place.get() == 1


async def test_nobody_can_change_what_another_gets(place: Place) -> None:
    place.side.answer = lambda _: http_answer(b'{"keys":[]}')
    first = await place.get()
    assert isinstance(first, dict)
    first["keys"] = ["mine"]
    assert await place.get() == {"keys": []}


async def test_many_who_ask_at_once_make_one_call(place: Place) -> None:
    async def slow(_asked: Asked) -> bytes:
        await asyncio.sleep(0.1)
        return http_answer(b"7")

    place.side.answer = slow
    assert set(await asyncio.gather(*(place.get() for _ in range(50)))) == {7}
    assert len(place.side.asked) == 1


async def test_one_who_gives_up_does_not_take_the_answer_from_the_others(place: Place) -> None:
    async def slow(_asked: Asked) -> bytes:
        await asyncio.sleep(0.1)
        return http_answer(b"7")

    place.side.answer = slow
    first, second = asyncio.create_task(place.get()), asyncio.create_task(place.get())
    await asyncio.sleep(0.02)
    first.cancel()
    assert await second == 7


# -- bounds


async def test_calls_at_once_are_bounded_and_one_that_found_no_room_may_come_again(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_IN_FLIGHT", 2)
    monkeypatch.setattr(http, "WAIT_S", 0.05)
    async with _place(clock, names(["127.0.0.1"])) as place:
        gate, seen, most = asyncio.Event(), 0, 0

        async def hold(_asked: Asked) -> bytes:
            nonlocal seen, most
            seen += 1
            most = max(most, seen)
            await gate.wait()
            seen -= 1
            return http_answer(b"1")

        place.side.answer = hold
        held = [asyncio.create_task(place.get(f"/{n}")) for n in range(2)]
        await asyncio.sleep(0.05)
        assert await place.reason("/third") == "busy"
        gate.set()
        assert await asyncio.gather(*held) == [1, 1]
        assert await place.get("/third") == 1
        assert most == 2


async def test_a_close_ends_what_is_under_way(clock: FakeClock) -> None:
    async with _place(clock, names(["127.0.0.1"])) as place:
        gate = asyncio.Event()

        async def never(_asked: Asked) -> bytes:
            await gate.wait()
            return b""

        place.side.answer = never
        waiting = asyncio.create_task(place.get())
        await asyncio.sleep(0.05)
        await place.outgoing.close()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        gate.set()


# -- forms


async def test_a_form_is_posted_and_its_status_told(place: Place) -> None:
    place.side.answer = lambda _: http_answer(b"<p>ok</p>", kind="text/html")
    sent = {"logout_token": "a.b+c/d=&e \u00fc"}
    assert await place.outgoing.post_form(place.base + "/bc", sent) == 200
    (asked,) = place.side.asked
    assert (asked.method, asked.target, dict(asked.form)) == ("POST", "/bc", sent)
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    place.side.answer = lambda _: http_answer(b"x" * 10_000_000, status=400)
    assert await place.outgoing.post_form(place.base + "/bc", sent) == 400
    assert len(place.side.asked) == 2


async def test_no_failure_of_a_form_is_remembered(place: Place) -> None:
    answers: list[Callable[[], bytes]] = [lambda: b"", lambda: http_answer(status=204, body=b"")]
    place.side.answer = lambda _: answers.pop(0)()
    with pytest.raises(NotFetched) as refused:
        await place.outgoing.post_form(place.base + "/bc", {"a": "b"})
    assert refused.value.reason == "unreachable"
    assert await place.outgoing.post_form(place.base + "/bc", {"a": "b"}) == 204
