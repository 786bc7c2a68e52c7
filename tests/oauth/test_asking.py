"""Pages and redirects of /oauth/authorize: prompts, hints, errors, and what never redirects."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.oauth.provider import CALLBACK, ISSUER, Person, Provider, fields_of, next_of, response_of
from tests.support.hostile_uris import HOSTILE

Make = Callable[..., Awaitable[Provider]]


def error_page(answer: httpx.Response, status: int = 400) -> str:
    assert answer.status_code == status, answer.text
    assert "location" not in answer.headers
    assert 'data-page="error"' in answer.text
    return answer.text


async def test_a_hostile_redirect_uri_is_a_page_with_and_without_a_session(provider: Provider) -> None:
    """MUST 1, MUST 3: no ``Location`` to a hundred hostile addresses."""
    app = await provider.trust(await provider.register(CALLBACK, "https://app.example/second"))
    for person in (await provider.person(), provider.stranger()):
        for uri in HOSTILE:
            if uri:
                error_page(await person.visit(app, redirect_uri=uri))
        error_page(await person.visit(app, redirect_uri=None))
        error_page(await person.visit(app, redirect_uri=CALLBACK + "/"))


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": "app_unknown"},
        {"client_id": "x" * 300},
        {"client_id": "<script>alert(1)</script>"},
        {"request_uri": "urn:ietf:params:oauth:request_uri:x"},
        {"response_type": "token", "redirect_uri": "https://evil.example/"},
        {"prompt": "none", "redirect_uri": "https://evil.example/"},
    ],
    ids=str,
)
async def test_what_is_wrong_before_the_uri_is_known_is_a_page(
    provider: Provider, changes: dict[str, Any]
) -> None:
    """MUST 3; Authlib CVE-2026-41479, CVE-2026-44681: what is wrong with the client is a page."""
    app, person = await provider.register(), await provider.person()
    assert "<script>alert" not in error_page(await person.visit(app, **changes))


async def test_a_parameter_twice_and_a_huge_query_are_pages(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    query = str(httpx.QueryParams(app.request()))
    error_page(await person.http.get(f"/oauth/authorize?{query}&client_id={app.client_id}"))
    huge = await person.http.get(
        f"/oauth/authorize?{query}&x={'y' * 20_000}", headers={"Accept": "text/html"}
    )
    error_page(huge, 413)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "web_message"}, "invalid_request"),
        ({"scope": "wallet:write"}, "invalid_scope"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://app.example/r"}, "request_uri_not_supported"),
        ({"resource": "https://api.other.example"}, "invalid_target"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"claims": "x"}, "invalid_request"),
        ({"id_token_hint": "e30.e30.x"}, "invalid_request"),
    ],
    ids=str,
)
async def test_errors_go_to_the_app_with_state_and_issuer(
    provider: Provider, changes: dict[str, Any], word: str
) -> None:
    app = await provider.trust(await provider.register())
    person = await provider.person()
    for mode in (None, "fragment"):
        if "response_mode" not in changes:
            changes = changes | ({"response_mode": mode} if mode else {})
        answer = response_of(await person.visit(app, **changes))
        assert (answer["error"], answer["state"], answer["iss"]) == (word, "st-1", ISSUER)
        assert answer["error_description"].isascii()


async def test_errors_of_apps_that_nobody_knows_wait_until_somebody_is_signed_in(
    provider: Provider,
) -> None:
    """MUST 5: sign in before redirecting, where nobody vouches for the app."""
    app = await provider.register()
    stranger = provider.stranger()
    path = next_of(await stranger.visit(app, scope="wallet:write"))
    await stranger.sign_in()
    answer = response_of(await stranger.http.get(path))
    assert (answer["error"], answer["state"], answer["iss"]) == ("invalid_scope", "st-1", ISSUER)
    # At once for who is signed in, for prompt=none, and for apps that the operator approved.
    assert response_of(await stranger.visit(app, scope="wallet:write"))["error"] == "invalid_scope"
    nobody = provider.stranger()
    bad = {"prompt": "none", "scope": "wallet:write"}
    assert response_of(await nobody.visit(app, **bad))["error"] == "invalid_scope"
    await provider.trust(app)
    assert response_of(await nobody.visit(app, scope="wallet:write"))["error"] == "invalid_scope"


async def test_prompt_none_never_shows_a_page(provider: Provider) -> None:
    app = await provider.register()
    assert response_of(await provider.stranger().visit(app, prompt="none"))["error"] == "login_required"
    person = await provider.person()
    assert response_of(await person.visit(app, prompt="none"))["error"] == "consent_required"
    await person.authorize(app)
    assert "code" in response_of(await person.visit(app, prompt="none"))
    assert response_of(await person.visit(app, prompt="none", max_age="0"))["error"] == "login_required"


async def test_prompt_login_wants_a_fresh_proof_once(provider: Provider) -> None:
    """MUST 26: ``prompt=login``."""
    app, person = await provider.register(), await provider.person()
    first = await app.tokens(person)
    provider.clock.advance(100)
    path = next_of(await person.visit(app, prompt="login"))
    # Going back without signing in changes nothing.
    assert next_of(await person.http.get(path)) == path
    await person.sign_in()
    code = response_of(await person.http.get(path))["code"]
    second = (await app.redeem(code)).json()
    assert auth_time(second) == auth_time(first) + 100


def auth_time(tokens: dict[str, Any]) -> int:
    from tests.oauth.test_refresh import claims_of

    return int(str(claims_of(tokens["id_token"])["auth_time"]))


async def test_max_age_wants_a_fresh_proof_when_the_last_is_older(provider: Provider) -> None:
    """MUST 26: ``max_age``."""
    app, person = await provider.register(), await provider.person()
    first = await app.tokens(person)
    provider.clock.advance(2)
    same = await app.tokens(person, max_age="10000")
    assert auth_time(same) == auth_time(first)
    path = next_of(await person.visit(app, max_age="1"))
    await person.sign_in()
    provider.clock.advance(5)
    code = response_of(await person.http.get(path))["code"]
    assert auth_time((await app.redeem(code)).json()) == auth_time(first) + 2
    hungry = await provider.register(default_max_age=1)
    assert next_of(await person.visit(hungry))


async def test_a_hint_names_who_is_meant(provider: Provider) -> None:
    app, alice, bob = await provider.register(), await provider.person(), await provider.person()
    token = (await app.tokens(alice))["id_token"]
    await bob.authorize(app)
    provider.clock.advance(7200)  # an expired hint is a hint
    silent = {"prompt": "none", "id_token_hint": token}
    assert "code" in response_of(await alice.visit(app, **silent))
    assert response_of(await bob.visit(app, **silent))["error"] == "login_required"
    path = next_of(await bob.visit(app, id_token_hint=token))
    await bob.sign_in()
    assert response_of(await bob.http.get(path))["error"] == "login_required"
    foreign = (await (await provider.register()).tokens(alice))["id_token"]
    answer = await alice.visit(app, prompt="none", id_token_hint=foreign)
    assert response_of(answer)["error"] == "invalid_request"
    access = (await app.tokens(alice))["access_token"]
    answer = await alice.visit(app, prompt="none", id_token_hint=access)
    assert response_of(answer)["error"] == "invalid_request"


async def test_essential_acr_is_met_or_refused(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    await person.authorize(app)

    def wish(value: str) -> str:
        return f'{{"id_token":{{"acr":{{"essential":true,"values":["urn:hodlxxi:acr:{value}"]}}}}}}'

    assert "code" in response_of(await person.visit(app, claims=wish("key-remote")))
    path = next_of(await person.visit(app, claims=wish("two-keys")))
    await person.sign_in()
    refused = response_of(await person.http.get(path))
    assert refused["error"] == "unmet_authentication_requirements"
    impossible = response_of(await person.visit(app, claims=wish("impossible")))
    assert impossible["error"] == "unmet_authentication_requirements"


async def test_an_interaction_belongs_to_the_browser_that_began_it(provider: Provider) -> None:
    """MUST 26, wallet 5; GHSA-fg6f-75jq-6523, fastapi-sso#266: finished in another browser, refused."""
    app, alice, mallory = await provider.register(), await provider.person(), await provider.person()
    page = await alice.visit(app)
    path = f"/oauth/authorize?interaction={fields_of(page)['interaction']}"
    error_page(await mallory.http.get(path))
    forged = fields_of(await mallory.visit(app)) | {"interaction": fields_of(page)["interaction"]}
    error_page(await mallory.http.post("/oauth/authorize", data=forged | {"decision": "authorize"}))
    assert "code" in response_of(await alice.decide(page))


