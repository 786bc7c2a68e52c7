"""What can be wrong with a request about an account."""

from __future__ import annotations

from collections.abc import Iterator

from tests.conformance.case import BAD_JSON, DER, FORM, JSON, KEY, SIGNED_IN, Case

HAND_IN = {**SIGNED_IN, **JSON}
NO_NAMES = {
    "missing": "{}",
    "a number": '{"%s": 1}',
    "an array": '{"%s": ["a"]}',
    "an object": '{"%s": {}}',
    "too long": f'{{"%s": "{"x" * 61}"}}',
    "very long": f'{{"%s": "{"x" * 5000}"}}',
    "with a line end": '{"%s": "a\\nb"}',
    "with a control character": '{"%s": "a\\u0007b"}',
    "turned around": '{"%s": "a\\u202eb"}',
    "of no width": '{"%s": "a\\u200bb"}',
}


NO_LINK = "A" * 22
NO_LINKS = {
    "unknown": NO_LINK,
    "short": "x",
    "not ASCII": "%C3%BC",
    "a NUL": "a%00b",
    "bad UTF-8": "%ff",
    "a kilobyte": "a" * 1000,
}


def account_cases() -> Iterator[Case]:
    """Names, keys and recovery codes."""
    for path, field in (("/api/account", "display_name"), ("/api/keys/@key@", "label")):
        for name, body in NO_NAMES.items():
            filled = body.replace("%s", field).encode()
            yield Case(f"{path} {field} is {name}", "PUT", path, filled, HAND_IN)
        for name, raw in BAD_JSON.items():
            yield Case(f"{path} {name}", "PUT", path, raw, HAND_IN)
        yield Case(f"{path} as a form", "PUT", path, b"a=b", SIGNED_IN, (415,))
        yield Case(f"{path} huge", "PUT", path, b'{"a": "' + b"x" * 70_000 + b'"}', HAND_IN, (413,))
    yield from _link_cases()
    for name, key in {
        "somebody else's": KEY,
        "short": KEY[:-2],
        "no key": "x",
        "not ASCII": "%C3%BC",
        "a NUL": "a%00b",
        "bad UTF-8": "%ff",
        "a kilobyte": "a" * 1000,
    }.items():
        path = f"/api/keys/{key}"
        yield Case(f"rename a key that is {name}", "PUT", path, b'{"label": "x"}', HAND_IN, (404,))
        yield Case(f"remove a key that is {name}", "DELETE", path, b"", SIGNED_IN, (404, 403))
    for name, client_id in {
        "unknown": "nobody",
        "a NUL": "a%00b",
        "bad UTF-8": "%ff",
        "long": "a" * 1000,
    }.items():
        path = f"/api/apps/{client_id}"
        yield Case(f"end an app that is {name}", "DELETE", path, b"", SIGNED_IN, (404,))
    for name, query, statuses in (
        ("a NUL", "done=%00", (400,)),
        ("twice", "done=a&done=b", (400,)),
        ("long", f"done={'x' * 20_000}", (413,)),
    ):
        yield Case(f"account page: done is {name}", "GET", f"/account?{query}", b"", SIGNED_IN, statuses)
    for name, body in {"no token": b"do=close", "a wrong token": b"do=close&csrf=x"}.items():
        yield Case(f"account form with {name}", "POST", "/account", body, {**SIGNED_IN, **FORM}, (403,))
    for name, code in {
        "a number": "1",
        "an array": '["a"]',
        "null": "null",
        "empty": '""',
        "long": f'"{"0" * 200}"',
        "unknown": '"00000-00000-00000-00000"',
        "no code": '"let me in"',
        "an emoji": '"🔑"',
    }.items():
        body = f'{{"code": {code}}}'.encode()
        yield Case(f"recovery code is {name}", "POST", "/api/auth/recovery", body, JSON, (400, 401))
    foreign = {**HAND_IN, "Origin": "https://evil.example"}
    for method, path in (
        ("PUT", "/api/account"),
        ("DELETE", "/api/account"),
        ("POST", "/api/recovery-codes"),
        ("POST", "/api/keys"),
        ("POST", "/api/keys/links"),
        ("POST", "/api/notices/read"),
        ("POST", f"/api/keys/links/{NO_LINK}/proof"),
        ("DELETE", "/api/recovery-codes"),
        ("PUT", "/api/keys/@key@"),
        ("DELETE", "/api/keys/@key@"),
        ("DELETE", "/api/apps/@client@"),
        ("POST", "/api/auth/recovery"),
    ):
        yield Case(f"{method} {path} from another site", method, path, b"{}", foreign, (403,))


def _link_cases() -> Iterator[Case]:
    """Keys on their way to the account, and notices."""
    paths = ("/api/notices/read", "/api/keys", "/api/keys/links", f"/api/keys/links/{NO_LINK}/proof")
    for path in paths:
        for name, raw in BAD_JSON.items():
            yield Case(f"{path} {name}", "POST", path, raw, HAND_IN)
        yield Case(f"{path} as a form", "POST", path, b"a=b", SIGNED_IN, (415,))
        yield Case(f"{path} huge", "POST", path, b'{"a": "' + b"x" * 70_000 + b'"}', HAND_IN, (413,))
        yield Case(f"{path} by nobody", "POST", path, b"{}", JSON, (401,))
    for name, link_id in NO_LINKS.items():
        path = f"/api/keys/links/{link_id}"
        proof = f'{{"pubkey": "{KEY}", "signature": "{DER}"}}'.encode()
        yield Case(f"a link that is {name}", "GET", path, b"", SIGNED_IN, (404,))
        yield Case(f"prove a link that is {name}", "POST", f"{path}/proof", proof, HAND_IN, (404,))
        page = f"/account/keys/new?link={link_id}"
        statuses = (404, 303) if name != "a NUL" and name != "bad UTF-8" else (400,)
        yield Case(f"page of a link that is {name}", "GET", page, b"", SIGNED_IN, statuses, "any")
    for name, link_id in {"a number": "1", "null": "null", "empty": '""', "an array": "[]"}.items():
        body = f'{{"link_id": {link_id}}}'.encode()
        yield Case(f"confirm a link that is {name}", "POST", "/api/keys", body, HAND_IN, (400, 404))
    for name, label in NO_NAMES.items():
        if name != "missing":
            body = (
                f'{{"link_id": "{NO_LINK}", {(label % "label")[1:]}'.encode()
                if "%s" in label
                else b'{"link_id": 1}'
            )
            yield Case(f"label of a new key is {name}", "POST", "/api/keys", body, HAND_IN)
    for field, value in (("pubkey", "1"), ("pubkey", '"02"'), ("address", "{}"), ("address", '"bc1q"')):
        body = f'{{"{field}": {value}}}'.encode()
        yield Case(f"new key named by {field} {value}", "POST", "/api/keys/links", body, HAND_IN, (400, 403))
    for name, body in {"no token": b"do=confirm", "a wrong token": b"do=confirm&csrf=x"}.items():
        path = "/account/keys/new"
        yield Case(f"new key's form with {name}", "POST", path, body, {**SIGNED_IN, **FORM}, (403,))
