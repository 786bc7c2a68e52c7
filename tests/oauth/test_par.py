"""Pushed authorization requests (RFC 9126, reference oauth §6.2, MUST 22; FAPI 2.0 Security Profile)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from hodlxxi.kit.secret import digest_of
from hodlxxi.oauth.rules.authorization import PAR_PREFIX
from tests.oauth.provider import CALLBACK, ISSUER, Person, Provider, RelyingParty, next_of, response_of
from tests.oauth.test_asking import error_page
from tests.support.hostile_uris import HOSTILE

AT_ONCE = 12


async def come(person: Person, asked: dict[str, str], **more: str) -> httpx.Response:
    """The browser arrives with a pushed request."""
    return await person.http.get("/oauth/authorize", params=asked | more)


async def code_of(person: Person, asked: dict[str, str]) -> str:
    page = await come(person, asked)
    answer = await person.decide(page) if page.status_code == 200 else page
    return response_of(answer)["code"]


async def codes_of(app: RelyingParty) -> int:
    statement = "SELECT count(*) FROM oauth_codes WHERE client_id = :id"
    return int(await app.provider.ask(statement, id=app.client_id))


@pytest.mark.parametrize("method", ["client_secret_basic", "none"])
async def test_a_pushed_request_leads_to_tokens(provider: Provider, method: str) -> None:
    app, person = await provider.register(token_endpoint_auth_method=method), await provider.person()
    answer = await app.push(state="pushed")
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert set(body) == {"request_uri", "expires_in"}
    assert body["expires_in"] == 90
    secret = body["request_uri"].removeprefix(PAR_PREFIX)
    assert len(secret) == 43, "32 random bytes"
    kept = "SELECT count(*) FROM oauth_pars WHERE request_uri = :digest AND params NOT LIKE '%secret%'"
    assert await provider.ask(kept, digest=digest_of(secret)) == 1
    asked = {"client_id": app.client_id, "request_uri": body["request_uri"]}
    answer = response_of(await person.decide(await come(person, asked)))
    assert (answer["state"], answer["iss"]) == ("pushed", ISSUER)
    assert (await app.redeem(answer["code"])).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
async def test_nothing_but_post_pushes(provider: Provider, method: str) -> None:
    """MUST 22: GET is 405."""
    async with provider.http() as http:
        answer = await http.request(method, "/oauth/par")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_any_origin_may_push(provider: Provider) -> None:
    app = await provider.register(token_endpoint_auth_method="none")
    async with provider.http(headers={"Origin": "https://spa.example"}) as http:
        for form in (app.request(), {}):
            answer = await http.post("/oauth/par", data=form)
            assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"redirect_uri": "https://evil.example/cb"}, "invalid_request"),
        ({"redirect_uri": CALLBACK + "/"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"response_mode": "web_message"}, "invalid_request"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"scope": "wallet:write"}, "invalid_scope"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://app.example/r"}, "invalid_request"),
        ({"request_uri": PAR_PREFIX + "x" * 43}, "invalid_request"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"resource": "https://api.other.example"}, "invalid_target"),
        ({"state": ["a", "b"]}, "invalid_request"),
        ({"state": "s" * 3000}, "invalid_request"),
        ({"nonce": "n" * 600}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"claims": "x"}, "invalid_request"),
        ({"id_token_hint": "x"}, "invalid_request"),
    ],
    ids=str,
)
async def test_what_is_wrong_is_said_to_the_client_at_once(
    provider: Provider, changes: dict[str, Any], word: str
) -> None:
    """MUST 22: nested ``request_uri`` and the rest."""
    app = await provider.register()
    answer = await app.push(**changes)
    assert (answer.status_code, answer.json()["error"]) == (400, word)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["request_id"]
    assert await provider.ask("SELECT count(*) FROM oauth_pars WHERE client_id = :c", c=app.client_id) == 0


async def test_an_id_token_hint_is_checked_when_it_is_pushed(provider: Provider) -> None:
    app, other = await provider.register(), await provider.register()
    hint = (await app.tokens())["id_token"]
    answers = [
        await sender.push(id_token_hint=sent)
        for sender, sent in ((app, hint), (app, hint + "x"), (other, hint))
    ]
    assert [answer.status_code for answer in answers] == [201, 400, 400]
    assert answers[1].json()["error"] == "invalid_request"


async def test_a_hostile_redirect_uri_cannot_be_pushed(provider: Provider) -> None:
    """MUST 1: at PAR."""
    app = await provider.register(CALLBACK, "https://app.example/second")
    for uri in HOSTILE:
        if uri and "\x00" not in uri:
            assert (await app.push(redirect_uri=uri)).status_code == 400, uri


async def test_a_client_that_does_not_prove_itself_pushes_nothing(provider: Provider) -> None:
    app = await provider.register()
    async with provider.http() as http:
        unproved = await http.post("/oauth/par", data=app.request())
        wrong = await http.post("/oauth/par", data=app.request(), auth=(app.client_id, "wrong"))
        other = await http.post("/oauth/par", data=app.request(client_id="app_other"), headers=app.basic)
        in_the_url = await http.post("/oauth/par?client_secret=x", data=app.request(), headers=app.basic)
        as_json = await http.post("/oauth/par", json=app.request(), headers=app.basic)
    assert (unproved.status_code, unproved.json()["error"]) == (401, "invalid_client")
    assert (wrong.status_code, "Basic" in wrong.headers["www-authenticate"]) == (401, True)
    assert [other.status_code, in_the_url.status_code, as_json.status_code] == [400, 400, 400]


async def test_only_what_was_pushed_counts(provider: Provider) -> None:
    """MUST 22: outer parameters are ignored."""
    app, person = await provider.register(), await provider.person()
    await person.authorize(app, scope="openid profile:read chat")
    asked = await app.pushed(state=None, scope="openid")
    outer = {
        "state": "outer",
        "scope": "openid profile:read chat",
        "redirect_uri": "https://evil.example/cb",
        "response_type": "token",
        "response_mode": "fragment",
        "prompt": "none",
        "nonce": "outer",
        "code_challenge": "x" * 43,
    }
    answer = await come(person, asked, **outer)
    assert answer.headers["location"].startswith(CALLBACK + "?")
    got = response_of(answer)
    assert "state" not in got
    tokens = (await app.redeem(got["code"])).json()
    assert tokens["scope"] == "openid"


async def test_a_reload_and_a_second_visit_before_sign_in_work(provider: Provider) -> None:
    """MUST 22: a reload before sign-in works."""
    app, person = await provider.register(), provider.stranger()
    asked = await app.pushed()
    next_of(await come(person, asked))
    path = next_of(await come(person, asked))
    await person.sign_in()
    page = await person.http.get(path)
    again = await person.http.get(path)
    assert page.status_code == again.status_code == 200
    assert "code" in response_of(await person.decide(again))


async def test_a_request_that_was_answered_is_used(provider: Provider) -> None:
    """MUST 22: once."""
    app, person = await provider.register(), await provider.person()
    for decision in ("authorize", "deny"):
        asked = await app.pushed(prompt="consent")
        first, second = await come(person, asked), await come(person, asked)
        response_of(await person.decide(first, decision))
        assert "already completed" in error_page(await person.decide(second))
        assert "invalid_request_uri" in error_page(await come(person, asked))
    remembered = await app.pushed()
    response_of(await come(person, remembered))
    error_page(await come(person, remembered))
    assert await codes_of(app) == 2


async def test_a_request_that_ended_in_an_error_is_used_too(provider: Provider) -> None:
    app = await provider.register()
    for person in (provider.stranger(), await provider.person()):
        asked = await app.pushed(prompt="none")
        assert response_of(await come(person, asked))["error"] in ("login_required", "consent_required")
        error_page(await come(person, asked))


async def test_cancelling_the_sign_in_uses_it(provider: Provider) -> None:
    app = await provider.register()
    for mode in ("query", "form_post"):
        person = provider.stranger()
        asked = await app.pushed(response_mode=mode)
        path = next_of(await come(person, asked))
        page = await person.http.get("/login", params={"next": path})
        csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
        form = {"csrf": csrf, "next": path, "decision": "cancel"}
        answer = await person.http.post("/login", data=form)
        if mode == "form_post":
            answer = await person.http.get(answer.headers["location"])
            assert "access_denied" in answer.text
        else:
            assert response_of(answer)["error"] == "access_denied"
        error_page(await come(person, asked))


async def test_its_age_counts_when_the_browser_arrives_and_not_afterwards(provider: Provider) -> None:
    """MUST 22: expiry."""
    app, person = await provider.register(), provider.stranger()
    asked = await app.pushed()
    provider.clock.advance(89)
    path = next_of(await come(person, asked))
    provider.clock.advance(1)
    error_page(await come(person, asked))
    provider.clock.advance(20 * 60)
    await person.sign_in()
    assert "code" in response_of(await person.decide(await person.http.get(path)))


async def test_an_operator_chooses_its_age(make_provider: Any) -> None:
    provider = await make_provider(pushed_lifetime=timedelta(seconds=5))
    app, person = await provider.register(), await provider.person()
    assert (await app.push()).json()["expires_in"] == 5
    asked = await app.pushed()
    provider.clock.advance(5)
    error_page(await come(person, asked))


async def test_an_unknown_one_and_another_clients_are_pages_and_never_redirect(provider: Provider) -> None:
    """MUST 22: bound to its client."""
    app, other = await provider.register(), await provider.register()
    person = await provider.person()
    asked = await app.pushed()
    outer = app.request(response_type="code")
    for wrong in (
        asked | {"client_id": other.client_id},
        asked | {"request_uri": PAR_PREFIX + "x" * 43},
        asked | {"request_uri": PAR_PREFIX},
        asked | {"request_uri": PAR_PREFIX + "x" * 9000},
        outer | {"request_uri": PAR_PREFIX + "x"},
        {"request_uri": asked["request_uri"]},
    ):
        error_page(await come(person, wrong))
    both = "&".join(f"request_uri={uri}" for uri in (asked["request_uri"], PAR_PREFIX + "x"))
    error_page(await person.http.get(f"/oauth/authorize?client_id={app.client_id}&{both}"))
    assert "code" in response_of(await person.decide(await come(person, asked)))


async def test_a_request_uri_of_another_place_is_still_not_supported(provider: Provider) -> None:
    app = await provider.trust(await provider.register())
    person = await provider.person()
    for uri in ("https://app.example/r", "urn:other:x"):
        assert response_of(await person.visit(app, request_uri=uri))["error"] == "request_uri_not_supported"
    assert response_of(await person.visit(app, request="e30.e30."))["error"] == "request_not_supported"


async def test_a_client_that_has_to_push_is_refused_when_it_does_not(provider: Provider) -> None:
    app = await provider.trust(await provider.register(require_pushed_authorization_requests=True))
    fapi = await provider.trust(await provider.register(), profile="fapi2")
    for client in (app, fapi):
        person = await provider.person()
        answer = response_of(await person.visit(client))
        assert (answer["error"], answer["state"]) == ("invalid_request", "st-1")
        assert "/oauth/par" in answer["error_description"]
    person = await provider.person()
    assert await code_of(person, await app.pushed())


async def test_a_fapi_client_names_its_redirect_uri(provider: Provider) -> None:
    app = await provider.register()
    assert (await app.push(redirect_uri=None, scope="profile:read")).status_code == 201
    await provider.trust(app, profile="fapi2")
    assert (await app.push(redirect_uri=None, scope="profile:read")).status_code == 400


async def test_a_pushed_request_arrives_by_post_as_well(provider: Provider) -> None:
    app, person = await provider.register(), provider.stranger()
    asked = await app.pushed()
    cross = {"Origin": "https://app.example"}
    answer = await provider.stranger().http.post("/oauth/authorize", data=asked, headers=cross)
    path = answer.headers["location"]
    await person.sign_in()
    assert "code" in response_of(await person.decide(await person.http.get(path)))
    error_page(await come(person, asked))


async def test_two_browsers_with_one_request_uri_get_one_code(provider: Provider) -> None:
    """MUST 22: once, in two browsers."""
    app = await provider.register()
    asked = await app.pushed()
    people = [await provider.person() for _ in range(2)]
    pages = [await come(person, asked) for person in people]
    answers = [await person.decide(page) for person, page in zip(people, pages, strict=True)]
    assert [answer.status_code for answer in answers] == [303, 400]
    assert await codes_of(app) == 1


async def test_many_visits_at_once_get_one_code(provider: Provider) -> None:
    """MUST 22: many at once get one code."""
    app, person = await provider.register(), await provider.person()
    await person.authorize(app)
    asked = await app.pushed()
    answers = await asyncio.gather(*(come(person, asked) for _ in range(AT_ONCE)))
    assert [answer.status_code for answer in answers].count(303) == 1
    assert await codes_of(app) == 2


async def test_a_disabled_clients_pushed_request_leads_nowhere(provider: Provider) -> None:
    """MUST 29: a pushed request of a locked app."""
    app, person = await provider.register(), await provider.person()
    asked = await app.pushed()
    await provider.execute(
        "UPDATE oauth_clients SET disabled_at = created_at WHERE client_id = :c", c=app.client_id
    )
    error_page(await come(person, asked))
    assert (await app.push()).status_code == 401


async def test_discovery_names_the_endpoint(provider: Provider) -> None:
    async with provider.http() as http:
        document = (await http.get("/.well-known/openid-configuration")).json()
    assert document["pushed_authorization_request_endpoint"] == f"{ISSUER}/oauth/par"
    assert document["require_pushed_authorization_requests"] is False
