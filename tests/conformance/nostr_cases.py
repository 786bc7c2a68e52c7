"""What can be wrong with a signed Nostr event."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

from tests.conformance.case import FORM, SIGNED_IN, Case
from tests.support.nostr_signer import event_of, sign_event
from tests.support.signer import TestKey

OLD = event_of(TestKey(91), "https://login.example.org/api/auth/nostr?challenge=x", 1_700_000_000)
EVENTS = {
    "empty": b"",
    "an array": b"[]",
    "a number": b"1",
    "an empty object": b"{}",
    "deep": b"[" * 3000,
    "not UTF-8": b"\xff\xfe",
    "NaN": json.dumps(OLD).replace("1700000000", "NaN").encode(),
    "a boolean kind": json.dumps(OLD | {"kind": True}).encode(),
    "a huge time": json.dumps(OLD | {"created_at": 10**30}).encode(),
    "thousands of digits": json.dumps(OLD).replace("1700000000", "1" * 4500).encode(),
    "a member twice": json.dumps(OLD)[:-1].encode() + b', "kind": 1}',
    "a lone surrogate": json.dumps(OLD | {"content": "\ud800"}).encode(),
    "a NUL": json.dumps(OLD | {"content": "\0"}).encode(),
    "tags of numbers": json.dumps(OLD | {"tags": [[1]]}).encode(),
    "from long ago": json.dumps(OLD).encode(),
    "another kind": json.dumps(sign_event(TestKey(91), OLD | {"kind": 1})).encode(),
}
HEADERS = {
    "none": {},
    "a scheme alone": {"Authorization": "Nostr"},
    "bearer": {"Authorization": "Bearer " + "x" * 43},
    "not base64": {"Authorization": "Nostr %%%"},
    "not ASCII": {"Authorization": "Nostr \xfc"},
    "nine kilobytes": {"Authorization": "Nostr " + "A" * 9000},
}


def nostr_cases() -> Iterator[Case]:
    """What is wrong with an event, in the header of a program and in the form of a page."""
    login, link = "/api/auth/nostr?challenge=x", "/api/auth/nostr/link?link=x"
    for name, headers in HEADERS.items():
        yield Case(f"nostr header: {name}", "POST", login, b"", headers, (400,))
        statuses = (401,) if name == "bearer" else (400,)
        with_session = headers if name == "bearer" else {**SIGNED_IN, **headers}
        yield Case(f"nostr link header: {name}", "POST", link, b"", with_session, statuses)
    for name, raw in EVENTS.items():
        header = {"Authorization": "Nostr " + base64.b64encode(raw).decode()}
        yield Case(f"nostr event: {name}", "POST", login, b"", header, (400, 401))
        yield Case(f"nostr link event: {name}", "POST", link, b"", {**SIGNED_IN, **header}, (400, 401, 404))
    for name, query in {
        "nothing": "",
        "empty": "?challenge=",
        "twice": "?challenge=a&challenge=b",
        "NUL": "?challenge=%00",
        "bad UTF-8": "?challenge=%ff",
        "long": "?challenge=" + "x" * 200,
    }.items():
        header = {"Authorization": "Nostr " + base64.b64encode(json.dumps(OLD).encode()).decode()}
        yield Case(f"nostr challenge: {name}", "POST", f"/api/auth/nostr{query}", b"", header)
    for path in ("/login/nostr", "/account/keys/nostr"):
        for name, body in {
            "no token": b"event={}",
            "a wrong token": b"csrf=x&event={}",
            "nothing": b"",
        }.items():
            yield Case(f"{path} with {name}", "POST", path, body, {**SIGNED_IN, **FORM}, (403,))
        yield Case(f"{path} as JSON", "POST", path, b"{}", {"Content-Type": "application/json"}, (415,))
