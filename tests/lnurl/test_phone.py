"""The page that a phone opens before it signs: who asks, for which app, and the match code. On both engines."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from hodlxxi.lnurl.rules import match_code
from tests.identity.site import PUBLIC_URL, Site
from tests.lnurl.steps import answer, new_wallet, start

HTML = {"Accept": "text/html"}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def shown(page: httpx.Response, name: str) -> str:
    """What stands in the element with this id."""
    found = re.search(rf'id="{name}"[^>]*>([^<]*)<', page.text)
    assert found is not None, f"no #{name}"
    return html.unescape(found[1])


async def app_request(browser: httpx.AsyncClient, name: str = "Wallet Watcher", **more: str) -> str:
    """Where an app sends its user: the sign-in page, with the app waiting behind it."""
    wish = {"client_name": name, "redirect_uris": ["https://app.example/callback"]}
    made = (await browser.post("/oauth/register", json=wish)).raise_for_status().json()
    query = {
        "client_id": made["client_id"],
        "redirect_uri": "https://app.example/callback",
        "response_type": "code",
        "scope": "openid",
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
    }
    asked = await browser.get("/oauth/authorize", params=query | more)
    return str(asked.headers["location"])


async def test_the_phone_shows_the_app_the_browser_and_the_code_that_the_screen_shows(site: Site) -> None:
    """wallet 1: match code, app's name and rough origin on both sides before the session opens."""
    browser = site.browser(address="198.18.7.9")
    login = await browser.get(await app_request(browser), headers={"User-Agent": FIREFOX})
    code = shown(login, "match-code")
    assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{3}-[0-9A-HJKMNP-TV-Z]{3}", code)
    assert shown(login, "client-name") == "Wallet Watcher"
    (url,) = re.findall(r'id="phone-qr" data-text="([^"]+)"', login.text)
    phone = site.browser()
    page = await phone.get(html.unescape(url), headers=HTML)
    assert page.status_code == 200
    assert shown(page, "match-code") == code
    assert shown(page, "match-app") == "Wallet Watcher"
    assert shown(page, "match-host") == "app.example"
    assert shown(page, "match-device") == "Firefox on Linux"
    assert shown(page, "match-near") == "198.18.x.x"
    assert "198.18.7.9" not in page.text
    assert "set-cookie" not in page.headers
    assert page.headers["cache-control"] == "no-store"


async def test_the_code_for_the_camera_is_for_wallets_too(site: Site) -> None:
    """LUD-01's fallback: the same LNURL as in the main code, in the query of a page."""
    login = await site.browser().get("/login", headers=HTML)
    (url,) = re.findall(r'id="phone-qr" data-text="([^"]+)"', login.text)
    (main,) = re.findall(r'data-text="LIGHTNING:(LNURL1[0-9A-Z]+)"', login.text)
    parts = urlsplit(html.unescape(url))
    session_id = re.findall(r'data-session="([0-9a-f]{32})"', login.text)[0]
    assert f"{parts.scheme}://{parts.netloc}" == PUBLIC_URL
    assert parts.path == f"/login/lnurl/{session_id}"
    assert parse_qs(parts.query) == {"lightning": [main]}
    page = await site.browser().get(parts.path, headers=HTML)
    assert f'href="lightning:{main}"' in page.text


async def test_without_an_app_it_is_the_account_itself(site: Site) -> None:
    started = await start(site.browser())
    page = await site.browser().get(f"/login/lnurl/{started.session_id}", headers=HTML)
    assert 'id="match-app"' not in page.text
    assert shown(page, "match-service") == "HODLXXI"
    assert shown(page, "match-age") == "just now"
    site.clock.advance(130)
    again = await site.browser().get(f"/login/lnurl/{started.session_id}", headers=HTML)
    assert shown(again, "match-age") == "2 minutes ago"


async def test_unknown_expired_and_answered_ones_are_answered_alike(site: Site) -> None:
    answered, waiting = await start(site.browser()), await start(site.browser())
    await answer(site, new_wallet(), answered)
    site.clock.advance(299)
    phone = site.browser()
    assert (await phone.get(f"/login/lnurl/{waiting.session_id}")).status_code == 200
    site.clock.advance(1)
    told = []
    for session_id in (answered.session_id, waiting.session_id, "0" * 32, "x", waiting.session_id.upper()):
        page = await phone.get(f"/login/lnurl/{session_id}")
        told.append((page.status_code, page.json()["error"], page.json()["error_description"]))
    assert set(told) == {(404, "not_found", told[0][2])}
    assert "expired or was already used" in told[0][2]


async def test_an_apps_name_is_text(site: Site) -> None:
    browser = site.browser()
    name = '<script>alert("1")</script> & "Co"'
    login = await browser.get(await app_request(browser, name), headers={"User-Agent": FIREFOX})
    session_id = re.findall(r'data-session="([0-9a-f]{32})"', login.text)[0]
    page = await site.browser().get(f"/login/lnurl/{session_id}", headers=HTML)
    assert "<script>alert" not in page.text
    assert shown(page, "match-app") == name


async def test_one_address_may_look_so_often(make_site: Callable[..., Site]) -> None:
    site = make_site(rate_limit_login=2)
    started = await start(site.browser(address="203.0.113.77"))
    page = f"/login/lnurl/{started.session_id}"
    replies = [await site.browser().get(page) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]


async def test_without_script_the_code_for_the_camera_is_a_picture(site: Site) -> None:
    browser = site.browser()
    login = await browser.get("/login", headers=HTML)
    sources = re.findall(r'<img src="(/api/lnurl-auth/qr/[^"]+)"', login.text)
    assert len(sources) == 2
    drawn = [await browser.get(source) for source in sources]
    assert {one.headers["content-type"] for one in drawn} == {"image/svg+xml"}
    assert drawn[0].content != drawn[1].content
    assert (await site.browser().get(sources[1])).status_code == 404


def test_a_match_code_is_of_the_login_and_easy_to_read() -> None:
    codes = {match_code(f"{n:032x}") for n in range(2000)}
    assert len(codes) > 1990
    assert match_code("0f" * 16) == match_code("0f" * 16)
    assert not set("ILOU") & set("".join(codes))
    # Every place of it varies.
    for place in (0, 1, 2, 4, 5, 6):
        assert len({code[place] for code in codes}) == 32


@pytest.mark.parametrize("path", ["/login/lnurl/" + "0" * 32, "/login/lnurl/x"])
async def test_the_page_for_phones_takes_only_get(site: Site, path: str) -> None:
    assert (await site.browser().post(path, data={"csrf": "x"})).status_code == 405
