"""Access tokens at work: userinfo, the demo, the order of refusals; discovery and keys."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey
from starlette.routing import Route

from hodlxxi.oauth.keys import KeyRing
from hodlxxi.oauth.routes.table import oauth_routes
from hodlxxi.oauth.rules.rotation import PENDING_FOR
from tests.oauth.provider import ISSUER, Provider, response_of

Make = Callable[..., Awaitable[Provider]]
PROTECTED = "/api/demo/protected"


async def test_userinfo_takes_the_token_in_three_ways(provider: Provider) -> None:
    """MUST 16: one place, never the query."""
    app = await provider.register()
    token = (await app.tokens(scope="openid profile"))["access_token"]
    async with provider.http() as http:
        auth = {"Authorization": f"bearer {token}"}
        answers = [
            await http.get("/oauth/userinfo", headers=auth),
            await http.post("/oauth/userinfo", headers=auth),
            await http.post("/oauth/userinfo", data={"access_token": token}),
        ]
        for answer in answers:
            assert answer.status_code == 200
            assert set(answer.json()) == {"sub", "name", "preferred_username", "updated_at"}
            assert answer.headers["cache-control"] == "no-store"
        twice = await http.post("/oauth/userinfo", headers=auth, data={"access_token": token})
        assert (twice.status_code, twice.json()["error"]) == (400, "invalid_request")
        in_url = await http.get(f"/oauth/userinfo?access_token={token}")
        assert (in_url.status_code, in_url.json()["error"]) == (401, "not_authenticated")


async def test_no_token_gets_a_challenge_without_an_error(provider: Provider) -> None:
    async with provider.http() as http:
        for path in (PROTECTED, "/oauth/userinfo"):
            answer = await http.get(path)
            assert (answer.status_code, answer.json()["error"]) == (401, "not_authenticated")
            challenge = answer.headers["www-authenticate"]
            assert challenge.startswith(f'Bearer realm="{ISSUER}", resource_metadata="{ISSUER}/.well-known/')
            assert challenge.endswith('DPoP algs="ES256 PS256 EdDSA"')
            assert "error" not in challenge
        assert set((await http.get(PROTECTED)).json()) >= {
            "error",
            "error_description",
            "timestamp",
            "request_id",
        }


async def test_an_expired_token_is_called_so_in_the_body_and_rfc_6750s_word_in_the_header(
    provider: Provider,
) -> None:
    app = await provider.register()
    token = (await app.tokens())["access_token"]
    provider.clock.advance(3600)
    answer = await app.call(token)
    assert (answer.status_code, answer.json()["error"]) == (401, "token_expired")
    challenge = answer.headers["www-authenticate"]
    assert 'error="invalid_token", error_description="token_expired"' in challenge


async def test_a_missing_scope_is_named(provider: Provider) -> None:
    app = await provider.register()
    token = (await app.tokens(scope="openid chat"))["access_token"]
    answer = await app.call(token)
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")
    assert 'error="insufficient_scope", scope="profile:read"' in answer.headers["www-authenticate"]


def forged(token: str, **changes: Any) -> list[str]:
    """The token with its header or payload exchanged, and signatures of others."""
    header, payload, signature = token.split(".")

    def b64(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    def unb64(text: str) -> dict[str, Any]:
        return dict(json.loads(base64.urlsafe_b64decode(text + "==")))

    kept, claims = unb64(header), unb64(payload)
    headers = [
        {"alg": "none", "typ": "at+jwt"},
        kept | {"alg": "none"},
        kept | {"alg": "HS256"},
        kept | {"alg": "ES256"},
        kept | {"typ": "JWT"},
        kept | {"kid": "unknown"},
        kept | {"jku": "https://evil.example/jwks"},
        kept | {"crit": ["exp"]},
    ]
    fakes = [f"{b64(h)}.{payload}.{signature}" for h in headers]
    fakes += [f"{b64(h)}.{payload}." for h in headers]
    fakes += [f"{header}.{b64(claims | {'scope': 'wallet:write'})}.{signature}"]
    fakes += [f"{header}.{payload}.{signature[:-4]}AAAA", f"{header}.{payload}", f"{header}.{payload}.", "x"]
    key = OctKey.import_key("0" * 64)
    return [*fakes, jwt.encode({"alg": "HS256", "typ": "at+jwt"}, claims, key), token + "=", f" {token}x"]


async def test_forged_and_foreign_tokens_open_nothing(provider: Provider) -> None:
    """MUST 16: an ID token or a forged one as bearer."""
    app = await provider.register()
    tokens = await app.tokens()
    fakes = forged(tokens["access_token"])
    for fake in [*fakes, tokens["id_token"], tokens["refresh_token"]]:
        answer = await app.call(fake)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token"), fake
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert (await app.call(tokens["access_token"])).status_code == 200


async def test_a_token_that_we_signed_but_do_not_know_opens_nothing(provider: Provider) -> None:
    app = await provider.register()
    tokens = await app.tokens()
    await provider.execute("DELETE FROM oauth_tokens WHERE client_id = :id", id=app.client_id)
    assert (await app.call(tokens["access_token"])).json()["error"] == "invalid_token"


async def test_discovery_tells_the_truth(provider: Provider) -> None:
    async with provider.http() as http:
        first = await http.get("/.well-known/openid-configuration")
        second = await http.get("/.well-known/oauth-authorization-server")
        head = await http.head("/.well-known/openid-configuration?x")
        cached = await http.get(
            "/.well-known/openid-configuration", headers={"If-None-Match": first.headers["etag"]}
        )
    assert first.content == second.content
    assert (head.status_code, cached.status_code) == (200, 304)
    assert first.headers["cache-control"] == "public, max-age=300"
    assert first.headers["content-type"].startswith("application/json")
    document = first.json()
    assert document["issuer"] == ISSUER
    assert "openid" in document["scopes_supported"]
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert document["request_uri_parameter_supported"] is False
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True
    routes = {route.path for route in oauth_routes(provider.room) if isinstance(route, Route)}
    endpoints = {name: url for name, url in document.items() if name.endswith(("_endpoint", "_uri"))}
    assert len(endpoints) >= 7
    for url in endpoints.values():
        assert url.removeprefix(ISSUER) in routes
    assert all(document[name] != [] for name in document)


async def test_the_jwks_is_public_and_its_kids_are_thumbprints(provider: Provider) -> None:
    async with provider.http() as http:
        answer = await http.get("/oauth/jwks.json")
    assert answer.headers["cache-control"] == "public, max-age=300"
    keys = answer.json()["keys"]
    assert {key["alg"] for key in keys} == {"RS256", "ES256", "EdDSA"}
    for key in keys:
        assert key["use"] == "sig"
        assert not set(key) & {"d", "p", "q", "dp", "dq", "qi", "k"}
    for key in KeySet.import_key_set(answer.json()).keys:
        assert key.kid == key.thumbprint()


async def test_a_rotated_key_is_published_first_and_signs_a_day_later(make_provider: Make) -> None:
    provider = await make_provider()
    app, ring = await provider.register(), provider.room.keys
    before = await app.tokens()
    await ring.rotate("RS256")
    assert await kids_of(provider) > {kid_of(before["id_token"])}
    assert kid_of((await app.tokens())["id_token"]) == kid_of(before["id_token"])
    assert (await app.call(before["access_token"])).status_code == 200
    provider.clock.advance(PENDING_FOR)
    await ring.prepare()
    after = await app.tokens()
    assert kid_of(after["id_token"]) != kid_of(before["id_token"])
    assert {kid_of(before["id_token"]), kid_of(after["id_token"])} <= await kids_of(provider)
    provider.clock.advance(timedelta(hours=25))
    await ring.prepare()
    assert kid_of(before["id_token"]) not in await kids_of(provider)


async def test_a_key_rotates_by_itself_after_its_time(make_provider: Make) -> None:
    provider = await make_provider()
    first = await kids_of(provider)
    provider.clock.advance(timedelta(days=89))
    await provider.room.keys.prepare()
    assert len(await kids_of(provider)) == 2 * len(first)
    provider.clock.advance(PENDING_FOR)
    await provider.room.keys.prepare()
    provider.clock.advance(timedelta(days=2))
    await provider.room.keys.prepare()
    assert len(await kids_of(provider)) == len(first)
    assert not first & await kids_of(provider)


async def test_in_an_incident_the_old_key_and_its_tokens_are_gone_at_once(make_provider: Make) -> None:
    provider = await make_provider()
    app = await provider.register()
    before = await app.tokens()
    await provider.room.keys.rotate("RS256", at_once=True)
    assert kid_of(before["access_token"]) not in await kids_of(provider)
    assert (await app.call(before["access_token"])).status_code == 401
    after = (await app.refresh(before["refresh_token"])).json()
    assert (await app.call(after["access_token"])).status_code == 200


async def test_another_worker_knows_a_new_key_when_it_meets_its_first_token(make_provider: Make) -> None:
    provider = await make_provider()
    app, first = await provider.register(), provider.room.keys
    other = KeyRing(
        db=first._db,
        clock=provider.clock,
        sealer=first._sealer,
        algs=("RS256", "ES256", "EdDSA"),
        access_alg="RS256",
        access_lifetime=timedelta(hours=1),
    )
    await other.prepare()
    assert len(await first.list_records()) == 3
    await first.rotate("RS256", at_once=True)
    provider.clock.advance(2)
    token = (await app.tokens())["access_token"]
    assert await other.read_access(token) is not None


async def test_access_tokens_of_another_family_end_when_the_operator_changes_it(make_provider: Make) -> None:
    provider = await make_provider()
    token = (await (await provider.register()).tokens())["access_token"]
    first = provider.room.keys
    changed = KeyRing(
        db=first._db,
        clock=provider.clock,
        sealer=first._sealer,
        algs=("RS256", "ES256", "EdDSA"),
        access_alg="ES256",
        access_lifetime=timedelta(hours=1),
    )
    assert await first.read_access(token) is not None
    assert await changed.read_access(token) is None


@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "HS256"])
async def test_access_tokens_in_the_operators_algorithm(make_provider: Make, alg: str) -> None:
    provider = await make_provider(access_alg=alg)
    app = await provider.register()
    tokens = await app.tokens()
    assert (await app.call(tokens["access_token"])).status_code == 200
    header = json.loads(base64.urlsafe_b64decode(tokens["access_token"].split(".")[0] + "=="))
    assert header["alg"] == alg
    assert (header["kid"] in await kids_of(provider)) == (alg != "HS256")
    assert (await app.call(tokens["id_token"])).status_code == 401


async def test_the_private_keys_rest_sealed(make_provider: Make) -> None:
    provider = await make_provider()
    sealed = str(await provider.ask("SELECT private_sealed FROM oauth_signing_keys WHERE alg = 'RS256'"))
    raw = base64.urlsafe_b64decode(sealed)
    assert b"\x02\x82\x01\x01" not in raw  # no DER integer of an RSA modulus


def kid_of(token: str) -> str:
    return str(json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))["kid"])


async def kids_of(provider: Provider) -> set[str]:
    async with provider.http() as http:
        answer: httpx.Response = await http.get("/oauth/jwks.json")
    return {key["kid"] for key in answer.json()["keys"]}


async def test_calls_are_counted_for_app_and_user(make_provider: Make) -> None:
    from hodlxxi.kit.ratelimit import Limit

    provider = await make_provider(calls=Limit(2))
    app, person = await provider.register(), await provider.person()
    token = (await app.tokens(person))["access_token"]
    assert [(await app.call(token)).status_code for _ in range(3)] == [200, 200, 429]
    other = (await app.tokens())["access_token"]
    assert (await app.call(other)).status_code == 200
    assert "code" in response_of(await person.visit(app))
