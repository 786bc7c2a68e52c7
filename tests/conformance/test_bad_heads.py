"""Bytes that are no request, or hardly one: refused in the shape of every other error, or answered, never a 5xx."""

from __future__ import annotations

import json
import socket

import pytest

from tests.conformance.test_bad_input import SECURITY_HEADERS
from tests.support.server import Server

NO_REQUESTS = {
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "an empty line with blanks": b" \r\n\r\n",
    "an unknown version": b"GET /health HTTP/9.9\r\nHost: a\r\n\r\n",
    "an unknown method": b"DANCE /health HTTP/1.1\r\nHost: a\r\n\r\n",
    "a method in lower case": b"get /health HTTP/1.1\r\nHost: a\r\n\r\n",
    "a path without a slash": b"GET health HTTP/1.1\r\nHost: a\r\n\r\n",
    "no path": b"GET  HTTP/1.1\r\nHost: a\r\n\r\n",
    "a blank in the path": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "a path that is not ASCII": b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    "a broken absolute URL": b"GET http://[/health HTTP/1.1\r\nHost: a\r\n\r\n",
    "NUL in a field": b"GET /health HTTP/1.1\r\nX: a\0b\r\n\r\n",
    "a control character in a field": b"GET /health HTTP/1.1\r\nX: \x01\r\n\r\n",
    "a blank in a field's name": b"GET /health HTTP/1.1\r\nX y: b\r\n\r\n",
    "a field without a name": b"GET /health HTTP/1.1\r\n: b\r\n\r\n",
    "a field without a colon": b"GET /health HTTP/1.1\r\nhello\r\n\r\n",
    "a negative length": b"POST /logout HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "a length in words": b"POST /logout HTTP/1.1\r\nContent-Length: two\r\n\r\n",
    "a huge length": b"POST /logout HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    "two lengths": b"POST /logout HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "chunks and a length": b"POST /logout HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
    "a chunk without a size": b"POST /login HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
}
HUGE_HEADS = {
    "a huge field": b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
    "a huge path": b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
    "many fields": b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 150 + b"\r\n",
}
ODD_REQUESTS = {
    "HTTP/1.0": (b"GET /health HTTP/1.0\r\n\r\n", 200),
    "HTTP/1.0 at a wrong path": (b"GET /nothing HTTP/1.0\r\n\r\n", 404),
    "HTTP/1.0 POST without a length": (b"POST /oauth/token HTTP/1.0\r\n\r\n", 401),
    "HEAD in HTTP/1.0": (b"HEAD /nothing HTTP/1.0\r\n\r\n", 404),
    "an absolute URL": (
        b"GET http://evil.example/nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        404,
    ),
    "an asterisk": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404),
    "a fragment": (b"GET /nothing#x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404),
    "an upgrade": (
        b"GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n",
        404,
    ),
    "huge chunks": (
        b"POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n11000\r\n"
        + b"x" * 0x11000
        + b"\r\n0\r\n\r\n",
        413,
    ),
    "a body that ends early": (
        b"POST /api/auth/challenge HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{}",
        0,
    ),
}


def exchange(server: Server, sent: bytes, *, hangs_up: bool = False) -> tuple[int, dict[str, str], bytes]:
    """Send these very bytes and no more; status (0 for a closed connection), header fields and body of what came back."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(sent)
        if hangs_up:
            connection.shutdown(socket.SHUT_WR)
        parts = []
        while part := connection.recv(65_536):
            parts.append(part)
    head, _, body = b"".join(parts).partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines)
    return int(first.split()[1]) if first else 0, {k.lower(): v for k, v in fields.items()}, body


def check(status: int, headers: dict[str, str], body: bytes, wanted: int, *, has_body: bool = True) -> None:
    """The right status in the contract's envelope, with the headers that every answer has."""
    assert status == wanted, body
    assert [name for name in SECURITY_HEADERS if name not in headers] == []
    if status >= 400 and has_body:
        parsed = json.loads(body)
        assert {"error", "error_description", "request_id"} <= set(parsed)
        assert parsed["request_id"] == headers["x-request-id"]
    assert headers["x-request-id"]


@pytest.mark.parametrize("name", NO_REQUESTS)
def test_what_is_no_request_is_a_400_in_our_shape(embedded_server: Server, name: str) -> None:
    check(*exchange(embedded_server, NO_REQUESTS[name]), 400)


@pytest.mark.parametrize("name", HUGE_HEADS)
def test_a_head_beyond_the_bound_is_a_431_in_our_shape(embedded_server: Server, name: str) -> None:
    check(*exchange(embedded_server, HUGE_HEADS[name]), 431)


@pytest.mark.parametrize("name", ODD_REQUESTS)
def test_an_odd_request_is_answered_as_any_other(embedded_server: Server, name: str) -> None:
    sent, wanted = ODD_REQUESTS[name]
    status, headers, body = exchange(embedded_server, sent, hangs_up=wanted == 0)
    if wanted == 0 and status == 0:
        return  # nobody is there any more to read an answer
    check(status, headers, body, wanted or 400, has_body=not sent.startswith(b"HEAD"))
