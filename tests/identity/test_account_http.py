"""An account's name and its end over HTTP, on both engines."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.identity.people import STALE, Owner, new_owner, refusal
from tests.identity.site import Site, ask_challenge, prove, sign_in, who
from tests.races.people import Visitor


@pytest.fixture
async def site(make_site: Callable[..., Site]) -> Site:
    """A site that can sign tokens."""
    made = make_site()
    await made.app.oauth.keys.prepare()
    return made


async def app_of(owner: Owner, browser: httpx.AsyncClient | None = None) -> tuple[Visitor, dict[str, str]]:
    """An app that holds tokens of this person, given in this browser."""
    visitor = Visitor(browser or owner.browser, owner.keys[0])
    await visitor.register()
    return visitor, await visitor.tokens()


async def call(site: Site, tokens: dict[str, str]) -> int:
    """How the app's access token is answered."""
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    return (await site.browser().get("/api/demo/protected", headers=bearer)).status_code


async def refresh(visitor: Visitor, tokens: dict[str, str]) -> int:
    """How the app's refresh token is answered."""
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    return (await visitor.browser.post("/oauth/token", data=form, auth=visitor.credentials)).status_code


async def test_a_person_sees_their_account(site: Site) -> None:
    owner = await new_owner(site)
    await owner.link()
    assert (await owner.browser.get("/api/account")).json() == {
        "pubkey": owner.pubkey,
        "display_name": None,
        "created_at": "2042-01-05T12:00:00Z",
        "keys": 2,
        "recovery_codes_left": 0,
    }


async def test_a_name_is_given_shown_and_taken_away(site: Site) -> None:
    owner = await new_owner(site)
    for name, kept in (("Alice 🦊", "Alice 🦊"), ("  ", None), ("Bob", "Bob"), (None, None)):
        answer = await owner.browser.put("/api/account", json={"display_name": name})
        assert answer.json() == {"pubkey": owner.pubkey, "display_name": kept}
        assert (await owner.browser.get("/api/account")).json()["display_name"] == kept
    assert await owner.events() == [("name_changed", True)] * 4


@pytest.mark.parametrize("name", ["x" * 61, "a\u202eb", "a\u0007", 7, ["a"], {}])
async def test_a_name_that_is_none_is_refused(site: Site, name: object) -> None:
    owner = await new_owner(site)
    answer = await owner.browser.put("/api/account", json={"display_name": name})
    assert (answer.status_code, answer.json()["field"]) == (400, "display_name")


async def test_apps_get_the_new_name_and_learn_that_it_changed(site: Site) -> None:
    owner = await new_owner(site)
    visitor = Visitor(owner.browser, owner.keys[0])
    await visitor.register(scope="openid profile profile:read")
    claims = {}
    for name in (None, "Alice"):
        site.clock.advance(60)
        if name is not None:
            await owner.browser.put("/api/account", json={"display_name": name})
        answer = await visitor.tokens("openid profile")
        bearer = {"Authorization": f"Bearer {answer['access_token']}"}
        claims[name] = (await site.browser().get("/oauth/userinfo", headers=bearer)).json()
    assert claims[None]["name"] == f"{owner.pubkey[:6]}…{owner.pubkey[-4:]}"
    assert claims["Alice"]["name"] == "Alice"
    assert claims["Alice"]["updated_at"] - claims[None]["updated_at"] == 120


# -- what was given with a key ends with it


async def test_what_was_allowed_with_a_key_ends_with_it_and_nothing_else_does(site: Site) -> None:
    """wallet 4, MUST 14: removing a key ends what was proved with it."""
    owner = await new_owner(site)
    lost = await owner.link()
    kept_app, kept = await app_of(owner)
    lost_app, gone = await app_of(owner, await owner.elsewhere(lost))
    assert (await call(site, kept), await call(site, gone)) == (200, 200)
    assert (await owner.browser.delete(f"/api/keys/{lost.pubkey_hex}")).status_code == 200
    assert (await call(site, gone), await refresh(lost_app, gone)) == (401, 400)
    assert (await call(site, kept), await refresh(kept_app, kept)) == (200, 200)
    (row,) = await site.rows(
        "SELECT user_id, details FROM audit_logs WHERE event_type = 'grant_revoked' AND client_id = :c",
        c=lost_app.credentials[0],
    )
    assert row.user_id == owner.pubkey
    assert '"reason":"key_removed"' in row.details


# -- the end


async def test_a_closed_account_ends_everything_and_its_row_stays(site: Site) -> None:
    owner = await new_owner(site)
    second = await owner.link()
    elsewhere = await owner.elsewhere(second)
    code = (await owner.browser.post("/api/recovery-codes")).json()["codes"][0]
    await owner.browser.put("/api/account", json={"display_name": "Alice"})
    visitor, tokens = await app_of(owner)
    answer = await owner.browser.delete("/api/account")
    assert (answer.status_code, answer.json()) == (200, {"closed": True})
    assert "session" not in owner.browser.cookies
    assert (await who(owner.browser), await who(elsewhere)) == (None, None)
    assert (await call(site, tokens), await refresh(visitor, tokens)) == (401, 400)
    recovered = await site.browser().post("/api/auth/recovery", json={"code": code})
    assert refusal(recovered) == (401, "invalid_recovery_code")
    (row,) = await site.rows("SELECT * FROM users WHERE pubkey = :u", u=owner.pubkey)
    assert row.closed_at is not None
    assert row.display_name is None
    for table in ("user_keys", "recovery_codes", "oauth_consents"):
        assert await site.rows(f"SELECT 1 FROM {table} WHERE user_id = :u", u=owner.pubkey) == []
    live = "SELECT 1 FROM sessions WHERE user_id = :u AND revoked_at IS NULL"
    assert await site.rows(live, u=owner.pubkey) == []
    assert ("account_closed", True) in await owner.events()


async def test_a_closed_account_opens_for_nobody_and_its_other_keys_are_free(site: Site) -> None:
    owner = await new_owner(site)
    second = await owner.link()
    await owner.browser.delete("/api/account")
    browser = site.browser()
    answer = await prove(browser, owner.keys[0], await ask_challenge(browser))
    assert refusal(answer) == (403, "account_disabled")
    assert await site.rows("SELECT 1 FROM user_keys WHERE key = :k", k=owner.pubkey) == []
    await sign_in(browser, second)
    assert await who(browser) == second.pubkey_hex


async def test_closing_needs_a_fresh_proof(site: Site) -> None:
    owner = await new_owner(site)
    site.clock.advance(STALE)
    assert refusal(await owner.browser.delete("/api/account")) == (403, "reauthentication_required")
    assert await who(owner.browser) == owner.pubkey


async def test_closing_one_account_leaves_the_others_alone(site: Site) -> None:
    owner, other = await new_owner(site), await new_owner(site)
    visitor, tokens = await app_of(other)
    await owner.browser.delete("/api/account")
    assert await who(other.browser) == other.pubkey
    assert (await call(site, tokens), await refresh(visitor, tokens)) == (200, 200)
    assert len((await other.browser.get("/api/keys")).json()["keys"]) == 1


async def test_an_app_is_not_the_person(site: Site) -> None:
    owner = await new_owner(site)
    _, tokens = await app_of(owner)
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    for method, path in (("GET", "/api/keys"), ("DELETE", "/api/account"), ("POST", "/api/recovery-codes")):
        answer = await site.browser().request(method, path, headers=bearer)
        assert refusal(answer) == (403, "forbidden")
