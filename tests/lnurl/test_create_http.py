"""Starting a Lightning login over HTTP, on both engines."""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any

import pytest

from hodlxxi.bitcoin.bech32 import decode_lnurl
from tests.identity.site import PUBLIC_URL, Site
from tests.lnurl.steps import answer, claim, known_browser, new_wallet, start

CREATE = "/api/lnurl-auth/create"
PARAMS = "/api/lnurl-auth/params"


async def test_the_answer_is_the_contracts(site: Site) -> None:
    reply = await site.browser().post(CREATE, json={"action": "register"})
    assert reply.status_code == 200
    assert reply.headers["cache-control"] == "no-store"
    body = reply.json()
    assert set(body) == {"session_id", "lnurl", "qr_code_data", "k1", "expires_in", "claim_token"}
    assert body["expires_in"] == 300
    assert bytes.fromhex(body["k1"]).hex() == body["k1"]
    assert len(body["k1"]) == 64
    assert body["qr_code_data"] == f"LIGHTNING:{body['lnurl']}"
    assert body["qr_code_data"].isupper()
    path = f"/api/lnurl-auth/callback/{body['session_id']}?tag=login&k1={body['k1']}&action=register"
    assert decode_lnurl(body["lnurl"]) == PUBLIC_URL + path


async def test_the_claim_secret_is_not_in_what_everybody_sees(site: Site) -> None:
    body = (await site.browser().post(CREATE)).json()
    seen = decode_lnurl(body["lnurl"]) + body["qr_code_data"] + body["session_id"] + body["k1"]
    assert body["claim_token"] not in seen
    assert len(body["claim_token"]) == 43


@pytest.mark.parametrize(
    ("url", "secure"), [("https://login.example.org", True), ("http://localhost:5000", False)]
)
async def test_the_claim_cookie_has_its_flags(make_site: Callable[..., Site], url: str, secure: bool) -> None:
    reply = await make_site(public_url=url).browser().post(CREATE)
    lines = [SimpleCookie(line) for line in reply.headers.get_list("set-cookie")]
    cookies = [line["lnurl_claim"] for line in lines if "lnurl_claim" in line]
    assert [cookie["path"] for cookie in cookies] == ["/api/lnurl-auth", "/login/lnurl"]
    for cookie in cookies:
        assert cookie.value == reply.json()["claim_token"]
        assert (cookie["httponly"], cookie["samesite"].lower()) == (True, "strict")
        assert bool(cookie["secure"]) is secure
        assert cookie["domain"] == ""
        assert int(cookie["max-age"]) == 600


async def test_no_two_logins_share_anything(site: Site) -> None:
    browser = site.browser()
    started = [await start(browser) for _ in range(3)]
    for name in ("session_id", "k1", "claim_token", "lnurl"):
        assert len({getattr(one, name) for one in started}) == 3


async def test_the_lnurl_names_its_own_host_when_the_operator_gave_one(
    make_site: Callable[..., Site],
) -> None:
    """wallet 2: the host has its own setting."""
    browser = make_site(lnurl_url="https://auth.example.net").browser()
    reply = await browser.post(CREATE, headers={"Host": "evil.example"})
    url = decode_lnurl(reply.json()["lnurl"])
    assert url.startswith("https://auth.example.net/api/lnurl-auth/callback/")


async def test_the_host_header_names_nothing(site: Site) -> None:
    """wallet 2: a forged Host is no host of ours."""
    browser = site.browser()
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    reply = await browser.post(CREATE, headers=forged)
    assert decode_lnurl(reply.json()["lnurl"]).startswith(PUBLIC_URL + "/")


BAD_BODIES = [
    pytest.param(b"[]", "application/json", 400, None, id="an array"),
    pytest.param(b"null", "application/json", 400, None, id="null"),
    pytest.param(b"{", "application/json", 400, None, id="not JSON"),
    pytest.param(b'{"action": 1}', "application/json", 400, "action", id="a number"),
    pytest.param(b'{"action": ["login"]}', "application/json", 400, "action", id="a list"),
    pytest.param(b'{"action": "withdraw"}', "application/json", 400, "action", id="no such action"),
    pytest.param(b'{"action": "LOGIN"}', "application/json", 400, "action", id="another case"),
    pytest.param(b'{"action": "' + b"x" * 99 + b'"}', "application/json", 400, "action", id="long"),
    pytest.param(b'{"action": "login\\u0000"}', "application/json", 400, None, id="NUL"),
    pytest.param(b'{"action": "\xff"}', "application/json", 400, None, id="bad UTF-8"),
    pytest.param(b"[" * 5000, "application/json", 400, None, id="deep"),
    pytest.param(b"action=login", "application/x-www-form-urlencoded", 415, None, id="a form"),
    pytest.param(b'{"action": "link"}', "application/json", 401, None, id="linking without a session"),
]


