"""Bad input gets a clear error of the right shape, never a 5xx, and the server goes on."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.cases import Case
from tests.conformance.more_cases import CASES
from tests.support.server import Server

AT_LEAST = 150


@pytest.fixture(scope="module")
def connection(embedded_server: Server) -> Iterator[http.client.HTTPConnection]:
    """A plain client that sends what it is told."""
    plain = http.client.HTTPConnection("127.0.0.1", embedded_server.port, timeout=30)
    yield plain
    plain.close()


def send(connection: http.client.HTTPConnection, case: Case) -> tuple[int, dict[str, str], bytes]:
    """One request; the client opens a new connection where the server closed the last."""
    headers = {"Content-Length": str(len(case.body)), **case.headers} if case.body else case.headers
    for attempt in (1, 2):
        try:
            connection.request(case.method, case.path, case.body or None, headers)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, answer.read()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            connection.close()
            if attempt == 2:
                raise
    raise AssertionError


def check_shape(case: Case, status: int, headers: dict[str, str], body: bytes) -> None:
    """The error has the shape of its room (contract §1)."""
    if case.envelope == "none":
        return
    parsed: dict[str, Any] = json.loads(body)
    if case.envelope == "lnurl":
        assert parsed["status"] == "ERROR"
        assert parsed["reason"]
        return
    wanted = {"error", "error_description", "request_id"}
    if case.envelope == "product":
        wanted |= {"timestamp"}
    assert wanted <= set(parsed), parsed
    assert parsed["request_id"] == headers["x-request-id"]
    assert parsed["error_description"].strip()


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_a_malformed_request_is_refused_in_the_shape_of_its_room(
    connection: http.client.HTTPConnection, case: Case
) -> None:
    status, headers, body = send(connection, case)
    assert status in case.statuses, body[:500]
    assert headers["x-content-type-options"] == "nosniff"
    assert "x-request-id" in headers
    assert b"Traceback" not in body
    check_shape(case, status, headers, body)


def test_there_are_many_and_the_server_took_no_harm(embedded_server: Server) -> None:
    assert len(CASES) >= AT_LEAST
    assert len({case.name for case in CASES}) == len(CASES)
    log = embedded_server.log_text()
    assert "Traceback" not in log
    assert '"event": "bug"' not in log
    plain = http.client.HTTPConnection("127.0.0.1", embedded_server.port, timeout=30)
    plain.request("GET", "/health")
    assert plain.getresponse().status == 200
    plain.close()
