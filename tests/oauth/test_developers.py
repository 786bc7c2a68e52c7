"""/developers over HTTP: who may, what a form registers, whose apps one sees, secrets once, ends at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from hodlxxi.oauth import operator
from hodlxxi.oauth.rules.clients import Trust
from tests.oauth.developer import FORM, developer, given, hidden_of, shown
from tests.oauth.provider import CALLBACK, ISSUER, Provider
from tests.oauth.test_code import error_of
from tests.oauth.test_registration_endpoint import manage

Make = Callable[..., Awaitable[Provider]]
KEY = {"kty": "EC", "crv": "P-256", "kid": "k", "alg": "ES256", "use": "sig"} | {
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
}
PAGES = ("", "/new", "/apps/app_x", "/apps/app_x/edit", "/apps/app_x/test")
POSTS = ("/new", "/apps/app_x/edit", "/apps/app_x/secret", "/apps/app_x/delete", "/apps/app_x/test")
CODE = "urn:ietf:params:oauth:grant-type:device_code"


async def registered(provider: Provider, client_id: str) -> Any:
    return (await operator.get_client(provider.room, client_id)).client


async def test_who_is_not_signed_in_signs_in_and_comes_back(provider: Provider) -> None:
    async with provider.http() as http:
        for path in PAGES:
            answer = await http.get(f"/developers{path}")
            assert answer.status_code == 303
            assert answer.headers["location"] == f"/login?next=%2Fdevelopers{path.replace('/', '%2F')}"
        for path in POSTS:
            answer = await http.post(f"/developers{path}", data={"sure": "yes"})
            assert answer.headers["location"] == "/login?next=%2Fdevelopers"


async def test_an_app_is_registered_and_its_secret_shown_this_once(provider: Provider) -> None:
    dev = await developer(provider)
    assert shown(await dev.get("/developers"), "no-apps")
    page = await dev.register(redirect_uris=f"  {CALLBACK}\r\n\r\n{CALLBACK}/2  ")
    assert page.headers["cache-control"] == "no-store"
    assert 'data-page="developers-secret"' in page.text
    client_id, secret = shown(page, "client-id"), shown(page, "client-secret")
    assert client_id
    assert secret
    client = await registered(provider, client_id)
    assert client.owner_id == dev.person.pubkey
    assert client.is_self_registered
    assert client.metadata.redirect_uris == (CALLBACK, CALLBACK + "/2")
    assert client.metadata.scopes == ("openid", "profile")
    for path in ("", f"/apps/{client_id}", f"/apps/{client_id}/edit", f"/apps/{client_id}/test"):
        later = (await dev.get(f"/developers{path}")).text
        assert client_id in later
        assert secret not in later
    who = "SELECT user_id FROM audit_logs WHERE event_type = 'client_registered' AND client_id = :id"
    assert await provider.ask(who, id=client_id) == dev.person.pubkey


@pytest.mark.parametrize(
    ("kind", "method", "grants", "has_secret"),
    [
        ("web", "client_secret_basic", ("authorization_code", "refresh_token"), True),
        ("browser", "none", ("authorization_code", "refresh_token"), False),
        ("device", "none", ("refresh_token", CODE), False),
        ("machine", "client_secret_basic", ("client_credentials",), True),
        ("key", "private_key_jwt", ("authorization_code", "refresh_token"), False),
    ],
)
async def test_each_kind_of_app_is_what_it_says(
    provider: Provider, kind: str, method: str, grants: tuple[str, ...], has_secret: bool
) -> None:
    dev = await developer(provider)
    keys = json.dumps(KEY) if kind == "key" else None
    app = await dev.app(kind=kind, jwks=keys, scope=["profile:read"])
    it = (await registered(provider, app.client_id)).metadata
    assert (it.auth_method, it.grant_types) == (method, grants)
    assert bool(app.metadata.get("client_secret")) == has_secret
    assert it.redirect_uris == (() if kind in ("machine", "device") else (CALLBACK,))
    assert it.jwks == ({"keys": [KEY]} if kind == "key" else None)
    # A form that is saved as it is changes nothing.
    assert (await dev.edit(app)).status_code == 303
    assert (await registered(provider, app.client_id)).metadata == it
    page = await dev.get(f"/developers/apps/{app.client_id}")
    assert app.client_id in (
        shown(page, f"snippet-{'curl' if kind in ('web', 'browser', 'key') else 'curl-' + kind}") or ""
    )


async def test_everything_that_the_form_knows_is_kept(provider: Provider) -> None:
    dev = await developer(provider)
    fields = {
        "post_logout_redirect_uris": "https://app.example/out\nhttps://app.example/",
        "backchannel_logout_uri": "https://app.example/bye",
        "client_uri": "https://app.example/",
        "logo_uri": "https://app.example/logo.png",
        "policy_uri": "https://app.example/privacy",
        "tos_uri": "https://app.example/terms",
        "contacts": "a@app.example\nb@app.example",
        "id_token_signed_response_alg": "ES256",
        "pairwise": "yes",
        "dpop_bound_access_tokens": "yes",
        "require_pushed_authorization_requests": "yes",
    }
    app = await dev.app(**fields)
    it = (await registered(provider, app.client_id)).metadata
    assert it.post_logout_redirect_uris == ("https://app.example/out", "https://app.example/")
    assert it.contacts == ("a@app.example", "b@app.example")
    assert (it.subject_type, it.id_token_alg) == ("pairwise", "ES256")
    assert (it.dpop_bound, it.require_pushed) == (True, True)
    links = (it.backchannel_logout_uri, it.client_uri, it.logo_uri, it.policy_uri, it.tos_uri)
    assert links == tuple(
        fields[n] for n in ("backchannel_logout_uri", "client_uri", "logo_uri", "policy_uri", "tos_uri")
    )
    assert (await dev.edit(app, tos_uri="", contacts="", client_name="Cash")).status_code == 303
    it = (await registered(provider, app.client_id)).metadata
    assert (it.subject_type, it.tos_uri, it.contacts, it.name) == ("pairwise", None, (), "Cash")
    assert it.logo_uri == fields["logo_uri"]


async def test_an_app_does_not_turn_from_pairwise_to_the_keys_of_its_users(provider: Provider) -> None:
    """Its refresh tokens would tell it keys that nobody ever showed it."""
    dev = await developer(provider)
    app = await dev.app(pairwise="yes")
    answer = await dev.edit(app, pairwise=None)
    assert answer.status_code == 400
    assert "another sub" in answer.text
    assert (await registered(provider, app.client_id)).metadata.subject_type == "pairwise"


async def test_what_the_form_does_not_know_stays_when_it_is_saved(provider: Provider) -> None:
    dev = await developer(provider)
    app = await dev.app()
    more = {
        "default_max_age": 60,
        "software_id": "till-1",
        "require_auth_time": True,
        "token_endpoint_auth_method": "client_secret_post",
        "grant_types": ["authorization_code", "client_credentials"],
    }
    body = {"client_id": app.client_id, "client_name": "Till", "redirect_uris": [CALLBACK]} | more
    assert (await manage(app, "PUT", json=body)).status_code == 200
    page = await dev.get(f"/developers/apps/{app.client_id}/edit")
    assert 'id="kind-other"' in page.text
    assert (await dev.edit(app, client_name="Cash")).status_code == 303
    it = (await registered(provider, app.client_id)).metadata
    assert (it.name, it.default_max_age_s, it.software_id, it.require_auth_time) == (
        "Cash",
        60,
        "till-1",
        True,
    )
    assert (it.auth_method, it.grant_types) == (
        "client_secret_post",
        ("authorization_code", "client_credentials"),
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"redirect_uris": "http://app.example/cb"}, "redirect_uris"),
        ({"redirect_uris": "javascript:alert(1)"}, "redirect_uris"),
        ({"redirect_uris": None}, "redirect_uris"),
        ({"redirect_uris": "\n".join(f"{CALLBACK}/{n}" for n in range(21))}, "redirect_uris"),
        ({"scope": None}, "scope"),
        ({"kind": None}, "kind"),
        ({"kind": "bank"}, "kind"),
        ({"kind": "other"}, "kind"),
        ({"kind": "key"}, "private_key_jwt needs jwks"),
        ({"kind": "key", "jwks": "nonsense"}, "jwks"),
        ({"kind": "key", "jwks": "[]"}, "jwks"),
        ({"kind": "key", "jwks": '{"keys": "\\ud800"}'}, "jwks"),
        ({"kind": "key", "jwks": "[" * 60 + "]" * 60}, "jwks"),
        ({"logo_uri": "http://app.example/l.png"}, "logo_uri"),
        ({"client_name": "a\u202eb"}, "client_name"),
        ({"client_name": "x" * 101}, "client_name"),
        ({"id_token_signed_response_alg": "none"}, "id_token_signed_response_alg"),
        ({"client_name": ["a", "b"]}, "client_name"),
    ],
    ids=str,
)
async def test_what_is_wrong_is_said_above_the_form_which_keeps_what_was_typed(
    provider: Provider, changes: dict[str, Any], said: str
) -> None:
    dev = await developer(provider)
    page = await dev.register(**{"policy_uri": "https://app.example/kept"} | changes)
    assert page.status_code == 400
    if changes.get("client_name") != ["a", "b"]:
        assert said in (shown(page, "form-error") or "")
        assert "https://app.example/kept" in page.text
    assert shown(await dev.get("/developers"), "no-apps")


async def test_a_form_that_is_sent_twice_registers_one_app(provider: Provider) -> None:
    dev = await developer(provider)
    hidden = hidden_of((await dev.get("/developers/new")).text, "/developers/new")
    first = await dev.http.post("/developers/new", data=given(FORM | hidden))
    again = await dev.http.post("/developers/new", data=given(FORM | hidden))
    assert (first.status_code, again.status_code) == (200, 409)
    assert (await dev.get("/developers")).text.count("data-app=") == 1


async def test_names_are_shown_as_text_wherever_they_stand(provider: Provider) -> None:
    dev = await developer(provider)
    name = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}"
    uri = "https://app.example/cb?a='b'&c=$(id)"
    app = await dev.app(client_name=name, redirect_uris=uri)
    bad = await dev.edit(app, logo_uri='"><script>alert(2)</script>')
    path = f"/developers/apps/{app.client_id}"
    pages = [bad, *[await dev.get(p) for p in ("/developers", path, f"{path}/edit", f"{path}/test")]]
    for page in pages:
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "script-src 'self'" in page.headers["content-security-policy"]
    assert shown(pages[2], "app-name") == name
    # In each language it is quoted as that language wants it.
    assert "\"https://app.example/cb?a='b'&c=$(id)\"" in (shown(pages[2], "snippet-flask") or "")
    assert "redirect_uri=https://app.example/cb?a='\"'\"'b'\"'\"'&c=$(id)'" in (
        shown(pages[2], "snippet-curl") or ""
    )


@pytest.mark.parametrize("path", POSTS)
async def test_a_form_of_another_site_does_nothing(provider: Provider, path: str) -> None:
    dev = await developer(provider)
    app = await dev.app()
    before = await registered(provider, app.client_id)
    action = "/developers" + path.replace("app_x", app.client_id)
    for csrf in (None, "", "x", "0" * 43):
        data = given({**FORM, "csrf": csrf, "sure": "yes"})
        answer = await dev.http.post(action, data=data)
        assert answer.status_code == 403
        assert shown(answer, "error-code") == "csrf"
    assert await registered(provider, app.client_id) == before
    assert (await dev.get("/developers")).text.count("data-app=") == 1


async def test_a_foreign_persons_app_is_no_app(provider: Provider) -> None:
    dev, other = await developer(provider), await developer(provider)
    app, own = await dev.app(), await other.app()
    assert app.client_id not in (await other.get("/developers")).text
    csrf = hidden_of((await other.get("/developers/new")).text, "/developers/new")
    csrf |= {"sure": "yes", "seen": "x"}
    nobody, unknown = f"/developers/apps/{app.client_id}", "/developers/apps/app_unknown"
    before = await registered(provider, app.client_id)
    for path in ("", "/edit", "/test"):
        answers = [await other.get(base + path) for base in (nobody, unknown, "/developers/apps/%00")]
        assert [answer.status_code for answer in answers] == [404, 404, 404]
        assert len({shown(answer, "error-description") for answer in answers}) == 1
    for path in ("/edit", "/secret", "/delete", "/test"):
        answer = await other.http.post(nobody + path, data=FORM | csrf)
        assert answer.status_code == 404
    assert await registered(provider, app.client_id) == before
    assert (await registered(provider, own.client_id)).owner_id == other.person.pubkey
    # Apps that registered themselves are nobody's, and the operator's neither.
    for alone in (await provider.register(), await provider.trust(await provider.register())):
        assert (await other.get(f"/developers/apps/{alone.client_id}")).status_code == 404


async def test_a_rotated_secret_stops_the_old_one_and_nothing_else(provider: Provider) -> None:
    dev = await developer(provider)
    app = await dev.app(scope=["openid", "profile:read"])
    tokens = await app.tokens(scope="openid profile:read")
    path = f"/developers/apps/{app.client_id}"
    unsure = await dev.send(path, f"{path}/secret")
    assert unsure.status_code == 400
    hidden = hidden_of((await dev.get(path)).text, f"{path}/secret")
    page = await dev.http.post(f"{path}/secret", data=hidden | {"sure": "yes"})
    new = shown(page, "client-secret")
    assert new
    assert "refused from now on" in (shown(page, "old-is-void") or "")
    assert error_of(await app.refresh(tokens["refresh_token"]), 401) == "invalid_client"
    app.metadata["client_secret"] = new
    assert (await app.refresh(tokens["refresh_token"])).status_code == 200
    # The same form again: that secret was seen, so it stays.
    again = await dev.http.post(f"{path}/secret", data=hidden | {"sure": "yes"})
    assert again.status_code == 409
    assert error_of(await app.redeem("x")) == "invalid_grant"
    assert await provider.events("client_secret_rotated", app.client_id) == 1


async def test_of_two_tabs_that_rotate_at_once_one_has_done_it(provider: Provider) -> None:
    dev = await developer(provider)
    app = await dev.app()
    path = f"/developers/apps/{app.client_id}"
    data = hidden_of((await dev.get(path)).text, f"{path}/secret") | {"sure": "yes"}
    answers = await asyncio.gather(*(dev.http.post(f"{path}/secret", data=data) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
    app.metadata["client_secret"] = next(shown(a, "client-secret") for a in answers if a.status_code == 200)
    assert error_of(await app.redeem("x")) == "invalid_grant"


async def test_another_kind_of_app_gets_or_loses_its_secret(provider: Provider) -> None:
    dev = await developer(provider)
    app = await dev.app()
    assert (await dev.edit(app, kind="browser")).status_code == 303
    assert not (await registered(provider, app.client_id)).secret_digest
    page = await dev.edit(app, kind="web")
    secret = shown(page, "client-secret")
    assert secret
    app.metadata["client_secret"] = secret
    assert error_of(await app.redeem("x")) == "invalid_grant"


async def test_deleting_ends_the_app_with_everything_that_people_gave_it(provider: Provider) -> None:
    dev = await developer(provider)
    app = await dev.app(scope=["openid", "profile:read"])
    tokens = await app.tokens(scope="openid profile:read")
    path = f"/developers/apps/{app.client_id}"
    assert shown(await dev.get(path), "grants") == "1"
    assert shown(await dev.get(path), "last-used") != "never"
    assert (await dev.send(path, f"{path}/delete")).status_code == 400
    answer = await dev.send(path, f"{path}/delete", sure="yes")
    assert answer.headers["location"] == "/developers?said=removed"
    assert "deleted" in (shown(await dev.get("/developers?said=removed"), "said") or "")
    assert (await dev.get(path)).status_code == 404
    assert (await app.call(tokens["access_token"])).status_code == 401
    assert error_of(await app.refresh(tokens["refresh_token"]), 401) == "invalid_client"
    assert (await (await provider.person()).visit(app)).status_code == 400


async def test_an_app_that_is_deleted_while_it_refreshes_leaves_no_token_alive(provider: Provider) -> None:
    for _ in range(4):
        dev = await developer(provider)
        app = await dev.app(scope=["openid", "profile:read"])
        held = [(await app.tokens(scope="openid profile:read"))["refresh_token"] for _ in range(4)]
        path = f"/developers/apps/{app.client_id}"
        hidden = hidden_of((await dev.get(path)).text, f"{path}/delete") | {"sure": "yes"}
        *refreshed, deleted = await asyncio.gather(
            *(app.refresh(token) for token in held), dev.http.post(f"{path}/delete", data=hidden)
        )
        assert deleted.status_code == 303
        assert {answer.status_code for answer in refreshed} <= {200, 400, 401}
        alive = "SELECT count(*) FROM oauth_tokens WHERE client_id = :id AND NOT revoked"
        assert await provider.ask(alive, id=app.client_id) == 0


async def test_an_approved_app_that_is_renamed_has_to_be_approved_again(provider: Provider) -> None:
    dev = await developer(provider)
    app = await dev.app()
    await operator.set_trust(provider.room, app.client_id, Trust.OPERATOR)
    assert (await dev.edit(app)).headers["location"].endswith("?said=changed")
    answer = await dev.edit(app, client_name="Your Bank")
    assert "approve" in (shown(await dev.get(answer.headers["location"]), "said") or "")
    assert (await registered(provider, app.client_id)).is_self_registered


async def test_an_app_that_the_operator_disabled_is_shown_and_cannot_be_changed(provider: Provider) -> None:
    dev = await developer(provider)
    app = await dev.app()
    path = f"/developers/apps/{app.client_id}"
    hidden = hidden_of((await dev.get(path)).text, f"{path}/secret") | {"sure": "yes"}
    await operator.pause(provider.room, app.client_id)
    assert "disabled by the operator" in (await dev.get("/developers")).text
    assert shown(await dev.get(path), "disabled")
    for action in ("/secret", "/delete", "/edit", "/test"):
        assert (await dev.http.post(path + action, data=FORM | hidden)).status_code == 403
    await operator.resume(provider.room, app.client_id)
    assert (await dev.http.post(f"{path}/secret", data=hidden)).status_code == 200


async def test_the_pages_have_no_cors_and_no_framing(provider: Provider) -> None:
    dev = await developer(provider)
    app = await dev.app()
    for path in ("", "/new", "/callback", f"/apps/{app.client_id}"):
        answer = await dev.http.get(f"/developers{path}", headers={"Origin": "https://evil.example"})
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "no-store"
        assert "form-action" not in answer.headers["content-security-policy"]
    assert ISSUER in (await dev.get(f"/developers/apps/{app.client_id}")).text
