"""DPoP at userinfo, at our API, and beside a session (reference oauth §2.3, §6.1, §7.1 #21)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.oauth.keyed import CLAUSES, HOUR, KEY, OTHER_KEY, DpopApp, dpop_app, error_of, proof
from tests.oauth.provider import ISSUER, Provider
from tests.support.jose import ClientKey

PROTECTED, USERINFO, SESSION = "/api/demo/protected", "/oauth/userinfo", "/api/session"
PATHS = [PROTECTED, USERINFO]
ALGS = 'algs="ES256 PS256 EdDSA"'
BAD_PROOF = (401, "invalid_dpop_proof")


def challenge_of(answer: httpx.Response) -> str:
    return str(answer.headers["www-authenticate"])


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP"])
async def test_the_holder_of_the_key_is_served_and_given_the_next_nonce(
    provider: Provider, path: str, scheme: str
) -> None:
    app = await dpop_app(provider)
    token = (await app.tokens())["access_token"]
    answer = await app.call(token, path=path, scheme=scheme)
    assert answer.status_code == 200, answer.text
    nonce = answer.headers["dpop-nonce"]
    again = await app.call(token, proof(provider, app.key, path, "GET", token, nonce=nonce), path=path)
    assert again.status_code == 200


@pytest.mark.parametrize("path", PATHS)
async def test_must_21_a_bound_token_is_refused_as_bearer_in_words_that_help(
    provider: Provider, path: str
) -> None:
    """Some libraries call userinfo with Bearer although they do DPoP (oidc-client-ts#2182)."""
    app = await dpop_app(provider)
    token = (await app.tokens())["access_token"]
    answers = [
        await app.app.call(token, path),
        await app.call(token, path=path, scheme="Bearer"),  # beside a good proof
    ]
    async with provider.http() as http:
        if path == USERINFO:
            answers.append(await http.post(path, data={"access_token": token}))
    for answer in answers:
        assert error_of(answer) == (401, "invalid_token")
        assert "DPoP-bound" in answer.json()["error_description"]
        assert challenge_of(answer) == f'DPoP realm="{ISSUER}", error="invalid_token", {ALGS}'


@pytest.mark.parametrize("path", PATHS)
async def test_an_unbound_token_is_no_dpop_token(provider: Provider, path: str) -> None:
    app = await dpop_app(provider)
    token = (await app.app.tokens())["access_token"]
    answer = await app.call(token, path=path)
    assert error_of(answer) == (401, "invalid_token")
    assert challenge_of(answer).startswith("DPoP ")
    assert (await app.app.call(token, path)).status_code == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "changes",
    [
        *CLAUSES,
        pytest.param({"htm": "POST"}, id="method of the token endpoint"),
        pytest.param({"ath": None}, id="no ath"),
        pytest.param({"ath": "x" * 43}, id="ath of another token"),
    ],
)
async def test_must_21_every_clause_of_a_proof_is_held_at_a_resource(
    provider: Provider, path: str, changes: dict[str, Any]
) -> None:
    if changes == {"htm": "GET"}:
        changes = {"htm": "PUT"}
    app = await dpop_app(provider)
    app.key = KEY
    token = (await app.tokens())["access_token"]
    answer = await app.call(token, proof(provider, KEY, path, "GET", token, **changes), path=path)
    assert error_of(answer) == BAD_PROOF
    assert challenge_of(answer) == f'DPoP realm="{ISSUER}", error="invalid_dpop_proof", {ALGS}'
    assert answer.headers["dpop-nonce"]
    assert (await app.call(token, path=path)).status_code == 200


