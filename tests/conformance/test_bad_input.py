"""Bad input gets a clear error of the right shape, never a 5xx, and the server goes on; on both set-ups."""

from __future__ import annotations

import http.client
import json
from itertools import chain
from typing import Any

import httpx
import pytest

from tests.conformance.account_cases import account_cases
from tests.conformance.anywhere_cases import anywhere_cases, static_cases
from tests.conformance.body_cases import body_cases
from tests.conformance.case import Case
from tests.conformance.client_cases import asking_about_tokens, device_cases, proof_cases, pushing_cases
from tests.conformance.developer_cases import developer_cases
from tests.conformance.identity_cases import session_cases, sign_in_cases
from tests.conformance.lnurl_cases import lightning_cases
from tests.conformance.names import CALLBACK, names_of
from tests.conformance.nostr_cases import nostr_cases
from tests.conformance.oauth_cases import asking_cases, grant_cases, management_cases, provider_cases
from tests.support.server import Server

AT_LEAST = 150
CASES = list(
    chain(
        body_cases(),
        sign_in_cases(),
        session_cases(),
        account_cases(),
        lightning_cases(),
        nostr_cases(),
        provider_cases(),
        management_cases(),
        asking_cases(),
        grant_cases(),
        pushing_cases(),
        proof_cases(),
        device_cases(),
        asking_about_tokens(),
        developer_cases(),
        anywhere_cases(),
        static_cases(),
    )
)
SECURITY_HEADERS = (
    "content-security-policy",
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "permissions-policy",
)


def send(server: Server, case: Case) -> tuple[int, dict[str, str], bytes]:
    """One request by a plain client, which sends what it is told, on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {"Content-Length": str(len(case.body)), **case.headers} if case.body else case.headers
    try:
        connection.request(case.method, case.path, case.body or None, headers)
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, found, answer.read()
    finally:
        connection.close()


def check_shape(case: Case, headers: dict[str, str], body: bytes) -> None:
    """The refusal has the shape of its room (contract §1)."""
    kind = headers.get("content-type", "")
    if case.envelope == "empty":
        assert body == b""
    elif case.envelope == "redirect":
        assert headers["location"].startswith(f"{CALLBACK}?error=")
    elif case.envelope == "sign-in":
        assert headers["location"].startswith("/login?next=%2Foauth%2Fauthorize%3Finteraction%3D")
    elif case.envelope == "to-device":
        assert headers["location"] == "/login?next=%2Fdevice"
    elif case.envelope == "page":
        assert kind.startswith("text/html")
        assert headers["x-request-id"].encode() in body
    elif case.envelope == "events":
        assert kind.startswith("text/event-stream")
        assert b"event: unknown" in body
    elif case.envelope == "lnurl":
        assert json.loads(body)["status"] == "ERROR"
        assert json.loads(body)["reason"].strip()
    elif case.envelope in ("oauth", "product"):
        check_error(case, headers, json.loads(body))


def check_error(case: Case, headers: dict[str, str], parsed: dict[str, Any]) -> None:
    """A JSON error with every member that its room promises."""
    wanted = {"error", "error_description", "request_id"}
    wanted |= {"timestamp"} if case.envelope == "product" else set()
    assert wanted <= set(parsed) <= wanted | {"field", "timestamp"}, parsed
    assert parsed["request_id"] == headers["x-request-id"]
    assert parsed["error_description"].strip()
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("case", [pytest.param(case, id=ascii(case.name)[1:-1]) for case in CASES])
def test_a_malformed_request_is_refused_in_the_shape_of_its_room(any_server: Server, case: Case) -> None:
    status, headers, body = send(any_server, case.with_names(names_of(any_server.url)))
    assert status in case.statuses, body[:500]
    missing = [name for name in SECURITY_HEADERS if name not in headers]
    assert not missing
    assert len(headers["x-request-id"]) >= 8
    assert b"Traceback" not in body
    check_shape(case, headers, body)


def test_there_are_many_and_each_has_its_name() -> None:
    assert len(CASES) >= AT_LEAST
    assert len({case.name for case in CASES}) == len(CASES)


def test_the_server_took_no_harm(any_server: Server) -> None:
    lines = [json.loads(line) for line in any_server.log_text().splitlines() if line.startswith("{")]
    assert lines, "the log is read"
    assert [line for line in lines if line["event"] == "bug" or "exception" in line] == []
    assert "Traceback" not in any_server.log_text()
    assert httpx.get(f"{any_server.url}/health").json()["database"] == "connected"
