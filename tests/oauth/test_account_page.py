"""``/account`` over HTTP, on both engines: what a person sees and ends there, and that nobody else can."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.oauth.provider import Person, Provider, response_of

STALE = timedelta(minutes=10, seconds=1)
EVIL = '"><script>alert(1)</script>'


async def account(person: Person, **query: str) -> str:
    """The page."""
    answer = await person.http.get("/account", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.text


async def do(person: Person, action: str, **fields: str) -> httpx.Response:
    """Send one of the page's forms."""
    (token, *_) = re.findall(r'name="csrf" value="([^"]+)"', await account(person))
    return await person.http.post("/account", data={"csrf": token, "do": action, **fields})


async def done(person: Person, action: str, **fields: str) -> str:
    """Send a form that works; the page afterwards."""
    answer = await do(person, action, **fields)
    assert answer.status_code == 303, answer.text
    return (await person.http.get(answer.headers["location"])).text


def items(page: str, name: str) -> dict[str, str]:
    """The list's items by their ``data-…`` attribute: what stands in each."""
    return dict(
        re.findall(rf'<li data-{name}="([^"]*)">(.*?)(?=<li data-{name}=|</section>)', page, re.DOTALL)
    )


async def link(provider: Provider, person: Person, key: str, user: str | None = None) -> None:
    """Another key of an account, written down by hand."""
    await provider.execute(
        "INSERT INTO user_keys (key, user_id, kind, added_at) SELECT :key, user_id, 'lnurl', added_at "
        "FROM user_keys WHERE key = :old",
        key=key,
        old=person.pubkey,
    )


async def test_the_page_is_for_a_signed_in_person(provider: Provider) -> None:
    stranger = provider.stranger()
    answer = await stranger.http.get("/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Faccount")
    assert (await stranger.http.post("/account", data={"do": "close"})).status_code == 403


async def test_a_newcomer_has_one_session_one_key_and_no_apps(provider: Provider) -> None:
    person = await provider.person()
    page = await account(person)
    assert person.pubkey in page
    assert "No app has access to your account." in page
    assert list(items(page, "key")) == [person.pubkey]
    (session,) = items(page, "session").values()
    assert "this one" in session
    assert "a signed message" in session
    assert 'id="recovery-state" data-left="0"' in page
    assert 'id="end-others"' not in page
    assert 'value="remove_key"' not in page


# -- apps


