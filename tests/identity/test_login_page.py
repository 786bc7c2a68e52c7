"""The sign-in page as a browser without JavaScript uses it: a form, a cookie, and a token that other sites cannot know."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser

import httpx
import pytest

from tests.identity.site import PUBLIC_URL, Site, new_key, sign_in, who
from tests.support.signer import TestKey

HTML = {"Accept": "text/html"}


class Page(HTMLParser):
    """The fields of a page's forms by the form's id, its ids, and the text of its first text area."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self.ids: set[str] = set()
        self.text = ""
        self._form = ""
        self._in_text = False
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids.add(found.get("id", ""))
        if tag == "form":
            self._form = found.get("id") or found.get("action", "")
            self.forms[self._form] = {}
        if tag in ("input", "textarea", "button") and "name" in found and self._form:
            self.forms[self._form][found["name"]] = found.get("value", "")
        self._in_text = tag == "textarea" and not self.text

    def handle_endtag(self, tag: str) -> None:
        self._in_text = False

    def handle_data(self, data: str) -> None:
        if self._in_text:
            self.text += data


async def _open(browser: httpx.AsyncClient, **query: str) -> Page:
    answer = await browser.get("/login", params=query, headers=HTML)
    assert answer.status_code == 200, answer.text
    return Page(answer)


async def _submit(browser: httpx.AsyncClient, page: Page, key: TestKey, **changes: str) -> httpx.Response:
    form = (
        page.forms["login-form"]
        | {"pubkey": key.pubkey_hex, "signature": key.sign_compact(page.text)}
        | changes
    )
    form.pop("decision", None) if "decision" not in changes else None
    return await browser.post("/login", data=form, headers=HTML | {"Origin": PUBLIC_URL})


async def test_somebody_signs_in_without_javascript_and_goes_on_where_they_wanted(site: Site) -> None:
    key, browser = new_key(), site.browser()
    page = await _open(browser, next="/account?x=1&y=2")
    assert "with your Bitcoin account:\nthe key that signs this text\n" in page.text
    answer = await _submit(browser, page, key)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account?x=1&y=2")
    assert answer.headers["cache-control"] == "no-store"
    assert await who(browser) == key.pubkey_hex


@pytest.mark.parametrize("kind", ["p2pkh", "p2sh_p2wpkh", "p2wpkh"])
async def test_pasted_spaces_and_line_ends_around_the_fields_do_no_harm(site: Site, kind: str) -> None:
    key, browser = new_key(), site.browser()
    page = await _open(browser)
    signature = key.sign_compact(page.text)
    changes = {"pubkey": "", "address": f" {getattr(key, kind)()}\r\n", "signature": f"\r\n {signature} \r\n"}
    assert (await _submit(browser, page, key, **changes)).status_code == 303
    assert await who(browser) == key.pubkey_hex


@pytest.mark.parametrize(
    "where", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
async def test_sign_in_never_leads_to_another_site(site: Site, where: str) -> None:
    """MUST 4: the sign-in page."""
    key, browser = new_key(), site.browser()
    page = await _open(browser, next=where)
    assert page.forms["login-form"]["next"] == "/"
    answer = await _submit(browser, page, key, next=where)
    assert answer.headers["location"] == "/"


async def test_what_was_wrong_is_said_on_a_fresh_page_that_keeps_what_was_typed(site: Site) -> None:
    key, browser = new_key(), site.browser()
    page = await _open(browser, next="/account")
    answer = await _submit(browser, page, key, signature=new_key().sign_compact("x"))
    assert answer.status_code == 401
    again = Page(answer)
    assert "login-error" in again.ids
    assert again.forms["login-form"]["pubkey"] == key.pubkey_hex
    assert again.forms["login-form"]["next"] == "/account"
    assert again.forms["login-form"]["challenge_id"] != page.forms["login-form"]["challenge_id"]
    assert (await _submit(browser, again, key)).headers["location"] == "/account"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"pubkey": "nonsense"}, 400),
        ({"pubkey": "", "address": ""}, 400),
        ({"signature": ""}, 400),
        ({"signature": "no base64 at all!"}, 400),
        ({"challenge_id": ""}, 400),
        ({"challenge_id": "no-such-id"}, 401),
        ({"pubkey": "<script>alert(1)</script>"}, 400),
        ({"address": '"><img src=x onerror=alert(1)>', "pubkey": ""}, 400),
    ],
)
async def test_every_mistake_is_a_page_and_nothing_typed_becomes_markup(
    site: Site, changes: dict[str, str], status: int
) -> None:
    key, browser = new_key(), site.browser()
    answer = await _submit(browser, await _open(browser), key, **changes)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert "login-error" in Page(answer).ids
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text
    assert await who(browser) is None


