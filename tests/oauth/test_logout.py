"""RP-initiated logout: every row of the table (reference oauth §6.6, §8 "RP-initiated logout"), and who may not."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jws as foreign_jws
from joserfc.jwk import OctKey, RSAKey

from hodlxxi.oauth.rules.jose import b64
from tests.oauth.leaving import BYE, app_of, click, is_signed_in, leave, page_of
from tests.oauth.provider import Person, Provider, response_of

STATE = "s" * 128


# -- a valid hint


async def test_a_valid_hint_signs_out_at_once_and_leads_back_with_the_state_only(provider: Provider) -> None:
    app, person = await app_of(provider), await provider.person()
    hint = (await app.tokens(person))["id_token"]
    answer = await leave(person, id_token_hint=hint, post_logout_redirect_uri=BYE, state=STATE)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{BYE}?state={STATE}"
    assert answer.headers["cache-control"] == "no-store"
    assert 'session=""' in answer.headers["set-cookie"]
    assert not await is_signed_in(person)
    # Afterwards nobody is signed in for the next request either.
    assert response_of(await person.visit(app, prompt="none"))["error"] == "login_required"


async def test_a_valid_hint_without_an_address_ends_on_the_signed_out_page(provider: Provider) -> None:
    app, person = await app_of(provider), await provider.person()
    answer = await leave(person, id_token_hint=(await app.tokens(person))["id_token"])
    assert (answer.status_code, page_of(answer)) == (200, "logged-out")
    assert 'id="logged-out"' in answer.text
    assert not await is_signed_in(person)


async def test_without_a_state_nothing_is_appended_and_a_registered_query_stays(provider: Provider) -> None:
    uri = "https://app.example/bye?from=here&x=%2F"
    app, person = await app_of(provider, post_logout_redirect_uris=[BYE, uri]), await provider.person()
    hint = (await app.tokens(person))["id_token"]
    assert (await leave(person, id_token_hint=hint, post_logout_redirect_uri=BYE)).headers["location"] == BYE
    again = await leave(person, id_token_hint=hint, post_logout_redirect_uri=uri, state="a b&c")
    assert again.headers["location"] == f"{uri}&state=a+b%26c"


async def test_a_hint_that_has_expired_long_ago_is_as_good(provider: Provider) -> None:
    app, person = await app_of(provider), await provider.person()
    hint = (await app.tokens(person))["id_token"]
    provider.clock.advance(timedelta(hours=23))
    answer = await leave(person, id_token_hint=hint, post_logout_redirect_uri=BYE)
    assert answer.headers["location"] == BYE
    assert not await is_signed_in(person)


async def test_a_valid_hint_leads_back_also_when_no_session_is_left(provider: Provider) -> None:
    app, person = await app_of(provider), await provider.person()
    hint = (await app.tokens(person))["id_token"]
    await person.http.post("/logout")
    answer = await leave(person, id_token_hint=hint, post_logout_redirect_uri=BYE, state="x")
    assert answer.headers["location"] == f"{BYE}?state=x"
    assert page_of(await leave(person, id_token_hint=hint)) == "logged-out"


async def test_the_hint_of_an_earlier_sign_in_in_this_browser_is_this_sessions_too(
    provider: Provider,
) -> None:
    app, person = await app_of(provider), await provider.person()
    hint = (await app.tokens(person))["id_token"]
    await person.sign_in()
    answer = await leave(person, id_token_hint=hint, post_logout_redirect_uri=BYE)
    assert answer.headers["location"] == BYE
    assert not await is_signed_in(person)


@pytest.mark.parametrize("who", ["another-session", "another-user"])
async def test_the_hint_of_another_session_or_user_asks_first(provider: Provider, who: str) -> None:
    app, person = await app_of(provider), await provider.person()
    other = (
        Person(provider, person.key, provider.http()) if who == "another-session" else await provider.person()
    )
    if who == "another-session":
        await other.sign_in()
    hint = (await app.tokens(other))["id_token"]
    page = await leave(person, id_token_hint=hint, post_logout_redirect_uri=BYE, state="x")
    assert (page.status_code, page_of(page)) == (200, "logout")
    assert await is_signed_in(person)
    answer = await click(person, page)
    assert answer.headers["location"] == f"{BYE}?state=x"
    assert not await is_signed_in(person)
    assert await is_signed_in(other)


async def test_a_token_of_another_kind_is_no_hint(provider: Provider) -> None:
    app, person = await app_of(provider), await provider.person()
    tokens = await app.tokens(person)
    page = await leave(person, id_token_hint=tokens["access_token"], post_logout_redirect_uri=BYE)
    assert page_of(page) == "logout"
    assert await is_signed_in(person)


async def test_a_hint_keyed_with_the_apps_own_secret_is_read_with_it(make_provider: Any) -> None:
    provider = await make_provider(id_token_algs=("RS256", "HS256"))
    app = await app_of(provider, id_token_signed_response_alg="HS256")
    person = await provider.person()
    hint = (await app.tokens(person))["id_token"]
    other = await app_of(provider, id_token_signed_response_alg="HS256")
    page = await leave(person, id_token_hint=hint, client_id=other.client_id, post_logout_redirect_uri=BYE)
    assert page_of(page) == "logout"
    answer = await leave(person, id_token_hint=hint, post_logout_redirect_uri=BYE)
    assert answer.headers["location"] == BYE


# -- a hint that is none, or none at all


def forged(kind: str, token: str) -> str:
    """An ID token that we did not sign, or not so."""
    head, body, signature = token.split(".")
    payload = foreign_jws.extract_compact(token.encode()).payload
    if kind == "unsigned":
        return f"{b64(json.dumps({'alg': 'none'}).encode()).decode()}.{body}."
    if kind == "unsigned-with-our-kid":
        header = foreign_jws.extract_compact(token.encode()).headers() | {"alg": "none"}
        return f"{b64(json.dumps(header).encode()).decode()}.{body}."
    if kind == "altered":
        changed = payload.replace(b'"acr":"', b'"acr":"x')
        return f"{head}.{b64(changed).decode()}.{signature}"
    if kind == "foreign-key":
        return foreign_jws.serialize_compact(
            {"alg": "RS256"}, payload, RSAKey.generate_key(2048), algorithms=["RS256"]
        )
    if kind == "keyed-with-our-public-key":
        return foreign_jws.serialize_compact(
            {"alg": "HS256"}, payload, OctKey.import_key("k" * 32), algorithms=["HS256"]
        )
    return {"cut": f"{head}.{body}", "nonsense": "e30.e30.x", "empty-parts": "..", "word": "hint"}[kind]


FORGERIES = [
    "unsigned", "unsigned-with-our-kid", "altered", "foreign-key", "keyed-with-our-public-key", "cut", "nonsense",
    "empty-parts", "word",
]  # fmt: skip


@pytest.mark.parametrize("kind", FORGERIES)
async def test_an_invalid_hint_asks_first_and_leads_nowhere(provider: Provider, kind: str) -> None:
    """MUST 4; CVE-2022-39174, CVE-2022-39175: a forged hint at logout."""
    app, person = await app_of(provider), await provider.person()
    hint = forged(kind, (await app.tokens(person))["id_token"])
    page = await leave(person, id_token_hint=hint, post_logout_redirect_uri=BYE, state="x")
    assert page_of(page) == "logout"
    assert await is_signed_in(person)
    # Nobody named the app: a click signs out, and the browser stays.
    assert page_of(await click(person, page)) == "logged-out"
    assert not await is_signed_in(person)


@pytest.mark.parametrize("kind", ["none", "altered"])
async def test_a_named_app_is_led_back_to_after_a_click(provider: Provider, kind: str) -> None:
    app, person = await app_of(provider), await provider.person()
    hint = forged(kind, (await app.tokens(person))["id_token"]) if kind != "none" else None
    sent = {"id_token_hint": hint, "client_id": app.client_id, "post_logout_redirect_uri": BYE, "state": "x"}
    page = await leave(person, **sent)
    assert (page.status_code, page_of(page)) == (200, "logout")
    assert '<strong id="logout-host">app.example</strong>' in page.text
    answer = await click(person, page)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{BYE}?state=x")
    assert not await is_signed_in(person)


async def test_an_address_without_hint_and_app_leads_nowhere(provider: Provider) -> None:
    await app_of(provider)
    person = await provider.person()
    page = await leave(person, post_logout_redirect_uri=BYE)
    assert page_of(page) == "logout"
    assert page_of(await click(person, page)) == "logged-out"


async def test_a_client_id_that_is_not_the_hints_makes_the_hint_invalid(provider: Provider) -> None:
    app, other, person = await app_of(provider), await provider.register(), await provider.person()
    hint = (await app.tokens(person))["id_token"]
    page = await leave(person, id_token_hint=hint, client_id=other.client_id, post_logout_redirect_uri=BYE)
    assert (page.status_code, page_of(page)) == (400, "logout")
    assert await is_signed_in(person)
    assert page_of(await click(person, page)) == "logged-out"


@pytest.mark.parametrize(
    "params", [{}, {"state": "x"}, {"logout_hint": "somebody", "ui_locales": "de fr"}], ids=str
)
async def test_26_a_get_without_parameters_asks_and_then_stays(
    provider: Provider, params: dict[str, str]
) -> None:
    """MUST 26: GET logout asks."""
    person = await provider.person()
    page = await leave(person, **params)
    assert (page.status_code, page_of(page)) == (200, "logout")
    for name in ("logout-form", "logout-confirm", "logout-cancel"):
        assert f'id="{name}"' in page.text
    assert await is_signed_in(person)
    answer = await click(person, page)
    assert (answer.status_code, page_of(answer)) == (200, "logged-out")
    assert not await is_signed_in(person)


async def test_nobody_who_is_signed_in_is_asked_nothing(provider: Provider) -> None:
    assert page_of(await leave(provider.stranger())) == "logged-out"


async def test_who_stays_stays(provider: Provider) -> None:
    person = await provider.person()
    answer = await click(person, await leave(person), "cancel")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert await is_signed_in(person)


# -- an address that is not registered


@pytest.mark.parametrize(
    "uri", [BYE + "/", BYE + "?x=1", BYE + "#", "https://evil.example/", "https://app.example/cb"]
)
async def test_an_address_that_is_not_registered_to_the_byte_leads_nowhere(
    provider: Provider, uri: str
) -> None:
    """MUST 4: the way back after a sign-out.

    An added query counts, and so does an address that is registered for the way in only.
    """
    app, person = await app_of(provider), await provider.person()
    hint = (await app.tokens(person))["id_token"]
    page = await leave(person, id_token_hint=hint, post_logout_redirect_uri=uri, state="x")
    assert (page.status_code, page_of(page)) == (400, "logout")
    assert "post_logout_redirect_uri" in page.text
    assert page_of(await click(person, page)) == "logged-out"
    assert not await is_signed_in(person)
    again = await leave(person, id_token_hint=hint, post_logout_redirect_uri=uri)
    assert (again.status_code, page_of(again)) == (400, "logged-out")


async def test_an_app_that_has_ended_is_not_led_back_to(provider: Provider) -> None:
    app, person = await app_of(provider), await provider.person()
    hint = (await app.tokens(person))["id_token"]
    await provider.execute(
        "UPDATE oauth_clients SET disabled_at = created_at WHERE client_id = :id", id=app.client_id
    )
    assert page_of(await leave(person, id_token_hint=hint, post_logout_redirect_uri=BYE)) == "logout"


# -- forms, and other sites


async def test_an_app_may_ask_by_post(provider: Provider) -> None:
    app, person = await app_of(provider), await provider.person()
    hint = (await app.tokens(person))["id_token"]
    sent = {"id_token_hint": hint, "post_logout_redirect_uri": BYE, "state": "ü"}
    answer = await person.http.post("/oauth/logout", data=sent)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{BYE}?state=%C3%BC")


async def test_6_another_sites_post_comes_back_with_the_cookie(provider: Provider) -> None:
    """MUST 6: by 303 to our own GET.

    A browser sends no ``SameSite=Lax`` cookie with it: judged so, nobody would be signed in, and nobody signed out.
    """
    app, person = await app_of(provider), await provider.person()
    hint = (await app.tokens(person))["id_token"]
    sent = {"id_token_hint": hint, "post_logout_redirect_uri": BYE, "state": "x", "evil": "y"}
    async with provider.http(headers={"Origin": "https://app.example"}) as http:
        answer = await http.post("/oauth/logout", data=sent)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/oauth/logout?id_token_hint=")
    assert "evil" not in answer.headers["location"]
    again = await person.http.get(answer.headers["location"])
    assert again.headers["location"] == f"{BYE}?state=x"
    assert not await is_signed_in(person)


@pytest.mark.parametrize("csrf", [None, "", "x" * 43])
async def test_nobody_else_can_click(provider: Provider, csrf: str | None) -> None:
    person = await provider.person()
    form = {"decision": "logout"} | ({"csrf": csrf} if csrf is not None else {})
    answer = await person.http.post("/oauth/logout", data=form)
    assert (answer.status_code, page_of(answer)) == (403, "error")
    assert await is_signed_in(person)


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ("state=a&state=b", 400),
        ("client_id=a&client_id=b", 400),
        ("state=%00", 400),
        ("state=%ff", 400),
        ("state=" + "x" * 2049, 400),
        ("state=" + "x" * 17_000, 413),
    ],
)
async def test_what_cannot_be_read_is_a_page(provider: Provider, params: str, status: int) -> None:
    person = await provider.person()
    answer = await person.http.get(f"/oauth/logout?{params}")
    assert (answer.status_code, page_of(answer)) == (status, "error")
    assert await is_signed_in(person)


async def test_what_an_app_sends_is_only_ever_text_on_the_page(provider: Provider) -> None:
    person = await provider.person()
    nasty = "\"><script>alert(1)</script>'"
    page = await leave(
        person, state=nasty, client_id=nasty, id_token_hint=nasty, post_logout_redirect_uri=nasty
    )
    assert page_of(page) == "logout"
    assert "<script>alert" not in page.text


async def test_7_no_other_site_may_read_or_frame_the_page(provider: Provider) -> None:
    """MUST 7, MUST 8: the sign-out page."""
    async with provider.http(headers={"Origin": "https://app.example"}) as http:
        answer = await http.get("/oauth/logout")
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "form-action" not in answer.headers["content-security-policy"]
