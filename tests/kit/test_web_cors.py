"""Who may read our answers from another site's page: anybody, the listed, or nobody; errors included."""

from __future__ import annotations

import httpx
import pytest

from tests.kit.web_site import make_site

APP, EVIL = "https://app.example.com", "https://evil.example"


async def _ask(site: httpx.AsyncClient, path: str, origin: str | None, method: str = "GET") -> httpx.Headers:
    headers = {"Origin": origin} if origin else {}
    return (await site.request(method, path, headers=headers)).headers


@pytest.mark.parametrize(
    "path", ["/open/seen", "/open/bug", "/open/refuse/nobody", "/open/refuse/many", "/open/no"]
)
async def test_an_open_endpoint_answers_any_origin_also_with_an_error(path: str) -> None:
    site, _ = make_site()
    for origin in (APP, EVIL, "null"):
        headers = await _ask(site, path, origin)
        assert headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in headers
        assert "X-Request-ID" in headers["access-control-expose-headers"]


@pytest.mark.parametrize("path", ["/open/seen", "/open/bug", "/open/refuse/nobody", "/listed/seen"])
async def test_an_operator_may_narrow_it_to_a_list(path: str) -> None:
    site, _ = make_site(origins=(APP,))
    allowed = await _ask(site, path, APP)
    assert allowed["access-control-allow-origin"] == APP
    assert "Origin" in allowed["vary"]
    for origin in (EVIL, "null", APP + ".evil.example", APP.upper(), "http://app.example.com"):
        assert "access-control-allow-origin" not in await _ask(site, path, origin)


@pytest.mark.parametrize(
    ("path", "origins"),
    [
        ("/seen", ()),
        ("/seen", (APP,)),
        ("/bug", (APP,)),
        ("/refuse/nobody", ()),
        ("/listed/seen", ()),
        ("/listed/nowhere", ()),
    ],
)
async def test_elsewhere_nobody_may_read(path: str, origins: tuple[str, ...]) -> None:
    site, _ = make_site(origins=origins)
    for origin in (APP, EVIL, "null"):
        headers = await _ask(site, path, origin)
        assert not [name for name in headers if name.startswith("access-control")]


async def test_without_an_origin_nothing_is_said() -> None:
    site, _ = make_site()
    assert "access-control-allow-origin" not in await _ask(site, "/open/seen", None)


async def test_a_preflight_of_an_open_endpoint_is_answered() -> None:
    site, _ = make_site()
    answer = await site.options(
        "/open/seen",
        headers={
            "Origin": APP,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, dpop",
        },
    )
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert {"Authorization", "DPoP", "Content-Type"} <= set(
        answer.headers["access-control-allow-headers"].split(", ")
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content == b""


@pytest.mark.parametrize("path", ["/seen", "/listed/seen", "/nowhere"])
async def test_a_preflight_elsewhere_allows_nothing(path: str) -> None:
    site, _ = make_site()
    headers = {"Origin": APP, "Access-Control-Request-Method": "POST"}
    answer = await site.options(path, headers=headers)
    assert answer.status_code == 204
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_options_without_a_preflight_is_an_unknown_method() -> None:
    site, _ = make_site()
    assert (await site.options("/seen")).status_code == 405
