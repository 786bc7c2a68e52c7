"""What holds for every address of the whole application: CORS, caching, framing, and what proxies cannot forge (§7.1)."""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.routing import Route

from hodlxxi.migrations.run import upgrade
from tests.identity.site import (
    PUBLIC_URL,
    Site,
    ask_challenge,
    make_settings,
    new_key,
    open_site,
    prove,
    sign_in,
    who,
)
from tests.support.clock import FakeClock
from tests.support.server import Server

# What reads no cookie (reference §1): any origin may call it. Everything else is for our own pages.
OPEN = {
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-protected-resource",
    "/.well-known/openid-configuration",
    "/api/demo/protected",
    "/api/lnurl-auth/callback/{session_id}",
    "/oauth/device_authorization",
    "/oauth/jwks.json",
    "/oauth/par",
    "/oauth/register",
    "/oauth/register/{client_id}",
    "/oauth/revoke",
    "/oauth/token",
    "/oauth/userinfo",
    "/openapi.json",
}
# What may be kept for five minutes: the same for everybody.
PUBLIC = {path for path in OPEN if path.startswith("/.well-known") or path == "/oauth/jwks.json"}
METHODS = ("GET", "POST", "PUT", "DELETE")
HTML = {"Accept": "text/html"}
CROSS = {"Origin": "https://spa.example"}
FORGED = {
    "Host": "evil.example",
    "Forwarded": "for=1.2.3.4;host=evil.example;proto=http",
    "X-Forwarded-For": "1.2.3.4",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "666",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Server": "evil.example",
    "X-Host": "evil.example",
    "X-Original-URL": "/evil",
    "X-Real-IP": "1.2.3.4",
    "X-Rewrite-URL": "/evil",
}


@pytest.fixture
async def site(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Site]:
    """The whole application."""
    site = open_site(make_settings(f"sqlite:///{tmp_path / 'site.db'}", rate_limit_register=0), clock)
    await upgrade(site.app.db)
    yield site
    await site.close()


def paths(site: Site) -> list[str]:
    """The pattern of every route."""
    return sorted({route.path for route in site.app.routes if isinstance(route, Route)})


def filled(path: str) -> str:
    return re.sub(r"\{\w+\}", "app_x", path)


async def answers_of(browser: httpx.AsyncClient, path: str, **headers: str) -> list[httpx.Response]:
    """What every method gets that sends nothing sensible."""
    return [await browser.request(method, filled(path), headers=headers) for method in METHODS]


async def test_only_what_reads_no_cookie_is_open_to_other_origins(site: Site) -> None:
    """MUST 7: the CORS map, preflights and errors included; nothing with credentials."""
    browser = site.browser()
    for path in paths(site):
        answers = await answers_of(browser, path, **CROSS)
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "dpop"}
        answers.append(await browser.options(filled(path), headers=CROSS | asked))
        for answer in answers:
            found = [name for name in answer.headers if name.startswith("access-control-")]
            assert "access-control-allow-credentials" not in found
            if path in OPEN:
                assert answer.headers["access-control-allow-origin"] == "*", path
            else:
                assert found == [], path


async def test_no_answer_of_the_provider_is_kept_by_anybody(site: Site) -> None:
    """MUST 17: ``no-store`` on every dynamic answer, also on errors and on a method that is none."""
    browser = site.browser()
    for path in (
        path for path in paths(site) if path.startswith(("/oauth", "/.well-known", "/login", "/device"))
    ):
        for answer in await answers_of(browser, path):
            public = path in PUBLIC and answer.status_code == 200
            assert answer.headers.get("cache-control") == ("public, max-age=300" if public else "no-store"), (
                path,
                answer.request.method,
                answer.status_code,
            )
            assert public or answer.headers.get("pragma") == "no-cache"


async def test_no_page_can_be_framed_or_tells_where_one_came_from(site: Site) -> None:
    """MUST 8: the headers of every page, whatever its status."""
    browser = site.browser()
    for path in paths(site):
        for answer in await answers_of(browser, path, Accept="text/html"):
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert not re.search("form-action|unsafe-inline|unsafe-eval", policy)
            assert answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["x-content-type-options"] == "nosniff"


