"""Methods, paths and header fields that make no sense, at any endpoint."""

from __future__ import annotations

from collections.abc import Iterator

from tests.conformance.case import FORM, JSON, Case

METHODS = {
    "/": ("GET",),
    "/login": ("GET", "POST"),
    "/logout": ("POST",),
    "/verify_signature": ("POST",),
    "/api/auth/challenge": ("POST",),
    "/api/auth/nostr": ("POST",),
    "/api/auth/nostr/link": ("POST",),
    "/login/nostr": ("POST",),
    "/account/keys/nostr": ("POST",),
    "/api/session": ("GET",),
    "/api/sessions": ("GET", "DELETE"),
    "/api/lnurl-auth/create": ("POST",),
    "/api/lnurl-auth/params": ("GET",),
    "/api/lnurl-auth/callback/x": ("GET",),
    "/login/lnurl": ("POST",),
    "/login/lnurl/x": ("GET",),
    "/login/lnurl/x/confirm": ("GET",),
    "/login/landing": ("GET",),
    "/oauth/authorize": ("GET", "POST"),
    "/oauth/token": ("POST",),
    "/oauth/revoke": ("POST",),
    "/oauth/register": ("POST",),
    "/oauth/register/x": ("GET", "PUT", "DELETE"),
    "/oauth/userinfo": ("GET", "POST"),
    "/oauth/jwks.json": ("GET",),
    "/.well-known/openid-configuration": ("GET",),
    "/api/demo/protected": ("GET",),
    "/health": ("GET",),
    "/metrics": ("GET",),
    "/openapi.json": ("GET",),
}
# Read by nobody who asks for one of these; whatever they say, the answer is the same.
ODD_FIELDS: dict[str, dict[str, str]] = {
    "many cookies": {"Cookie": "; ".join(f"c{n}=1" for n in range(500))},
    "cookies without names": {"Cookie": "=;=;;"},
    "a cookie of one word": {"Cookie": "session"},
    "two browser cookies": {"Cookie": "browser=;;;==; browser=x"},
    "an odd bearer": {"Authorization": "Bearer \xfc"},
    "an empty bearer": {"Authorization": "Bearer "},
    "an unknown scheme": {"Authorization": "Dance now"},
    "a blank authorization": {"Authorization": " "},
    "a long authorization": {"Authorization": "x" * 60_000},
    "origin null": {"Origin": "null"},
    "an origin that is not ASCII": {"Origin": "\xfc"},
    "a long origin": {"Origin": "https://" + "a" * 9000},
    "an odd X-Forwarded-For": {"X-Forwarded-For": "'; DROP TABLE users", "X-Forwarded-Host": "evil.example"},
    "an X-Forwarded-For that is not ASCII": {"X-Forwarded-For": "\xfc,\xfc,,,"},
    "a long X-Forwarded-For": {"X-Forwarded-For": "1.1.1.1," * 5000},
    "an odd X-Request-ID": {"X-Request-ID": "<script>" * 20},
    "an X-Request-ID that is not ASCII": {"X-Request-ID": "\xb2" * 20},
    "a long X-Request-ID": {"X-Request-ID": "a" * 65},
    "an odd Accept": {"Accept": "*/*;q=x,,;;"},
    "an Accept that is not ASCII": {"Accept": "\xfc/\xfc"},
    "a long Accept": {"Accept": "a/b," * 10_000},
    "an odd language": {"Accept-Language": "\xfc" * 100, "Accept-Encoding": "\xfc"},
    "an odd host": {"Host": "[evil"},
    "a host with a path": {"Host": "evil.example/oauth/token?"},
    "an empty host": {"Host": ""},
    "a long user agent": {"User-Agent": "\xfc" * 30_000},
    "odd conditions": {
        "If-None-Match": '"',
        "If-Modified-Since": "Mon, 99 Foo 99999 99:99:99",
        "Range": "bytes=9-1",
    },
    "an upgrade": {"Upgrade": "h2c, websocket", "Connection": "Upgrade"},
    "an odd expectation": {"Expect": "a-miracle"},
    "a method of its own": {"X-HTTP-Method-Override": "DELETE"},
}


