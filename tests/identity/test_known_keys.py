"""The development test signer (the provider's reference, §8.1): what it does, and each of its guards."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import httpx
import pytest

from hodlxxi.app import TEST_BANNER
from hodlxxi.bitcoin.known_keys import KNOWN_NUMBERS, is_known_key, known_pubkey
from tests.identity.site import Site, ask_challenge, prove, who
from tests.identity.test_login_page import HTML, Page
from tests.lnurl.steps import claim, start, told
from tests.support.signer import TestKey

LOCAL = "http://localhost:5000"


def everybodys_key(number: int) -> TestKey:
    """The same key, made from what its file says."""
    return TestKey(sha256(f"HODLXXI development test key {number}".encode()).digest())


@pytest.fixture
def dev(make_site: Callable[..., Site]) -> Site:
    """A developer's server."""
    return make_site(public_url=LOCAL, hodlxxi_dev_test_signer=True)


async def _open(browser: httpx.AsyncClient, **headers: str) -> httpx.Response:
    answer = await browser.get("/login", params={"next": "/after"}, headers=HTML | headers)
    assert answer.status_code == 200, answer.text
    return answer


async def _press(browser: httpx.AsyncClient, page: httpx.Response, number: str = "3") -> httpx.Response:
    """Press the button, or send what it would send where there is none."""
    form = Page(page).forms
    fields = form.get("test-form", {name: form["login-form"][name] for name in ("csrf", "challenge_id")})
    return await browser.post("/login", data=fields | {"test_key": number}, headers=HTML)


def test_the_ten_keys_never_change() -> None:
    assert [known_pubkey(n) for n in KNOWN_NUMBERS] == [everybodys_key(n).pubkey_hex for n in range(10)]
    assert len({known_pubkey(n) for n in KNOWN_NUMBERS}) == 10
    assert not is_known_key(TestKey(1).pubkey_hex)


@pytest.mark.parametrize("number", ["0", "3", "9"])
async def test_the_button_signs_in_by_the_normal_path(dev: Site, number: str) -> None:
    browser = dev.browser("127.0.0.1")
    page = await _open(browser)
    assert {"test-sign-in", "test-form", "test-key"} <= Page(page).ids
    answer = await _press(browser, page, number)
    assert (answer.status_code, answer.headers["location"]) == (303, "/after")
    session = (await browser.get("/api/session")).json()
    assert session["pubkey"] == known_pubkey(int(number))
    assert (session["amr"], session["acr"]) == (["test"], "urn:hodlxxi:acr:none")
    # The text that was signed is spent: nothing went past the challenge.
    assert (await _press(dev.browser("127.0.0.1"), page, number)).status_code == 403
    (spent,) = await dev.rows(
        "SELECT used_at FROM login_challenges WHERE challenge_id = :c",
        c=Page(page).forms["test-form"]["challenge_id"],
    )
    assert spent.used_at is not None


async def test_a_text_is_spent_by_the_test_signer_too(dev: Site) -> None:
    browser = dev.browser("127.0.0.1")
    page = await _open(browser)
    assert (await _press(browser, page)).status_code == 303
    again = await _press(browser, page)
    assert again.status_code == 401
    assert "login-error" in Page(again).ids


@pytest.mark.parametrize("number", ["10", "-1", "x", "٣", "0 OR 1"])
async def test_there_are_only_ten_keys(dev: Site, number: str) -> None:
    browser = dev.browser("127.0.0.1")
    answer = await _press(browser, await _open(browser), number)
    assert answer.status_code == 400
    assert await who(browser) is None


async def test_another_browsers_text_is_not_signed(dev: Site) -> None:
    theirs = Page(await _open(dev.browser("127.0.0.1"))).forms["test-form"]["challenge_id"]
    browser = dev.browser("127.0.0.1")
    form = Page(await _open(browser)).forms["test-form"] | {"challenge_id": theirs, "test_key": "1"}
    assert (await browser.post("/login", data=form, headers=HTML)).status_code == 401
    assert await who(browser) is None


async def test_the_form_needs_its_token(dev: Site) -> None:
    browser = dev.browser("127.0.0.1")
    form = Page(await _open(browser)).forms["test-form"] | {"csrf": "guessed", "test_key": "1"}
    assert (await browser.post("/login", data=form, headers=HTML)).status_code == 403


async def test_a_big_banner_is_on_every_page(dev: Site, site: Site) -> None:
    for path in ("/", "/login", "/nothing-here"):
        assert TEST_BANNER in (await dev.browser("127.0.0.1").get(path, headers=HTML)).text
        assert "banner" not in (await site.browser("127.0.0.1").get(path, headers=HTML)).text


