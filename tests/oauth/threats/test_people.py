"""Whose browser, whose session, whose tokens: people who share a browser, and people and apps who were locked out (§7.2)."""

from __future__ import annotations

import asyncio

import pytest

from hodlxxi.kit.secret import mint_token
from tests.oauth.devices import approve, begin, television_maker
from tests.oauth.provider import Person, Provider, claims_of, fields_of, next_of, response_of
from tests.oauth.test_asking import error_page
from tests.oauth.test_code import BAD, error_of


def as_in(browser: Person, somebody: Person) -> Person:
    """Somebody in another one's browser."""
    return Person(browser.provider, somebody.key, browser.http)


async def test_an_id_that_somebody_planted_is_not_the_session_after_sign_in(provider: Provider) -> None:
    """Keycloak CVE-2024-7341 (session fixation); MUST 26: the id before is not the id after, and opens nothing."""
    victim = provider.stranger()
    for planted in (mint_token(), "x" * 43, (await provider.person()).http.cookies["session"]):
        victim.http.cookies.clear()
        victim.http.cookies.set("session", planted, domain="login.example")
        await victim.sign_in()
        values = [cookie.value for cookie in victim.http.cookies.jar if cookie.name == "session"]
        assert values != [planted]
        attacker = provider.http(cookies={"session": planted})
        assert (await attacker.get("/api/session")).json().get("pubkey") != victim.pubkey
    before = victim.http.cookies["session"]
    await victim.sign_in()
    assert victim.http.cookies["session"] != before
    async with provider.http(cookies={"session": before}) as attacker:
        assert (await attacker.get("/api/session")).status_code == 401


async def test_two_people_who_share_a_browser_are_not_mixed_up(provider: Provider) -> None:
    """Keycloak CVE-2025-12390: the next person in the same browser got the session of the one before."""
    app, alice, bob = await provider.register(), await provider.person(), provider.stranger()
    bob = as_in(alice, bob)
    hers = await app.tokens(alice)
    open_page = await alice.visit(app, prompt="consent", state="hers")
    cookie = alice.http.cookies["session"]
    assert (await alice.http.post("/logout")).status_code == 200
    await bob.sign_in()
    assert bob.http.cookies["session"] != cookie
    assert (await bob.http.get("/api/session")).json()["pubkey"] == bob.pubkey
    # Her consent is not his: he is asked, although hers is remembered.
    assert response_of(await bob.visit(app, prompt="none"))["error"] == "consent_required"
    # Her page, still open in another tab, decides nothing for him.
    assert (await bob.decide(open_page)).status_code == 403
    his = await app.tokens(bob)
    told = [claims_of(tokens["id_token"]) for tokens in (hers, his)]
    assert [claims["sub"] for claims in told] == [alice.pubkey, bob.pubkey]
    assert told[0]["sid"] != told[1]["sid"]
    assert (await app.call(his["access_token"])).json()["pubkey"] == bob.pubkey
    assert (await app.call(hers["access_token"])).status_code == 401, "she has signed out"
    # A hint at her, while he is signed in, is no code for either.
    silent = {"prompt": "none", "id_token_hint": hers["id_token"]}
    assert response_of(await bob.visit(app, **silent))["error"] == "login_required"
    async with provider.http(cookies={"session": cookie}) as old:
        assert (await old.get("/api/session")).status_code == 401


async def test_two_people_at_once_in_one_server_are_not_mixed_up(provider: Provider) -> None:
    """Keycloak CVE-2025-12390, the other way round: twelve people at the same moment, each gets their own."""
    app = await provider.register()
    people = [await provider.person() for _ in range(12)]
    given = await asyncio.gather(*(app.tokens(person) for person in people))
    told = await asyncio.gather(*(app.call(tokens["access_token"]) for tokens in given))
    assert [answer.json()["pubkey"] for answer in told] == [person.pubkey for person in people]
    assert [claims_of(tokens["id_token"])["sub"] for tokens in given] == [p.pubkey for p in people]


