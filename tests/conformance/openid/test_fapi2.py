"""What the public plan of the FAPI 2.0 Security Profile asks, in its order (reference oauth §8)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.conformance.openid.fapi import FapiRp, new_fapi
from tests.conformance.openid.rp import error_page
from tests.oauth.provider import ISSUER, Person, Provider, claims_of, next_of, response_of
from tests.oauth.test_code import error_of


@pytest.fixture
async def rp(op: Provider) -> FapiRp:
    return await new_fapi(op)


@pytest.fixture
async def person(op: Provider) -> Person:
    return await op.person()


async def test_01_discovery_says_what_the_profile_needs(op: Provider) -> None:
    async with op.http() as http:
        document = (await http.get("/.well-known/openid-configuration")).json()
        keys = (await http.get("/oauth/jwks.json")).json()["keys"]
    assert document["pushed_authorization_request_endpoint"].startswith(ISSUER)
    assert isinstance(document["require_pushed_authorization_requests"], bool)
    assert document["authorization_response_iss_parameter_supported"] is True
    assert "S256" in document["code_challenge_methods_supported"]
    assert "private_key_jwt" in document["token_endpoint_auth_methods_supported"]
    for name in (
        "id_token_signing_alg_values_supported",
        "token_endpoint_auth_signing_alg_values_supported",
        "dpop_signing_alg_values_supported",
    ):
        assert {"ES256", "EdDSA"} <= set(document[name]), name
    for name in ("token_endpoint_auth_signing_alg_values_supported", "dpop_signing_alg_values_supported"):
        assert "PS256" in document[name]
    assert "RS256" not in document["dpop_signing_alg_values_supported"]
    assert all(len(key["n"]) >= 342 for key in keys if key["kty"] == "RSA"), "2048 bits"


@pytest.mark.parametrize("alg", ["PS256", "ES256", "EdDSA"])
async def test_02_the_happy_way(op: Provider, person: Person, alg: str) -> None:
    rp = await new_fapi(op, alg)
    answer = await rp.answer(person)
    assert answer.keys() == {"code", "state", "iss"}
    assert answer["iss"] == ISSUER
    tokens = (await rp.redeem(answer["code"])).json()
    assert tokens["token_type"] == "DPoP"
    async with op.http() as http:
        keys = KeySet.import_key_set((await http.get("/oauth/jwks.json")).json())
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"]).claims
    assert (claims["nonce"], claims["sub"]) == ("n-1", person.pubkey)
    assert "jkt" in claims_of(tokens["access_token"])["cnf"]
    assert (await rp.call(tokens["access_token"])).json()["sub"] == person.pubkey


async def test_03_two_clients_and_what_one_may_not_have_of_the_other(op: Provider, person: Person) -> None:
    one, two = await new_fapi(op), await new_fapi(op)
    assert await one.tokens(person)
    assert await two.tokens(person)
    # Its id beside another one's proof.
    answer = await one.push(client_id=two.app.client_id)
    assert error_of(answer, answer.status_code) in ("invalid_request", "invalid_client")
    # Its pushed request.
    error_page(await two.come(person, await one.pushed(), client_id=two.app.client_id))
    # Its code.
    code = (await one.answer(person))["code"]
    stolen = FapiRp(two.app, two.signing, one.holding)
    verifier = one.app.verifier
    uri = one.app.metadata["redirect_uris"][0]
    answer = await stolen.redeem(code, code_verifier=verifier, redirect_uri=uri)
    assert error_of(answer) == "invalid_grant"
    assert (await one.redeem(code)).status_code == 200


async def test_04_a_user_who_says_no(rp: FapiRp, person: Person) -> None:
    page = await rp.come(person, await rp.pushed())
    answer = response_of(await person.decide(page, "deny"))
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", "st-1", ISSUER)


@pytest.mark.parametrize(
    "changes",
    [
        {"state": None},
        {"nonce": None},
        {"nonce": "n" * 64},
        {"nonce": "n" * 384},
        {"state": "s" * 1000},
        {"scope": "profile:read openid"},
        {"scope": "openid profile:read"},
    ],
    ids=lambda changes: ", ".join(f"{name} {len(value or '')}" for name, value in changes.items()),
)
async def test_05_state_nonce_and_the_order_of_scopes(
    rp: FapiRp, person: Person, changes: dict[str, Any]
) -> None:
    asked = {"state": "st-1", "nonce": "n-1"} | changes
    answer = await rp.answer(person, **asked)
    assert answer.get("state") == asked["state"]
    tokens = (await rp.redeem(answer["code"])).json()
    assert claims_of(tokens["id_token"]).get("nonce") == asked["nonce"]


@pytest.mark.parametrize("changes", [{"nonce": "n" * 5000}, {"state": "s" * 5000}], ids=["nonce", "state"])
async def test_06_what_is_too_long_is_refused_and_never_cut(rp: FapiRp, changes: dict[str, str]) -> None:
    assert error_of(await rp.push(**changes)) == "invalid_request"


@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP", "dPoP"])
async def test_07_the_scheme_is_written_in_any_case(rp: FapiRp, person: Person, scheme: str) -> None:
    token = (await rp.tokens(person))["access_token"]
    assert (await rp.call(token, scheme=scheme)).status_code == 200


async def test_08_a_state_outside_the_pushed_request_is_not_used(rp: FapiRp, person: Person) -> None:
    page = await rp.come(person, await rp.pushed(state=None), state="outside")
    assert "state" not in response_of(await person.decide(page))
    page = await rp.come(person, await rp.pushed(state="inside"), state="outside")
    answer = await person.decide(page) if page.status_code == 200 else page
    assert response_of(answer)["state"] == "inside"


async def test_09_a_request_that_was_not_pushed_is_refused(rp: FapiRp, person: Person) -> None:
    answer = response_of(await person.http.get("/oauth/authorize", params=rp.app.request()))
    assert answer["error"] == "invalid_request"
    assert "code" not in answer


@pytest.mark.parametrize("uri", [None, "https://other.example/cb", "%s/", "%s?x=1"])
async def test_10_the_address_is_named_and_registered(rp: FapiRp, uri: str | None) -> None:
    ours = rp.app.metadata["redirect_uris"][0]
    answer = await rp.push(redirect_uri=uri.replace("%s", ours) if uri else None)
    assert error_of(answer) == "invalid_request"


@pytest.mark.parametrize("response_type", ["token", "code id_token", "id_token", "code token", None])
async def test_11_no_other_response_type(rp: FapiRp, response_type: str | None) -> None:
    answer = await rp.push(response_type=response_type)
    assert error_of(answer) in ("unsupported_response_type", "invalid_request")


async def test_12_a_request_uri_cannot_be_pushed(rp: FapiRp) -> None:
    inner = (await rp.pushed())["request_uri"]
    for uri in (inner, "https://app.example/request.jwt"):
        assert error_of(await rp.push(request_uri=uri)) == "invalid_request"


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_13_nothing_but_post_pushes(rp: FapiRp, method: str) -> None:
    async with rp.op.http() as http:
        answer = await http.request(method, "/oauth/par", params=rp.signed(rp.app.request()))
    assert answer.status_code == 405


async def test_14_a_pushed_request_ends_and_counts_once_but_not_before_it_is_answered(
    rp: FapiRp, person: Person
) -> None:
    asked = await rp.pushed()
    stranger = rp.op.stranger()
    next_of(await rp.come(stranger, asked))
    path = next_of(await rp.come(stranger, asked))
    await stranger.sign_in()
    assert "code" in response_of(await stranger.decide(await stranger.http.get(path)))
    error_page(await rp.come(person, asked))
    late = await rp.pushed()
    rp.op.clock.advance(601)
    error_page(await rp.come(person, late))


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge": "x"},
    ],
    ids=str,
)
async def test_15_pkce_with_s256_whatever_the_operator_loosened(
    rp: FapiRp, changes: dict[str, str | None]
) -> None:
    assert error_of(await rp.push(**changes)) == "invalid_request"
    await rp.op.trust(rp.app, pkce_policy="nonce_or_pkce")
    assert error_of(await rp.push(**changes)) == "invalid_request"


@pytest.mark.parametrize("verifier", [None, "w" * 43, "short"])
async def test_16_a_verifier_that_is_missing_or_wrong(
    rp: FapiRp, person: Person, verifier: str | None
) -> None:
    code = (await rp.answer(person))["code"]
    assert error_of(await rp.redeem(code, code_verifier=verifier)) == "invalid_grant"


@pytest.mark.parametrize("after_s", [0, 1])
async def test_17_a_code_is_refused_the_second_time(rp: FapiRp, person: Person, after_s: int) -> None:
    code = (await rp.answer(person))["code"]
    tokens = (await rp.redeem(code)).json()
    rp.op.clock.advance(after_s)
    assert error_of(await rp.redeem(code)) == "invalid_grant"
    assert (await rp.call(tokens["access_token"])).status_code == 401


async def test_18_a_code_ends_after_a_minute(rp: FapiRp, person: Person) -> None:
    early, late = (await rp.answer(person))["code"], (await rp.answer(person))["code"]
    rp.op.clock.advance(59)
    assert (await rp.redeem(early)).status_code == 200
    rp.op.clock.advance(1)
    assert error_of(await rp.redeem(late)) == "invalid_grant"


async def test_19_a_refresh_needs_the_client_and_may_be_repeated(rp: FapiRp, person: Person) -> None:
    """The profile discourages rotation: the same refresh token is good again."""
    token = (await rp.tokens(person))["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": rp.app.client_id}
    async with rp.op.http() as http:
        answer = await http.post("/oauth/token", data=form, headers=rp.proved("/oauth/token"))
    assert error_of(answer, 401) == "invalid_client"
    answers = [await rp.refresh(token) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert all(answer.json().get("refresh_token", token) == token for answer in answers)
    for answer in answers:
        assert (await rp.call(answer.json()["access_token"])).status_code == 200


async def test_20_tokens_are_not_taken_in_the_query_or_as_bearer(rp: FapiRp, person: Person) -> None:
    token = (await rp.tokens(person))["access_token"]
    async with rp.op.http() as http:
        answer = await http.get("/oauth/userinfo", params={"access_token": token})
    assert answer.status_code == 401
    assert (await rp.app.call(token, "/oauth/userinfo")).status_code == 401


async def test_21_many_clients_at_once_get_each_their_own(op: Provider, person: Person) -> None:
    rps = [await new_fapi(op) for _ in range(4)]
    given = await asyncio.gather(*(rp.tokens(person) for rp in rps))
    for rp, tokens in zip(rps, given, strict=True):
        assert claims_of(tokens["id_token"])["aud"] == rp.app.client_id
