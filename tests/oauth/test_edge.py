"""What every answer of the provider carries: caching, CORS, security headers, issuer; and what proxies cannot forge."""

from __future__ import annotations

import httpx
import pytest

from tests.oauth.provider import ISSUER, Provider, next_of, response_of

CROSS = {"Origin": "https://spa.example"}
OPEN = [
    ("POST", "/oauth/token"),
    ("POST", "/oauth/register"),
    ("GET", "/oauth/register/app_x"),
    ("GET", "/oauth/userinfo"),
    ("GET", "/oauth/jwks.json"),
    ("GET", "/.well-known/openid-configuration"),
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/api/demo/protected"),
]


@pytest.mark.parametrize(("method", "path"), OPEN)
async def test_cookieless_endpoints_answer_any_origin_also_with_errors(
    provider: Provider, method: str, path: str
) -> None:
    """MUST 7: preflights and errors."""
    async with provider.http(headers=CROSS) as http:
        answer = await http.request(method, path)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
        assert "WWW-Authenticate" in answer.headers["access-control-expose-headers"]
        asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization"}
        preflight = await http.options(path, headers=asked)
        assert preflight.status_code == 204
        assert "Authorization" in preflight.headers["access-control-allow-headers"]
        assert preflight.headers["access-control-max-age"] == "600"


@pytest.mark.parametrize("path", ["/oauth/authorize", "/login", "/oauth/authorize?client_id=x"])
async def test_pages_with_a_cookie_answer_no_other_origin(provider: Provider, path: str) -> None:
    """MUST 7: pages answer no other origin."""
    async with provider.http(headers=CROSS) as http:
        for answer in (
            await http.get(path),
            await http.post(path, data={}),
            await http.options(path, headers={"Access-Control-Request-Method": "POST"}),
        ):
            assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_pages_cannot_be_framed_and_leave_form_action_open(provider: Provider) -> None:
    """MUST 8; fastmcp#2302, fastmcp#3369: no framing, no referrer, no ``form-action``."""
    app, person = await provider.register(), await provider.person()
    consent = await person.visit(app)
    pages = [
        consent,
        await person.visit(app, redirect_uri="https://evil.example"),
        await person.http.get(next_of(await provider.stranger().visit(app))),
        await person.decide(consent),
        await person.visit(app, response_mode="form_post"),
    ]
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        assert "form-action" not in policy
        assert "unsafe-inline" not in policy
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["cache-control"] == "no-store"


async def test_the_logo_of_an_approved_app_only_is_shown(provider: Provider) -> None:
    app = await provider.register(logo_uri="https://cdn.example/logo.png")
    person = await provider.person()
    assert "cdn.example" not in (await person.visit(app)).text
    await provider.trust(app)
    page = await person.visit(app)
    assert "https://cdn.example/logo.png" in page.text
    assert "img-src 'self' data: https://cdn.example;" in page.headers["content-security-policy"]


async def test_every_answer_after_a_post_is_a_303(provider: Provider) -> None:
    """MUST 6: 303 after a POST."""
    app, person = await provider.register(), await provider.person()
    for decision in ("deny", "authorize"):
        answer = await person.decide(await person.visit(app), decision)
        assert answer.status_code == 303
        assert answer.headers["cache-control"] == "no-store"
    assert (await person.visit(app)).status_code == 303


async def test_the_issuer_is_named_in_every_answer_to_an_app(provider: Provider) -> None:
    """MUST 9: ``iss`` in success and errors."""
    app, person = await provider.register(), await provider.person()
    answers = [
        await person.authorize(app),
        await person.visit(app, scope="wallet:write"),
        await person.visit(app, prompt="none", max_age="0"),
        await person.visit(app, response_mode="fragment"),
        await person.decide(await person.visit(app, prompt="consent"), "deny"),
    ]
    for answer in answers:
        assert response_of(answer)["iss"] == ISSUER


async def test_forged_forwarding_headers_change_nothing(provider: Provider) -> None:
    """MUST 27: issuer and links come from the settings."""
    forged = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
        "Forwarded": "host=evil.example;proto=http",
    }
    app, person = await provider.register(), provider.stranger()
    async with provider.http(headers=forged) as http:
        for path in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"):
            assert "evil.example" not in (await http.get(path)).text
        body = {"redirect_uris": ["https://app.example/cb"]}
        registered = await http.post("/oauth/register", json=body)
        assert registered.json()["registration_client_uri"].startswith(ISSUER)
    sent = await person.http.get("/oauth/authorize", params=app.request(), headers=forged)
    assert sent.headers["location"].startswith("/login?next=%2Foauth%2Fauthorize")
    assert "evil" not in str(sent.headers)


async def test_a_long_and_strange_state_comes_back_exactly(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    await person.authorize(app)
    for state in ("é%20+&=#?/\\ \"'<>", "s" * 2048, "日本", "a b"):
        assert response_of(await person.visit(app, state=state))["state"] == state
    assert "state" not in response_of(await person.visit(app, state=None))
    assert "state" not in response_of(await person.visit(app, state=""))


async def test_a_registered_query_and_odd_characters_of_a_uri_survive(provider: Provider) -> None:
    uri = "https://app.example/cb;x=1/(y)!$'?a=b&c=%2F~"
    app, person = await provider.register(uri), await provider.person()
    answer = await person.authorize(app)
    assert answer.headers["location"].startswith(uri + "&code=")


async def test_the_request_id_is_on_every_error(provider: Provider) -> None:
    async with provider.http(headers={"X-Request-ID": "test-request-1"}) as http:
        for answer in (
            await http.post("/oauth/token", data={"grant_type": "x"}),
            await http.post("/oauth/register", json={}),
            await http.get("/oauth/userinfo"),
            await http.get("/api/demo/protected"),
        ):
            assert answer.json()["request_id"] == "test-request-1"
            assert answer.headers["x-request-id"] == "test-request-1"


async def test_a_wrong_method_is_405(provider: Provider) -> None:
    async with provider.http() as http:
        for method, path in (
            ("PUT", "/oauth/authorize"),
            ("GET", "/oauth/register"),
            ("DELETE", "/oauth/userinfo"),
            ("POST", "/oauth/jwks.json"),
            ("POST", "/.well-known/openid-configuration"),
        ):
            answer: httpx.Response = await http.request(method, path)
            assert answer.status_code == 405, path
            assert answer.headers["allow"]