@pytest.mark.parametrize("path", PATHS)
async def test_must_21_a_token_without_a_proof_with_two_or_with_another_keys_opens_nothing(
    provider: Provider, path: str
) -> None:
    app = await dpop_app(provider)
    token = (await app.tokens())["access_token"]

    def good(key: ClientKey = app.key) -> str:
        return proof(provider, key, path, "GET", token)

    async with provider.http() as http:
        without = await http.get(path, headers={"Authorization": f"DPoP {token}"})
    assert error_of(without) == BAD_PROOF
    assert challenge_of(without).endswith(f'error="invalid_dpop_proof", {ALGS}')
    assert error_of(await app.call(token, good(), good(), path=path)) == BAD_PROOF
    stolen = await app.call(token, good(OTHER_KEY), path=path)
    assert error_of(stolen) == (401, "invalid_token")
    assert (await app.call(token, good(), path=path)).status_code == 200


@pytest.mark.parametrize("path", PATHS)
async def test_must_21_a_proof_is_used_once_at_a_resource(provider: Provider, path: str) -> None:
    app = await dpop_app(provider)
    token = (await app.tokens())["access_token"]
    sent = proof(provider, app.key, path, "GET", token)
    assert (await app.call(token, sent, path=path)).status_code == 200
    answer = await app.call(token, sent, path=path)
    assert error_of(answer) == BAD_PROOF
    assert "jti" in answer.json()["error_description"]


async def test_must_21_a_proof_that_was_for_one_token_is_nothing_for_another(provider: Provider) -> None:
    app = await dpop_app(provider)
    first, second = (await app.tokens())["access_token"], (await app.tokens())["access_token"]
    assert error_of(await app.call(second, proof(provider, app.key, PROTECTED, "GET", first))) == BAD_PROOF


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("ahead_s", [-HOUR, HOUR])
async def test_must_21_a_clock_that_drifted_is_offered_a_nonce_at_a_resource_too(
    provider: Provider, path: str, ahead_s: int
) -> None:
    app = await dpop_app(provider)
    token = (await app.tokens())["access_token"]
    iat = int(provider.clock.now().timestamp()) + ahead_s
    answer = await app.call(token, proof(provider, app.key, path, "GET", token, iat=iat), path=path)
    assert error_of(answer) == (401, "use_dpop_nonce")
    assert challenge_of(answer) == f'DPoP realm="{ISSUER}", error="use_dpop_nonce", {ALGS}'
    nonce = answer.headers["dpop-nonce"]
    with_nonce = proof(provider, app.key, path, "GET", token, iat=iat, nonce=nonce)
    assert (await app.call(token, with_nonce, path=path)).status_code == 200


async def test_clocks_may_differ_by_ten_seconds_at_a_resource_too(provider: Provider) -> None:
    app = await dpop_app(provider)
    token = (await app.tokens())["access_token"]
    for ahead_s in (-10, 10):
        iat = int(provider.clock.now().timestamp()) + ahead_s
        sent = proof(provider, app.key, PROTECTED, "GET", token, iat=iat)
        assert (await app.call(token, sent)).status_code == 200


async def test_the_query_and_the_spelling_of_the_address_do_not_matter(provider: Provider) -> None:
    app = await dpop_app(provider)
    token = (await app.tokens())["access_token"]
    for path, htu in (
        (f"{PROTECTED}?a=b", f"{ISSUER}{PROTECTED}"),
        (PROTECTED, f"{ISSUER}{PROTECTED}?a=b"),
        (PROTECTED, "HTTPS://Login.Example:443/%61pi/demo/protected"),
        ("/api/demo/%70rotected", f"{ISSUER}{PROTECTED}"),
    ):
        sent = proof(provider, app.key, PROTECTED, "GET", token, htu=htu)
        answer = await app.call(token, sent, path=path)
        assert answer.status_code == 200, (path, htu, answer.text)


async def test_userinfo_is_answered_by_post_too(provider: Provider) -> None:
    app = await dpop_app(provider)
    token = (await app.tokens())["access_token"]
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof(provider, app.key, USERINFO, "POST", token)}
    async with provider.http() as http:
        assert (await http.post(USERINFO, headers=headers)).status_code == 200