@pytest.mark.parametrize(("body", "kind", "status", "field"), BAD_BODIES)
async def test_a_bad_request_is_named_and_starts_nothing(
    site: Site, body: bytes, kind: str, status: int, field: str | None
) -> None:
    count = "SELECT count(*) FROM lnurl_challenges"
    before = await site.rows(count)
    reply = await site.browser().post(CREATE, content=body, headers={"Content-Type": kind})
    assert (reply.status_code, reply.json().get("field")) == (status, field)
    assert {"error", "error_description", "timestamp", "request_id"} <= set(reply.json())
    assert "set-cookie" not in reply.headers
    assert await site.rows(count) == before


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
)
async def test_another_sites_page_cannot_start_a_login_here(site: Site, headers: dict[str, str]) -> None:
    reply = await site.browser().post(CREATE, headers=headers)
    assert reply.status_code == 403
    assert "set-cookie" not in reply.headers


async def test_one_address_may_start_so_many(make_site: Callable[..., Site]) -> None:
    """wallet 1: rate-limited."""
    site = make_site(rate_limit_login=2)
    replies = [await site.browser().post(CREATE) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert replies[1].headers["ratelimit-remaining"] == "0"
    assert int(replies[2].headers["retry-after"]) > 0
    assert (await site.browser(address="203.0.113.10").post(CREATE)).status_code == 200


async def test_a_browser_has_one_live_login(site: Site) -> None:
    """wallet 1: one live login for each browser."""
    browser, other, wallet = known_browser(site), known_browser(site), new_wallet()
    first, others = await start(browser), await start(other)
    second = await start(browser)
    refused = await answer(site, wallet, first)
    assert refused["status"] == "ERROR"
    assert await claim(site.browser(), first, Authorization=f"Bearer {first.claim_token}") == {
        "verified": False
    }
    assert await answer(site, wallet, second) == {"status": "OK"}
    assert (await claim(browser, second))["verified"] is True
    assert await answer(site, new_wallet(), others) == {"status": "OK"}


async def test_a_browser_that_never_saw_a_page_has_one_live_login_too(site: Site) -> None:
    browser = site.browser()
    first, second = await start(browser), await start(browser)
    assert (await answer(site, new_wallet(), first))["status"] == "ERROR"
    assert await answer(site, new_wallet(), second) == {"status": "OK"}


async def test_the_parameters_are_there_for_the_seeds_clients(site: Site) -> None:
    browser = site.browser()
    started = await start(browser, action="auth")
    reply = await site.browser().get(PARAMS, params={"session_id": started.session_id})
    url = decode_lnurl(started.lnurl)
    assert reply.json() == {
        "tag": "login",
        "k1": started.k1,
        "callback": url,
        "callback_url": url,
        "action": "auth",
    }
    assert "set-cookie" not in reply.headers


async def test_there_are_no_parameters_of_what_is_unknown_or_over(site: Site) -> None:
    started = await start(site.browser())
    query: list[tuple[dict[str, Any], int]] = [
        ({}, 404),
        ({"session_id": "0" * 32}, 404),
        ({"session_id": started.session_id.upper()}, 404),
        ({"session_id": "'; DROP TABLE lnurl_challenges; --"}, 404),
        ({"session_id": [started.session_id, started.session_id]}, 400),
    ]
    for params, status in query:
        assert (await site.browser().get(PARAMS, params=params)).status_code == status
    site.clock.advance(300)
    gone = await site.browser().get(PARAMS, params={"session_id": started.session_id})
    assert (gone.status_code, gone.json()["error"]) == (404, "not_found")


@pytest.mark.parametrize("path", [CREATE, PARAMS, "/api/lnurl-auth/check/x", "/api/lnurl-auth/events/x"])
async def test_other_sites_may_read_none_of_it(site: Site, path: str) -> None:
    headers = {"Origin": "https://wallet.example"}
    method = "POST" if path == CREATE else "GET"
    reply = await site.browser().request(method, path, headers=headers)
    asked = await site.browser().options(path, headers=headers | {"Access-Control-Request-Method": method})
    for found in (reply, asked):
        assert not [name for name in found.headers if name.startswith("access-control-")]
