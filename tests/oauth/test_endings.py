"""Tokens end with what they were given on: a sign-out, a consent, a key, an account (reference oauth §4.5, §7.1 #14, #29)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from hodlxxi.audit.events import Origin
from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.identity.account import close_account
from hodlxxi.identity.sessions import find_session
from hodlxxi.identity.users import disable_user, enable_user
from hodlxxi.kit.errors import NotFound
from hodlxxi.kit.secret import digest_of
from hodlxxi.oauth.endings import end_access_of_client
from tests.oauth.provider import Person, Provider, RelyingParty, fields_of, next_of, response_of

HERE = Origin("203.0.113.1", "test-request")
API_ONLY = "profile:read"
AT_ONCE = 12


async def are_dead(app: RelyingParty, tokens: dict[str, Any]) -> bool:
    """Whether neither token opens anything any more; both or none."""
    call = (await app.call(tokens["access_token"])).status_code
    refresh = await app.refresh(tokens["refresh_token"])
    assert (call, refresh.status_code) in ((401, 400), (200, 200)), (call, refresh.text)
    assert refresh.status_code == 200 or refresh.json()["error"] == "invalid_grant"
    return call == 401


async def is_active(app: RelyingParty, token: str) -> bool:
    """What introspection tells the app about its own token."""
    async with app.provider.http() as http:
        return bool(
            (await http.post("/oauth/introspect", data={"token": token}, **app.auth)).json()["active"]
        )


async def sign_out(person: Person) -> None:
    assert (await person.http.post("/logout")).status_code == 200


# -- a sign-out


async def test_14_a_sign_out_ends_what_only_signed_the_user_in(provider: Provider) -> None:
    """MUST 14: logout."""
    app, person = await provider.register(), await provider.person()
    tokens = await app.tokens(person, scope="openid profile:read")
    unredeemed = response_of(await person.authorize(app))["code"]
    other = await app.tokens(await provider.person())
    await sign_out(person)
    assert await are_dead(app, tokens)
    assert (await app.redeem(unredeemed)).json()["error"] == "invalid_grant"
    assert not await are_dead(app, other)


async def test_a_sign_out_leaves_access_for_while_the_user_is_away(provider: Provider) -> None:
    """``offline_access``, and grants that are no sign-in at all (the seed's flow)."""
    app, person = await provider.register(), await provider.person()
    offline = await app.tokens(person, scope="openid profile:read offline_access")
    plain = await app.tokens(person, scope=API_ONLY, nonce=None)
    await sign_out(person)
    assert not await are_dead(app, offline)
    assert not await are_dead(app, plain)


async def test_a_session_that_expires_touches_no_token(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    tokens = await app.tokens(person)
    provider.clock.advance(timedelta(hours=25))
    renewed = await app.refresh(tokens["refresh_token"])
    assert renewed.status_code == 200
    assert not await are_dead(app, renewed.json())


async def test_a_session_ended_from_another_browser_ends_what_it_signed_in_to(provider: Provider) -> None:
    app, here = await provider.register(), await provider.person()
    there = Person(provider, here.key, provider.http())
    await there.sign_in()
    ours, theirs = await app.tokens(here), await app.tokens(there)
    listed = (await here.http.get("/api/sessions")).json()["sessions"]
    (other,) = [item["id"] for item in listed if not item["current"]]
    assert (await here.http.delete("/api/sessions", params={"id": other})).json() == {"ended": 1}
    assert await are_dead(app, theirs)
    assert not await are_dead(app, ours)


async def test_all_other_sessions_end_with_what_they_signed_in_to(provider: Provider) -> None:
    app, here = await provider.register(), await provider.person()
    there = Person(provider, here.key, provider.http())
    await there.sign_in()
    ours, theirs = await app.tokens(here), await app.tokens(there)
    assert (await here.http.delete("/api/sessions", params={"all": "1"})).json() == {"ended": 1}
    assert await are_dead(app, theirs)
    assert not await are_dead(app, ours)


async def test_signing_in_anew_is_no_signing_out_and_a_later_sign_out_ends_both(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    first = await app.tokens(person)
    next_of(await person.visit(app, prompt="login"))
    await person.sign_in()
    second = await app.tokens(person)
    refreshed = (await app.refresh(first["refresh_token"])).json()
    assert (await app.call(refreshed["access_token"])).status_code == 200
    await sign_out(person)
    assert await are_dead(app, refreshed)
    assert await are_dead(app, second)


async def test_somebody_else_who_signs_in_here_signs_the_first_one_out(provider: Provider) -> None:
    """The first could not sign out any more: on a shared computer that would be a session for ever."""
    app, person = await provider.register(), await provider.person()
    tokens = await app.tokens(person)
    stranger = provider.stranger()
    await person.sign_in(stranger.key)
    assert await are_dead(app, tokens)


async def test_each_ended_grant_leaves_its_trace(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    await app.tokens(person)
    await sign_out(person)
    assert await provider.events("grant_revoked", app.client_id) == 1
    reason = "SELECT revoke_reason FROM oauth_grants WHERE client_id = :id"
    assert await provider.ask(reason, id=app.client_id) == "logged_out"


# -- a consent that is taken back


async def test_14_a_user_who_takes_consent_back_ends_every_token_of_the_app(provider: Provider) -> None:
    """MUST 14: consent removal."""
    app, other, person = await provider.register(), await provider.register(), await provider.person()
    sign_in = await app.tokens(person)
    offline = await app.tokens(person, scope="openid profile:read offline_access")
    kept = await other.tokens(person)
    assert await end_access_of_client(provider.room, person.pubkey, app.client_id, HERE) == 2
    assert await are_dead(app, sign_in)
    assert await are_dead(app, offline)
    assert not await are_dead(other, kept)
    # What was agreed is forgotten: the app has to ask again.
    assert fields_of(await person.visit(app))
    assert response_of(await person.visit(app, prompt="none"))["error"] == "consent_required"
    with pytest.raises(NotFound):
        await end_access_of_client(provider.room, person.pubkey, app.client_id, HERE)


# -- a key, an account


async def test_14_a_key_that_is_removed_takes_what_was_allowed_with_it(provider: Provider) -> None:
    """MUST 14, wallet 4: key removal."""
    app, person = await provider.register(), await provider.person()
    other_key = provider.stranger().key
    await provider.execute(
        "INSERT INTO user_keys (key, user_id, kind, added_at) VALUES (:key, :user, 'message', :at)",
        key=other_key.pubkey_hex,
        user=person.pubkey,
        at=provider.clock.now() if not provider.db.is_sqlite else "2042-01-05 12:00:00.000000",
    )
    with_other = Person(provider, other_key, provider.http())
    await with_other.sign_in()
    scope = "openid profile:read offline_access"
    by_first, by_other = await app.tokens(person, scope=scope), await app.tokens(with_other, scope=scope)
    removed = await with_other.http.delete(f"/api/keys/{person.pubkey}")
    assert removed.status_code == 200, removed.text
    assert await are_dead(app, by_first)
    assert not await are_dead(app, by_other)


async def test_a_closed_account_ends_everything(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    offline = await app.tokens(person, scope="openid profile:read offline_access")
    session = await find_session(provider.identity, person.http.cookies["session"])
    assert session is not None
    await close_account(provider.identity, session, HERE)
    assert await are_dead(app, offline)
    consents = "SELECT count(*) FROM oauth_consents WHERE user_id = :user"
    assert await provider.ask(consents, user=person.pubkey) == 0


async def test_29_a_disabled_user_loses_sessions_and_tokens_at_once_and_for_good(provider: Provider) -> None:
    """MUST 29; CVE-2026-9798, CVE-2025-64521: a disabled user."""
    app, person = await provider.register(), await provider.person()
    offline = await app.tokens(person, scope="openid profile:read offline_access")
    code = response_of(await person.authorize(app))["code"]
    assert await is_active(app, offline["access_token"])
    changed = await disable_user(provider.identity, Pubkey(person.pubkey))
    assert changed is not None
    assert changed.is_changed
    assert (await person.http.get("/api/session")).status_code == 401
    assert (await app.call(offline["access_token"], "/oauth/userinfo")).status_code == 401
    assert not await is_active(app, offline["access_token"])
    assert not await is_active(app, offline["refresh_token"])
    assert await are_dead(app, offline)
    assert (await app.redeem(code)).json()["error"] == "invalid_grant"
    with pytest.raises(AssertionError, match="account_disabled"):
        await person.sign_in()
    again = await disable_user(provider.identity, Pubkey(person.pubkey))
    assert again is not None
    assert not again.is_changed
    await enable_user(provider.identity, Pubkey(person.pubkey))
    assert (await person.http.get("/api/session")).status_code == 401
    assert await are_dead(app, offline)
    await person.sign_in()
    assert not await are_dead(app, await app.tokens(person))


async def test_29_a_disabled_app_holds_nothing_any_more(provider: Provider) -> None:
    """MUST 29: a disabled app."""
    app, person = await provider.register(), await provider.person()
    tokens = await app.tokens(person)
    await provider.execute(
        "UPDATE oauth_clients SET disabled_at = created_at WHERE client_id = :id", id=app.client_id
    )
    assert (await app.call(tokens["access_token"])).status_code == 401
    assert (await app.call(tokens["access_token"], "/oauth/userinfo")).status_code == 401
    assert (await app.refresh(tokens["refresh_token"])).json()["error"] == "invalid_client"


async def test_an_unknown_key_is_nobodys_account(provider: Provider) -> None:
    stranger = Pubkey(provider.stranger().pubkey)
    assert await disable_user(provider.identity, stranger) is None
    assert await enable_user(provider.identity, stranger) is None


# -- at the same moment


async def live_grants(provider: Provider, person: Person) -> int:
    statement = "SELECT count(*) FROM oauth_grants WHERE user_id = :user AND revoked_at IS NULL"
    return int(await provider.ask(statement, user=person.pubkey))


async def test_a_sign_out_and_an_authorization_at_the_same_moment_leave_nothing_alive(
    provider: Provider,
) -> None:
    """MUST 14, keycloak#51312: logout and authorize at once."""
    app, person = await provider.register(), await provider.person()
    await person.authorize(app)
    answers = await asyncio.gather(*(person.visit(app) for _ in range(AT_ONCE)), sign_out(person))
    assert await live_grants(provider, person) == 0
    for answer in answers[:-1]:
        if "/login" not in answer.headers["location"]:
            assert (await app.redeem(response_of(answer)["code"])).status_code == 400


async def test_a_consent_taken_back_and_an_authorization_at_the_same_moment_leave_nothing_alive(
    provider: Provider,
) -> None:
    app, person = await provider.register(), await provider.person()
    await person.authorize(app)
    await asyncio.gather(
        *(person.visit(app) for _ in range(AT_ONCE)),
        end_access_of_client(provider.room, person.pubkey, app.client_id, HERE),
    )
    assert await live_grants(provider, person) == 0


async def test_all_kinds_of_endings_at_the_same_moment_wait_for_each_other(provider: Provider) -> None:
    """Each holds many grants; taken in different orders they would lock each other out."""
    app, person = await provider.register(), await provider.person()
    tokens = [await app.tokens(person) for _ in range(6)]
    session = await find_session(provider.identity, person.http.cookies["session"])
    assert session is not None
    auth = {"Authorization": f"Bearer {app.metadata['registration_access_token']}"}
    async with provider.http(headers=auth) as http:
        await asyncio.gather(
            sign_out(person),
            end_access_of_client(provider.room, person.pubkey, app.client_id, HERE),
            disable_user(provider.identity, Pubkey(person.pubkey)),
            http.delete(f"/oauth/register/{app.client_id}"),
            *(app.refresh(one["refresh_token"]) for one in tokens),
        )
    assert await live_grants(provider, person) == 0
    live = "SELECT count(*) FROM oauth_tokens WHERE client_id = :id AND NOT revoked"
    assert await provider.ask(live, id=app.client_id) == 0


async def test_a_session_that_ended_after_it_was_looked_up_gives_no_code(provider: Provider) -> None:
    """MUST 29; CVE-2026-16103: judged again where it counts.

    What was read at the beginning of a request is judged again where it counts.
    """
    app, person = await provider.register(), await provider.person()
    page = fields_of(await person.visit(app))
    digest = digest_of(person.http.cookies["session"])
    await provider.identity.kv.delete(f"session:{digest}")
    await sign_out(Person(provider, person.key, provider.http(cookies=dict(person.http.cookies))))
    answer = await person.http.post("/oauth/authorize", data=page | {"decision": "authorize"})
    assert answer.status_code in (303, 403)
    assert "code=" not in answer.headers.get("location", "")
    assert await live_grants(provider, person) == 0