async def test_scope_expiry_and_revocation_are_answered_in_the_scheme_of_the_caller(
    provider: Provider,
) -> None:
    app = await dpop_app(provider)
    narrow = (await app.tokens(scope="openid chat"))["access_token"]
    answer = await app.call(narrow)
    assert error_of(answer) == (403, "insufficient_scope")
    assert (
        challenge_of(answer)
        == f'DPoP realm="{ISSUER}", error="insufficient_scope", scope="profile:read", {ALGS}'
    )
    provider.clock.advance(HOUR)
    answer = await app.call(narrow)
    assert error_of(answer) == (401, "token_expired")
    assert challenge_of(answer).startswith("DPoP ")
    assert 'error="invalid_token", error_description="token_expired"' in challenge_of(answer)


async def test_two_places_and_two_headers_are_refused(provider: Provider) -> None:
    app = await dpop_app(provider)
    token = (await app.tokens())["access_token"]
    headers = [("Authorization", f"DPoP {token}"), ("Authorization", f"Bearer {token}")]
    async with provider.http() as http:
        twice = await http.get(
            USERINFO, headers=[*headers, ("DPoP", proof(provider, app.key, USERINFO, "GET", token))]
        )
        both = await http.post(USERINFO, headers=headers[:1], data={"access_token": token})
    assert error_of(twice) == error_of(both) == (400, "invalid_request")


async def test_a_token_beside_a_session_is_taken_with_its_proof_only(provider: Provider) -> None:
    """``GET /api/session`` takes a session or a token; it is another room's, and its refusals have the same headers."""
    app = await dpop_app(provider)
    token = (await app.tokens())["access_token"]
    refused = await app.app.call(token, SESSION)
    assert error_of(refused) == (401, "invalid_token")
    assert challenge_of(refused).startswith("DPoP ")
    answer = await app.call(token, path=SESSION)
    assert answer.status_code != 401, answer.text
    assert answer.headers["dpop-nonce"]
    wrong = await app.call(token, proof(provider, app.key, PROTECTED, "GET", token), path=SESSION)
    assert error_of(wrong) == BAD_PROOF
    assert wrong.headers["dpop-nonce"]


async def test_a_proof_beside_a_plain_token_or_none_is_looked_at_by_nobody(provider: Provider) -> None:
    app = await dpop_app(provider)
    token = (await app.app.tokens())["access_token"]
    answer = await DpopApp(app.app).call(token, "nonsense", scheme="Bearer")
    assert answer.status_code == 200
    async with provider.http() as http:
        nobody = await http.get(PROTECTED, headers={"DPoP": proof(provider, app.key, PROTECTED, "GET")})
    assert error_of(nobody) == (401, "not_authenticated")


async def test_pages_of_other_sites_may_send_proofs_and_read_nonces(provider: Provider) -> None:
    preflight = {"Origin": "https://spa.example", "Access-Control-Request-Method": "GET"}
    async with provider.http() as http:
        answer = await http.options(
            USERINFO, headers=preflight | {"Access-Control-Request-Headers": "authorization,dpop"}
        )
        refused = await http.get(USERINFO, headers={"Origin": "https://spa.example", "DPoP": "x"})
    assert "DPoP" in answer.headers["access-control-allow-headers"]
    assert "DPoP-Nonce" in refused.headers["access-control-expose-headers"]
    assert refused.headers["access-control-allow-origin"] == "*"
    assert refused.headers["dpop-nonce"]


async def test_discovery_tells_what_is_taken(provider: Provider) -> None:
    async with provider.http() as http:
        told = (await http.get("/.well-known/openid-configuration")).json()
        resource = (await http.get("/.well-known/oauth-protected-resource")).json()
    assert told["dpop_signing_alg_values_supported"] == ["ES256", "PS256", "EdDSA"]
    assert resource["dpop_signing_alg_values_supported"] == ["ES256", "PS256", "EdDSA"]
    assert told["token_endpoint_auth_signing_alg_values_supported"] == ["RS256", "PS256", "ES256", "EdDSA"]
    assert "private_key_jwt" in told["token_endpoint_auth_methods_supported"]