def anywhere_cases() -> Iterator[Case]:
    """Methods, paths and header fields that make no sense, at any endpoint."""
    for path, methods in METHODS.items():
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "CONNECT", "PROPFIND"):
            if method not in methods:
                yield Case(f"{method} {path}", method, path, b"", {}, (405,))
        if "GET" not in methods:
            yield Case(f"HEAD {path}", "HEAD", path, b"", {}, (405,), "empty")
    for path in (
        "/nothing",
        "/%00",
        "/%ff",
        "/../etc/passwd",
        "/static/../../settings.py",
        "/static/%2e%2e/settings.py",
        "/static/%00",
        "//evil.example/login",
        "/login/",
        "/oauth/token/",
        "/api/sessions/1",
        "/" + "a" * 8000,
        "/metrics/../metrics/x",
    ):
        yield Case(f"path {path[:40]}", "GET", path, b"", {}, (404,))
    for name, headers in ODD_FIELDS.items():
        yield Case(f"/api/session with {name}", "GET", "/api/session", b"", headers, (401,))
        if "Authorization" not in headers:
            yield Case(
                f"/oauth/userinfo with {name}", "GET", "/oauth/userinfo", b"", headers, (401,), "oauth"
            )
        yield Case(f"/nothing with {name}", "GET", "/nothing", b"", headers, (404,))
    browser = {"Accept": "text/html"}
    yield Case("a page for a browser: nothing here", "GET", "/nothing", b"", browser, (404,), "page")
    yield Case("a page for a browser: wrong method", "PUT", "/login", b"", browser, (405,), "page")
    yield Case("a page for a browser: bad query", "GET", "/login?next=%ff", b"", browser, (400,), "page")
    yield Case(
        "a page for a browser: no token", "POST", "/login", b"csrf=x", {**FORM, **browser}, (403,), "page"
    )
    for path in ("/nothing", "/api/session", "/oauth/userinfo", "/api/demo/protected", "/oauth/authorize"):
        status = {"/nothing": 404, "/oauth/authorize": 400}.get(path, 401)
        yield Case(f"HEAD of {path}", "HEAD", path, b"", {}, (status,), "empty")
    yield Case("sessions of nobody", "GET", "/api/sessions", b"", {}, (401,))
    yield Case("end sessions of nobody", "DELETE", "/api/sessions?all=1", b"", {}, (401,))
    for path in ("/verify_signature", "/api/lnurl-auth/create", "/logout"):
        headers = {**JSON, "Origin": "https://evil.example"}
        yield Case(f"{path} from another site", "POST", path, b"{}", headers, (403,))
    for path in ("/login", "/logout", "/login/lnurl"):
        body = b"csrf=wrong&decision=cancel"
        yield Case(f"{path} without our token", "POST", path, body, FORM, (403,))


def static_cases() -> Iterator[Case]:
    """Files that are not there, and header fields about those that are."""
    for name, path in {
        "folder": "/static/",
        "no slash": "/static",
        "long name": "/static/" + "a" * 300,
        "long path": "/static/" + "a/" * 2000,
        "file as a folder": "/static/favicon.svg/x",
        "backslashes": "/static/..%5c..%5csettings.py",
        "encoded slashes": "/static/%2e%2e%2f%2e%2e%2fsettings.py",
        "double slash": "/static//etc/passwd",
        "line break": "/static/%0d%0a",
        "unicode": "/static/%F0%9F%94%91",
    }.items():
        yield Case(f"static {name}", "GET", path, b"", {}, (404,))
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
        yield Case(f"static {method}", method, "/static/favicon.svg", b"", {}, (405,))
    for value in ("bytes=a-b", "bytes=9-1", "bytes=-", "chunks=1-2", "bytes=\xb2-\xb3", "x"):
        headers = {"Range": value}
        yield Case(f"static range {value}", "GET", "/static/favicon.svg", b"", headers, (200,), "any")
