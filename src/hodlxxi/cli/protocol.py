"""uvicorn's HTTP protocol with two bounds that it lacks: how large a request's head may be, and how slowly it may come."""

from __future__ import annotations

import asyncio
import secrets
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hodlxxi.kit.answers import NO_STORE, envelope
from hodlxxi.kit.clock import SystemClock
from hodlxxi.kit.web import SECURITY_HEADERS

log = structlog.get_logger("http")

MAX_HEAD_BYTES = 65_536
MAX_HEADERS = 100
HEAD_TIMEOUT_S = 15.0


class BoundedHttpProtocol(HttpToolsProtocol):
    """Answers 431 to a head above 64 KiB or 100 fields, and closes a connection whose head is not complete after 15 s."""

    _head_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A new connection owes us a head."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """No timer outlives its connection."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count while a head is coming in."""
        if self._head_timer is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_timer is not None and self._is_too_large():
            self._refuse_head()

    def on_message_begin(self) -> None:
        """The next head on this connection begins."""
        super().on_message_begin()
        if self._head_timer is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        """The head is there; judge it before the application sees it."""
        too_large = self._is_too_large()
        self._stop_timer()
        if too_large:
            self._refuse_head()
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Nothing of a refused request goes on."""
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Nothing of a refused request goes on."""
        if not self.transport.is_closing():
            super().on_message_complete()

    def _await_head(self) -> None:
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self._close_slow)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _close_slow(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.close()

    def _is_too_large(self) -> bool:
        # What came in while the head was open may hold the beginning of a body too; the parsed fields do not.
        if self._head_bytes <= MAX_HEAD_BYTES and len(self.headers or ()) <= MAX_HEADERS:
            return False
        parsed = len(self.url or b"") + sum(len(name) + len(value) for name, value in self.headers or ())
        is_open = self._head_timer is not None and self._head_bytes > 2 * MAX_HEAD_BYTES
        return parsed > MAX_HEAD_BYTES or len(self.headers or ()) > MAX_HEADERS or is_open

    def _refuse_head(self) -> None:
        self._refuse(431, "head_too_large", "The request's head is too large.")

    def send_400_response(self, msg: str) -> None:
        """What is not HTTP is refused in the same shape as everything else (contract §1)."""
        self._refuse(400, "invalid_request", "This is not a well-formed HTTP/1.1 request.")

    def _unsupported_upgrade_warning(self) -> None:
        """An upgrade that we do not offer is ignored (RFC 9110 §7.8); uvicorn's two lines in the log tell nobody anything."""

    def _refuse(self, status: int, word: str, text: str) -> None:
        self._stop_timer()
        if self.transport.is_closing():
            return
        request_id = secrets.token_hex(16)
        body = msgspec.json.encode(envelope(SystemClock(), request_id, word, text))
        fields = {
            **SECURITY_HEADERS,
            **NO_STORE,
            "X-Request-ID": request_id,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Connection": "close",
        }
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.transport.write(head.encode("ascii") + b"\r\n" + body)
        self.transport.close()
        log.info(
            "head_refused", status=status, request_id=request_id, ip=self.client[0] if self.client else None
        )
