"""Every answer carries the request's id and the security headers, and every failure becomes an answer."""

from __future__ import annotations

import re

import httpx
import pytest
from starlette.requests import Request
from structlog.testing import capture_logs

from hodlxxi.kit.web import csp_with_image, is_same_origin, see_other
from tests.kit.web_site import REFUSALS, SECRET, make_site

BROWSER = {"Accept": "text/html,application/xhtml+xml"}
EVERYWHERE = [
    pytest.param("GET", "/seen", 200, id="ok"),
    pytest.param("GET", "/nowhere", 404, id="not-found"),
    pytest.param("DELETE", "/seen", 405, id="method"),
    pytest.param("GET", "/bug", 500, id="bug"),
    pytest.param("GET", "/refuse/nobody", 401, id="refusal"),
    pytest.param("GET", "/refuse/away", 503, id="away"),
]


@pytest.fixture
def site() -> httpx.AsyncClient:
    return make_site()[0]


@pytest.mark.parametrize(("method", "path", "status"), EVERYWHERE)
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
async def test_every_answer_has_the_security_headers_and_an_id(
    site: httpx.AsyncClient, method: str, path: str, status: int, accept: str
) -> None:
    answer = await site.request(method, path, headers={"Accept": accept})
    assert answer.status_code == status
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])


async def test_without_tls_no_strict_transport_is_promised() -> None:
    site, _ = make_site(public_url="http://localhost:5000")
    assert "strict-transport-security" not in (await site.get("/seen")).headers


async def test_a_route_may_have_its_own_policy(site: httpx.AsyncClient) -> None:
    assert (await site.get("/framed")).headers.get_list("content-security-policy") == ["default-src 'none'"]


@pytest.mark.parametrize("given", ["12345678", "a" * 64, "6f9619ff-8b86-d011-b42d-00cf4fc964ff", "A.b_c-d.e"])
async def test_a_well_formed_request_id_is_kept(site: httpx.AsyncClient, given: str) -> None:
    answer = await site.get("/seen", headers={"X-Request-ID": given})
    assert answer.headers["x-request-id"] == answer.json()["id"] == given


