"""Recovery codes over HTTP, on both engines: shown once, used once, and worth nothing to whoever reads the database."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest

from hodlxxi.identity.account_rules import parse_recovery_code
from hodlxxi.kit.secret import digest_of
from tests.identity.people import STALE, Owner, new_owner, refusal
from tests.identity.site import PUBLIC_URL, Site, sign_in, who
from tests.identity.test_login_page import HTML, Page

SHOWN = re.compile(r"[0-9A-HJKMNP-TV-Z]{5}(-[0-9A-HJKMNP-TV-Z]{5}){3}")
WRONG = (401, "invalid_recovery_code")


async def make_codes(owner: Owner) -> list[str]:
    """Ten new ones."""
    answer = await owner.browser.post("/api/recovery-codes")
    assert answer.status_code == 201, answer.text
    codes: list[str] = answer.json()["codes"]
    return codes


async def use(browser: httpx.AsyncClient, code: str) -> httpx.Response:
    """Sign in with a code."""
    return await browser.post("/api/auth/recovery", json={"code": code})


async def count(owner: Owner) -> int:
    """How many are left."""
    return int((await owner.browser.get("/api/recovery-codes")).json()["left"])


async def test_ten_codes_are_shown_once_and_only_their_digests_are_kept(site: Site) -> None:
    owner = await new_owner(site)
    assert (await owner.browser.get("/api/recovery-codes")).json() == {"left": 0, "made_at": None}
    codes = await make_codes(owner)
    assert len(set(codes)) == 10
    assert all(SHOWN.fullmatch(code) for code in codes)
    kept = await site.rows("SELECT * FROM recovery_codes WHERE user_id = :u", u=owner.pubkey)
    assert all(re.fullmatch(r"[0-9a-f]{64}", row.code) for row in kept)
    shown = {code.replace("-", "") for code in codes}
    assert not any(digits in str(tuple(row)) for row in kept for digits in shown)
    # A digest that names its purpose: a code of another kind with the same letters is not this one.
    assert not {digest_of(digits) for digits in shown} & {row.code for row in kept}
    assert (await owner.browser.get("/api/recovery-codes")).json() == {
        "left": 10,
        "made_at": "2042-01-05T12:00:00Z",
    }
    assert await owner.events() == [("recovery_codes_made", True)]


async def test_a_code_signs_in_once(site: Site) -> None:
    owner = await new_owner(site)
    code = (await make_codes(owner))[3]
    browser = site.browser()
    answer = await use(browser, code.lower().replace("-", " "))
    assert answer.status_code == 200
    assert answer.json() == {"verified": True, "pubkey": owner.pubkey, "expires_at": "2042-01-06T12:00:00Z"}
    session = (await browser.get("/api/session")).json()
    assert (session["pubkey"], session["key"]) == (owner.pubkey, None)
    assert (session["amr"], session["acr"]) == (["recovery"], "urn:hodlxxi:acr:key-remote")
    assert await count(owner) == 9
    assert refusal(await use(site.browser(), code)) == WRONG
    assert await count(owner) == 9
    rows = await site.rows(
        "SELECT event_type, success, details FROM audit_logs WHERE user_id = :u ORDER BY id", u=owner.pubkey
    )
    assert [(row.event_type, bool(row.success)) for row in rows[-2:]] == [
        ("login", True),
        ("login_attempt", False),
    ]
    assert '"method":"recovery"' in rows[-2].details
    assert not any((parse_recovery_code(code) or "?") in str(row.details) for row in rows)


async def test_a_session_by_code_is_listed_like_any_other(site: Site) -> None:
    owner = await new_owner(site)
    browser = site.browser()
    await use(browser, (await make_codes(owner))[0])
    found = (await browser.get("/api/sessions")).json()["sessions"]
    assert {(item["key"], item["current"]) for item in found} == {(None, True), (owner.pubkey, False)}


async def test_new_codes_make_the_old_ones_void(site: Site) -> None:
    owner = await new_owner(site)
    old, new = await make_codes(owner), await make_codes(owner)
    assert not set(old) & set(new)
    assert refusal(await use(site.browser(), old[0])) == WRONG
    assert (await use(site.browser(), new[0])).status_code == 200


async def test_deleted_codes_sign_in_nobody(site: Site) -> None:
    owner = await new_owner(site)
    code = (await make_codes(owner))[0]
    answer = await owner.browser.delete("/api/recovery-codes")
    assert (answer.status_code, answer.json()) == (200, {"deleted": 10})
    assert refusal(await use(site.browser(), code)) == WRONG
    assert (await owner.browser.get("/api/recovery-codes")).json() == {"left": 0, "made_at": None}
    assert (await owner.browser.delete("/api/recovery-codes")).json() == {"deleted": 0}


@pytest.mark.parametrize("code", ["x", "00000-00000-00000-00000", "٣" * 20, "U" * 20, "0" * 100])
async def test_a_code_that_nobody_has_is_refused(site: Site, code: str) -> None:
    assert refusal(await use(site.browser(), code)) == WRONG


@pytest.mark.parametrize("body", [{}, {"code": 7}, {"code": ""}, {"code": "0" * 101}, {"code": None}])
async def test_what_is_no_code_at_all_is_named(site: Site, body: dict[str, object]) -> None:
    answer = await site.browser().post("/api/auth/recovery", json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, "code")


@pytest.mark.parametrize("column", ["disabled_at", "closed_at"])
async def test_a_code_does_not_open_a_closed_account_and_stays_unused(site: Site, column: str) -> None:
    owner = await new_owner(site)
    code = (await make_codes(owner))[0]
    await site.write(f"UPDATE users SET {column} = created_at WHERE pubkey = :u", u=owner.pubkey)
    assert refusal(await use(site.browser(), code)) == (403, "account_disabled")
    await site.write(f"UPDATE users SET {column} = NULL WHERE pubkey = :u", u=owner.pubkey)
    assert (await use(site.browser(), code)).status_code == 200


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_making_and_deleting_codes_needs_a_fresh_proof(site: Site, method: str) -> None:
    owner = await new_owner(site)
    site.clock.advance(STALE)
    answer = await owner.browser.request(method, "/api/recovery-codes")
    assert refusal(answer) == (403, "reauthentication_required")
    await sign_in(owner.browser, owner.keys[0])
    assert (await owner.browser.request(method, "/api/recovery-codes")).status_code in (200, 201)


async def test_the_sign_in_with_a_code_is_fresh_enough_to_take_a_lost_key_off(site: Site) -> None:
    owner = await new_owner(site)
    await owner.link()
    browser = site.browser()
    await use(browser, (await make_codes(owner))[0])
    assert (await browser.delete(f"/api/keys/{owner.keys[1].pubkey_hex}")).status_code == 200


async def test_guessing_comes_to_an_end(make_site: Callable[..., Site]) -> None:
    site = make_site(rate_limit_login=300)
    owner = await new_owner(site)
    code = (await make_codes(owner))[0]
    guesser = site.browser("198.51.100.7")
    for _ in range(20):
        assert refusal(await use(guesser, "11111-11111-11111-11111")) == WRONG
    stopped = await use(guesser, code)
    assert (stopped.status_code, stopped.json()["error"]) == (429, "rate_limited")
    assert int(stopped.headers["retry-after"]) > 0
    assert (await use(site.browser("198.51.100.8"), code)).status_code == 200


async def test_another_sites_page_cannot_sign_a_browser_in(site: Site) -> None:
    """Else it could make somebody write into an account of the attacker's (login CSRF)."""
    owner = await new_owner(site)
    code = (await make_codes(owner))[0]
    answer = await site.browser().post(
        "/api/auth/recovery", json={"code": code}, headers={"Origin": "https://evil.example"}
    )
    assert refusal(answer) == (403, "cross_origin")
    assert await count(owner) == 10


