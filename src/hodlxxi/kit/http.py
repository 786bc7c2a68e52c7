"""Calls to addresses that other people chose, such as a client's ``jwks_uri``, guarded against being sent where only we can
reach (SSRF; reference oauth §6.9).

A name is looked up once; if *any* of its addresses has a special use, nothing is connected to, and otherwise exactly the
judged addresses are: a name that answers differently a moment later (DNS rebinding) gains nothing. https only, no redirect,
no proxy, no cookie; bounded in time, size, and calls at once.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_address
from typing import TypeVar
from urllib.parse import urlencode

import aiohttp
import msgspec
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult

from hodlxxi.kit.body import parse_json
from hodlxxi.kit.clock import Clock
from hodlxxi.kit.errors import BadInput
from hodlxxi.kit.reach import (
    BAD_TLS,
    BAD_URL,
    BUSY,
    MAX_BYTES,
    NOT_JSON,
    NOT_JSON_TYPE,
    NOT_OK,
    TIMED_OUT,
    TOO_LARGE,
    TOTAL_S,
    UNREACHABLE,
    Failure,
    HostPort,
    NotFetched,
    judge_addresses,
    judge_url,
)
from hodlxxi.kit.remembered import KEPT, Remembered

log = structlog.get_logger("http")

CONNECT_S = 3.0
MAX_IN_FLIGHT = 32
WAIT_S = 2.0  # for one of them to end
# Lookups block a thread. These are nobody else's, so that a slow name server cannot keep the database from reconnecting.
LOOKUP_THREADS = 8

# The addresses of a host, as text; none or an ``OSError`` when it has none.
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
_T = TypeVar("_T")
_decode = msgspec.json.Decoder().decode


class Outgoing:
    """The one client of this process; ``close`` it at the end.

    ``dev_hosts`` may be called over http and on any address. ``tls`` and ``resolve`` are the system's unless handed in.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        agent: str,
        dev_hosts: Collection[HostPort] = (),
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._clock = clock
        self._agent = agent
        self._dev_hosts = dev_hosts
        self._lookups = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix="lookup")
        self._resolve = resolve or self._look_up
        self._tls = tls
        self._slots = asyncio.Semaphore(MAX_IN_FLIGHT)
        self._kept = Remembered()
        self._flying: dict[str, asyncio.Task[bytes | Failure]] = {}
        self._opened: aiohttp.ClientSession | None = None

    async def get_json(self, url: str, *, max_age: timedelta = KEPT) -> object:
        """The JSON value at an address, at most ``max_age`` old. Raises ``NotFetched``.

        Who knows that a copy is out of date (a key that is not in it) asks again with a smaller ``max_age``. A failure is
        remembered for a minute, whoever asks.
        """
        found = self._kept.find(url, self._clock.now(), max_age)
        if found is None:
            found = await self._fetch_once(url)
        if isinstance(found, Failure):
            raise NotFetched(found)
        return _decode(found)

    async def post_form(self, url: str, fields: Mapping[str, str]) -> int:
        """Send a form; the status of the answer, whatever it is. Nothing is remembered. Raises ``NotFetched``."""
        status = await self._call("POST", url, _status_of, urlencode(fields).encode())
        if isinstance(status, Failure):
            raise NotFetched(status)
        return status

    async def close(self) -> None:
        """End every call and give back every connection."""
        for task in list(self._flying.values()):
            task.cancel()
        await asyncio.gather(*self._flying.values(), return_exceptions=True)
        if self._opened is not None:
            await self._opened.close()
        self._lookups.shutdown(wait=False, cancel_futures=True)

    async def _fetch_once(self, url: str) -> bytes | Failure:
        """Who asks for the same address at the same time waits for one call."""
        task = self._flying.get(url)
        if task is None:
            task = self._flying[url] = asyncio.create_task(self._fetch(url), name="outgoing-fetch")
            task.add_done_callback(lambda _: self._flying.pop(url, None))
        return await asyncio.shield(task)

    async def _fetch(self, url: str) -> bytes | Failure:
        found = await self._call("GET", url, _body_of)
        if found is not BAD_URL and found is not BUSY:
            self._kept.keep(url, found, self._clock.now())
        return found

    async def _call(
        self,
        method: str,
        text: str,
        read: Callable[[aiohttp.ClientResponse], Awaitable[_T | Failure]],
        form: bytes | None = None,
    ) -> _T | Failure:
        url = judge_url(text, self._dev_hosts)
        if isinstance(url, Failure):
            return url
        try:
            async with asyncio.timeout(WAIT_S):
                await self._slots.acquire()
        except TimeoutError:
            return BUSY
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}
        try:
            async with asyncio.timeout(TOTAL_S):
                asked = self._session().request(method, url, data=form, headers=kind, allow_redirects=False)
                async with asked as response:
                    found = await read(response)
        except (aiohttp.ClientError, OSError, NotFetched) as error:
            found = _failure_of(error)
        finally:
            self._slots.release()
        if isinstance(found, Failure):
            log.warning("outgoing_call_failed", method=method, host=url.host, reason=found.reason)
        return found

    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            connector = aiohttp.TCPConnector(
                resolver=_Guard(self._resolve, self._dev_hosts),
                use_dns_cache=False,
                force_close=True,
                limit=0,
                ssl=self._tls or True,
            )
            self._opened = aiohttp.ClientSession(
                connector=connector,
                headers={
                    "User-Agent": self._agent,
                    "Accept": "application/json",
                    "Accept-Encoding": "identity",
                },
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=TOTAL_S, connect=CONNECT_S, sock_connect=CONNECT_S),
                auto_decompress=False,
                trust_env=False,
            )
        return self._opened

    async def _look_up(self, host: str, port: int) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._lookups, _addresses_of, host, port)
        return list(dict.fromkeys(found))


def _addresses_of(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(entry[4][0]) for entry in found]


class _Guard(AbstractResolver):
    """Looks a name up for the connector, once for each call, and hands out what was judged and nothing else."""

    def __init__(self, resolve: Resolve, dev_hosts: Collection[HostPort]) -> None:
        self._resolve = resolve
        self._dev_hosts = dev_hosts

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """See ``AbstractResolver.resolve``. Raises ``NotFetched``."""
        addresses = await self._resolve(host, port)
        is_allowed = bool(addresses) if (host, port) in self._dev_hosts else judge_addresses(addresses)
        if not is_allowed:
            raise NotFetched(UNREACHABLE)
        return [_result(host, port, address) for address in addresses]

    async def close(self) -> None:
        """Nothing is held."""


def _result(host: str, port: int, address: str) -> ResolveResult:
    family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
    # An address, not a name: nobody looks anything up any more.
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=flags)


async def _status_of(response: aiohttp.ClientResponse) -> int | Failure:
    return response.status


async def _body_of(response: aiohttp.ClientResponse) -> bytes | Failure:
    """The body of a good answer, read no further than it may go."""
    if response.status != 200:
        return NOT_OK
    kind = response.content_type.lower()
    is_json = kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
    if not is_json or response.headers.get("Content-Encoding", "identity").lower() != "identity":
        return NOT_JSON_TYPE
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_BYTES:
            return TOO_LARGE
    try:
        parse_json(bytes(body))
    except BadInput:
        return NOT_JSON
    return bytes(body)


def _failure_of(error: Exception) -> Failure:
    if isinstance(error, TimeoutError):
        return TIMED_OUT
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return BAD_TLS
    return UNREACHABLE