@pytest.mark.parametrize("token", ["", "A" * 43, "é"])
async def test_a_form_of_another_site_signs_nobody_in(site: Site, token: str) -> None:
    key, browser = new_key(), site.browser()
    answer = await _submit(browser, await _open(browser), key, csrf=token)
    assert answer.status_code == 403
    assert await who(browser) is None


async def test_a_token_of_another_browser_is_refused(site: Site) -> None:
    key, victim, thief = new_key(), site.browser(), site.browser()
    await _open(victim)
    page = await _open(thief)
    assert (await _submit(victim, page, key)).status_code == 403
    assert (await _submit(site.browser(), page, key)).status_code == 403


async def test_a_page_opened_before_somebody_signed_in_elsewhere_still_works(site: Site) -> None:
    key, browser = new_key(), site.browser()
    page = await _open(browser)
    await sign_in(browser, key)
    assert (await _submit(browser, page, key)).status_code == 303


async def test_the_text_on_the_page_belongs_to_this_browser(site: Site) -> None:
    key, browser, other = new_key(), site.browser(), site.browser()
    page = await _open(browser)
    body = {
        "pubkey": key.pubkey_hex,
        "challenge_id": page.forms["login-form"]["challenge_id"],
        "signature": key.sign_compact(page.text),
    }
    assert (await other.post("/verify_signature", json=body)).status_code == 401
    assert (await browser.post("/verify_signature", json=body)).status_code == 200


@pytest.mark.parametrize(("url", "secure"), [(PUBLIC_URL, True), ("http://localhost:5000", False)])
async def test_a_new_browser_gets_its_cookie_once(
    make_site: Callable[..., Site], url: str, secure: bool
) -> None:
    browser = make_site(public_url=url).browser()
    first = await browser.get("/login", headers=HTML)
    (line,) = (text for text in first.headers.get_list("set-cookie") if text.startswith("browser="))
    assert "HttpOnly" in line
    assert "samesite=lax" in line.lower()
    assert ("Secure" in line) is secure
    second = await browser.get("/login", headers=HTML)
    assert not [text for text in second.headers.get_list("set-cookie") if text.startswith("browser=")]


async def test_signing_out_by_the_form_of_a_page_ends_the_session(site: Site) -> None:
    key, browser = new_key(), site.browser()
    assert (await _submit(browser, await _open(browser), key)).status_code == 303
    home = Page(await browser.get("/", headers=HTML))
    (form,) = (fields for name, fields in home.forms.items() if name == "/logout" or "logout" in name)
    answer = await browser.post("/logout", data=form, headers=HTML | {"Origin": PUBLIC_URL})
    assert answer.status_code == 200
    assert "logged-out" in Page(answer).ids
    assert await who(browser) is None


async def test_the_page_is_not_stored_and_holds_no_script_of_its_own(site: Site) -> None:
    answer = await site.browser().get("/login", headers=HTML)
    assert answer.headers["cache-control"] == "no-store"
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert " onclick=" not in answer.text
    assert " style=" not in answer.text


async def test_too_many_pages_for_one_address_are_put_off(make_site: Callable[..., Site]) -> None:
    site = make_site(rate_limit_login=3)
    browser = site.browser("198.51.100.99")
    statuses = [(await browser.get("/login", headers=HTML)).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]


@pytest.mark.parametrize(
    "body", [b"%ff", b"a=1&a=2&csrf=x&csrf=y", b"csrf=%00", b"&" * 300, b"csrf=" + b"x" * 70_000]
)
async def test_a_form_that_is_none_is_a_4xx(site: Site, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert 400 <= (await site.browser().post("/login", content=body, headers=headers)).status_code < 500


@pytest.mark.parametrize("query", ["next=%ff", "next=/a&next=/b", "next=%00", "x=" + "y" * 17_000])
async def test_a_query_that_is_none_is_a_4xx(site: Site, query: str) -> None:
    assert 400 <= (await site.browser().get(f"/login?{query}", headers=HTML)).status_code < 500
