"""Signing in with Nostr over HTTP."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.identity.site import PUBLIC_URL, Site, ask_challenge, new_key, prove, sign_in, who
from tests.support.nostr_signer import account_of, event_of, header_of
from tests.support.signer import TestKey


def url_of(challenge_id: str) -> str:
    """What the event has to name."""
    return f"{PUBLIC_URL}/api/auth/nostr?challenge={challenge_id}"


async def send(
    client: httpx.AsyncClient, site: Site, key: TestKey, challenge_id: str, **more: Any
) -> httpx.Response:
    """Sign for a challenge and send it, now."""
    event = event_of(key, url_of(challenge_id), int(site.clock.now().timestamp()), **more)
    return await client.post("/api/auth/nostr", params={"challenge": challenge_id}, headers=header_of(event))


async def enter(client: httpx.AsyncClient, site: Site, key: TestKey) -> httpx.Response:
    """The whole sign-in of a program."""
    return await send(client, site, key, (await ask_challenge(client))["challenge_id"])


async def test_a_nostr_key_signs_in_and_is_an_account_of_its_kind(site: Site) -> None:
    key, browser = new_key(), site.browser()
    answer = await enter(browser, site, key)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["verified"], found["pubkey"], found["user"]["is_new"]) == (True, account_of(key), True)
    session = (await browser.get("/api/session")).json()
    assert (session["acr"], session["amr"]) == ("urn:hodlxxi:acr:key", ["pop", "nostr"])
    keys = (await browser.get("/api/keys")).json()["keys"]
    assert [(item["key"], item["kind"]) for item in keys] == [(account_of(key), "nostr")]
    again = await enter(site.browser(), site, key)
    assert again.json()["user"]["is_new"] is False


async def test_an_event_and_its_challenge_are_good_once(site: Site) -> None:
    """NIP-98 alone could be repeated for a minute."""
    key, browser = new_key(), site.browser()
    challenge = await ask_challenge(browser)
    event = event_of(key, url_of(challenge["challenge_id"]), int(site.clock.now().timestamp()))
    for status in (200, 401, 401):
        answer = await browser.post(
            "/api/auth/nostr", params={"challenge": challenge["challenge_id"]}, headers=header_of(event)
        )
        assert answer.status_code == status
    assert (await prove(browser, new_key(), challenge)).status_code == 401, "nor by a message"


async def test_a_challenge_that_a_message_used_is_used(site: Site) -> None:
    browser = site.browser()
    challenge = await ask_challenge(browser)
    assert (await prove(browser, new_key(), challenge)).status_code == 200
    assert (await send(site.browser(), site, new_key(), challenge["challenge_id"])).status_code == 401


async def test_unknown_expired_and_foreign_challenges_are_refused_alike(site: Site) -> None:
    browser = site.browser()
    await browser.get("/login")
    old = await ask_challenge(browser)
    texts = {(await send(browser, site, new_key(), "x" * 22)).json()["error_description"]}
    mine = await ask_challenge(browser)
    foreign = await send(site.browser(), site, new_key(), mine["challenge_id"])
    assert foreign.status_code == 401
    texts.add(foreign.json()["error_description"])
    site.clock.advance(timedelta(minutes=5, seconds=1))
    texts.add((await send(browser, site, new_key(), old["challenge_id"])).json()["error_description"])
    assert len(texts) == 1
    assert await who(browser) is None


async def test_a_text_for_somebody_else_is_not_answered_by_this_key(site: Site) -> None:
    key, browser = new_key(), site.browser()
    named = await ask_challenge(browser, pubkey=new_key().pubkey_hex)
    assert (await send(browser, site, key, named["challenge_id"])).status_code == 401
    own = await ask_challenge(browser, pubkey=account_of(key))
    assert (await send(browser, site, key, own["challenge_id"])).status_code == 200


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"method": "GET"}, 401),
        ({"kind": 1}, 401),
        ({"tags": [["u", "x"]]}, 401),
        ({"tags": [["t", "x"]] * 20}, 400),
    ],
)
async def test_what_is_wrong_with_an_event_is_told(site: Site, more: dict[str, Any], status: int) -> None:
    browser = site.browser()
    challenge = await ask_challenge(browser)
    answer = await send(browser, site, new_key(), challenge["challenge_id"], **more)
    assert answer.status_code == status
    assert await who(browser) is None
    # Nothing was spent.
    assert (await send(browser, site, new_key(), challenge["challenge_id"])).status_code == 200


async def test_the_address_is_ours_whatever_host_was_asked(site: Site) -> None:
    browser = site.browser()
    challenge_id = (await ask_challenge(browser))["challenge_id"]
    url = f"https://evil.example/api/auth/nostr?challenge={challenge_id}"
    event = event_of(new_key(), url, int(site.clock.now().timestamp()))
    headers = header_of(event) | {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    answer = await browser.post("/api/auth/nostr", params={"challenge": challenge_id}, headers=headers)
    assert answer.status_code == 401


async def test_a_body_must_be_named(site: Site) -> None:
    browser, key = site.browser(), new_key()
    challenge_id = (await ask_challenge(browser))["challenge_id"]
    event = event_of(key, url_of(challenge_id), int(site.clock.now().timestamp()))
    answer = await browser.post(
        "/api/auth/nostr", params={"challenge": challenge_id}, headers=header_of(event), json={"a": 1}
    )
    assert answer.status_code == 401
    assert "payload" in answer.json()["error_description"]


async def test_nothing_and_too_much_are_bad_input(site: Site) -> None:
    browser, key = site.browser(), new_key()
    event = header_of(event_of(key, url_of("x"), int(site.clock.now().timestamp())))
    for params, headers in (({}, event), ({"challenge": "x"}, {}), ({"challenge": "x" * 65}, event)):
        answer = await browser.post("/api/auth/nostr", params=params, headers=headers)
        assert answer.status_code == 400, answer.text
    twice = [("Authorization", event["Authorization"])] * 2
    assert (await browser.post("/api/auth/nostr?challenge=x", headers=twice)).status_code == 400


async def test_another_sites_page_cannot_sign_somebody_in(site: Site) -> None:
    browser, key = site.browser(), new_key()
    challenge_id = (await ask_challenge(browser))["challenge_id"]
    event = event_of(key, url_of(challenge_id), int(site.clock.now().timestamp()))
    headers = header_of(event) | {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    answer = await browser.post("/api/auth/nostr", params={"challenge": challenge_id}, headers=headers)
    assert answer.status_code == 403


async def test_a_refused_attempt_leaves_its_audit_row_and_no_secret(site: Site) -> None:
    browser, key = site.browser(), new_key()
    challenge_id = (await ask_challenge(browser))["challenge_id"]
    await send(browser, site, key, challenge_id, kind=1)
    rows = await site.rows(
        "SELECT details FROM audit_logs WHERE user_id = :u AND event_type = 'login_attempt'",
        u=account_of(key),
    )
    assert len(rows) == 1
    assert "kind" in str(rows[0].details)
    assert challenge_id not in str(rows[0].details)


async def page(browser: httpx.AsyncClient, next_path: str = "/account") -> dict[str, str]:
    """The hidden fields of the sign-in page."""
    text = (await browser.get("/login", params={"next": next_path})).text
    form = text[text.index('id="login-form"') :]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)[:3])


async def test_the_page_signs_in_and_shows_a_new_browser_as_whom(site: Site) -> None:
    """wallet 1: an extension signs for whatever page asks, so a new browser sees whose account it is in."""
    key, browser = new_key(), site.browser()
    for where in ("/login/landing?next=%2Faccount", "/account"):
        fields = await page(browser)
        event = event_of(key, url_of(fields["challenge_id"]), int(site.clock.now().timestamp()))
        answer = await browser.post("/login/nostr", data=fields | {"event": json.dumps(event)})
        assert (answer.status_code, answer.headers["location"]) == (303, where)
    assert await who(browser) == account_of(key)
    landing = await browser.get("/login/landing?next=%2Faccount")
    assert account_of(key) in landing.text


async def test_the_page_says_what_was_wrong(site: Site) -> None:
    browser = site.browser()
    fields = await page(browser)
    event = event_of(new_key(), url_of("another"), int(site.clock.now().timestamp()))
    for body, status in ((json.dumps(event), 401), ("{}", 400), ("", 400)):
        answer = await browser.post("/login/nostr", data=fields | {"event": body})
        assert answer.status_code == status
        assert 'id="login-error"' in answer.text
    assert (await browser.post("/login/nostr", data={"event": "{}"})).status_code == 403, "no token"


async def begin_link(browser: httpx.AsyncClient) -> str:
    """A link that waits for a key."""
    return str((await browser.post("/api/keys/links", json={})).json()["link_id"])


def link_event(site: Site, key: TestKey, link_id: str) -> dict[str, Any]:
    """What an extension signs for a link."""
    url = f"{PUBLIC_URL}/api/auth/nostr/link?link={link_id}"
    return event_of(key, url, int(site.clock.now().timestamp()))


async def test_a_nostr_key_is_added_after_it_was_confirmed(site: Site) -> None:
    """No silent linking: the proof alone adds nothing."""
    owner, nostr, browser = new_key(), new_key(), site.browser()
    await sign_in(browser, owner)
    link_id = await begin_link(browser)
    headers = header_of(link_event(site, nostr, link_id))
    answer = await browser.post("/api/auth/nostr/link", params={"link": link_id}, headers=headers)
    assert (answer.json()["proved"], answer.json()["key"]) == (True, account_of(nostr))
    assert len((await browser.get("/api/keys")).json()["keys"]) == 1
    assert (await browser.post("/api/keys", json={"link_id": link_id})).status_code == 201
    elsewhere = site.browser()
    assert (await enter(elsewhere, site, nostr)).json()["pubkey"] == owner.pubkey_hex


async def test_a_sign_in_event_links_nothing_and_a_link_event_signs_in_nobody(site: Site) -> None:
    owner, nostr, browser = new_key(), new_key(), site.browser()
    await sign_in(browser, owner)
    link_id, challenge_id = await begin_link(browser), (await ask_challenge(browser))["challenge_id"]
    login = event_of(nostr, url_of(challenge_id), int(site.clock.now().timestamp()))
    answer = await browser.post("/api/auth/nostr/link", params={"link": link_id}, headers=header_of(login))
    assert answer.status_code == 401
    answer = await browser.post(
        "/api/auth/nostr",
        params={"challenge": challenge_id},
        headers=header_of(link_event(site, nostr, link_id)),
    )
    assert answer.status_code == 401


async def test_a_link_is_its_sessions(site: Site) -> None:
    nostr, browser, other = new_key(), site.browser(), site.browser()
    await sign_in(browser, new_key())
    await sign_in(other, new_key())
    link_id = await begin_link(browser)
    headers = header_of(link_event(site, nostr, link_id))
    for client, status in ((other, 404), (site.browser(), 401)):
        answer = await client.post("/api/auth/nostr/link", params={"link": link_id}, headers=headers)
        assert answer.status_code == status
    for odd in ("x", "x" * 22, "\N{GREEK SMALL LETTER ALPHA}"):
        event = header_of(link_event(site, nostr, odd))
        answer = await browser.post("/api/auth/nostr/link", params={"link": odd}, headers=event)
        assert answer.status_code == 404


async def test_the_linking_page_leads_to_the_question(site: Site) -> None:
    nostr, browser = new_key(), site.browser()
    await sign_in(browser, new_key())
    text = (await browser.get("/account/keys/new")).text
    csrf = re.findall(r'name="csrf" value="([^"]+)"', text)[0]
    link_id = re.findall(r'name="link" value="([^"]+)"', text)[0]
    wrong = {"csrf": csrf, "link_id": link_id, "event": "{}"}
    assert (await browser.post("/account/keys/nostr", data=wrong)).status_code == 400
    good = wrong | {"event": json.dumps(link_event(site, nostr, link_id))}
    answer = await browser.post("/account/keys/nostr", data=good)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/account/keys/new?link={link_id}")
    assert "Nostr" in (await browser.get(answer.headers["location"])).text
