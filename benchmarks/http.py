"""A very small HTTP/1.1 client on keep-alive connections, so that the load costs less than what it measures."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, header fields in lower case (the last of a name), and the body."""

    status: int
    headers: dict[str, str]
    cookies: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Connection:
    """One connection; requests go one after the other."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def request(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Send one request and read its answer."""
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body or method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        self._writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields, cookies = {}, {}
        for line in head[1:-2]:
            name, _, value = line.partition(": ")
            if name.lower() == "set-cookie":
                cookie, _, rest = value.partition("=")
                cookies[cookie] = rest.partition(";")[0]
            fields[name.lower()] = value
        content = await self._reader.readexactly(int(fields.get("content-length", "0")))
        return Answer(int(head[0].split(" ")[1]), fields, cookies, content)

    async def post_json(self, target: str, value: object, headers: Mapping[str, str] | None = None) -> Answer:
        """POST a JSON body."""
        body = json.dumps(value).encode()
        return await self.request(
            "POST", target, {"Content-Type": "application/json", **(headers or {})}, body
        )

    async def post_form(self, target: str, body: str, headers: Mapping[str, str] | None = None) -> Answer:
        """POST an encoded form."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.request("POST", target, {**kind, **(headers or {})}, body.encode())

    def close(self) -> None:
        """Close the connection."""
        if self._writer is not None:
            self._writer.close()