async def test_an_interaction_is_answered_once_and_expires(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    page = await person.visit(app)
    assert "code" in response_of(await person.decide(page))
    assert "already completed" in error_page(await person.decide(page))
    late = await person.visit(app, prompt="consent")
    provider.clock.advance(1800)
    error_page(await person.decide(late))
    error_page(await person.http.get("/oauth/authorize?interaction=" + "x" * 43))


async def test_the_consent_form_needs_its_csrf_token_and_a_decision(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    page = await person.visit(app)
    fields = fields_of(page)
    for csrf in ("", "x", fields_of(await (await provider.person()).visit(app))["csrf"]):
        data = fields | {"csrf": csrf, "decision": "authorize"}
        answer = await person.http.post("/oauth/authorize", data=data)
        assert answer.status_code == 403
    error_page(await person.http.post("/oauth/authorize", data=fields))
    assert "code" in response_of(await person.decide(page))


async def test_another_user_in_the_browser_has_to_agree_for_themselves(provider: Provider) -> None:
    """MUST 26; Keycloak CVE-2025-12390: another user signs in while the page is open."""
    app, person = await provider.register(), await provider.person()
    page = await person.visit(app)
    other = provider.stranger()
    await person.sign_in(other.key)
    # The form was made for the session before.
    answer = await person.decide(page)
    assert answer.status_code == 403
    path = f"/oauth/authorize?interaction={fields_of(page)['interaction']}"
    code = response_of(await person.decide(await person.http.get(path)))["code"]
    tokens = (await app.redeem(code)).json()
    assert (await app.call(tokens["access_token"])).json()["pubkey"] == other.pubkey


async def test_a_native_public_client_is_asked_each_time_and_may_use_any_port(provider: Provider) -> None:
    """MUST 1: loopback port free."""
    app = await provider.register("http://127.0.0.1/cb", token_endpoint_auth_method="none")
    assert app.metadata["application_type"] == "native"
    person = await provider.person()
    for port in (51004, 51005):
        uri = f"http://127.0.0.1:{port}/cb"
        page = await person.visit(app, redirect_uri=uri)
        back = await person.decide(page)
        assert back.headers["location"].startswith(uri + "?code=")
        answer = await app.redeem(response_of(back)["code"], redirect_uri=uri)
        assert answer.status_code == 200
    answer = await person.visit(app, prompt="none", redirect_uri="http://127.0.0.1:1/cb")
    assert response_of(answer)["error"] == "consent_required"


async def test_the_sign_in_page_shows_the_app_and_its_cancel_button_leads_back(provider: Provider) -> None:
    app, person = await provider.register(client_name="Wallet Watcher"), provider.stranger()
    sent = await person.visit(app)
    page = await person.http.get(sent.headers["location"])
    assert "Wallet Watcher" in page.text
    other = provider.stranger()
    await other.http.get("/login")  # a browser that we know by its own cookie
    elsewhere = await other.http.get(sent.headers["location"])
    assert "Wallet Watcher" not in elsewhere.text
    assert (await cancel(other, elsewhere, next_of(sent))).headers["location"] == "/"
    answer = response_of(await cancel(person, page, next_of(sent)))
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", "st-1", ISSUER)
    error_page(await person.http.get(next_of(sent)))


async def test_cancel_works_for_form_post_too(provider: Provider) -> None:
    app, person = await provider.register(), provider.stranger()
    sent = await person.visit(app, response_mode="form_post")
    page = await person.http.get(sent.headers["location"])
    back = await cancel(person, page, next_of(sent))
    assert back.headers["location"] == next_of(sent)
    answer = await person.http.get(next_of(sent))
    assert 'data-page="form-post"' in answer.text
    assert "access_denied" in answer.text


async def cancel(person: Person, page: httpx.Response, path: str) -> httpx.Response:
    import re

    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert csrf
    data = {"csrf": csrf[1], "next": path, "decision": "cancel"}
    return await person.http.post("/login", data=data)


@pytest.mark.parametrize("policy", ["nonce_or_pkce", "public_only"])
async def test_the_operator_may_loosen_pkce(make_provider: Make, policy: str) -> None:
    from hodlxxi.oauth.rules.pkce import PkcePolicy

    provider = await make_provider(pkce=PkcePolicy(policy))
    bare = {"code_challenge": None, "code_challenge_method": None}
    app, person = await provider.register(), await provider.person()
    assert (await person.visit(app, **bare)).status_code == 200
    without_nonce = await person.visit(app, **bare, nonce=None)
    assert (without_nonce.status_code == 200) == (policy == "public_only")
    public = await provider.register(token_endpoint_auth_method="none")
    assert response_of(await person.visit(public, **bare))["error"] == "invalid_request"
