"""private_key_jwt at the endpoints (reference oauth §4.2, §7.1 #18): whose key, for whom, when, and once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from hodlxxi.kit.db import Database
from tests.oauth.conftest import policy
from tests.oauth.keyed import SIGNING_KEY, assertion, signed_form, signing_app
from tests.oauth.provider import CALLBACK, ISSUER, Provider
from tests.support.clock import FakeClock
from tests.support.far_side import FarSide, far_side, http_answer
from tests.support.jose import ClientKey, compact

OTHER_KEY = ClientKey("ES256")
RSA_KEY = ClientKey("RS256")
PUSHED = {
    "response_type": "code",
    "redirect_uri": CALLBACK,
    "scope": "profile:read",
    "code_challenge": "c" * 43,
    "code_challenge_method": "S256",
}
# Every endpoint that clients authenticate at, with a request that is right but for the client.
ENDPOINTS = [
    pytest.param("/oauth/token", {"grant_type": "client_credentials"}, id="token"),
    pytest.param("/oauth/revoke", {"token": "unknown"}, id="revoke"),
    pytest.param("/oauth/par", PUSHED, id="par"),
]


async def post(provider: Provider, path: str, form: dict[str, str], **options: Any) -> httpx.Response:
    async with provider.http() as http:
        return await http.post(path, data=form, **options)


async def ask(provider: Provider, text: str, **form: str) -> httpx.Response:
    """A token for the client itself."""
    return await post(provider, "/oauth/token", signed_form(text, grant_type="client_credentials", **form))


def refused(answer: httpx.Response) -> bool:
    return (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(("path", "form"), ENDPOINTS)
async def test_an_assertion_is_as_good_as_a_secret(
    provider: Provider, path: str, form: dict[str, str]
) -> None:
    app = await signing_app(provider)
    assert "client_secret" not in app.metadata
    for named in ({}, {"client_id": app.client_id}):
        text = assertion(provider, app.client_id)
        answer = await post(provider, path, signed_form(text, **form, **named))
        assert answer.status_code in (200, 201), answer.text


async def test_a_code_and_a_refresh_token_are_redeemed_with_assertions(provider: Provider) -> None:
    app = await signing_app(provider)
    person = await provider.person()
    code = dict(httpx.URL((await person.authorize(app)).headers["location"]).params)["code"]
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": app.verifier}
    tokens = (
        await post(provider, "/oauth/token", signed_form(assertion(provider, app.client_id), **form))
    ).json()
    renewal = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    for nobody in ({}, {"client_id": app.client_id}, {"client_id": app.client_id, "client_secret": "x"}):
        assert refused(await post(provider, "/oauth/token", renewal | nobody))
    answer = await post(provider, "/oauth/token", signed_form(assertion(provider, app.client_id), **renewal))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(("path", "form"), ENDPOINTS)
async def test_must_18_a_replayed_jti_is_refused_wherever_it_was_used(
    provider: Provider, path: str, form: dict[str, str]
) -> None:
    """MUST 18; fosite CVE-2020-15222, Hydra CVE-2020-5300: at every endpoint."""
    app, other = await signing_app(provider), await signing_app(provider)
    text = assertion(provider, app.client_id, jti="same")
    assert (await ask(provider, text)).status_code == 200
    for again in (text, assertion(provider, app.client_id, jti="same")):
        answer = await post(provider, path, signed_form(again, **form))
        assert refused(answer)
        assert "jti" in answer.json()["error_description"]
    neighbour = signed_form(assertion(provider, other.client_id, jti="same"), **form)
    assert (await post(provider, path, neighbour)).is_success, "it is spent for one client"


async def test_must_18_an_assertion_is_spent_although_the_request_fails(provider: Provider) -> None:
    app = await signing_app(provider)
    text = assertion(provider, app.client_id)
    answer = await post(
        provider, "/oauth/token", signed_form(text, grant_type="authorization_code", code="wrong")
    )
    assert answer.json()["error"] == "invalid_grant"
    assert refused(await ask(provider, text))
    assert await provider.events("token_refused", app.client_id) == 2


async def test_an_assertion_that_was_not_believed_is_not_spent(provider: Provider) -> None:
    """Else anybody who guesses a ``jti`` could lock a client out."""
    app = await signing_app(provider)
    assert refused(await ask(provider, assertion(provider, app.client_id, OTHER_KEY, jti="mine")))
    assert (await ask(provider, assertion(provider, app.client_id, jti="mine"))).status_code == 200


@pytest.mark.parametrize(("path", "form"), ENDPOINTS)
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"aud": "https://other.example"}, id="wrong aud"),
        pytest.param({"aud": [ISSUER, "https://other.example"]}, id="array aud"),
        pytest.param({"aud": None}, id="no aud"),
        pytest.param({"sub": None}, id="no sub"),
        pytest.param({"sub": "app_2"}, id="sub of another"),
        pytest.param({"iss": None}, id="no iss"),
        pytest.param({"jti": None}, id="no jti"),
        pytest.param({"exp": None}, id="no exp"),
        pytest.param({"exp": 1}, id="old exp"),
        pytest.param({"exp": 9e9}, id="exp far ahead"),
        pytest.param({"iat": 9e9}, id="future iat"),
        pytest.param({"nbf": 9e9}, id="future nbf"),
        pytest.param({"header": {"alg": "PS256"}}, id="alg of another kind of key"),
        pytest.param({"header": {"alg": "none"}}, id="alg none"),
        pytest.param({"header": {"alg": "HS256"}}, id="alg HS256"),
        pytest.param({"header": {"crit": ["exp"]}}, id="crit"),
        pytest.param({"header": {"typ": "at+jwt"}}, id="typ of an access token"),
    ],
)
async def test_must_18_every_clause_is_held_at_every_endpoint(
    provider: Provider, path: str, form: dict[str, str], changes: dict[str, Any]
) -> None:
    app = await signing_app(provider)
    answer = await post(provider, path, signed_form(assertion(provider, app.client_id, **changes), **form))
    assert refused(answer)
    assert "www-authenticate" not in answer.headers


@pytest.mark.parametrize(
    "header",
    [
        pytest.param({"jwk": OTHER_KEY.public}, id="jwk"),
        pytest.param({"jku": "https://evil.example/jwks.json"}, id="jku"),
        pytest.param({"x5u": "https://evil.example/cert.pem"}, id="x5u"),
        pytest.param({"kid": "k1", "jwk": OTHER_KEY.public}, id="jwk and a known kid"),
    ],
)
async def test_must_18_a_key_that_the_header_brings_along_is_not_believed(
    provider: Provider, header: Any
) -> None:
    """MUST 18; Authlib CVE-2026-27962: ``jwk``, ``jku``, ``x5c``."""
    app = await signing_app(provider)
    assert refused(await ask(provider, assertion(provider, app.client_id, OTHER_KEY, header=header)))


async def test_must_18_an_unsigned_assertion_is_no_assertion(provider: Provider) -> None:
    """MUST 18; CVE-2022-39174, CVE-2022-39175: ``none``."""
    app = await signing_app(provider)
    now = provider.clock.now().timestamp()
    claims = {"iss": app.client_id, "sub": app.client_id, "aud": ISSUER, "exp": now + 60, "jti": "x"}
    assert refused(await ask(provider, compact({"alg": "none"}, claims)))
    assert refused(await ask(provider, compact({"alg": "none"}, claims).rsplit(".", 1)[0] + "."))


async def test_the_registered_algorithm_is_the_only_one(provider: Provider) -> None:
    app = await signing_app(provider, RSA_KEY, token_endpoint_auth_signing_alg="RS256")
    pss = ClientKey("PS256")
    pss.private, pss.public = RSA_KEY.private, RSA_KEY.public
    assert refused(await ask(provider, assertion(provider, app.client_id, pss)))
    assert (await ask(provider, assertion(provider, app.client_id, RSA_KEY))).status_code == 200


async def test_one_method_in_each_request(provider: Provider) -> None:
    app, secretive = await signing_app(provider), await provider.register()
    form = signed_form(assertion(provider, app.client_id), grant_type="client_credentials")
    for more, options in (({"client_secret": "x"}, {}), ({}, {"headers": secretive.basic})):
        answer = await post(provider, "/oauth/token", form | more, **options)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        assert "client_assertion" in answer.json()["error_description"]
    assert refused(await post(provider, "/oauth/token", form | {"client_id": secretive.client_id}))
    assert refused(await post(provider, "/oauth/token", {"client_assertion": form["client_assertion"]}))


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
async def test_an_assertion_is_nothing_for_a_client_of_another_method(
    provider: Provider, method: str
) -> None:
    jwks = {"keys": [SIGNING_KEY.public]}
    app = await provider.register(token_endpoint_auth_method=method, jwks=jwks)
    assert refused(
        await post(provider, "/oauth/revoke", signed_form(assertion(provider, app.client_id), token="x"))
    )


async def test_unknown_and_disabled_clients_are_refused_in_the_same_words(provider: Provider) -> None:
    """MUST 20, MUST 29: for clients with keys."""
    app = await signing_app(provider)
    async with provider.http() as http:
        token = {"Authorization": f"Bearer {app.metadata['registration_access_token']}"}
        assert (await http.delete(f"/oauth/register/{app.client_id}", headers=token)).status_code == 204
    wrong_key = await signing_app(provider)
    answers = [
        await ask(provider, assertion(provider, app.client_id)),
        await ask(provider, assertion(provider, "app_unknown")),
        await ask(provider, assertion(provider, wrong_key.client_id, OTHER_KEY)),
    ]
    assert all(refused(answer) for answer in answers)
    assert len({answer.json()["error_description"] for answer in answers}) == 1


async def test_a_fapi2_client_names_the_issuer_and_signs_with_no_rs256(provider: Provider) -> None:
    app = await provider.trust(await signing_app(provider, RSA_KEY), profile="fapi2")
    pss = ClientKey("PS256")
    pss.private, pss.public = RSA_KEY.private, RSA_KEY.public
    revocation = {"token": "unknown"}

    async def revoke(key: ClientKey, **changes: Any) -> httpx.Response:
        form = signed_form(assertion(provider, app.client_id, key, **changes), **revocation)
        return await post(provider, "/oauth/revoke", form)

    assert (await revoke(pss)).status_code == 200
    assert refused(await revoke(RSA_KEY))
    for audience in (f"{ISSUER}/oauth/token", f"{ISSUER}/oauth/par", f"{ISSUER}/oauth/revoke", [ISSUER]):
        assert refused(await revoke(pss, aud=audience))


@pytest.mark.parametrize("audience", [f"{ISSUER}/oauth/token", [f"{ISSUER}/oauth/token"]])
async def test_older_clients_name_the_token_endpoint(provider: Provider, audience: object) -> None:
    app = await signing_app(provider)
    assert (await ask(provider, assertion(provider, app.client_id, aud=audience))).status_code == 200


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        pytest.param(
            {"jwks": {"keys": [SIGNING_KEY.jwk(**SIGNING_KEY.private_member)]}}, "private", id="private"
        ),
        pytest.param({"jwks": {"keys": []}}, "no key", id="no keys"),
        pytest.param({"jwks": {"keys": [SIGNING_KEY.jwk(use="enc")]}}, "no key", id="no signing key"),
        pytest.param(
            {"jwks": {"keys": [SIGNING_KEY.jwk(kid="a"), OTHER_KEY.jwk(kid="a")]}}, "unique", id="same kids"
        ),
        pytest.param({"jwks": {"keys": [ClientKey("RS256", 1024).public]}}, "2048", id="weak"),
        pytest.param({"token_endpoint_auth_signing_alg": "RS256"}, "of that kind", id="alg without a key"),
        pytest.param({"token_endpoint_auth_signing_alg": "HS256"}, "RS256, PS256", id="alg of a secret"),
        pytest.param({"jwks_uri": "https://app.example/jwks"}, "only one", id="both"),
    ],
)
async def test_keys_that_could_never_work_are_refused_at_registration(
    provider: Provider, metadata: dict[str, Any], said: str
) -> None:
    wish = {
        "redirect_uris": ["https://app.example/cb"],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [SIGNING_KEY.public]},
    }
    async with provider.http() as http:
        answer = await http.post("/oauth/register", json=wish | metadata)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert said in answer.json()["error_description"]


@pytest.fixture
async def full_disk(postgres: Any) -> AsyncIterator[Provider]:
    """A provider whose database cannot keep what was spent."""
    provider = await Provider(Database(postgres.fresh_database()), FakeClock(), policy()).start()
    await provider.execute(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = '53100'; END $$"
    )
    await provider.execute(
        "CREATE TRIGGER full_disk BEFORE INSERT ON spent_once FOR EACH ROW EXECUTE FUNCTION full_disk()"
    )
    yield provider
    await provider.close()


async def test_with_the_store_of_spent_values_away_nothing_counts_as_fresh(full_disk: Provider) -> None:
    app = await signing_app(full_disk)
    answer = await ask(full_disk, assertion(full_disk, app.client_id))
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert await full_disk.ask("SELECT count(*) FROM oauth_tokens") == 0


Make = Callable[..., Awaitable[Provider]]


@pytest.fixture
async def key_server() -> AsyncIterator[FarSide]:
    async with far_side() as server:
        publish(server, SIGNING_KEY.jwk(kid="k1"))
        yield server


def publish(server: FarSide, *keys: dict[str, object]) -> None:
    body = json.dumps({"keys": keys}).encode()
    server.answer = lambda _: http_answer(body, kind="application/jwk-set+json")


async def test_keys_come_from_the_jwks_uri_and_are_kept_for_ten_minutes(
    make_provider: Make, key_server: FarSide
) -> None:
    provider = await make_provider()
    provider.dev_hosts.add(("localhost", key_server.port))
    app = await signing_app(provider, jwks_uri=f"http://localhost:{key_server.port}/jwks")
    for _ in range(3):
        assert (await ask(provider, assertion(provider, app.client_id))).status_code == 200
    assert len(key_server.asked) == 1
    provider.clock.advance(601)
    assert (await ask(provider, assertion(provider, app.client_id))).status_code == 200
    assert len(key_server.asked) == 2


async def test_a_new_key_is_believed_half_a_minute_later_at_most_and_strangers_cannot_make_us_ask_more(
    make_provider: Make, key_server: FarSide
) -> None:
    """MUST 24: strangers cannot make us call."""
    provider = await make_provider()
    provider.dev_hosts.add(("localhost", key_server.port))
    app = await signing_app(provider, jwks_uri=f"http://localhost:{key_server.port}/jwks")
    assert (await ask(provider, assertion(provider, app.client_id))).status_code == 200
    publish(key_server, OTHER_KEY.jwk(kid="k2"))

    def rotated() -> str:
        return assertion(provider, app.client_id, OTHER_KEY, header={"kid": "k2"})

    for _ in range(5):
        assert refused(await ask(provider, rotated()))
    assert len(key_server.asked) == 1
    provider.clock.advance(30)
    assert (await ask(provider, rotated())).status_code == 200
    assert refused(await ask(provider, assertion(provider, app.client_id))), "the old key has gone"
    assert len(key_server.asked) == 2


async def test_a_key_server_that_fails_is_named_and_left_alone_for_a_minute(
    make_provider: Make, key_server: FarSide
) -> None:
    provider = await make_provider()
    provider.dev_hosts.add(("localhost", key_server.port))
    app = await signing_app(provider, jwks_uri=f"http://localhost:{key_server.port}/jwks")
    key_server.answer = lambda _: http_answer(b"{}", status=500)
    for _ in range(3):
        answer = await ask(provider, assertion(provider, app.client_id))
        assert refused(answer)
        assert "jwks_uri" in answer.json()["error_description"]
    assert len(key_server.asked) == 1
    publish(key_server, SIGNING_KEY.public)
    provider.clock.advance(61)
    assert (await ask(provider, assertion(provider, app.client_id))).status_code == 200


async def test_a_failing_key_server_does_not_lock_out_the_keys_that_we_know(
    make_provider: Make, key_server: FarSide
) -> None:
    provider = await make_provider()
    provider.dev_hosts.add(("localhost", key_server.port))
    app = await signing_app(provider, jwks_uri=f"http://localhost:{key_server.port}/jwks")
    assert (await ask(provider, assertion(provider, app.client_id))).status_code == 200
    key_server.answer = lambda _: http_answer(b"{}", status=500)
    provider.clock.advance(31)
    assert refused(await ask(provider, assertion(provider, app.client_id, OTHER_KEY, header={"kid": "k9"})))
    assert (await ask(provider, assertion(provider, app.client_id))).status_code == 200


@pytest.mark.parametrize("body", [b"[]", b'{"keys": 1}', b'{"keys": []}', b'{"keys": [{"kty": "RSA"}]}'])
async def test_a_document_that_is_no_key_set_proves_nobody(
    make_provider: Make, key_server: FarSide, body: bytes
) -> None:
    provider = await make_provider()
    provider.dev_hosts.add(("localhost", key_server.port))
    app = await signing_app(provider, jwks_uri=f"http://localhost:{key_server.port}/jwks")
    key_server.answer = lambda _: http_answer(body)
    assert refused(await ask(provider, assertion(provider, app.client_id)))
