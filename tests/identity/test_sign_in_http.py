"""Signing in with a signed message, over HTTP, on both engines."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from datetime import timedelta
from http.cookies import SimpleCookie

import pytest

from hodlxxi.kit.clock import render_time
from tests.identity.site import Site, ask_challenge, make_settings, new_key, open_site, prove, sign_in, who
from tests.support.clock import FakeClock
from tests.support.signer import TestKey


async def test_a_wallet_signs_in_and_the_answer_is_the_contracts(site: Site) -> None:
    key, browser = new_key(), site.browser()
    challenge = await ask_challenge(browser)
    assert challenge["expires_at"] == render_time(site.clock.now() + timedelta(minutes=5))
    answer = await prove(browser, key, challenge)
    assert answer.status_code == 200
    body = answer.json()
    assert body["verified"] is True
    assert body["pubkey"] == key.pubkey_hex
    assert body["user"] == {"pubkey": key.pubkey_hex, "is_new": True, "key": key.pubkey_hex}
    assert body["expires_at"] == render_time(site.clock.now() + timedelta(hours=24))
    assert answer.headers["cache-control"] == "no-store"
    assert await who(browser) == key.pubkey_hex
    again = await prove(browser, key, await ask_challenge(browser))
    assert again.json()["user"]["is_new"] is False


@pytest.mark.parametrize(
    ("url", "secure"), [("https://login.example.org", True), ("http://localhost:5000", False)]
)
async def test_the_cookie_has_its_flags(make_site: Callable[..., Site], url: str, secure: bool) -> None:
    browser = make_site(public_url=url).browser()
    answer = await prove(browser, new_key(), await ask_challenge(browser))
    (line,) = answer.headers.get_list("set-cookie")
    cookie = SimpleCookie(line)["session"]
    assert (cookie["path"], cookie["max-age"], cookie["samesite"].lower()) == ("/", "86400", "lax")
    assert cookie["httponly"] is True
    assert bool(cookie["secure"]) is secure
    assert cookie["domain"] == ""
    assert len(cookie.value) == 43


@pytest.mark.parametrize("address", ["p2pkh", "p2sh_p2wpkh", "p2wpkh"])
@pytest.mark.parametrize("field", ["pubkey", "address"])
async def test_an_address_signs_in_the_key_behind_it(site: Site, address: str, field: str) -> None:
    key, browser = new_key(), site.browser()
    named = {field: getattr(key, address)()}
    challenge = await ask_challenge(browser, **named)
    assert challenge["message"].split("\n")[1] == getattr(key, address)()
    answer = await prove(browser, key, challenge, **({"pubkey": None} | named))
    assert answer.json()["pubkey"] == key.pubkey_hex


@pytest.mark.parametrize("without", ["message", "challenge_id"])
async def test_the_text_is_found_by_its_id_or_by_its_nonce(site: Site, without: str) -> None:
    browser = site.browser()
    answer = await prove(browser, new_key(), await ask_challenge(browser), **{without: None})
    assert answer.status_code == 200


async def test_a_text_is_good_for_one_sign_in(site: Site) -> None:
    key, browser = new_key(), site.browser()
    challenge = await ask_challenge(browser)
    assert (await prove(browser, key, challenge)).status_code == 200
    again = await prove(browser, key, challenge)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_signature")
    assert "set-cookie" not in again.headers


async def test_of_fifty_uses_of_one_text_one_wins(site: Site) -> None:
    key, browser = new_key(), site.browser()
    challenge = await ask_challenge(browser)
    answers = await asyncio.gather(*(prove(site.browser(), key, challenge) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 49
    assert await site.rows("SELECT 1 FROM sessions WHERE user_id = :k", k=key.pubkey_hex) == [(1,)]


async def test_a_wrong_signature_does_not_use_up_the_text(site: Site) -> None:
    key, browser = new_key(), site.browser()
    challenge = await ask_challenge(browser)
    assert (await prove(browser, key, challenge, signature=new_key().sign_compact("x"))).status_code == 401
    assert (await prove(browser, key, challenge)).status_code == 200


async def test_a_text_ends_after_five_minutes(site: Site) -> None:
    key, browser = new_key(), site.browser()
    early, late = await ask_challenge(browser), await ask_challenge(browser)
    site.clock.advance(299)
    assert (await prove(browser, key, early)).status_code == 200
    site.clock.advance(1)
    assert (await prove(browser, key, late)).status_code == 401


async def test_a_text_belongs_to_the_browser_that_asked(site: Site) -> None:
    """wallet 3: bound to the browser that asked."""
    key, victim, thief = new_key(), site.browser(), site.browser()
    victim.cookies.set("browser", "the-victims-browser-cookie-of-43-characters", domain="login.example.org")
    thief.cookies.set("browser", "the-thiefs-browser-cookie-of-43-characters", domain="login.example.org")
    challenge = await ask_challenge(victim)
    for other in (thief, site.browser()):
        for way in ({}, {"message": None}, {"challenge_id": None}):
            assert (await prove(other, key, challenge, **way)).status_code == 401
    assert (await prove(victim, key, challenge)).status_code == 200


async def test_refusals_do_not_tell_unknown_used_expired_and_foreign_texts_apart(site: Site) -> None:
    key, browser = new_key(), site.browser()
    used, expired = await ask_challenge(browser), await ask_challenge(browser)
    await prove(browser, key, used)
    site.clock.advance(301)
    unknown = {"challenge_id": "no-such-id", "message": used["message"]}
    answers = [await prove(browser, key, challenge) for challenge in (used, expired, unknown)]
    assert {(a.status_code, a.json()["error_description"]) for a in answers} == {
        (401, answers[0].json()["error_description"])
    }


async def test_key_and_address_must_match(site: Site) -> None:
    key, other, browser = new_key(), new_key(), site.browser()
    answer = await prove(
        browser, key, await ask_challenge(browser), pubkey=other.pubkey_hex, address=key.p2wpkh()
    )
    assert answer.status_code == 401


async def test_what_came_back_must_be_what_was_issued(site: Site) -> None:
    """wallet 3: a client-chosen message is refused."""
    key, browser = new_key(), site.browser()
    challenge = await ask_challenge(browser)
    changed = challenge["message"].replace("HODLXXI", "EVIL")
    answer = await prove(browser, key, challenge, message=changed, signature=key.sign_compact(changed))
    assert (answer.status_code, answer.json()["field"]) == (400, "message")
    copied = challenge["message"].replace("\n", "\r\n") + "\r\n"
    assert (await prove(browser, key, challenge, message=copied)).status_code == 200


# -- the seed's own form


def _seed_text(site: Site, minutes: float = 0) -> str:
    return f"Login to HODLXXI at {render_time(site.clock.now() + timedelta(minutes=minutes))}"


async def _seed_login(site: Site, key: TestKey, text: str, signature: str | None = None) -> int:
    body = {"pubkey": key.pubkey_hex, "message": text, "signature": signature or key.sign_rs(text)}
    return (await site.browser().post("/verify_signature", json=body)).status_code


@pytest.mark.parametrize(("minutes", "status"), [(0, 200), (5, 200), (-5, 200), (6, 401), (-6, 401)])
async def test_the_seeds_form_is_taken_within_five_minutes(site: Site, minutes: float, status: int) -> None:
    assert await _seed_login(site, new_key(), _seed_text(site, minutes)) == status


async def test_the_seeds_form_is_taken_once_however_the_signature_is_written(site: Site) -> None:
    """wallet 3: once, also as another encoding of the same signature."""
    key, text = new_key(), _seed_text(site)
    assert await _seed_login(site, key, text) == 200
    for signature in (key.sign_rs(text), key.sign_rs_high(text), key.sign_der(text), key.sign_compact(text)):
        assert await _seed_login(site, key, text, signature) == 401
    # Somebody else may sign in in the same second.
    assert await _seed_login(site, new_key(), text) == 200


async def test_of_twenty_uses_of_a_seed_form_one_wins(site: Site) -> None:
    key, text = new_key(), _seed_text(site)
    statuses = await asyncio.gather(*(_seed_login(site, key, text) for _ in range(20)))
    assert sorted(statuses) == [200] + [401] * 19


async def test_the_seeds_form_names_us_and_can_be_switched_off(make_site: Callable[..., Site]) -> None:
    site = make_site()
    assert await _seed_login(site, new_key(), _seed_text(site).replace("HODLXXI", "OTHER")) == 401
    strict = make_site(seed_message_form=False)
    assert await _seed_login(strict, new_key(), _seed_text(strict)) == 401


# -- who may not


@pytest.mark.parametrize("column", ["disabled_at", "closed_at"])
async def test_a_disabled_or_closed_account_cannot_sign_in_and_its_sessions_end(
    make_site: Callable[..., Site], column: str
) -> None:
    """MUST 29; CVE-2025-64521: a locked account has no session."""
    site, key = make_site(), new_key()
    token = await sign_in(site.browser(), key)
    await site.write(
        f"UPDATE users SET {column} = '2042-01-05 11:00:00+00' WHERE pubkey = :k", k=key.pubkey_hex
    )
    browser = site.browser()
    answer = await prove(browser, key, await ask_challenge(browser))
    assert (answer.status_code, answer.json()["error"]) == (403, "account_disabled")
    assert "set-cookie" not in answer.headers
    other = make_site().browser()
    other.cookies.set("session", token, domain="login.example.org")
    assert await who(other) is None


async def test_a_linked_key_signs_in_its_user(site: Site) -> None:
    owner, linked = new_key(), new_key()
    await sign_in(site.browser(), owner)
    await site.write(
        "INSERT INTO user_keys (key, user_id, kind, added_at) VALUES (:l, :o, 'message', '2042-01-05 11:00:00+00')",
        l=linked.pubkey_hex,
        o=owner.pubkey_hex,
    )
    browser = site.browser()
    answer = await prove(browser, linked, await ask_challenge(browser))
    assert answer.json()["user"] == {"pubkey": owner.pubkey_hex, "is_new": False, "key": linked.pubkey_hex}
    assert await who(browser) == owner.pubkey_hex


async def test_two_first_sign_ins_at_once_make_one_account(site: Site) -> None:
    key = new_key()
    challenges = [await ask_challenge(site.browser()) for _ in range(10)]
    answers = await asyncio.gather(*(prove(site.browser(), key, c) for c in challenges))
    assert {answer.status_code for answer in answers} == {200}
    assert sum(answer.json()["user"]["is_new"] for answer in answers) == 1
    assert len(await site.rows("SELECT 1 FROM user_keys WHERE user_id = :k", k=key.pubkey_hex)) == 1


async def test_too_many_tries_from_one_address_are_put_off(make_site: Callable[..., Site]) -> None:
    site = make_site(rate_limit_login=5)
    thief, other = site.browser("198.51.100.66"), site.browser("198.51.100.67")
    challenge = await ask_challenge(thief)
    statuses = [(await prove(thief, new_key(), challenge, signature="00" * 64)).status_code for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    last = await prove(thief, new_key(), challenge)
    assert 1 <= int(last.headers["retry-after"]) <= 3600
    assert (await prove(other, new_key(), await ask_challenge(other))).status_code == 200


async def test_another_sites_page_cannot_sign_somebody_in(site: Site) -> None:
    key, browser = new_key(), site.browser()
    challenge = await ask_challenge(browser)
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        browser.headers = headers
        answer = await prove(browser, key, challenge)
        assert (answer.status_code, answer.json()["error"]) == (403, "cross_origin")
    browser.headers = {"Origin": "https://login.example.org"}
    assert (await prove(browser, key, challenge)).status_code == 200


async def test_with_the_database_down_it_is_a_503_that_says_when_to_come_back(clock: FakeClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    site = open_site(make_settings(f"postgresql://nobody@127.0.0.1:{port}/none"), clock)
    key, browser = new_key(), site.browser()
    challenge = {"challenge_id": "x", "message": "y"}
    for answer in (await prove(browser, key, challenge), await browser.post("/api/auth/challenge", json={})):
        assert (answer.status_code, answer.json()["error"]) == (503, "database_unavailable")
        assert int(answer.headers["retry-after"]) > 0
    await site.close()