async def test_what_a_proxy_could_say_changes_nothing_for_a_stranger(site: Site) -> None:
    """MUST 27: forged ``Host``, ``Forwarded`` and ``X-Forwarded-*`` change no URL, address or scheme."""
    plain, forging = site.browser(), site.browser()
    forging.headers.update(FORGED)
    for path in paths(site):
        for method in METHODS:
            for accept in ("application/json", "text/html"):
                answer = await forging.request(method, filled(path), headers={"Accept": accept})
                assert "evil" not in str(answer.headers) + answer.text, (method, path)
                expected = await plain.request(method, filled(path), headers={"Accept": accept})
                assert answer.status_code == expected.status_code, (method, path)
    key = new_key()
    challenge = await ask_challenge(forging)
    assert "evil" not in str(challenge)
    assert PUBLIC_URL in challenge["message"]
    signed_in = await prove(forging, key, challenge)
    cookie = signed_in.headers["set-cookie"].lower()
    assert "secure" in cookie
    assert "domain" not in cookie
    forging.cookies.set("session", forging.cookies["session"], domain="login.example.org")
    rows = await site.rows("SELECT DISTINCT ip_address FROM audit_logs")
    assert [row.ip_address for row in rows] == ["203.0.113.9"]
    assert await who(forging) == key.pubkey_hex


ELSEWHERE = ("https://evil.example/x", "//evil.example/x", "/\\evil.example/x", "https:evil.example/x")
LEADING = (
    *(
        "next",
        "return_to",
        "return",
        "redirect",
        "redirect_to",
        "redirect_uri",
        "redirect_url",
        "url",
        "continue",
    ),
    *("post_logout_redirect_uri", "target", "goto", "callback", "r", "u", "path", "state", "client_id"),
)


async def test_no_address_of_ours_leads_to_another_site(site: Site) -> None:
    """MUST 4: whatever is sent, to whatever page, by whatever method, signed in or not."""
    stranger, person = site.browser(), site.browser()
    await sign_in(person, new_key())
    for path in paths(site):
        for browser, uri in itertools.product((stranger, person), ELSEWHERE):
            sent = dict.fromkeys(LEADING, uri)
            for method in ("GET", "POST"):
                answer = await browser.request(
                    method, filled(path), params=sent, data=sent if method == "POST" else None, headers=HTML
                )
                _stays_here(answer, path)
    for odd in (
        "//evil.example",
        "//evil.example/..",
        "/\\evil.example",
        "/%2f%2fevil.example",
        "/.//evil.example",
    ):
        for tail in ("", "/", "/login", "?next=//evil.example"):
            _stays_here(await stranger.get(f"{PUBLIC_URL}{odd}{tail}", headers=HTML), odd)


def _stays_here(answer: httpx.Response, path: str) -> None:
    location = answer.headers.get("location", "/")
    assert location.startswith("/"), (path, location)
    assert not location.startswith(("//", "/\\")), (path, location)
    assert "refresh" not in answer.headers
    assert not re.search(r'(href|action|src|content)="[^"]*evil\.example', answer.text), path


async def test_two_hosts_do_not_share_a_limit_by_forging(tmp_path: Path, clock: FakeClock) -> None:
    """MUST 27, MUST 24: another ``X-Forwarded-For`` is no new address for the limiter."""
    settings = make_settings(f"sqlite:///{tmp_path / 'site.db'}", rate_limit_register=2)
    site = open_site(settings, clock)
    await upgrade(site.app.db)
    browser = site.browser()
    statuses = []
    for n in range(4):
        forged = {"X-Forwarded-For": f"198.51.100.{n}", "Forwarded": f"for=198.51.100.{n}"}
        body = {"redirect_uris": ["https://app.example/cb"]}
        statuses.append((await browser.post("/oauth/register", json=body, headers=forged)).status_code)
    assert statuses == [201, 201, 429, 429]
    assert (await site.browser("203.0.113.10").post("/oauth/register", json=body)).status_code == 201
    await site.close()


def test_the_real_server_believes_no_forged_header_either(embedded_server: Server) -> None:
    """MUST 27: the program that reads the requests passes nothing on that a stranger said about itself."""
    # Other tests use this server too, and what they send to it is logged as theirs.
    began = len(embedded_server.log_text())
    with httpx.Client(base_url=embedded_server.url, headers=FORGED, timeout=20) as http:
        document = http.get("/.well-known/openid-configuration")
        body = {"redirect_uris": ["https://app.example/cb"]}
        made = http.post("/oauth/register", json=body)
        asked = http.get("/oauth/authorize", params={"client_id": made.json()["client_id"]}, headers=HTML)
        page = http.get("/login", headers=HTML)
    assert document.json()["issuer"] == embedded_server.url
    for answer in (document, made, asked, page):
        assert "evil" not in str(answer.headers) + answer.text
    assert made.json()["registration_client_uri"].startswith(embedded_server.url)
    assert "secure" not in page.headers["set-cookie"].lower(), "the scheme is what the operator said"
    log = embedded_server.log_text()[began:]
    assert log
    assert "1.2.3.4" not in log
    assert "evil" not in log
