"""What the public plans ask of Basic and Form Post providers, in their order (reference oauth §8)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.openid.rp import UI_ERRORS, Rp, error_page, new_rp
from tests.oauth.provider import CALLBACK, Provider, next_of
from tests.oauth.test_code import error_of

MODES = [pytest.param(None, id="basic"), pytest.param("form_post", id="form_post")]


@pytest.fixture(params=MODES)
async def rp(request: pytest.FixtureRequest, op: Provider) -> Rp:
    return await new_rp(op, request.param)


async def test_01_the_code_flow_with_client_secret_basic(rp: Rp) -> None:
    person = await rp.op.person()
    answer = await rp.ask(person, state="s", nonce="n")
    assert answer.keys() == {"code", "state", "iss"}
    tokens = (await rp.redeem(answer["code"])).json()
    assert tokens["token_type"] == "Bearer"
    assert isinstance(tokens["expires_in"], int)
    claims = await rp.id_claims(tokens)
    assert (claims["nonce"], claims["sub"]) == ("n", person.pubkey)
    assert (await rp.userinfo(tokens))["sub"] == claims["sub"]


async def test_02_the_code_flow_with_client_secret_post(rp: Rp) -> None:
    rp = await new_rp(rp.op, rp.mode, token_endpoint_auth_method="client_secret_post")
    code = (await rp.ask(await rp.op.person()))["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "client_id": rp.app.client_id,
        "client_secret": rp.app.metadata["client_secret"],
    }
    async with rp.op.http() as http:
        answer = await http.post("/oauth/token", data=form)
    assert answer.status_code == 200
    await rp.id_claims(answer.json())


async def test_03_a_missing_response_type_is_named_or_a_page(rp: Rp) -> None:
    await rp.op.trust(rp.app)
    answer = rp.read(await rp.visit(await rp.op.person(), response_type=None))
    assert answer["error"] in ("invalid_request", "unsupported_response_type")
    assert answer["state"] == "st-1"


async def test_04_the_id_token_is_signed_by_rs256_with_a_kid(rp: Rp) -> None:
    tokens = await rp.tokens(await rp.op.person())
    await rp.id_claims(tokens, "RS256")


async def test_05_without_a_nonce_there_is_none_in_the_id_token(rp: Rp) -> None:
    claims = await rp.id_claims(await rp.tokens(await rp.op.person(), nonce=None))
    assert "nonce" not in claims


async def test_06_unsigned_id_tokens_are_not_to_be_had(rp: Rp) -> None:
    async with rp.op.http() as http:
        body = {"redirect_uris": [CALLBACK], "id_token_signed_response_alg": "none"}
        answer = await http.post("/oauth/register", json=body)
        document = (await http.get("/.well-known/openid-configuration")).json()
    assert error_of(answer) == "invalid_client_metadata"
    assert "none" not in document["id_token_signing_alg_values_supported"]


async def test_07_userinfo_by_get_by_post_with_a_header_and_by_post_with_a_body(rp: Rp) -> None:
    tokens = await rp.tokens(await rp.op.person())
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    async with rp.op.http() as http:
        answers = [
            await http.get("/oauth/userinfo", headers=bearer),
            await http.post("/oauth/userinfo", headers=bearer),
            await http.post("/oauth/userinfo", data={"access_token": tokens["access_token"]}),
        ]
    subject = (await rp.id_claims(tokens))["sub"]
    for answer in answers:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["sub"] == subject


@pytest.mark.parametrize(
    ("scope", "granted", "claims"),
    [
        ("openid profile", "openid profile", {"name", "preferred_username", "updated_at"}),
        ("openid email", "openid email", {"email", "email_verified"}),
        ("openid address", "openid", set()),
        ("openid phone", "openid", set()),
        (
            "openid profile email address phone",
            "openid profile email",
            {"name", "preferred_username", "updated_at", "email", "email_verified"},
        ),
    ],
)
async def test_08_scopes_bring_their_claims_and_unknown_ones_are_left_out(
    rp: Rp, scope: str, granted: str, claims: set[str]
) -> None:
    tokens = await rp.tokens(await rp.op.person(), scope=scope)
    assert tokens["scope"] == granted
    told = await rp.userinfo(tokens)
    assert told.keys() == {"sub"} | claims
    assert all(value not in (None, "") for value in told.values())
    # Userinfo is where they are told; the ID token stays small.
    assert not claims & (await rp.id_claims(tokens)).keys()
    async with rp.op.http() as http:
        document = (await http.get("/.well-known/openid-configuration")).json()
    assert set(granted.split()) <= set(document["scopes_supported"])
    assert not {"address", "phone"} & set(document["scopes_supported"])


async def test_09_the_order_of_scopes_and_parameters_does_not_matter(rp: Rp) -> None:
    person = await rp.op.person()
    tokens = await rp.tokens(person, scope="email openid profile")
    assert tokens["scope"] == "email openid profile"
    params = dict(reversed(rp.request(scope="profile openid email").items()))
    answer = rp.read(await rp.finish(person, await person.http.get("/oauth/authorize", params=params)))
    assert (await rp.redeem(answer["code"])).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"display": "page"},
        {"display": "popup"},
        {"ui_locales": "se"},
        {"ui_locales": "fr-CA fr en"},
        {"claims_locales": "se"},
        {"login_hint": "buffy@client.example"},
        {"acr_values": "1 2"},
        {"acr_values": "urn:hodlxxi:acr:two-keys urn:hodlxxi:acr:key"},
        {"extra": "foobar"},
        {"audience": "x", "access_type": "offline", "kc_idp_hint": "y"},
        {"state": ""},
        {"nonce": "n" * 64},
    ],
    ids=str,
)
async def test_10_what_may_be_sent_besides_does_no_harm(rp: Rp, changes: dict[str, str]) -> None:
    person = rp.op.stranger()
    claims = await rp.id_claims(await rp.tokens(person, **changes))
    assert claims["sub"] == person.pubkey
    assert claims["acr"] == "urn:hodlxxi:acr:key"


async def test_11_prompt_login_asks_again_and_tells_a_later_time(rp: Rp) -> None:
    person = await rp.op.person()
    first = await rp.id_claims(await rp.tokens(person))
    rp.op.clock.advance(2)
    answer = await rp.visit(person, prompt="login")
    page = await person.http.get(answer.headers["location"])
    assert 'data-page="login"' in page.text
    code = rp.read(await rp.finish(person, answer))["code"]
    second = await rp.id_claims((await rp.redeem(code)).json())
    assert second["sub"] == first["sub"]
    assert second["auth_time"] == first["auth_time"] + 2


async def test_12_prompt_none_without_a_session_is_an_error_of_the_user_interface(rp: Rp) -> None:
    answer = rp.read(await rp.visit(rp.op.stranger(), prompt="none"))
    assert answer["error"] in UI_ERRORS
    assert answer["state"] == "st-1"


async def test_13_prompt_none_with_a_session_tells_the_same_sub_and_time(rp: Rp) -> None:
    person = await rp.op.person()
    first = await rp.id_claims(await rp.tokens(person))
    rp.op.clock.advance(2)
    second = await rp.id_claims(await rp.tokens(person, prompt="none"))
    for name in ("sub", "auth_time", "acr", "sid"):
        assert first[name] == second[name]


async def test_14_an_id_token_hint_with_prompt_none_says_who_is_meant(rp: Rp) -> None:
    person = await rp.op.person()
    tokens = await rp.tokens(person)
    again = await rp.tokens(person, prompt="none", id_token_hint=tokens["id_token"])
    assert (await rp.id_claims(again))["sub"] == (await rp.id_claims(tokens))["sub"]
    other = await rp.op.person()
    await rp.tokens(other)
    refused = rp.read(await rp.visit(other, prompt="none", id_token_hint=tokens["id_token"]))
    assert refused["error"] in UI_ERRORS


async def test_15_max_age_1_asks_again_after_two_seconds(rp: Rp) -> None:
    person = await rp.op.person()
    first = await rp.id_claims(await rp.tokens(person))
    rp.op.clock.advance(2)
    answer = await rp.visit(person, max_age="1")
    assert next_of(answer)
    code = rp.read(await rp.finish(person, answer))["code"]
    second = await rp.id_claims((await rp.redeem(code)).json())
    assert second["auth_time"] == first["auth_time"] + 2


async def test_16_max_age_10000_does_not(rp: Rp) -> None:
    person = await rp.op.person()
    first = await rp.id_claims(await rp.tokens(person))
    rp.op.clock.advance(2)
    second = await rp.id_claims(await rp.tokens(person, max_age="10000"))
    assert second["auth_time"] == first["auth_time"]


@pytest.mark.parametrize("after_s", [0, 1, 30])
async def test_17_a_code_is_refused_the_second_time_and_its_tokens_are_dead(rp: Rp, after_s: int) -> None:
    answer = await rp.ask(await rp.op.person())
    tokens = (await rp.redeem(answer["code"])).json()
    rp.op.clock.advance(after_s)
    assert error_of(await rp.redeem(answer["code"])) == "invalid_grant"
    assert (await rp.app.call(tokens["access_token"], "/oauth/userinfo")).status_code == 401


async def test_18_an_address_that_is_not_registered_is_a_page(rp: Rp) -> None:
    person = await rp.op.person()
    for uri in (CALLBACK + "/x", CALLBACK + "?x=1", "https://other.example/cb", None):
        error_page(await rp.visit(person, redirect_uri=uri))


async def test_19_a_request_may_come_by_post(rp: Rp) -> None:
    person = await rp.op.person()
    sent = await person.http.post("/oauth/authorize", data=rp.request())
    answer = rp.read(await rp.finish(person, sent))
    assert (await rp.redeem(answer["code"])).status_code == 200


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("request", "eyJhbGciOiJub25lIn0.eyJhIjoxfQ.", "request_not_supported"),
        ("request_uri", "https://app.example/request.jwt#x", "request_uri_not_supported"),
    ],
)
async def test_20_request_objects_are_refused_by_name(rp: Rp, name: str, value: str, word: str) -> None:
    person = await rp.op.person()
    answer = await rp.finish(person, await rp.visit(person, **{name: value}))
    assert rp.read(answer)["error"] == word
    error_page(await rp.visit(person, **{name: value}, redirect_uri="https://other.example/cb"))


async def test_21_an_essential_claim_is_told_by_userinfo_and_not_in_the_id_token(rp: Rp) -> None:
    claims = json.dumps({"userinfo": {"name": {"essential": True}}})
    tokens = await rp.tokens(await rp.op.person(), claims=claims)
    assert (await rp.userinfo(tokens))["name"]
    assert "name" not in await rp.id_claims(tokens)


async def test_22_a_refresh_keeps_the_claims_and_its_client(rp: Rp) -> None:
    other, person = await new_rp(rp.op, rp.mode), await rp.op.person()
    tokens = await rp.tokens(person, scope="openid profile offline_access", prompt="consent")
    before = await rp.id_claims(tokens)
    assert error_of(await other.app.refresh(tokens["refresh_token"])) == "invalid_grant"
    rp.op.clock.advance(5)
    again: dict[str, Any] = (await rp.app.refresh(tokens["refresh_token"])).json()
    after = await rp.id_claims(again)
    for name in ("iss", "sub", "aud", "auth_time"):
        assert before[name] == after[name]
    assert after["iat"] == before["iat"] + 5
    assert (await rp.userinfo(again)).keys() == (await rp.userinfo(tokens)).keys()


async def test_23_pkce_works_for_who_sends_it(rp: Rp) -> None:
    params = rp.app.request()
    pkce = {name: params[name] for name in ("code_challenge", "code_challenge_method")}
    code = (await rp.ask(await rp.op.person(), **pkce))["code"]
    assert error_of(await rp.redeem(code)) == "invalid_grant"
    assert (await rp.redeem(code, code_verifier=rp.app.verifier)).status_code == 200


async def test_24_without_pkce_only_where_the_operator_says_so_and_never_for_public_apps(
    rp: Rp, make_provider: Any
) -> None:
    public = await new_rp(rp.op, rp.mode, token_endpoint_auth_method="none")
    refused = public.read(await public.visit(await rp.op.person()))
    assert refused["error"] == "invalid_request"
    strict = await make_provider()
    theirs = await new_rp(strict, rp.mode)
    person = await strict.person()
    assert theirs.read(await theirs.visit(person))["error"] == "invalid_request"
    await strict.trust(theirs.app, pkce_policy="public_only")
    assert await theirs.tokens(person)
