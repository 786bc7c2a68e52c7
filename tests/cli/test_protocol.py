"""The bounds on a request's head that uvicorn lacks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from hodlxxi.cli.protocol import MAX_HEAD_BYTES, MAX_HEADERS, BoundedHttpProtocol
from tests.support.processes import free_port

PATIENCE_S = 10


async def count_body(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the length of the body, and takes its time where the path says so."""
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    if scope["path"] == "/slow":
        await asyncio.sleep(0.5)
    body = str(length).encode()
    head = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def served() -> AsyncIterator[int]:
    """A server in this process; its port."""
    port = free_port()
    config = uvicorn.Config(
        count_body, port=port, http=BoundedHttpProtocol, ws="none", lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    async with asyncio.timeout(PATIENCE_S):
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
    try:
        yield port
    finally:
        server.should_exit = True
        await task


async def exchange(port: int, *parts: bytes, then_close: bool = False) -> bytes:
    """Send the parts with a breath between them; what came back until the server closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await asyncio.sleep(0.02)
    if then_close:
        writer.write_eof()
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await reader.read()
    except (ConnectionResetError, BrokenPipeError):
        return b""  # the server closed while we were still sending
    finally:
        writer.close()


def head(*fields: bytes, method: bytes = b"GET", path: bytes = b"/") -> bytes:
    return b"\r\n".join([method + b" " + path + b" HTTP/1.1", b"Host: x", *fields, b"", b""])


async def test_a_head_that_never_ends_loses_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hodlxxi.cli.protocol.HEAD_TIMEOUT_S", 0.2)
    async with served() as port:
        assert await exchange(port, b"GET / HTTP/1.1\r\nHost: x\r\n") == b""
        assert await exchange(port) == b"", "nor may a connection say nothing at all"


async def test_a_slow_answer_is_not_a_slow_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hodlxxi.cli.protocol.HEAD_TIMEOUT_S", 0.2)
    async with served() as port:
        answer = await exchange(port, head(b"Connection: close", path=b"/slow"))
        assert answer.startswith(b"HTTP/1.1 200")


async def test_a_head_at_the_bound_passes_and_above_it_does_not() -> None:
    async with served() as port:
        fits = b"A: " + b"b" * (MAX_HEAD_BYTES - 100)
        assert b" 200 " in await exchange(port, head(fits, b"Connection: close"))
        assert b" 431 " in await exchange(port, head(b"A: " + b"b" * (MAX_HEAD_BYTES + 1)))
        many = [b"A: b"] * (MAX_HEADERS + 1)
        assert b" 431 " in await exchange(port, head(*many))


async def test_a_head_in_small_pieces_is_counted_as_a_whole() -> None:
    async with served() as port:
        pieces = [b"X-%d: " % n + b"b" * 8_000 + b"\r\n" for n in range(40)]
        answer = await exchange(port, b"GET / HTTP/1.1\r\nHost: x\r\n", *pieces)
        assert b" 431 " in answer or answer == b""


async def test_a_large_body_is_no_large_head() -> None:
    async with served() as port:
        body = b"x" * (3 * MAX_HEAD_BYTES)
        request = head(b"Connection: close", b"Content-Length: %d" % len(body), method=b"POST") + body
        assert (await exchange(port, request)).endswith(str(len(body)).encode())


async def test_each_request_of_a_connection_is_counted_anew() -> None:
    async with served() as port:
        half = b"A: " + b"b" * (MAX_HEAD_BYTES // 2)
        answer = await exchange(port, head(half), head(half), head(half, b"Connection: close"))
        assert answer.count(b"HTTP/1.1 200") == 3