# -- guard: the request comes from this machine


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        pytest.param("203.0.113.9", {}, id="another-machine"),
        pytest.param("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, id="through-a-proxy"),
        pytest.param("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, id="through-a-proxy-of-the-new-kind"),
        pytest.param("127.0.0.1", {"Via": "1.1 tunnel"}, id="through-a-gateway"),
        pytest.param("127.0.0.1", {"Host": "dev.example.org"}, id="through-a-tunnel"),
        pytest.param("127.0.0.1", {"Host": "localhost.example.org"}, id="a-foreign-name-for-this-machine"),
    ],
)
async def test_for_other_machines_there_is_no_test_signer(
    dev: Site, address: str, headers: dict[str, str]
) -> None:
    browser = dev.browser(address)
    browser.headers.update(headers)
    page = await _open(browser)
    assert "test-sign-in" not in Page(page).ids
    answer = await _press(browser, page)
    assert answer.status_code == 404
    assert "set-cookie" not in answer.headers


async def test_a_listener_that_others_reach_has_no_test_signer(dev: Site) -> None:
    """Should somebody start the application with another server than ours, which judges the listener at the start."""
    transport = httpx.ASGITransport(dev.app, client=("127.0.0.1", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://192.0.2.1:5000") as browser:
        browser.headers["Host"] = "localhost:5000"
        page = await _open(browser)
        assert "test-sign-in" not in Page(page).ids
        assert (await _press(browser, page)).status_code == 404


# -- guard: without the switch there is none, and its keys are worth nothing


async def test_without_the_switch_there_is_no_test_signer(make_site: Callable[..., Site]) -> None:
    browser = make_site(public_url=LOCAL).browser("127.0.0.1")
    page = await _open(browser)
    assert "test-sign-in" not in Page(page).ids
    assert (await _press(browser, page)).status_code == 404


async def test_without_the_switch_the_keys_do_not_sign_in_by_message(site: Site) -> None:
    browser, key = site.browser(), everybodys_key(4)
    answer = await prove(browser, key, await ask_challenge(browser))
    assert answer.status_code == 403
    assert answer.json()["error"] == "test_key"
    by_address = await prove(browser, key, await ask_challenge(browser), pubkey=None, address=key.p2pkh())
    assert by_address.json()["error"] == "test_key"
    assert await site.rows("SELECT 1 FROM users WHERE pubkey = :k", k=key.pubkey_hex) == []
    (last,) = await site.rows(
        "SELECT event_type, success, details FROM audit_logs WHERE user_id = :k ORDER BY id DESC LIMIT 1",
        k=key.pubkey_hex,
    )
    assert (last.event_type, bool(last.success)) == ("login_attempt", False)
    assert "test_key" in last.details


async def test_without_the_switch_the_keys_do_not_sign_in_by_the_seeds_form(site: Site) -> None:
    browser, key = site.browser(), everybodys_key(5)
    text = f"Login to HODLXXI at {site.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    body = {"pubkey": key.pubkey_hex, "message": text, "signature": key.sign_rs(text)}
    assert (await browser.post("/verify_signature", json=body)).json()["error"] == "test_key"


async def _answer_by_lightning(site: Site, browser: httpx.AsyncClient, key: TestKey) -> dict[str, str]:
    started = await start(browser)
    signature = key.private.sign(bytes.fromhex(started.k1), hasher=None).hex()
    query = {"k1": started.k1, "sig": signature, "key": key.pubkey_hex}
    reply = told(await site.browser("127.0.0.1").get(started.callback, params=query))
    if reply == {"status": "OK"}:
        await claim(browser, started)
    return reply


async def test_without_the_switch_the_keys_do_not_sign_in_by_lightning(site: Site) -> None:
    browser, key = site.browser(), everybodys_key(6)
    reply = await _answer_by_lightning(site, browser, key)
    assert "Everybody" in reply["reason"]
    assert await who(browser) is None
    assert await site.rows("SELECT 1 FROM users WHERE pubkey = :k", k=key.pubkey_hex) == []


async def test_with_the_switch_a_wallet_that_holds_such_a_key_is_still_called_a_test(dev: Site) -> None:
    """Whatever way it takes: no app may believe that somebody proved something."""
    by_lightning, by_message, key = dev.browser("127.0.0.1"), dev.browser("127.0.0.1"), everybodys_key(7)
    assert await _answer_by_lightning(dev, by_lightning, key) == {"status": "OK"}
    assert (await prove(by_message, key, await ask_challenge(by_message))).status_code == 200
    for browser in (by_lightning, by_message):
        session = (await browser.get("/api/session")).json()
        assert (session["pubkey"], session["amr"]) == (key.pubkey_hex, ["test"])
        assert session["acr"] == "urn:hodlxxi:acr:none"


async def test_a_session_of_such_a_key_ends_with_the_switch(
    dev: Site, make_site: Callable[..., Site]
) -> None:
    browser = dev.browser("127.0.0.1")
    await _press(browser, await _open(browser), "8")
    for is_on, expected in ((True, known_pubkey(8)), (False, None)):
        later = make_site(public_url=LOCAL, hodlxxi_dev_test_signer=is_on).browser("127.0.0.1")
        later.cookies.set("session", browser.cookies["session"], domain="localhost.local")
        assert await who(later) == expected
