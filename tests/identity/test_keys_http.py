"""The keys of an account over HTTP, on both engines: seen, named, and taken off without locking anybody out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.identity.people import STALE, new_owner, refusal
from tests.identity.site import PUBLIC_URL, Site, ask_challenge, new_key, prove, sign_in, who
from tests.lnurl.steps import HOST, answer, claim, new_wallet, start


async def test_a_person_sees_their_keys_and_nobody_elses(site: Site) -> None:
    owner = await new_owner(site)
    second = await owner.link("lnurl")
    await new_owner(site)
    found = (await owner.browser.get("/api/keys")).json()["keys"]
    assert {key["key"]: (key["kind"], key["label"], key["current"]) for key in found} == {
        owner.pubkey: ("message", None, True),
        second.pubkey_hex: ("lnurl", None, False),
    }
    by_key = {key["key"]: key for key in found}
    assert by_key[owner.pubkey]["added_at"] == by_key[owner.pubkey]["last_used_at"] == "2042-01-05T12:00:00Z"
    assert by_key[second.pubkey_hex]["last_used_at"] is None


async def test_a_key_gets_a_label_and_loses_it(site: Site) -> None:
    owner = await new_owner(site)
    path = f"/api/keys/{owner.pubkey}"
    for label, kept in (
        ("Hardware wallet 🦊", "Hardware wallet 🦊"),
        (None, None),
        ("  x ", "x"),
        ("", None),
    ):
        answer = await owner.browser.put(path, json={"label": label})
        assert (answer.status_code, answer.json()) == (200, {"key": owner.pubkey, "label": kept})
        assert (await owner.browser.get("/api/keys")).json()["keys"][0]["label"] == kept
    assert await owner.events() == [("key_renamed", True)] * 4


@pytest.mark.parametrize(
    "body", [{}, {"label": "x" * 61}, {"label": "a\u202eb"}, {"label": 7}, {"label": []}]
)
async def test_a_label_that_is_none_is_refused(site: Site, body: dict[str, object]) -> None:
    owner = await new_owner(site)
    answer = await owner.browser.put(f"/api/keys/{owner.pubkey}", json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, "label")


async def test_a_removed_key_signs_in_no_more_and_its_sessions_end(site: Site) -> None:
    """wallet 4: a removed key signs in no more."""
    owner = await new_owner(site)
    lost = await owner.link()
    thief = await owner.elsewhere(lost)
    assert await who(thief) == owner.pubkey
    answer = await owner.browser.delete(f"/api/keys/{lost.pubkey_hex}")
    assert (answer.status_code, answer.json()) == (200, {"removed": lost.pubkey_hex, "sessions_ended": 1})
    assert await who(thief) is None
    assert await who(owner.browser) == owner.pubkey
    assert [key["key"] for key in (await owner.browser.get("/api/keys")).json()["keys"]] == [owner.pubkey]
    # It is free: whoever holds it opens an account of its own.
    await sign_in(thief, lost)
    assert await who(thief) == lost.pubkey_hex


async def test_an_accounts_first_key_does_not_come_back_after_it_was_removed(site: Site) -> None:
    """It names the account for ever: signing in with it must neither lead into the account nor open another."""
    owner = await new_owner(site)
    second = await owner.link()
    browser = await owner.elsewhere(second)
    assert (await browser.delete(f"/api/keys/{owner.pubkey}")).status_code == 200
    assert await who(owner.browser) is None
    answer = await prove(owner.browser, owner.keys[0], await ask_challenge(owner.browser))
    assert refusal(answer) == (403, "key_removed")
    assert [key["key"] for key in (await browser.get("/api/keys")).json()["keys"]] == [second.pubkey_hex]
    assert await who(browser) == owner.pubkey  # the account's name is still the same


async def test_a_key_that_is_removed_while_the_browser_waits_signs_in_nobody(site: Site) -> None:
    wallet, browser = new_wallet(), site.browser()
    started = await start(browser)
    assert await answer(site, wallet, started) == {"status": "OK"}
    await site.write("DELETE FROM user_keys WHERE key = :k", k=wallet.pubkey_hex(HOST))
    assert await claim(browser, started) == {"verified": False}


async def test_the_last_key_cannot_be_removed(site: Site) -> None:
    """wallet 4: the last key stays."""
    owner = await new_owner(site)
    codes = (await owner.browser.post("/api/recovery-codes")).json()["codes"]
    browser = site.browser()
    assert (await browser.post("/api/auth/recovery", json={"code": codes[0]})).status_code == 200
    assert refusal(await browser.delete(f"/api/keys/{owner.pubkey}")) == (409, "last_key")
    assert (await owner.events())[-1] == ("key_removed", False)
    assert await who(owner.browser) == owner.pubkey


async def test_the_key_that_one_is_signed_in_with_cannot_be_removed(site: Site) -> None:
    owner = await new_owner(site)
    await owner.link()
    assert refusal(await owner.browser.delete(f"/api/keys/{owner.pubkey}")) == (409, "key_in_use")
    assert len((await owner.browser.get("/api/keys")).json()["keys"]) == 2


async def test_removing_a_key_needs_a_fresh_proof(site: Site) -> None:
    owner = await new_owner(site)
    path = f"/api/keys/{(await owner.link()).pubkey_hex}"
    site.clock.advance(STALE)
    answer = await owner.browser.delete(path)
    assert refusal(answer) == (403, "reauthentication_required")
    assert "/login?next=/account" in answer.json()["error_description"]
    await sign_in(owner.browser, owner.keys[0])
    assert (await owner.browser.delete(path)).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("whose", ["a-strangers", "nobodys", "no-key"])
async def test_another_persons_key_is_not_there(site: Site, method: str, whose: str) -> None:
    owner, stranger = await new_owner(site), await new_owner(site)
    await stranger.link()
    key = {"a-strangers": stranger.pubkey, "nobodys": new_key().pubkey_hex, "no-key": "x' OR 1=1 --"}[whose]
    answer = await owner.browser.request(method, f"/api/keys/{key}", json={"label": "mine"})
    assert refusal(answer) == (404, "not_found")
    assert {key["label"] for key in (await stranger.browser.get("/api/keys")).json()["keys"]} == {None}
    assert await who(stranger.browser) == stranger.pubkey


CALLS = [
    ("GET", "/api/account"),
    ("PUT", "/api/account"),
    ("DELETE", "/api/account"),
    ("GET", "/api/keys"),
    ("PUT", "/api/keys/02ab"),
    ("DELETE", "/api/keys/02ab"),
    ("GET", "/api/recovery-codes"),
    ("POST", "/api/recovery-codes"),
    ("DELETE", "/api/recovery-codes"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_nobody_is_asked_to_sign_in(site: Site, method: str, path: str) -> None:
    assert refusal(await site.browser().request(method, path)) == (401, "not_authenticated")


@pytest.mark.parametrize(("method", "path"), [call for call in CALLS if call[0] != "GET"])
async def test_another_sites_page_changes_nothing(site: Site, method: str, path: str) -> None:
    owner = await new_owner(site)
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await owner.browser.request(method, path, headers=headers, json={"display_name": "Eve"})
        assert refusal(answer) == (403, "cross_origin")
    assert await owner.events() == []
    own = await owner.browser.put("/api/account", headers={"Origin": PUBLIC_URL}, json={"display_name": "A"})
    assert own.status_code == 200


async def test_a_session_of_another_worker_ends_with_its_key(make_site: Callable[..., Site]) -> None:
    site, other = make_site(), make_site()
    owner = await new_owner(site)
    lost = await owner.link()
    elsewhere = other.browser()
    token = await sign_in(elsewhere, lost)
    assert (await owner.browser.delete(f"/api/keys/{lost.pubkey_hex}")).status_code == 200
    third = make_site().browser()
    third.cookies.set("session", token, domain=HOST)
    assert await who(third) is None
