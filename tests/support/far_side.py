"""The server of somebody else: answers what a test tells it to, byte for byte, and keeps what it was asked."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl


@dataclass
class Asked:
    """One request as it came in."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> list[tuple[str, str]]:
        return parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True)


Answer = Callable[[Asked], "bytes | Awaitable[bytes]"]


def http_answer(
    body: bytes = b"{}", status: int = 200, kind: str = "application/json", **headers: str
) -> bytes:
    """An answer with a length; further headers by name, ``_`` for ``-``."""
    lines = [f"HTTP/1.1 {status} Word", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class FarSide:
    """A running server; ``answer`` may be changed while it runs. ``connections`` counts who came at all."""

    port: int
    answer: Answer
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until_asked(self, count: int = 1, seconds: float = 10) -> list[Asked]:
        """What was asked, once that many requests have come."""
        async with asyncio.timeout(seconds), self.news:
            await self.news.wait_for(lambda: len(self.asked) >= count)
        return self.asked

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            asked = await _read(reader)
            self.asked.append(asked)
            async with self.news:
                self.news.notify_all()
            answer = self.answer(asked)
            writer.write(answer if isinstance(answer, bytes) else await answer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the other side went away, as it may
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.split("\r\n")[:-2]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    method, target, _ = first.split(" ")
    return Asked(method, target, headers, body)


@asynccontextmanager
async def far_side(
    answer: Answer = lambda _: http_answer(),
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[FarSide]:
    """A server on loopback for as long as the block runs."""
    side = FarSide(0, answer)
    server = await asyncio.start_server(side.serve, host, port, ssl=tls)
    side.port = server.sockets[0].getsockname()[1]
    try:
        yield side
    finally:
        server.close()