@pytest.mark.parametrize(
    "given", ["", "short", "a" * 65, "with space", "<script>alert(1)</script>", "line\tfeed", "ä" * 9]
)
async def test_any_other_request_id_is_replaced(site: httpx.AsyncClient, given: str) -> None:
    answer = await site.get("/seen", headers={"X-Request-ID": given.encode("utf-8")})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])
    assert answer.json()["id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("kind", REFUSALS)
async def test_a_refusal_is_the_contracts_envelope(site: httpx.AsyncClient, kind: str) -> None:
    refusal = REFUSALS[kind]
    answer = await site.get(f"/refuse/{kind}")
    body = answer.json()
    assert body.pop("request_id") == answer.headers["x-request-id"]
    assert body.pop("timestamp") == "2042-01-05T12:00:00Z"
    assert body.pop("field", None) == refusal.field
    assert body == {"error": refusal.code, "error_description": refusal.text}
    assert answer.headers["cache-control"] == "no-store"


async def test_the_limit_and_the_outage_say_when_to_come_back(site: httpx.AsyncClient) -> None:
    many = await site.get("/refuse/many")
    assert (many.headers["retry-after"], many.headers["ratelimit-limit"]) == ("9", "3")
    assert (await site.get("/refuse/away")).headers["retry-after"] == "4"


@pytest.mark.parametrize(
    ("path", "status", "word"), [("/nowhere", 404, "not_found"), ("/seen/", 404, "not_found")]
)
async def test_what_is_not_there_is_said_in_json(
    site: httpx.AsyncClient, path: str, status: int, word: str
) -> None:
    answer = await site.get(path)
    assert (answer.status_code, answer.json()["error"]) == (status, word)


async def test_another_method_is_refused_and_told_which_are_allowed(site: httpx.AsyncClient) -> None:
    answer = await site.delete("/open/seen")
    assert (answer.status_code, answer.json()["error"]) == (405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


async def test_a_bug_is_a_500_with_the_request_id_and_no_detail(site: httpx.AsyncClient) -> None:
    with capture_logs() as logs:
        answer = await site.get("/bug")
    assert answer.status_code == 500
    assert answer.json()["error"] == "internal_error"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert SECRET not in answer.text
    assert "RuntimeError" not in answer.text
    assert [entry["event"] for entry in logs] == ["bug", "request"]


async def test_an_answer_that_breaks_in_the_middle_is_broken_off_and_logged() -> None:
    site, _ = make_site(raise_errors=True)
    with capture_logs() as logs, pytest.raises(RuntimeError):
        await site.get("/half")
    assert "answer_broken_off" in [entry["event"] for entry in logs]


@pytest.mark.parametrize(("method", "path", "status"), EVERYWHERE[1:])
async def test_a_browser_gets_a_page_with_the_same_facts(
    site: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    page = await site.request(method, path, headers=BROWSER)
    assert page.status_code == status
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-request-id"] in page.text
    assert SECRET not in page.text


async def test_a_page_escapes_what_came_from_outside(site: httpx.AsyncClient) -> None:
    page = await site.get("/refuse/bad", headers=BROWSER | {"X-Request-ID": "<b>12345678</b>"})
    assert "<b>12345678" not in page.text


async def test_requests_are_counted_by_pattern_and_unknown_paths_together() -> None:
    site, metrics = make_site()
    for path in ("/refuse/bad", "/refuse/nobody", "/nowhere/1", "/nowhere/2", "/bug"):
        await site.get(path)
    text = (await metrics.render()).decode()
    assert 'count{method="GET",route="/refuse/{kind}",status="4xx"} 2.0' in text
    assert 'count{method="GET",route="unmatched",status="4xx"} 2.0' in text
    assert 'count{method="GET",route="/bug",status="5xx"} 1.0' in text


async def test_the_log_line_has_the_path_without_the_query_and_the_clients_address() -> None:
    site, _ = make_site(proxies="203.0.113.9")
    with capture_logs() as logs:
        answer = await site.get("/seen?token=secret", headers={"X-Forwarded-For": "8.8.8.8, 198.51.100.7"})
    assert answer.json()["address"] == "198.51.100.7"
    (line,) = (entry for entry in logs if entry["event"] == "request")
    assert (line["path"], line["ip"], line["status"], line["method"]) == ("/seen", "198.51.100.7", 200, "GET")


async def test_a_stranger_cannot_forge_an_address() -> None:
    """MUST 27: the address in the log."""
    site, _ = make_site(proxies="10.0.0.0/8")
    answer = await site.get("/seen", headers={"X-Forwarded-For": "8.8.8.8"})
    assert answer.json()["address"] == "203.0.113.9"


@pytest.mark.parametrize(
    ("headers", "same"),
    [
        pytest.param({}, True, id="no-browser"),
        pytest.param({"origin": "https://login.example.org"}, True, id="our-page"),
        pytest.param({"origin": "https://login.example.org:443"}, False, id="written-with-a-port"),
        pytest.param({"origin": "http://login.example.org"}, False, id="without-tls"),
        pytest.param({"origin": "https://evil.example"}, False, id="another-site"),
        pytest.param({"origin": "https://login.example.org.evil.example"}, False, id="a-lookalike"),
        pytest.param({"origin": "null"}, False, id="a-sandbox"),
        pytest.param({"origin": ""}, False, id="empty"),
        pytest.param({"origin": "https://evil.example", "sec-fetch-site": "same-origin"}, False, id="both"),
        pytest.param({"sec-fetch-site": "same-origin"}, True, id="fetch-metadata"),
        pytest.param({"sec-fetch-site": "none"}, True, id="typed-by-the-person"),
        pytest.param({"sec-fetch-site": "same-site"}, False, id="a-sibling-host"),
        pytest.param({"sec-fetch-site": "cross-site"}, False, id="another-site-without-origin"),
    ],
)
def test_our_own_page_is_told_from_others(headers: dict[str, str], same: bool) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    request = Request({"type": "http", "headers": raw})
    assert is_same_origin(request, "https://login.example.org") is same


def test_a_redirect_after_a_post_is_a_303_that_nobody_keeps() -> None:
    """MUST 6: never 307."""
    answer = see_other("/next?x=ä b")
    assert (answer.status_code, answer.headers["cache-control"]) == (303, "no-store")
    assert "\r" not in see_other("/next\r\nX: 1").headers["location"]


@pytest.mark.parametrize(
    ("uri", "allowed"),
    [
        pytest.param("https://cdn.example/logo.png", "https://cdn.example", id="path"),
        pytest.param("https://cdn.example:8443/logo.png", "https://cdn.example:8443", id="port"),
        pytest.param("https://cdn.example/;script-src *", "https://cdn.example", id="directive-in-the-path"),
        pytest.param("https://cdn.example;script-src *", None, id="directive-in-the-host"),
        pytest.param("http://cdn.example/logo.png", None, id="not-https"),
        pytest.param(None, None, id="none"),
    ],
)
def test_a_logo_opens_the_policy_for_its_origin_only(uri: str | None, allowed: str | None) -> None:
    headers = csp_with_image(uri)
    if allowed is None:
        assert headers == {}
    else:
        assert f"img-src 'self' data: {allowed};" in headers["Content-Security-Policy"]
        assert headers["Content-Security-Policy"].count("script-src") == 1