async def test_the_session_that_the_browser_had_ends(site: Site) -> None:
    owner, other = await new_owner(site), await new_owner(site)
    code = (await make_codes(owner))[0]
    old = other.browser.cookies["session"]
    assert (await use(other.browser, code)).status_code == 200
    assert await who(other.browser) == owner.pubkey
    holding = site.browser()
    holding.cookies.set("session", old, domain="login.example.org")
    assert await who(holding) is None


# -- by the sign-in page


async def _page_with(browser: httpx.AsyncClient, code: str, **changes: str) -> httpx.Response:
    page = Page(await browser.get("/login", params={"next": "/after"}, headers=HTML))
    form = page.forms["recovery-form"] | {"recovery_code": code} | changes
    return await browser.post("/login", data=form, headers=HTML | {"Origin": PUBLIC_URL})


async def test_the_page_takes_a_code_and_goes_on(site: Site) -> None:
    owner = await new_owner(site)
    browser = site.browser()
    answer = await _page_with(browser, (await make_codes(owner))[0])
    assert (answer.status_code, answer.headers["location"]) == (303, "/after")
    assert await who(browser) == owner.pubkey


async def test_the_page_says_that_a_code_is_wrong_and_does_not_repeat_it(site: Site) -> None:
    browser = site.browser()
    answer = await _page_with(browser, "22222-22222-22222-22222")
    assert answer.status_code == 401
    assert "not known, or was used before" in answer.text
    assert '<details id="recovery" open>' in answer.text
    assert "22222" not in answer.text
    assert await who(browser) is None


async def test_the_pages_form_needs_its_token(site: Site) -> None:
    owner = await new_owner(site)
    browser = site.browser()
    answer = await _page_with(browser, (await make_codes(owner))[0], csrf="guessed")
    assert answer.status_code == 403
    assert await count(owner) == 10


async def test_codes_that_a_thief_made_go_with_the_stolen_key(site: Site) -> None:
    """wallet 4: who removes a key has locked out whoever held it, also through the codes that they made."""
    owner = await new_owner(site)
    stolen = await owner.link()
    thief = await owner.elsewhere(stolen)
    codes = (await thief.post("/api/recovery-codes")).json()["codes"]
    assert (await owner.browser.delete(f"/api/keys/{stolen.pubkey_hex}")).status_code == 200
    answer = await thief.post("/api/auth/recovery", json={"code": codes[0]})
    assert answer.status_code == 401
    assert (await owner.browser.get("/api/recovery-codes")).json()["left"] == 0
