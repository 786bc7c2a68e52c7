"""Malformed requests to the provider, and to anything at all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from tests.conformance.cases import FORM, JSON, Case, body_cases, lightning_cases, sign_in_cases

GOOD_URI = "https://app.example/cb"


def provider_cases() -> Iterator[Case]:
    """Registration, authorization, token and userinfo."""
    for name, member in {
        "no redirect_uris": '"client_name": "x"',
        "redirect_uris a text": f'"redirect_uris": "{GOOD_URI}"',
        "redirect_uris empty": '"redirect_uris": []',
        "redirect_uris of numbers": '"redirect_uris": [1]',
        "redirect_uris many": '"redirect_uris": [' + ",".join(f'"{GOOD_URI}/{n}"' for n in range(50)) + "]",
        "javascript": '"redirect_uris": ["javascript:alert(1)"]',
        "fragment": f'"redirect_uris": ["{GOOD_URI}#x"]',
        "http": '"redirect_uris": ["http://app.example/cb"]',
        "user": '"redirect_uris": ["https://a@app.example/cb"]',
        "backslash": '"redirect_uris": ["https://app.example\\\\cb"]',
        "wildcard": '"redirect_uris": ["https://*.example/cb"]',
        "relative": '"redirect_uris": ["/cb"]',
        "long": f'"redirect_uris": ["{GOOD_URI}/{"x" * 3000}"]',
        "client_name a number": f'"redirect_uris": ["{GOOD_URI}"], "client_name": 1',
        "scope a list": f'"redirect_uris": ["{GOOD_URI}"], "scope": []',
        "alg none": f'"redirect_uris": ["{GOOD_URI}"], "id_token_signed_response_alg": "none"',
        "implicit only": f'"redirect_uris": ["{GOOD_URI}"], "response_types": ["token"], "grant_types": ["implicit"]',
        "logo over http": f'"redirect_uris": ["{GOOD_URI}"], "logo_uri": "http://a.example/x.png"',
        "policy javascript": f'"redirect_uris": ["{GOOD_URI}"], "policy_uri": "javascript:alert(1)"',
    }.items():
        yield Case(
            f"register: {name}", "POST", "/oauth/register", f"{{{member}}}".encode(), JSON, (400,), "oauth"
        )
    for name, query in {
        "nothing": "",
        "unknown client": "client_id=nobody&response_type=code",
        "repeated client": "client_id=a&client_id=b",
        "NUL": "client_id=%00",
        "bad UTF-8": "client_id=%ff",
        "long": f"client_id={'x' * 20000}",
        "unknown interaction": f"interaction={'x' * 43}",
        "many fields": "&".join(f"f{n}=1" for n in range(300)),
    }.items():
        statuses = (400, 413)
        yield Case(f"authorize: {name}", "GET", f"/oauth/authorize?{query}", b"", {}, statuses, "none")
        if len(query) < 5000:
            body = query.encode()
            yield Case(
                f"authorize by POST: {name}", "POST", "/oauth/authorize", body, FORM, (400, 403), "none"
            )
    for name, body in {
        "nothing": "",
        "no client": "grant_type=authorization_code&code=x",
        "unknown client": "grant_type=authorization_code&code=x&client_id=nobody",
        "unknown grant": "grant_type=magic&client_id=nobody",
        "password grant": "grant_type=password&username=a&password=b&client_id=nobody",
        "NUL code": "grant_type=authorization_code&code=%00&client_id=nobody",
        "huge code": f"grant_type=authorization_code&code={'x' * 9000}&client_id=nobody",
        "secret twice": "grant_type=authorization_code&client_id=a&client_secret=b&client_secret=c",
    }.items():
        yield Case(f"token: {name}", "POST", "/oauth/token", body.encode(), FORM, (400, 401), "oauth")
    for name, header in {
        "not base64": "Basic %%%",
        "no colon": "Basic YWJj",
        "bad UTF-8": "Basic //79Ov8=",
        "bad escape": "Basic JXp6OiV6eg==",
        "empty": "Basic",
        "unknown scheme": "Digest abc",
        "long": "Basic " + "A" * 8000,
    }.items():
        headers = {**FORM, "Authorization": header}
        body = b"grant_type=authorization_code&code=x"
        yield Case(f"token: Authorization {name}", "POST", "/oauth/token", body, headers, (400, 401), "oauth")
    for path in ("/oauth/userinfo", "/api/demo/protected"):
        envelope = "oauth" if path == "/oauth/userinfo" else "product"
        for name, header in {
            "absent": "",
            "empty": "Bearer",
            "not a JWT": "Bearer abc",
            "two dots": "Bearer a.b.c",
            "alg none": "Bearer eyJhbGciOiJub25lIn0.e30.",
            "blanks": "Bearer a b",
            "long": "Bearer " + "a" * 9000,
            "basic": "Basic YTpi",
        }.items():
            headers = {"Authorization": header} if header else {}
            yield Case(f"{path}: {name}", "GET", path, b"", headers, (400, 401), envelope)  # type: ignore[arg-type]
    yield Case("registration of nobody", "GET", "/oauth/register/nobody", b"", {}, (401,), "oauth")
    yield Case("change of nobody", "PUT", "/oauth/register/nobody", b"{}", JSON, (401,), "oauth")
    yield Case("removal of nobody", "DELETE", "/oauth/register/nobody", b"", {}, (401,), "oauth")


def anywhere_cases() -> Iterator[Case]:
    """Methods, paths and header fields that make no sense, at any endpoint."""
    for path in (
        "/login",
        "/oauth/token",
        "/verify_signature",
        "/health",
        "/api/lnurl-auth/create",
        "/oauth/jwks.json",
    ):
        for method in ("PATCH", "TRACE", "PUT"):
            yield Case(f"{method} {path}", method, path, b"", {}, (405,), "none")
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
        yield Case(f"path {path[:40]}", "GET", path, b"", {}, (400, 404), "none")
    for name, headers in {
        "session NUL": {"Cookie": "session=a%00b"},
        "session long": {"Cookie": "session=" + "a" * 6000},
        "session odd": {"Cookie": 'session="; DROP TABLE users'},
        "browser odd": {"Cookie": "browser=;;;==; browser=x"},
        "many cookies": {"Cookie": "; ".join(f"c{n}=1" for n in range(500))},
        "bearer odd": {"Authorization": "Bearer \xfc"},
        "origin odd": {"Origin": "null"},
        "forwarded odd": {"X-Forwarded-For": "'; DROP TABLE users", "X-Forwarded-Host": "evil.example"},
        "request id odd": {"X-Request-ID": "<script>" * 20},
    }.items():
        yield Case(f"/api/session with {name}", "GET", "/api/session", b"", headers, (401,), "product")
    yield Case("sessions of nobody", "GET", "/api/sessions", b"", {}, (401,))
    yield Case("end sessions of nobody", "DELETE", "/api/sessions?all=1", b"", {}, (401,))
    for path in ("/verify_signature", "/api/lnurl-auth/create", "/logout"):
        headers = {**JSON, "Origin": "https://evil.example"}
        yield Case(f"{path} from another site", "POST", path, b"{}", headers, (403,))
    for path in ("/login", "/logout", "/login/lnurl"):
        body = b"csrf=wrong&decision=cancel"
        yield Case(f"{path} without our token", "POST", path, body, FORM, (403,))


CASES = list(
    chain(body_cases(), sign_in_cases(), lightning_cases(), provider_cases(), anywhere_cases()),
)
