"""DPoP at the token endpoint (reference oauth §6.1, §7.1 #21): each clause, and what is bound to a key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from hodlxxi.identity.sweep import sweeps
from tests.oauth.keyed import (
    CLAUSES,
    HOUR,
    KEY,
    OTHER_KEY,
    DpopApp,
    assertion,
    dpop_app,
    error_of,
    proof,
    signed_form,
    signing_app,
    thumbprint,
)
from tests.oauth.provider import ISSUER, Provider, claims_of, response_of
from tests.support.jose import ClientKey

RSA_KEY, ED_KEY = ClientKey("PS256"), ClientKey("EdDSA")
BAD_PROOF = (400, "invalid_dpop_proof")


async def public_app(provider: Provider) -> DpopApp:
    return await dpop_app(provider, token_endpoint_auth_method="none")


async def code_of(app: DpopApp, **changes: Any) -> str:
    person = await app.provider.person()
    return response_of(await person.authorize(app.app, **changes))["code"]


@pytest.mark.parametrize("key", [KEY, RSA_KEY, ED_KEY], ids=["ES256", "PS256", "EdDSA"])
async def test_a_proof_binds_the_tokens_to_its_key(provider: Provider, key: ClientKey) -> None:
    app = await dpop_app(provider)
    app.key = key
    tokens = await app.tokens()
    assert tokens["token_type"] == "DPoP"
    assert claims_of(tokens["access_token"])["cnf"] == {"jkt": thumbprint(key)}
    assert (await app.call(tokens["access_token"])).status_code == 200
    plain = await app.app.tokens()
    assert plain["token_type"] == "Bearer"
    assert "cnf" not in claims_of(plain["access_token"])


async def test_a_client_binds_a_token_for_itself(provider: Provider) -> None:
    app = await dpop_app(provider, grant_types=["client_credentials", "authorization_code"])
    token = (await app.post(grant_type="client_credentials")).json()
    assert token["token_type"] == "DPoP"
    assert claims_of(token["access_token"])["cnf"]["jkt"] == app.jkt


@pytest.mark.parametrize("changes", CLAUSES)
async def test_must_21_every_clause_of_a_proof_is_held_at_the_token_endpoint(
    provider: Provider, changes: dict[str, Any]
) -> None:
    app = await dpop_app(provider)
    app.key = KEY
    code = await code_of(app)
    answer = await app.redeem(code, proof(provider, KEY, **changes))
    assert error_of(answer) == BAD_PROOF
    assert answer.headers["dpop-nonce"]
    assert answer.headers["cache-control"] == "no-store"
    assert (await app.redeem(code)).status_code == 200, "the code is as good as before"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"htu": f"{ISSUER}/oauth/token?x=1#y"}, id="htu with query and fragment"),
        pytest.param({"htu": "HTTPS://LOGIN.EXAMPLE:443/oauth/token"}, id="htu spelled otherwise"),
        pytest.param({"ath": "x", "more": 1, "nbf": 1, "exp": 9e9}, id="further claims"),
    ],
)
async def test_what_does_not_matter_in_a_proof_is_tolerated(
    provider: Provider, changes: dict[str, Any]
) -> None:
    app = await dpop_app(provider)
    assert (await app.redeem(await code_of(app), proof(provider, app.key, **changes))).status_code == 200


async def test_must_21_two_proofs_are_one_too_many(provider: Provider) -> None:
    app = await dpop_app(provider)
    first, second = proof(provider, app.key), proof(provider, app.key)
    code = await code_of(app)
    for proofs in ((first, second), (f"{first}, {second}",), ("",), ("x",)):
        assert error_of(await app.redeem(code, *proofs)) == BAD_PROOF


async def test_must_21_a_proof_is_used_once(provider: Provider) -> None:
    app = await dpop_app(provider)
    sent = proof(provider, app.key)
    assert (await app.redeem(await code_of(app), sent)).status_code == 200
    answer = await app.redeem(await code_of(app), sent)
    assert error_of(answer) == BAD_PROOF
    assert "jti" in answer.json()["error_description"]
    neighbour = await dpop_app(provider)
    jti = claims_of(sent)["jti"]
    assert (
        await neighbour.redeem(await code_of(neighbour), proof(provider, neighbour.key, jti=jti))
    ).status_code == 200


@pytest.mark.parametrize("ahead_s", [-10, 10])
async def test_clocks_may_differ_by_ten_seconds(provider: Provider, ahead_s: int) -> None:
    app = await dpop_app(provider)
    iat = int(provider.clock.now().timestamp()) + ahead_s
    assert (await app.redeem(await code_of(app), proof(provider, app.key, iat=iat))).status_code == 200


@pytest.mark.parametrize("ahead_s", [-HOUR, HOUR])
async def test_must_21_a_clock_that_drifted_is_offered_a_nonce_and_served_with_it(
    provider: Provider, ahead_s: int
) -> None:
    app = await dpop_app(provider)
    code = await code_of(app)
    iat = int(provider.clock.now().timestamp()) + ahead_s
    answer = await app.redeem(code, proof(provider, app.key, iat=iat))
    assert error_of(answer) == (400, "use_dpop_nonce")
    nonce = answer.headers["dpop-nonce"]
    answer = await app.redeem(code, proof(provider, app.key, iat=iat, nonce=nonce))
    assert answer.status_code == 200, answer.text
    assert answer.headers["dpop-nonce"], "a fresh one with every reply"


async def test_a_nonce_is_good_for_two_minutes_at_least_and_three_at_most(provider: Provider) -> None:
    app = await dpop_app(provider)
    nonce = (await app.post(grant_type="none")).headers["dpop-nonce"]
    for seconds, good in ((0, True), (119, True), (61, False)):
        provider.clock.advance(seconds)
        answer = await app.redeem(await code_of(app), proof(provider, app.key, nonce=nonce))
        assert (answer.status_code == 200) == good
    assert error_of(answer) == (400, "use_dpop_nonce")
    assert answer.headers["dpop-nonce"] != nonce


async def test_a_page_of_another_site_may_read_the_nonce(provider: Provider) -> None:
    app = await public_app(provider)
    async with provider.http() as http:
        headers = {"DPoP": "x", "Origin": "https://spa.example"}
        answer = await http.post("/oauth/token", data={"client_id": app.app.client_id}, headers=headers)
    assert "DPoP-Nonce" in answer.headers["access-control-expose-headers"]
    assert answer.headers["dpop-nonce"]
    async with provider.http() as http:
        without = await http.post("/oauth/token", data={"client_id": app.app.client_id})
    assert "dpop-nonce" not in without.headers


async def test_must_21_a_code_that_was_asked_for_with_a_key_is_of_use_to_that_key_only(
    provider: Provider,
) -> None:
    app = await public_app(provider)
    code = await code_of(app, dpop_jkt=app.jkt)
    thief = DpopApp(app.app, OTHER_KEY)
    assert error_of(await thief.redeem(code)) == (400, "invalid_grant")
    assert error_of(await app.app.redeem(code)) == BAD_PROOF, "no proof at all"
    answer = await app.redeem(code)
    assert answer.status_code == 200, "nobody spent it"
    assert answer.json()["token_type"] == "DPoP"
    assert error_of(await thief.redeem(code)) == (400, "invalid_grant")
    assert (await app.call(answer.json()["access_token"])).status_code == 200, (
        "the thief's replay ended nothing"
    )


@pytest.mark.parametrize("jkt", ["x", "a" * 42, "a" * 44, "a" * 42 + "="])
async def test_a_dpop_jkt_that_is_no_thumbprint_is_refused(provider: Provider, jkt: str) -> None:
    app = await public_app(provider)
    answer = response_of(await (await provider.person()).authorize(app.app, dpop_jkt=jkt))
    assert answer["error"] == "invalid_request"
    assert "dpop_jkt" in answer["error_description"]


async def test_must_21_a_public_client_refreshes_with_the_same_key(provider: Provider) -> None:
    app = await public_app(provider)
    tokens = await app.tokens()
    thief = DpopApp(app.app, OTHER_KEY)
    assert error_of(await thief.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert error_of(await app.app.refresh(tokens["refresh_token"])) == BAD_PROOF
    answer = await app.refresh(tokens["refresh_token"])
    assert answer.status_code == 200, "the grant is alive"
    renewed = answer.json()
    assert renewed["token_type"] == "DPoP"
    assert error_of(await thief.refresh(renewed["refresh_token"])) == (400, "invalid_grant")


async def test_a_confidential_client_may_change_its_key(provider: Provider) -> None:
    """Its refresh token is bound to the client (RFC 9449 §5)."""
    app = await dpop_app(provider)
    tokens = await app.tokens()
    app.key = OTHER_KEY
    renewed = (await app.refresh(tokens["refresh_token"])).json()
    assert claims_of(renewed["access_token"])["cnf"]["jkt"] == thumbprint(OTHER_KEY)
    assert (await app.call(renewed["access_token"])).status_code == 200


async def test_a_lost_answer_is_repeated_for_the_same_key_with_a_new_proof(provider: Provider) -> None:
    app = await public_app(provider)
    tokens = await app.tokens()
    first = await app.refresh(tokens["refresh_token"])
    again = await app.refresh(tokens["refresh_token"])
    assert first.json() == again.json()
    thief = DpopApp(app.app, OTHER_KEY)
    assert error_of(await thief.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert (await app.call(first.json()["access_token"])).status_code == 200


async def test_a_public_clients_unbound_refresh_token_becomes_bound_with_the_first_proof(
    provider: Provider,
) -> None:
    app = await public_app(provider)
    renewed = (await app.refresh((await app.app.tokens())["refresh_token"])).json()
    assert renewed["token_type"] == "DPoP"
    assert error_of(await app.app.refresh(renewed["refresh_token"])) == BAD_PROOF


async def test_a_client_that_asked_for_it_gets_bound_tokens_only(provider: Provider) -> None:
    app = await dpop_app(provider, dpop_bound_access_tokens=True)
    code = await code_of(app)
    assert error_of(await app.app.redeem(code)) == BAD_PROOF
    tokens = (await app.redeem(code)).json()
    assert error_of(await app.app.refresh(tokens["refresh_token"])) == BAD_PROOF
    assert (await app.refresh(tokens["refresh_token"])).status_code == 200


async def test_a_fapi2_client_sends_an_assertion_and_a_proof(provider: Provider) -> None:
    app = await provider.trust(await signing_app(provider), profile="fapi2")
    request = {"grant_type": "client_credentials"}
    async with provider.http() as http:
        form = signed_form(assertion(provider, app.client_id), **request)
        assert error_of(await http.post("/oauth/token", data=form)) == BAD_PROOF
        form = signed_form(assertion(provider, app.client_id), **request)
        answer = await http.post("/oauth/token", data=form, headers={"dpop": proof(provider, KEY)})
    assert answer.json()["token_type"] == "DPoP"


async def test_the_client_is_judged_before_its_proof(provider: Provider) -> None:
    app = await dpop_app(provider)
    sent = proof(provider, app.key)
    async with provider.http() as http:
        form = {
            "grant_type": "authorization_code",
            "client_id": app.app.client_id,
            "client_secret": "wrong",
            "code": "x",
        }
        answer = await http.post("/oauth/token", data=form, headers={"DPoP": sent})
    assert error_of(answer) == (401, "invalid_client")
    assert (await app.redeem(await code_of(app), sent)).status_code == 200, "it was not spent"


async def test_the_address_in_a_proof_is_the_configured_one_whatever_the_request_says(
    provider: Provider,
) -> None:
    app = await public_app(provider)
    form = {"grant_type": "authorization_code", "client_id": app.app.client_id, "code": "x"}
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    async with provider.http() as http:
        for htu, error in (
            (f"{ISSUER}/oauth/token", "invalid_grant"),
            ("https://evil.example/oauth/token", BAD_PROOF[1]),
        ):
            headers = forged | {"DPoP": proof(provider, app.key, htu=htu)}
            answer = await http.post("/oauth/token", data=form, headers=headers)
            assert error_of(answer) == (400, error)


Make = Callable[..., Awaitable[Provider]]


async def test_what_a_proof_leaves_behind_is_swept_when_it_could_not_be_used_any_more(
    make_provider: Make,
) -> None:
    """A row for each call: they must not stay."""
    provider = await make_provider()
    app = await dpop_app(provider)
    await app.tokens()
    sweep = sweeps()["spent_once"]
    left = []
    for seconds in (74, 2, 60):
        provider.clock.advance(seconds)
        async with provider.db.begin() as tx:
            await sweep(tx, provider.clock.now(), 100)
        left.append(
            await provider.ask("SELECT count(*) FROM spent_once WHERE kind = :kind", kind=f"dpop:{app.jkt}")
        )
    assert (left[0], left[-1]) == (1, 0)
