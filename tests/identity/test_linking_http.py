"""Adding a key over HTTP, on both engines: begun in a fresh session, proved by the key, confirmed where it was begun."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.identity.links import add_key, begin, confirm, prove_link
from tests.identity.people import new_owner, refusal
from tests.identity.site import PUBLIC_URL, Site, ask_challenge, new_key, prove, sign_in, who

TOO_OLD = timedelta(minutes=5, seconds=1)


async def keys_of(browser: Any) -> list[str]:
    return [key["key"] for key in (await browser.get("/api/keys")).json()["keys"]]


async def test_a_linked_key_signs_in_to_the_same_account(site: Site) -> None:
    owner, second = await new_owner(site), new_key()
    link = await begin(owner.browser)
    proved = (await prove_link(owner.browser, link, second)).json()
    assert (proved["proved"], proved["key"], proved["kind"]) == (True, second.pubkey_hex, "message")
    assert await keys_of(owner.browser) == [owner.pubkey], "a proof adds nothing by itself"
    answer = await confirm(owner.browser, link, label=" Hardware wallet ")
    assert answer.status_code == 201
    assert answer.json() == {
        "key": second.pubkey_hex,
        "kind": "message",
        "label": "Hardware wallet",
        "added_at": "2042-01-05T12:00:00Z",
        "last_used_at": None,
        "current": False,
    }
    elsewhere = site.browser()
    await sign_in(elsewhere, second)
    assert await who(elsewhere) == owner.pubkey
    assert await who(owner.browser) == owner.pubkey, "the account's name is the first key for ever"
    assert await owner.events() == [("key_proved", True), ("key_added", True)]


async def test_the_text_names_the_account_and_what_it_is_for(site: Site) -> None:
    owner, second = await new_owner(site), new_key()
    link = await begin(owner.browser, pubkey=second.pubkey_hex)
    lines = link["message"].split("\n")
    assert lines[0] == f"login.example.org wants you to add this key to the account {owner.pubkey}:"
    assert lines[1] == second.pubkey_hex
    assert lines[-1] == f"Request ID: {link['link_id']}"
    assert link["message"].isascii()
    assert len(link["message"]) < 1024
    assert link["expires_at"] == "2042-01-05T12:05:00Z"


async def test_no_link_without_a_fresh_proof_of_a_key_that_the_account_has(site: Site) -> None:
    """link 1: linking needs a proof of a key of the account that is at most five minutes old."""
    owner = await new_owner(site)
    site.clock.advance(TOO_OLD)
    answer = await owner.browser.post("/api/keys/links", json={})
    assert refusal(answer) == (403, "reauthentication_required")
    await sign_in(owner.browser, owner.keys[0])
    await begin(owner.browser)


async def test_a_recovery_code_is_proof_enough(site: Site) -> None:
    owner, second = await new_owner(site), new_key()
    codes = (await owner.browser.post("/api/recovery-codes")).json()["codes"]
    browser = site.browser()
    assert (await browser.post("/api/auth/recovery", json={"code": codes[0]})).status_code == 200
    assert (await add_key(browser, second)).status_code == 201
    await sign_in(site.browser(), second)


async def test_a_sign_in_text_links_nothing_and_a_link_text_signs_nobody_in(site: Site) -> None:
    """link 2: neither text stands in for the other."""
    owner, second = await new_owner(site), new_key()
    challenge, link = await ask_challenge(owner.browser), await begin(owner.browser)
    answer = await prove_link(
        owner.browser, link, second, signature=second.sign_compact(challenge["message"])
    )
    assert answer.status_code == 401
    wrong = await prove_link(owner.browser, link, second, message=challenge["message"])
    assert refusal(wrong) == (400, "invalid_request")
    for challenge_id in (link["link_id"], None, challenge["challenge_id"]):
        body = {"challenge_id": challenge_id, "message": link["message"]}
        answer = await prove(site.browser(), second, {"challenge_id": "", **challenge} | link, **body)
        assert answer.status_code in (400, 401), answer.text
    assert await site.rows("SELECT key FROM user_keys WHERE key = :k", k=second.pubkey_hex) == []


async def test_the_seeds_own_form_links_no_key(site: Site) -> None:
    """link 3: a text that the client chose proves nothing here."""
    owner, second = await new_owner(site), new_key()
    link, text = await begin(owner.browser), "Login to HODLXXI at 2042-01-05T12:00:00Z"
    answer = await prove_link(owner.browser, link, second, signature=second.sign_compact(text))
    assert answer.status_code == 401
    answer = await prove_link(owner.browser, link, second, signature=second.sign_compact(text), message=text)
    assert answer.status_code == 400


async def test_another_session_gets_nowhere_with_a_link(site: Site) -> None:
    """link 4: a link is for the session that began it, also among sessions of one account."""
    owner, second, thief = await new_owner(site), new_key(), await new_owner(site)
    link = await begin(owner.browser)
    for other in (thief.browser, await owner.elsewhere(owner.keys[0])):
        assert refusal(await other.get(f"/api/keys/links/{link['link_id']}")) == (404, "link_expired")
        assert refusal(await prove_link(other, link, second)) == (404, "link_expired")
    assert (await prove_link(owner.browser, link, second)).status_code == 200
    assert refusal(await confirm(thief.browser, link)) == (404, "link_expired")
    assert await keys_of(owner.browser) == [owner.pubkey]


async def test_a_link_goes_on_after_a_new_sign_in_in_the_same_browser(site: Site) -> None:
    owner, second = await new_owner(site), new_key()
    link = await begin(owner.browser)
    await sign_in(owner.browser, owner.keys[0])
    assert (await prove_link(owner.browser, link, second)).status_code == 200
    assert (await confirm(owner.browser, link)).status_code == 201


async def test_a_link_lives_five_minutes_and_works_once(site: Site) -> None:
    """link 5: an old proof, and one used before, add no key."""
    owner, second = await new_owner(site), new_key()
    link = await begin(owner.browser)
    assert refusal(await confirm(owner.browser, link)) == (409, "link_not_proved")
    assert (await prove_link(owner.browser, link, second)).status_code == 200
    assert refusal(await prove_link(owner.browser, link, new_key())) == (404, "link_expired")
    late = await begin(owner.browser)
    assert (await prove_link(owner.browser, late, new_key())).status_code == 200
    assert (await confirm(owner.browser, link)).status_code == 201
    assert refusal(await confirm(owner.browser, link)) == (404, "link_expired")
    site.clock.advance(timedelta(minutes=5))
    assert refusal(await confirm(owner.browser, late)) == (404, "link_expired")
    assert set(await keys_of(owner.browser)) == {owner.pubkey, second.pubkey_hex}


async def test_a_wrong_signature_leaves_the_link_open(site: Site) -> None:
    owner, second = await new_owner(site), new_key()
    link = await begin(owner.browser)
    answer = await prove_link(owner.browser, link, second, signature=new_key().sign_compact(link["message"]))
    assert refusal(answer) == (401, "invalid_signature")
    assert refusal(await confirm(owner.browser, link)) == (409, "link_not_proved")
    assert (await prove_link(owner.browser, link, second)).status_code == 200


async def test_a_text_for_one_key_takes_no_other(site: Site) -> None:
    owner, second, third = await new_owner(site), new_key(), new_key()
    link = await begin(owner.browser, address=second.p2wpkh())
    assert (await prove_link(owner.browser, link, third)).status_code == 401
    answer = await prove_link(owner.browser, link, second, pubkey=None, address=second.p2wpkh())
    assert answer.status_code == 200


async def test_a_key_that_has_an_account_is_told_the_way_out(site: Site) -> None:
    owner, other = await new_owner(site), await new_owner(site)
    answer = await add_key(owner.browser, other.keys[0])
    assert refusal(answer) == (409, "key_taken")
    assert "close that account" in answer.json()["error_description"]
    # The way out, taken: the other account's key is free once it is closed, and its name stays its own.
    await other.browser.delete("/api/account")
    assert (await add_key(owner.browser, other.keys[0])).status_code == 201
    await sign_in(other.browser, other.keys[0])
    assert await who(other.browser) == owner.pubkey
    rows = await site.rows("SELECT closed_at FROM users WHERE pubkey = :k", k=other.pubkey)
    assert rows[0].closed_at is not None


async def test_a_key_is_linked_once(site: Site) -> None:
    owner, second = await new_owner(site), new_key()
    assert (await add_key(owner.browser, second)).status_code == 201
    assert refusal(await add_key(owner.browser, second)) == (409, "key_linked")
    assert refusal(await add_key(owner.browser, owner.keys[0])) == (409, "key_linked")


async def test_a_key_that_was_removed_elsewhere_is_free(site: Site) -> None:
    """Also the account's first, which still names that account."""
    owner, other, second = await new_owner(site), await new_owner(site), new_key()
    assert (await add_key(other.browser, second)).status_code == 201
    browser = await other.elsewhere(second)
    assert (await browser.delete(f"/api/keys/{other.pubkey}")).status_code == 200
    assert (await add_key(owner.browser, other.keys[0])).status_code == 201
    assert await keys_of(browser) == [second.pubkey_hex]
    moved = site.browser()
    await sign_in(moved, other.keys[0])
    assert await who(moved) == owner.pubkey
    assert await who(browser) == other.pubkey


