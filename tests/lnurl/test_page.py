"""A Lightning login without script: the sign-in page, its QR code and its button, on both engines."""

from __future__ import annotations

import asyncio
import re
import xml.etree.ElementTree as ElementTree

import httpx
import pytest

from tests.identity.site import Site, who
from tests.lnurl.steps import HOST, Started, answer, claim, new_wallet

FORM = "/login/lnurl"
# What the page that shows the key adds (``test_landing.py``).
CONFIRMED = {"confirm": "1"}


async def _open_page(
    browser: httpx.AsyncClient, next_path: str = "/account"
) -> tuple[Started, dict[str, str]]:
    """What a browser without script makes of the page: the login that it shows, and the fields of its form."""
    page = await browser.get("/login", params={"next": next_path}, headers={"Accept": "text/html"})
    assert page.status_code == 200
    (form,) = re.findall(r'<form[^>]*action="/login/lnurl".*?</form>', page.text, re.DOTALL)
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    assert set(fields) == {"csrf", "session_id", "next"}
    (lnurl,) = re.findall(r'href="lightning:(LNURL1[0-9A-Z]+)"', page.text)
    return Started(fields["session_id"], lnurl, "", ""), fields


async def test_a_browser_without_script_signs_in(site: Site) -> None:
    wallet, browser = new_wallet(), site.browser()
    started, fields = await _open_page(browser)
    waiting = await browser.post(FORM, data=fields)
    assert waiting.status_code == 200
    assert "Your wallet has not signed yet." in waiting.text
    (form,) = re.findall(r'<form[^>]*action="/login/lnurl".*?</form>', waiting.text, re.DOTALL)
    assert dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)) == fields
    assert await answer(site, wallet, started) == {"status": "OK"}
    reply = await browser.post(FORM, data=fields | CONFIRMED)
    assert (reply.status_code, reply.headers["location"]) == (303, "/account")
    assert reply.headers["cache-control"] == "no-store"
    assert await who(browser) == wallet.pubkey_hex(HOST)


async def test_the_page_shows_its_code_to_its_own_browser_only(site: Site) -> None:
    browser, other = site.browser(), site.browser()
    started, _ = await _open_page(browser)
    another, _ = await _open_page(other)
    drawn = await browser.get(started.qr)
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert drawn.headers["cache-control"] == "no-store"
    assert ElementTree.fromstring(drawn.text).tag == "{http://www.w3.org/2000/svg}svg"
    assert (await browser.get(started.qr)).content == drawn.content
    assert (await other.get(another.qr)).content != drawn.content
    for path in (started.qr, "/api/lnurl-auth/qr/" + "0" * 32, "/api/lnurl-auth/qr/x"):
        refused = await other.get(path)
        assert (refused.status_code, refused.json()["error"]) == (404, "not_found")


async def test_loading_the_page_again_ends_the_earlier_code(site: Site) -> None:
    browser = site.browser()
    first, _ = await _open_page(browser)
    second, fields = await _open_page(browser)
    wallet = new_wallet()
    assert (await answer(site, wallet, first))["status"] == "ERROR"
    assert await answer(site, wallet, second) == {"status": "OK"}
    assert (await browser.post(FORM, data=fields | CONFIRMED)).status_code == 303


async def test_another_browser_cannot_press_the_button(site: Site) -> None:
    browser, thief = site.browser(), site.browser()
    started, fields = await _open_page(browser)
    _, thiefs = await _open_page(thief)
    await answer(site, new_wallet(), started)
    for forged in (fields, thiefs | {"session_id": started.session_id}):
        reply = await thief.post(FORM, data=forged | CONFIRMED)
        assert reply.status_code in (200, 403)
        assert "session" not in thief.cookies
    assert await who(thief) is None
    assert (await browser.post(FORM, data=fields | CONFIRMED)).status_code == 303


@pytest.mark.parametrize("csrf", [None, "", "x", "x" * 43])
async def test_a_form_from_another_site_claims_nothing(site: Site, csrf: str | None) -> None:
    browser = site.browser()
    started, fields = await _open_page(browser)
    await answer(site, new_wallet(), started)
    forged = {
        name: value for name, value in (fields | CONFIRMED | {"csrf": csrf}).items() if value is not None
    }
    reply = await browser.post(FORM, data=forged)
    assert (reply.status_code, reply.json()["error"]) == (403, "csrf")
    assert await who(browser) is None
    assert (await browser.post(FORM, data=fields | CONFIRMED)).status_code == 303


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"]
)
async def test_the_way_on_is_ours(site: Site, elsewhere: str) -> None:
    """MUST 4: the return path of a Lightning login."""
    browser = site.browser()
    started, fields = await _open_page(browser)
    await answer(site, new_wallet(), started)
    reply = await browser.post(FORM, data=fields | CONFIRMED | {"next": elsewhere})
    assert (reply.status_code, reply.headers["location"]) == (303, "/")


async def test_what_is_over_leads_to_a_new_code(site: Site) -> None:
    browser = site.browser()
    _, fields = await _open_page(browser)
    unknown = await browser.post(FORM, data=fields | {"session_id": "0" * 32})
    site.clock.advance(300)
    expired = await browser.post(FORM, data=fields)
    for page in (unknown, expired):
        assert page.status_code == 200
        assert "This login has expired. Start again." in page.text
        assert 'href="/login?next=/account"' in page.text


@pytest.mark.parametrize(
    ("spoil", "status"),
    [
        pytest.param({"session_id": ["a", "b"]}, 400, id="repeated"),
        pytest.param({"session_id": ""}, 200, id="empty"),
        pytest.param({"session_id": "x" * 5000}, 200, id="long"),
        pytest.param({"session_id": "a\0"}, 400, id="NUL"),
    ],
)
async def test_a_bad_form_is_no_bug(site: Site, spoil: dict[str, str | list[str]], status: int) -> None:
    browser = site.browser()
    _, fields = await _open_page(browser)
    assert (await browser.post(FORM, data=fields | spoil)).status_code == status


async def test_a_button_pressed_twice_leads_on_twice(site: Site) -> None:
    browser = site.browser()
    started, fields = await _open_page(browser)
    await answer(site, new_wallet(), started)
    replies = await asyncio.gather(*(browser.post(FORM, data=fields | CONFIRMED) for _ in range(2)))
    assert [(reply.status_code, reply.headers["location"]) for reply in replies] == [(303, "/account")] * 2
    assert await site.rows(
        "SELECT count(*) FROM sessions s JOIN lnurl_challenges c ON c.user_id = s.user_id"
        " WHERE c.session_id = :i",
        i=started.session_id,
    ) == [(1,)]


async def test_the_page_and_the_api_are_one_login(site: Site) -> None:
    browser = site.browser()
    started, fields = await _open_page(browser)
    await answer(site, new_wallet(), started)
    assert (await claim(browser, started))["verified"] is True
    again = await browser.post(FORM, data=fields)
    assert again.status_code == 200
    assert await who(browser) is not None
