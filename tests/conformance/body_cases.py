"""Bad bodies, at every endpoint that reads one."""

from __future__ import annotations

from collections.abc import Iterator

from tests.conformance.case import (
    BAD_FORM,
    BAD_JSON,
    FORM,
    FORM_ENDPOINTS,
    JSON,
    JSON_ENDPOINTS,
    OWNER,
    Case,
    Envelope,
)

OTHER_TYPES = (
    "text/plain",
    "application/xml",
    "multipart/form-data; boundary=x",
    "application/jsonx",
    ";;",
    "\xfc/\xfc",
)


def body_cases() -> Iterator[Case]:
    """Every bad body at every endpoint that reads one, and the wrong types and sizes."""
    for path, envelope in JSON_ENDPOINTS.items():
        yield from _json_cases("PUT" if "@" in path else "POST", path, envelope)
    for path, envelope in FORM_ENDPOINTS.items():
        yield from _form_cases(path, envelope)


def _json_cases(method: str, path: str, envelope: Envelope) -> Iterator[Case]:
    proof = OWNER if method == "PUT" else {}
    for name, body in BAD_JSON.items():
        yield Case(f"{path} {name}", method, path, body, {**JSON, **proof}, (400,), envelope)
    refused = (400,) if envelope == "oauth" else (415,)
    for kind in OTHER_TYPES:
        headers = {**proof, "Content-Type": kind}
        yield Case(f"{path} as {kind}", method, path, b"{}", headers, refused, envelope)
    yield Case(f"{path} without a type", method, path, b"{}", proof, refused, envelope)
    huge = b'{"a": "' + b"x" * 1_200_000 + b'"}'
    yield Case(f"{path} huge", method, path, huge, {**JSON, **proof}, (413,), envelope)
    lie = {**JSON, **proof, "Content-Length": "9" * 18}
    yield Case(f"{path} said to be huge", method, path, b"{}", lie, (413,), envelope)


def _form_cases(path: str, envelope: Envelope) -> Iterator[Case]:
    for name, body in BAD_FORM.items():
        # A repeated field that is not asked for is no fault of a sign-in form; its missing token is.
        statuses = (403,) if name == "repeated" and envelope == "product" else (400,)
        yield Case(f"{path} {name}", "POST", path, body, FORM, statuses, envelope)
    refused = (400,) if envelope == "oauth" else (415,)
    yield Case(f"{path} as JSON", "POST", path, b"{}", JSON, refused, envelope)
    yield Case(f"{path} without a type", "POST", path, b"a=b", {}, refused, envelope)
    yield Case(
        f"{path} multipart",
        "POST",
        path,
        b"--x--",
        {"Content-Type": "multipart/form-data"},
        refused,
        envelope,
    )
    yield Case(f"{path} huge", "POST", path, b"a=" + b"x" * 1_200_000, FORM, (413,), envelope)