async def test_an_accounts_own_first_key_comes_back_by_a_link(site: Site) -> None:
    owner, second = await new_owner(site), new_key()
    assert (await add_key(owner.browser, second)).status_code == 201
    browser = await owner.elsewhere(second)
    assert (await browser.delete(f"/api/keys/{owner.pubkey}")).status_code == 200
    assert (await add_key(browser, owner.keys[0])).status_code == 201
    again = await owner.elsewhere(owner.keys[0])
    assert await who(again) == owner.pubkey


async def test_twenty_keys_are_enough(site: Site) -> None:
    owner = await new_owner(site)
    for _ in range(19):
        await owner.link()
    assert refusal(await add_key(owner.browser, new_key())) == (409, "too_many_keys")


async def test_a_session_that_ended_confirms_nothing(site: Site) -> None:
    owner, second = await new_owner(site), new_key()
    link = await begin(owner.browser)
    assert (await prove_link(owner.browser, link, second)).status_code == 200
    other = await owner.elsewhere(owner.keys[0])
    assert (await other.delete("/api/sessions?all=1")).json() == {"ended": 1}
    assert refusal(await confirm(owner.browser, link)) == (401, "not_authenticated")


@pytest.mark.parametrize("path", ["/api/keys", "/api/keys/links", "/api/keys/links/x/proof"])
async def test_another_sites_page_adds_no_key(site: Site, path: str) -> None:
    """link 6: another site's page cannot use this person's session."""
    owner = await new_owner(site)
    foreign = {"Origin": "https://evil.example"}
    assert refusal(await owner.browser.post(path, json={}, headers=foreign)) == (403, "cross_origin")
    own = await owner.browser.post(path, json={}, headers={"Origin": PUBLIC_URL})
    assert own.status_code in (201, 400)
