"""DPoP where a request is pushed (RFC 9449 §10.1; oauth §6.2, §7.1 #21): the code is bound as ``dpop_jkt`` binds it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.oauth.keyed import CLAUSES, HOUR, KEY, OTHER_KEY, DpopApp, dpop_app, error_of, proof, thumbprint
from tests.oauth.provider import Provider, response_of

PAR = "/oauth/par"
BAD_PROOF = (400, "invalid_dpop_proof")


async def push(app: DpopApp, *proofs: str, **changes: Any) -> httpx.Response:
    headers = [("DPoP", text) for text in proofs] + list(app.app.auth.get("headers", {}).items())
    async with app.provider.http() as http:
        return await http.post(PAR, data=app.app.request(**changes), headers=headers)


async def code_of(app: DpopApp, pushed: httpx.Response) -> str:
    assert pushed.status_code == 201, pushed.text
    person = await app.provider.person()
    params = {"client_id": app.app.client_id, "request_uri": pushed.json()["request_uri"]}
    page = await person.http.get("/oauth/authorize", params=params)
    return response_of(await person.decide(page) if page.status_code == 200 else page)["code"]


@pytest.mark.parametrize("method", ["client_secret_basic", "none"])
@pytest.mark.parametrize("with_jkt", [False, True], ids=["proof alone", "proof and dpop_jkt"])
async def test_must_21_a_proof_with_the_pushed_request_binds_its_code(
    provider: Provider, method: str, with_jkt: bool
) -> None:
    app = await dpop_app(provider, token_endpoint_auth_method=method)
    pushed = await push(app, proof(provider, app.key, PAR), dpop_jkt=app.jkt if with_jkt else None)
    assert pushed.headers["dpop-nonce"]
    code = await code_of(app, pushed)
    assert error_of(await DpopApp(app.app, OTHER_KEY).redeem(code)) == (400, "invalid_grant")
    assert error_of(await app.app.redeem(code)) == BAD_PROOF
    assert (await app.redeem(code)).json()["token_type"] == "DPoP"


async def test_a_pushed_dpop_jkt_binds_without_a_proof_too(provider: Provider) -> None:
    app = await dpop_app(provider)
    code = await code_of(app, await push(app, dpop_jkt=app.jkt))
    assert error_of(await app.app.redeem(code)) == BAD_PROOF
    assert (await app.redeem(code)).status_code == 200


async def test_must_21_a_proof_and_a_dpop_jkt_that_disagree_are_refused(provider: Provider) -> None:
    app = await dpop_app(provider)
    answer = await push(app, proof(provider, app.key, PAR), dpop_jkt=thumbprint(OTHER_KEY))
    assert error_of(answer) == BAD_PROOF
    assert "dpop_jkt" in answer.json()["error_description"]
    assert (await push(app, dpop_jkt="x")).json()["error"] == "invalid_request"


@pytest.mark.parametrize("changes", CLAUSES)
async def test_must_21_every_clause_of_a_proof_is_held_where_requests_are_pushed(
    provider: Provider, changes: dict[str, Any]
) -> None:
    app = await dpop_app(provider)
    if "htu" in changes and changes["htu"] is not None:
        changes = {"htu": str(changes["htu"]).replace("/oauth/revoke", "/oauth/token")}
    answer = await push(app, proof(provider, KEY, PAR, **changes))
    assert error_of(answer) == BAD_PROOF
    assert answer.headers["dpop-nonce"]


async def test_must_21_a_proof_is_used_once_where_requests_are_pushed(provider: Provider) -> None:
    app = await dpop_app(provider)
    sent = proof(provider, app.key, PAR)
    assert (await push(app, sent)).status_code == 201
    assert error_of(await push(app, sent)) == BAD_PROOF
    assert (
        error_of(await push(app, proof(provider, app.key, PAR), proof(provider, app.key, PAR))) == BAD_PROOF
    )


async def test_a_clock_that_drifted_is_offered_a_nonce_where_requests_are_pushed(provider: Provider) -> None:
    app = await dpop_app(provider)
    iat = int(provider.clock.now().timestamp()) - HOUR
    answer = await push(app, proof(provider, app.key, PAR, iat=iat))
    assert error_of(answer) == (400, "use_dpop_nonce")
    nonce = answer.headers["dpop-nonce"]
    assert (await push(app, proof(provider, app.key, PAR, iat=iat, nonce=nonce))).status_code == 201
