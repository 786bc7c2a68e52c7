"""The same plan, where it looks at keys: client assertions and DPoP proofs at every endpoint (reference oauth §8)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.openid.fapi import FapiRp, new_fapi
from tests.oauth.keyed import proof, thumbprint
from tests.oauth.provider import ISSUER, Person, Provider, claims_of, response_of
from tests.oauth.test_code import error_of
from tests.support.jose import ClientKey

# Moments are seconds from now.
REFUSED: dict[str, dict[str, Any]] = {
    "exp five minutes old": {"exp": -300},
    "no exp": {"exp": None},
    "wrong aud": {"aud": "https://other.example"},
    "no aud": {"aud": None},
    "aud as a list": {"aud": [ISSUER]},
    "aud of the token endpoint": {"aud": f"{ISSUER}/oauth/token"},
    "aud of PAR": {"aud": f"{ISSUER}/oauth/par"},
    "no sub": {"sub": None},
    "sub of another": {"sub": "app_other"},
    "no iss": {"iss": None},
    "no jti": {"jti": None},
    "iat more than a minute ahead": {"iat": 70},
    "nbf more than a minute ahead": {"nbf": 70},
}
TAKEN: dict[str, dict[str, Any]] = {
    "iat eight seconds ahead": {"iat": 8},
    "nbf eight seconds ahead": {"nbf": 8},
    "no iat": {"iat": None},
}
DRIFTS = [pytest.param(10, True, id="10 s ahead"), pytest.param(-10, True, id="10 s behind")]
DRIFTS += [pytest.param(3600, False, id="1 h ahead"), pytest.param(-3600, False, id="1 h behind")]


@pytest.fixture
async def rp(op: Provider) -> FapiRp:
    return await new_fapi(op)


@pytest.fixture
async def person(op: Provider) -> Person:
    return await op.person()


def said(op: Provider, changes: dict[str, Any]) -> dict[str, Any]:
    """The changes with moments in place of distances."""
    now = op.clock.now().timestamp()
    return {name: now + value if isinstance(value, int) else value for name, value in changes.items()}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED)
async def test_01_assertions_that_are_refused(rp: FapiRp, person: Person, changes: dict[str, Any]) -> None:
    assert error_of(await rp.push(said(rp.op, changes)), 401) == "invalid_client"
    code = (await rp.answer(person))["code"]
    assert error_of(await rp.redeem(code, said(rp.op, changes)), 401) == "invalid_client"
    token = (await rp.redeem(code)).json()["refresh_token"]
    assert error_of(await rp.refresh(token, said(rp.op, changes)), 401) == "invalid_client"


@pytest.mark.parametrize("changes", TAKEN.values(), ids=TAKEN)
async def test_02_assertions_of_clocks_that_drift_are_taken(
    rp: FapiRp, person: Person, changes: dict[str, Any]
) -> None:
    assert (await rp.push(said(rp.op, changes))).status_code == 201
    code = (await rp.answer(person))["code"]
    assert (await rp.redeem(code, said(rp.op, changes))).status_code == 200


async def test_03_an_assertion_by_rs256_is_refused(op: Provider, person: Person) -> None:
    rp = await new_fapi(op, "PS256")
    code = (await rp.answer(person))["code"]
    spoiled = FapiRp(rp.app, ClientKey("RS256"), rp.holding)
    spoiled.signing.private, spoiled.signing.public = rp.signing.private, rp.signing.public
    assert error_of(await spoiled.redeem(code), 401) == "invalid_client"
    assert error_of(await spoiled.push(), 401) == "invalid_client"


async def test_04_no_assertion_at_all(rp: FapiRp, person: Person) -> None:
    code = (await rp.answer(person))["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": rp.app.metadata["redirect_uris"][0],
        "code_verifier": rp.app.verifier,
        "client_id": rp.app.client_id,
    }
    async with rp.op.http() as http:
        answer = await http.post("/oauth/token", data=form, headers=rp.proved("/oauth/token"))
        pushed = await http.post("/oauth/par", data=rp.app.request())
    assert error_of(answer, 401) == "invalid_client"
    assert error_of(pushed, 401) == "invalid_client"


async def test_05_an_assertion_counts_once(rp: FapiRp) -> None:
    jti = {"jti": f"once-{rp.app.client_id}"}
    assert (await rp.push(jti)).status_code == 201
    assert error_of(await rp.push(jti), 401) == "invalid_client"


async def test_06_no_proof_no_tokens(rp: FapiRp, person: Person) -> None:
    code = (await rp.answer(person))["code"]
    assert error_of(await rp.redeem(code, headers={})) == "invalid_dpop_proof"
    assert (await rp.redeem(code)).status_code == 200


@pytest.mark.parametrize(("seconds", "taken"), DRIFTS)
async def test_07_the_time_in_a_proof(rp: FapiRp, person: Person, seconds: int, taken: bool) -> None:
    """A clock that is an hour off is offered a nonce."""
    iat = int(rp.op.clock.now().timestamp()) + seconds
    code = (await rp.answer(person))["code"]
    answer = await rp.redeem(code, headers=rp.proved("/oauth/token", iat=iat))
    if not taken:
        assert error_of(answer) == "use_dpop_nonce"
        nonce = answer.headers["dpop-nonce"]
        answer = await rp.redeem(code, headers=rp.proved("/oauth/token", iat=iat, nonce=nonce))
    assert answer.status_code == 200
    token = answer.json()["access_token"]
    called = await rp.call(token, iat=iat)
    assert called.status_code == (200 if taken else 401)


@pytest.mark.parametrize("changes", [{"nbf": -5}, {"exp": 60}, {"nbf": -5, "exp": 60}, {"extra": 1}], ids=str)
async def test_08_what_a_proof_may_hold_besides(rp: FapiRp, person: Person, changes: dict[str, int]) -> None:
    now = int(rp.op.clock.now().timestamp())
    more = {name: now + value for name, value in changes.items()}
    code = (await rp.answer(person))["code"]
    assert (await rp.redeem(code, headers=rp.proved("/oauth/token", **more))).status_code == 200


async def test_09_a_code_that_was_asked_for_with_a_key_is_that_keys(rp: FapiRp, person: Person) -> None:
    jkt = thumbprint(rp.holding)
    other = ClientKey("ES256")
    code = (await rp.answer(person, dpop_jkt=jkt))["code"]
    wrong = {"DPoP": proof(rp.op, other)}
    assert error_of(await rp.redeem(code, headers=wrong)) in ("invalid_grant", "invalid_dpop_proof")
    assert (await rp.redeem(code)).status_code == 200
    # At PAR the proof and the parameter have to agree.
    mismatch = {"DPoP": proof(rp.op, other, "/oauth/par")}
    refused = error_of(await rp.push(headers=mismatch, dpop_jkt=jkt))
    assert refused in ("invalid_request", "invalid_dpop_proof")
    bound = await rp.push(headers=rp.proved("/oauth/par"))
    assert bound.status_code == 201
    asked = {"client_id": rp.app.client_id, "request_uri": bound.json()["request_uri"]}
    page = await rp.come(person, asked)
    code = response_of(await person.decide(page) if page.status_code == 200 else page)["code"]
    assert error_of(await rp.redeem(code, headers=wrong)) in ("invalid_grant", "invalid_dpop_proof")


async def test_10_the_header_in_capitals_is_fine_and_two_are_not(rp: FapiRp, person: Person) -> None:
    code = (await rp.answer(person))["code"]
    two = [("DPoP", proof(rp.op, rp.holding)) for _ in range(2)]
    assert error_of(await rp.redeem(code, headers=two)) == "invalid_dpop_proof"
    capitals = {"DPOP": proof(rp.op, rp.holding)}
    answer = await rp.redeem(code, headers=capitals)
    assert answer.status_code == 200
    token = answer.json()["access_token"]
    async with rp.op.http() as http:
        sent = [("Authorization", f"DPoP {token}")]
        sent += [("DPoP", proof(rp.op, rp.holding, "/oauth/userinfo", "GET", token)) for _ in range(2)]
        assert (await http.get("/oauth/userinfo", headers=sent)).status_code in (400, 401)


async def test_11_the_address_in_a_proof_may_have_a_query(rp: FapiRp, person: Person) -> None:
    token = (await rp.tokens(person))["access_token"]
    for htu in (
        f"{ISSUER}/oauth/userinfo?a=b",
        f"{ISSUER}/oauth/userinfo#c",
        f"{ISSUER.upper()}/oauth/userinfo",
    ):
        assert (await rp.call(token, htu=htu)).status_code == 200, htu
    assert (await rp.call(token, htu=f"{ISSUER}/oauth/token")).status_code == 401
    assert (await rp.call(token, htm="POST")).status_code == 401


async def test_12_a_proof_counts_once(rp: FapiRp, person: Person) -> None:
    jti = f"once-{rp.app.client_id}"
    code, other = (await rp.answer(person))["code"], (await rp.answer(person))["code"]
    assert (await rp.redeem(code, headers=rp.proved("/oauth/token", jti=jti))).status_code == 200
    again = await rp.redeem(other, headers=rp.proved("/oauth/token", jti=jti))
    assert error_of(again) == "invalid_dpop_proof"
    token = (await rp.tokens(person))["access_token"]
    assert (await rp.call(token, jti="r" + jti)).status_code == 200
    assert (await rp.call(token, jti="r" + jti)).status_code == 401


async def test_13_a_proof_by_another_key_or_for_another_token_opens_nothing(
    rp: FapiRp, person: Person
) -> None:
    one, two = await rp.tokens(person), await rp.tokens(person)
    assert claims_of(one["access_token"])["cnf"] == {"jkt": thumbprint(rp.holding)}
    thief = FapiRp(rp.app, rp.signing)
    assert (await thief.call(one["access_token"])).status_code == 401
    ath = proof(rp.op, rp.holding, "/oauth/userinfo", "GET", two["access_token"])
    async with rp.op.http() as http:
        headers = {"Authorization": f"DPoP {one['access_token']}", "DPoP": ath}
        assert (await http.get("/oauth/userinfo", headers=headers)).status_code == 401


async def test_14_keys_that_are_too_short_cannot_be_registered(op: Provider) -> None:
    short = ClientKey("PS256", bits=1024)
    async with op.http() as http:
        body = {
            "redirect_uris": ["https://app.example/cb"],
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [short.jwk(kid="a")]},
        }
        answer = await http.post("/oauth/register", json=body)
    assert error_of(answer) == "invalid_client_metadata"
