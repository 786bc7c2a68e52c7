"""Two keys of one account, proved in one browser, are worth more than one; on both engines."""

from __future__ import annotations

from typing import Any

import httpx

from hodlxxi.bitcoin.known_keys import known_pubkey, sign_with_known_key
from tests.identity.links import add_key
from tests.identity.people import Owner, new_owner
from tests.identity.site import Site, ask_challenge, new_key, sign_in
from tests.support.signer import TestKey

KEY, TWO_KEYS = "urn:hodlxxi:acr:key", "urn:hodlxxi:acr:two-keys"


async def held(browser: httpx.AsyncClient) -> tuple[str, list[str]]:
    found: dict[str, Any] = (await browser.get("/api/session")).json()
    return found["acr"], found["amr"]


async def two_keys(site: Site) -> tuple[Owner, TestKey]:
    owner, second = await new_owner(site), new_key()
    assert (await add_key(owner.browser, second)).status_code == 201
    return owner, second


async def test_a_second_key_in_the_same_browser_makes_two_keys(site: Site) -> None:
    owner, second = await two_keys(site)
    assert await held(owner.browser) == (KEY, ["pop", "btc_message"])
    await sign_in(owner.browser, second)
    assert await held(owner.browser) == (TWO_KEYS, ["pop", "btc_message", "mfa"])
    await sign_in(owner.browser, owner.keys[0])
    assert await held(owner.browser) == (TWO_KEYS, ["pop", "btc_message", "mfa"])


async def test_one_key_twice_is_one_key(site: Site) -> None:
    owner, second = await two_keys(site)
    await sign_in(owner.browser, owner.keys[0])
    assert await held(owner.browser) == (KEY, ["pop", "btc_message"])
    await sign_in(owner.browser, second)
    await sign_in(owner.browser, second)
    assert await held(owner.browser) == (KEY, ["pop", "btc_message"])


async def test_another_browser_and_an_ended_session_count_for_nothing(site: Site) -> None:
    """link 7: two keys count only where both were proved in one browser, and the first session still stands."""
    owner, second = await two_keys(site)
    other = await owner.elsewhere(second)
    assert await held(other) == (KEY, ["pop", "btc_message"])
    await other.delete("/api/sessions?all=1")
    await sign_in(owner.browser, second)
    assert await held(owner.browser) == (KEY, ["pop", "btc_message"])


async def test_somebody_elses_session_is_no_first_key(site: Site) -> None:
    owner, other = await new_owner(site), await new_owner(site)
    await sign_in(owner.browser, other.keys[0])
    assert await held(owner.browser) == (KEY, ["pop", "btc_message"])


async def test_a_recovery_code_is_no_key(site: Site) -> None:
    owner, second = await two_keys(site)
    codes = (await owner.browser.post("/api/recovery-codes")).json()["codes"]
    await owner.browser.post("/api/auth/recovery", json={"code": codes[0]})
    assert await held(owner.browser) == ("urn:hodlxxi:acr:key-remote", ["recovery"])
    await sign_in(owner.browser, second)
    assert await held(owner.browser) == (KEY, ["pop", "btc_message"])


async def test_a_key_that_everybody_has_is_no_second_key(make_site: Any) -> None:
    """link 8: a test key adds nothing to a session, before or after a real one."""
    site = make_site(hodlxxi_dev_test_signer=True, public_url="http://127.0.0.1:5000")
    owner, test_key = await new_owner(site), known_pubkey(7)
    await site.write("DELETE FROM user_keys WHERE key = :k", k=test_key)
    await site.write(
        "INSERT INTO user_keys (key, user_id, kind, added_at) VALUES (:k, :u, 'message', :at)",
        k=test_key,
        u=owner.pubkey,
        at=site.clock.now() if not site.app.db.is_sqlite else "2042-01-05 11:00:00",
    )
    challenge = await ask_challenge(owner.browser)
    signature = sign_with_known_key(7, challenge["message"].encode())
    body = {"pubkey": test_key, "challenge_id": challenge["challenge_id"], "signature": signature}
    assert (await owner.browser.post("/verify_signature", json=body)).status_code == 200
    assert await held(owner.browser) == ("urn:hodlxxi:acr:none", ["test"])
    await sign_in(owner.browser, owner.keys[0])
    assert await held(owner.browser) == (KEY, ["pop", "btc_message"])