async def test_a_request_that_began_before_a_sign_in_belongs_to_who_signs_in(provider: Provider) -> None:
    """wallet 5, MUST 26: and a page of another session in the same browser does not answer it."""
    app, alice = await provider.register(), provider.stranger()
    bob = as_in(alice, provider.stranger())
    path = next_of(await alice.visit(app))
    await alice.sign_in()
    page = await alice.http.get(path)
    await bob.sign_in()
    assert (await bob.decide(page)).status_code == 403
    tokens = (await app.redeem(response_of(await bob.decide(await bob.http.get(path)))["code"])).json()
    assert claims_of(tokens["id_token"])["sub"] == bob.pubkey


LOCK_USER = "UPDATE users SET disabled_at = created_at WHERE pubkey = :id"
LOCK_APP = "UPDATE oauth_clients SET disabled_at = created_at WHERE client_id = :id"


@pytest.mark.parametrize("locked", ["user", "app"])
async def test_who_is_locked_out_is_out_everywhere_at_once(provider: Provider, locked: str) -> None:
    """MUST 29; CVE-2026-9798, CVE-2026-16103 (Keycloak), CVE-2025-64521 (authentik): no gap at any later step."""
    app, person = await provider.register(), await provider.person()
    tokens = await app.tokens(person)
    code = response_of(await person.authorize(app))["code"]
    page = await person.visit(app, prompt="consent")
    waiting = next_of(await person.visit(app, prompt="login"))
    pushed = await app.pushed()
    television = await begin(await television_maker(provider))
    await approve(person, television)
    challenge = (await person.http.post("/api/auth/challenge", json={})).json()
    assert (await app.call(tokens["access_token"])).status_code == 200

    lock, id_ = (LOCK_USER, person.pubkey) if locked == "user" else (LOCK_APP, app.client_id)
    await provider.execute(lock, id=id_)

    refused = BAD if locked == "user" else "invalid_client"
    status = 400 if locked == "user" else 401
    assert error_of(await app.redeem(code), status) == refused
    assert error_of(await app.refresh(tokens["refresh_token"]), status) == refused
    for path in ("/oauth/userinfo", "/api/demo/protected"):
        answer = await app.call(tokens["access_token"], path)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    if locked == "user":
        assert error_of(await television.poll()) == BAD
        asked = await app.send("/oauth/introspect", {"token": tokens["access_token"]})
        assert asked.json() == {"active": False}
    for answer in (
        await person.decide(page),
        await person.http.get(waiting),
        await person.http.get("/oauth/authorize", params=pushed),
        await person.visit(app, prompt="none"),
    ):
        if locked == "app":
            error_page(answer)
        else:
            assert "code" not in answer.headers.get("location", "")
    if locked == "user":
        assert (await person.http.get("/api/session")).status_code == 401
        again = {
            "pubkey": person.pubkey,
            "challenge_id": challenge["challenge_id"],
            "message": challenge["message"],
            "signature": person.key.sign_der(challenge["message"]),
        }
        answer = await person.http.post("/verify_signature", json=again)
        assert answer.status_code in (401, 403)
    else:
        token = {"Authorization": f"Bearer {app.metadata['registration_access_token']}"}
        async with provider.http(headers=token) as http:
            assert (await http.get(f"/oauth/register/{app.client_id}")).status_code == 401
        assert (await app.push()).status_code == 401


async def test_the_form_of_consent_of_a_locked_user_gives_no_code(provider: Provider) -> None:
    """MUST 29, CVE-2026-16103: locked between the page and the click."""
    app, person = await provider.register(), await provider.person()
    page = await person.visit(app)
    assert fields_of(page)
    await provider.execute(LOCK_USER, id=person.pubkey)
    await person.decide(page)
    codes = "SELECT count(*) FROM oauth_codes WHERE client_id = :id"
    assert await provider.ask(codes, id=app.client_id) == 0
