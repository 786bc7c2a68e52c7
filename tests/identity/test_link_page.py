"""The page that adds a key, without script, on both engines."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx

from tests.identity.people import new_owner
from tests.identity.site import Site, new_key, who
from tests.support.signer import TestKey

PATH = "/account/keys/new"


def hidden(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of the page's form for a signature, or for a confirmation."""
    form = re.search(r'<form class="stack" id="link-form".*?</form>', page.text, re.DOTALL) or re.search(
        r'<form id="login-form".*?</form>', page.text, re.DOTALL
    )
    assert form, page.text
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[0]))


def text_of(page: httpx.Response) -> str:
    """The text to sign."""
    found = re.search(r'id="login-message"[^>]*>([^<]*)</textarea>', page.text)
    assert found
    return found[1]


async def submit_proof(browser: httpx.AsyncClient, key: TestKey, page: httpx.Response) -> httpx.Response:
    """Sign the text on the page and send its form."""
    form = hidden(page) | {"address": key.p2wpkh(), "signature": key.sign_compact(text_of(page))}
    return await browser.post(PATH, data=form)


async def test_a_key_is_added_with_plain_forms(site: Site) -> None:
    owner, second = await new_owner(site), new_key()
    proved = await submit_proof(owner.browser, second, await owner.browser.get(PATH))
    assert proved.status_code == 303
    question = await owner.browser.get(proved.headers["location"])
    assert question.status_code == 200
    assert f'title="{second.pubkey_hex}"' in question.text
    assert "(Bitcoin wallet) to your account" in question.text
    answer = await owner.browser.post(PATH, data=hidden(question) | {"label": "Phone"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/account?done=linked")
    account = await owner.browser.get("/account?done=linked")
    assert "The key was added." in account.text
    assert "Phone" in account.text
    assert await who(await owner.elsewhere(second)) == owner.pubkey


async def test_nobody_and_a_stale_sign_in_sign_in_first(site: Site) -> None:
    owner = await new_owner(site)
    login = "/login?next=%2Faccount%2Fkeys%2Fnew"
    assert (await site.browser().get(PATH)).headers["location"] == login
    site.clock.advance(timedelta(minutes=6))
    assert (await owner.browser.get(PATH)).headers["location"] == login
    page = await owner.browser.get(login)
    challenge = re.search(r'name="challenge_id" value="([^"]*)"', page.text)
    assert challenge
    csrf = re.search(r'name="csrf" value="([^"]*)"', page.text)
    assert csrf
    form = {
        "csrf": csrf[1],
        "challenge_id": challenge[1],
        "next": PATH,
        "pubkey": owner.pubkey,
        "signature": owner.keys[0].sign_compact(text_of(page)),
    }
    answer = await owner.browser.post("/login", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, PATH)
    assert (await owner.browser.get(PATH)).status_code == 200


async def test_a_wrong_signature_stands_on_the_page_with_the_same_text(site: Site) -> None:
    owner, second = await new_owner(site), new_key()
    page = await owner.browser.get(PATH)
    form = hidden(page) | {"address": second.p2wpkh(), "signature": second.sign_compact("another text")}
    again = await owner.browser.post(PATH, data=form)
    assert again.status_code == 401
    assert 'id="link-error"' in again.text
    assert text_of(again) == text_of(page)
    assert f'value="{second.p2wpkh()}"' in again.text
    assert (await submit_proof(owner.browser, second, again)).status_code == 303


async def test_a_key_that_has_an_account_is_shown_the_way_out_before_anybody_confirms(site: Site) -> None:
    owner, other = await new_owner(site), await new_owner(site)
    proved = await submit_proof(owner.browser, other.keys[0], await owner.browser.get(PATH))
    page = await owner.browser.get(proved.headers["location"])
    assert page.status_code == 409
    assert 'data-code="key_taken"' in page.text
    assert 'id="link-form"' not in page.text


async def test_an_expired_link_starts_anew_and_says_so(site: Site) -> None:
    owner, second = await new_owner(site), new_key()
    page = await owner.browser.get(PATH)
    site.clock.advance(timedelta(minutes=5))
    again = await submit_proof(owner.browser, second, page)
    assert again.status_code == 404
    assert 'data-code="link_expired"' in again.text
    assert text_of(again) != text_of(page)


async def test_another_sites_form_adds_no_key(site: Site) -> None:
    """link 6: another site's page cannot use this person's session."""
    owner, second = await new_owner(site), new_key()
    page = await owner.browser.get(PATH)
    for csrf in ("", "x", hidden(await (await new_owner(site)).browser.get(PATH))["csrf"]):
        form = hidden(page) | {"csrf": csrf, "pubkey": second.pubkey_hex, "signature": "AA=="}
        assert (await owner.browser.post(PATH, data=form)).status_code == 403


async def test_the_account_asks_for_a_second_way_in_until_there_is_one(site: Site) -> None:
    owner = await new_owner(site)
    assert 'id="one-key"' in (await owner.browser.get("/account")).text
    await owner.link()
    assert 'id="one-key"' not in (await owner.browser.get("/account")).text
    careful = await new_owner(site)
    await careful.browser.post("/api/recovery-codes")
    assert 'id="one-key"' not in (await careful.browser.get("/account")).text


async def test_whoever_recovered_an_account_is_led_to_a_new_key(site: Site) -> None:
    owner = await new_owner(site)
    codes = (await owner.browser.post("/api/recovery-codes")).json()["codes"]
    browser = site.browser()
    for code, next_path, led_to in ((codes[0], "/", PATH), (codes[1], "/account", "/account")):
        page = await browser.get("/login")
        csrf = re.search(r'name="csrf" value="([^"]*)"', page.text)
        assert csrf
        form = {"csrf": csrf[1], "next": next_path, "recovery_code": code}
        answer = await browser.post("/login", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, led_to)
    assert 'id="link-recovered"' in (await browser.get(PATH)).text