async def test_an_app_is_shown_with_what_it_holds_and_since_when(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    tokens = await app.tokens(person, scope="openid wallet:read")
    provider.clock.advance(timedelta(hours=3))
    await app.refresh(tokens["refresh_token"])
    provider.clock.advance(timedelta(minutes=5))
    (shown,) = items(await account(person), "client").values()
    assert re.findall(r'data-scope="([^"]+)"', shown) == ["openid", "wallet:read"]
    for words in ("Wallet Watcher", "not verified", "app.example", "Last renewed 5 minutes ago"):
        assert words in shown
    (told,) = (await person.http.get("/api/apps")).json()["apps"]
    assert (told["client_id"], told["scopes"], told["active"]) == (
        app.client_id,
        ["openid", "wallet:read"],
        True,
    )
    assert (told["name"], told["host"], told["verified"]) == ("Wallet Watcher", "app.example", False)
    assert told["since"] < told["last_used_at"]


async def test_all_that_an_app_holds_is_one_entry(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    await app.tokens(person, scope="openid")
    await app.tokens(person, scope="profile:read wallet:read")
    assert [told["scopes"] for told in (await person.http.get("/api/apps")).json()["apps"]] == [
        ["openid", "profile:read", "wallet:read"]
    ]


async def test_an_app_that_was_allowed_but_holds_nothing_is_told_apart(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    await person.authorize(app)  # the code is never redeemed
    (shown,) = items(await account(person), "client").values()
    assert "holds nothing now" in shown
    (told,) = (await person.http.get("/api/apps")).json()["apps"]
    assert (told["active"], told["last_used_at"]) == (False, None)


@pytest.mark.parametrize("by", ["page", "program"])
async def test_ending_an_apps_access_ends_it_at_once_and_it_has_to_ask_again(
    provider: Provider, by: str
) -> None:
    """MUST 14: consent removal, by the person's own click."""
    app, other, person = await provider.register(), await provider.register(), await provider.person()
    tokens, kept = await app.tokens(person), await other.tokens(person)
    if by == "page":
        page = await done(person, "end_app", client_id=app.client_id)
        assert "no access any more" in page
        assert list(items(page, "client")) == [other.client_id]
    else:
        answer = await person.http.delete(f"/api/apps/{app.client_id}")
        assert (answer.status_code, answer.json()) == (200, {"ended": 1})
    assert (await app.call(tokens["access_token"])).status_code == 401
    assert (await app.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await other.call(kept["access_token"])).status_code == 200
    assert (await person.visit(app)).status_code == 200  # the consent page again
    reason = await provider.ask(
        "SELECT revoke_reason FROM oauth_grants WHERE client_id = :c", c=app.client_id
    )
    assert reason == "ended_by_user"
    assert await provider.events("grant_revoked", app.client_id) == 1
    assert await provider.events("consent_withdrawn", app.client_id) == 1


async def test_a_code_that_is_on_its_way_ends_with_the_apps_access(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    code = response_of(await person.authorize(app))["code"]
    await done(person, "end_app", client_id=app.client_id)
    assert (await app.redeem(code)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("client_id", ["nobody", "a%00b", "%C3%BC", "x" * 300])
async def test_an_app_that_holds_nothing_cannot_be_ended(provider: Provider, client_id: str) -> None:
    person = await provider.person()
    answer = await person.http.delete(f"/api/apps/{client_id}")
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


async def test_what_others_gave_the_same_app_stays(provider: Provider) -> None:
    app, alice, bob = await provider.register(), await provider.person(), await provider.person()
    theirs = await app.tokens(bob)
    assert (await alice.http.delete(f"/api/apps/{app.client_id}")).status_code == 404
    refused = await do(alice, "end_app", client_id=app.client_id)
    assert refused.status_code == 404
    assert "holds no access" in refused.text
    assert (await app.call(theirs["access_token"])).status_code == 200
    assert items(await account(alice), "client") == {}


async def test_an_app_may_neither_see_nor_end_apps(provider: Provider) -> None:
    app = await provider.register()
    tokens = await app.tokens()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    async with provider.http() as program:
        assert (await program.get("/api/apps", headers=bearer)).status_code == 403
        assert (await program.delete(f"/api/apps/{app.client_id}", headers=bearer)).status_code == 403
        assert (await program.get("/api/apps")).status_code == 401
    person = await provider.person()
    foreign = {"Origin": "https://evil.example"}
    assert (await person.http.delete(f"/api/apps/{app.client_id}", headers=foreign)).status_code == 403


# -- a stolen refresh token


async def test_a_refresh_token_used_twice_is_told_until_it_was_read(provider: Provider) -> None:
    app, person, other = await provider.register(), await provider.person(), await provider.person()
    old = (await app.tokens(person))["refresh_token"]
    await app.refresh(old)
    provider.clock.advance(timedelta(minutes=5))
    assert (await app.refresh(old)).json()["error"] == "invalid_grant"
    page = await account(person)
    assert 'id="warnings"' in page
    assert re.search(r"Wallet Watcher</strong>, just now", page)
    assert 'id="warnings"' not in await account(other)
    assert 'id="warnings"' not in await done(person, "read_warnings")


# -- sessions


async def test_sessions_are_ended_one_by_one_or_all_others(provider: Provider) -> None:
    person = await provider.person()
    elsewhere = [Person(provider, person.key, provider.http()) for _ in range(3)]
    for other in elsewhere:
        await other.sign_in()
    shown = items(await account(person), "session")
    assert len(shown) == 4
    found = (await elsewhere[0].http.get("/api/sessions")).json()["sessions"]
    (first,) = [item["id"] for item in found if item["current"]]
    assert len(items(await done(person, "end_session", session=first), "session")) == 3
    assert (await elsewhere[0].http.get("/api/session")).status_code == 401
    assert (await elsewhere[1].http.get("/api/session")).status_code == 200
    assert len(items(await done(person, "end_others"), "session")) == 1
    assert (await elsewhere[1].http.get("/api/session")).status_code == 401
    assert (await person.http.get("/api/session")).status_code == 200


async def test_another_persons_session_is_not_there(provider: Provider) -> None:
    alice, bob = await provider.person(), await provider.person()
    (theirs,) = items(await account(bob), "session")
    for session in (theirs, "0" * 16, ""):
        assert (await do(alice, "end_session", session=session)).status_code == 404
    assert (await bob.http.get("/api/session")).status_code == 200


# -- keys, name and codes


async def test_a_key_is_labelled_and_removed(provider: Provider) -> None:
    person = await provider.person()
    second = "02" + person.pubkey[2:-4] + "abcd"
    await link(provider, person, second)
    page = await done(person, "label_key", key=second, label="Old phone")
    assert "Old phone" in items(page, "key")[second]
    assert 'value="remove_key"' not in items(page, "key")[person.pubkey]
    refused = await do(person, "remove_key", key=person.pubkey)
    assert refused.status_code == 409
    assert 'data-code="key_in_use"' in refused.text
    page = await done(person, "remove_key", key=second)
    assert list(items(page, "key")) == [person.pubkey]


async def test_another_persons_key_is_neither_labelled_nor_removed(provider: Provider) -> None:
    alice, bob = await provider.person(), await provider.person()
    second = "02" + bob.pubkey[2:-4] + "abce"
    await link(provider, bob, second)
    for action in ("label_key", "remove_key"):
        assert (await do(alice, action, key=second, label="mine")).status_code == 404
    assert set(items(await account(bob), "key")) == {bob.pubkey, second}
    assert "mine" not in await account(bob)


async def test_codes_are_shown_on_one_page_once(provider: Provider) -> None:
    person = await provider.person()
    answer = await do(person, "make_codes")
    codes = re.findall(r"<li><code>([^<]+)</code></li>", answer.text)
    assert (answer.status_code, len(codes), answer.headers["cache-control"]) == (200, 10, "no-store")
    page = await account(person)
    assert 'data-left="10"' in page
    assert not any(code in page for code in codes)
    signed_in = await provider.stranger().http.post("/api/auth/recovery", json={"code": codes[0]})
    assert signed_in.json()["pubkey"] == person.pubkey
    assert 'data-left="0"' in await done(person, "delete_codes")


async def test_a_name_is_set_and_a_bad_one_is_refused_on_the_page(provider: Provider) -> None:
    person = await provider.person()
    assert 'value="Alice"' in await done(person, "set_name", display_name="Alice")
    refused = await do(person, "set_name", display_name="a\u202eb")
    assert refused.status_code == 400
    assert "direction characters" in refused.text
    assert 'value="Alice"' in refused.text
    assert 'value=""' in await done(person, "set_name", display_name="")


@pytest.mark.parametrize("action", ["make_codes", "delete_codes", "remove_key", "close"])
async def test_what_changes_sign_ins_leads_to_a_fresh_proof_and_back(provider: Provider, action: str) -> None:
    person = await provider.person()
    second = "02" + person.pubkey[2:-4] + "abcf"
    await link(provider, person, second)
    provider.clock.advance(STALE)
    assert 'id="stale"' in await account(person)
    answer = await do(person, action, key=second, sure="yes")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Faccount%3Fdone%3Dsigned_in"
    await person.sign_in()
    assert 'id="stale"' not in await account(person, done="signed_in")
    assert (await do(person, action, key=second, sure="yes")).status_code in (200, 303)


async def test_closing_wants_a_tick_and_ends_everything(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    tokens = await app.tokens(person)
    refused = await do(person, "close")
    assert refused.status_code == 400
    assert "Tick the box" in refused.text
    answer = await do(person, "close", sure="yes")
    assert answer.status_code == 200
    assert 'id="account-closed"' in answer.text
    assert (await person.http.get("/account")).status_code == 303
    assert (await app.call(tokens["access_token"])).status_code == 401


# -- nobody else


ACTIONS = ["end_app", "end_session", "end_others", "label_key", "remove_key", "make_codes", "delete_codes"]
ACTIONS += ["set_name", "read_warnings", "close"]


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("token", ["missing", "guessed", "another-persons"])
async def test_each_form_needs_its_own_token(provider: Provider, action: str, token: str) -> None:
    app, person, other = await provider.register(), await provider.person(), await provider.person()
    await app.tokens(person)
    fields: dict[str, Any] = {"do": action, "client_id": app.client_id, "key": person.pubkey, "sure": "yes"}
    if token == "guessed":
        fields["csrf"] = "x" * 43
    if token == "another-persons":
        (fields["csrf"], *_) = re.findall(r'name="csrf" value="([^"]+)"', await account(other))
    before = await provider.ask("SELECT count(*) FROM audit_logs WHERE user_id = :u", u=person.pubkey)
    answer = await person.http.post("/account", data=fields)
    assert answer.status_code == 403
    assert await provider.ask("SELECT count(*) FROM audit_logs WHERE user_id = :u", u=person.pubkey) == before


@pytest.mark.parametrize("action", ["", "nonsense", "__init__"])
async def test_a_form_that_names_nothing_to_do_is_refused(provider: Provider, action: str) -> None:
    assert (await do(await provider.person(), action)).status_code == 400


async def test_names_that_strangers_choose_are_only_text(provider: Provider) -> None:
    """MUST 24: HTML in names, on the account page."""
    app = await provider.register(client_name=EVIL)
    person = await provider.person()
    person.http.headers["User-Agent"] = EVIL
    await person.sign_in()
    await app.tokens(person)
    await done(person, "set_name", display_name=EVIL)
    await done(person, "label_key", key=person.pubkey, label=EVIL)
    page = await account(person, done=EVIL)
    assert "<script>alert" not in page
    # The app's name twice (once for screen readers), the person's, the key's label, and the label in its field.
    assert page.count(html.escape(EVIL, quote=True).replace("&quot;", "&#34;")) == 5
    assert "Unknown device" in page


async def test_no_other_site_may_frame_or_read_the_page(provider: Provider) -> None:
    """MUST 7, MUST 8: the account page."""
    person = await provider.person()
    answer = await person.http.get("/account", headers={"Origin": "https://evil.example"})
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "access-control-allow-origin" not in answer.headers
