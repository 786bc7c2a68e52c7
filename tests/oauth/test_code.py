"""Redeeming a code: once, by its client, with its verifier; and what misuse costs."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from tests.oauth.provider import CALLBACK, Provider, RelyingParty, response_of

BAD = "invalid_grant"


async def code_for(provider: Provider, app: RelyingParty, **changes: Any) -> str:
    return response_of(await (await provider.person()).authorize(app, **changes))["code"]


def error_of(answer: httpx.Response, status: int = 400) -> str:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) >= {"error", "error_description", "request_id"}
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    return str(body["error"])


async def test_a_replay_ends_the_tokens_although_the_request_fails(provider: Provider) -> None:
    """MUST 12; Keycloak CVE-2026-4282, node-oauth2-server#637: a replay ends what the first use gave."""
    app = await provider.register()
    code = await code_for(provider, app)
    tokens = (await app.redeem(code)).json()
    assert (await app.call(tokens["access_token"])).status_code == 200
    assert error_of(await app.redeem(code)) == BAD
    assert (await app.call(tokens["access_token"])).json()["error"] == "invalid_token"
    assert error_of(await app.refresh(tokens["refresh_token"])) == BAD
    assert await provider.events("code_replayed", app.client_id) == 1


async def test_who_only_saw_the_code_cannot_end_the_session_with_it(provider: Provider) -> None:
    """MUST 12: bound to client, URI and verifier."""
    app, other = await provider.register(), await provider.register()
    code = await code_for(provider, app)
    tokens = (await app.redeem(code)).json()
    assert error_of(await other.redeem(code)) == BAD
    assert error_of(await app.redeem(code, code_verifier="w" * 43)) == BAD
    assert error_of(await app.redeem(code, redirect_uri=CALLBACK + "2")) == BAD
    assert (await app.call(tokens["access_token"])).status_code == 200


async def test_a_code_is_for_its_client_its_uri_and_its_time(provider: Provider) -> None:
    """MUST 12: other client, other URI, expired."""
    app, other = await provider.register(), await provider.register()
    code = await code_for(provider, app)
    assert error_of(await other.redeem(code)) == BAD
    assert error_of(await app.redeem(code, redirect_uri=CALLBACK + "/")) == BAD
    assert error_of(await app.redeem("unknown")) == BAD
    # None of these has spent it.
    assert (await app.redeem(code, redirect_uri=None)).status_code == 200
    late = await code_for(provider, app)
    provider.clock.advance(600)
    assert error_of(await app.redeem(late)) == BAD


async def test_five_wrong_verifiers_spend_a_code(provider: Provider) -> None:
    """MUST 11: a verifier cannot be guessed."""
    app = await provider.register()
    code, other = await code_for(provider, app), await code_for(provider, app)
    for _ in range(4):
        assert error_of(await app.redeem(code, code_verifier="w" * 43)) == BAD
        assert error_of(await app.redeem(other, code_verifier="w" * 43)) == BAD
    assert (await app.redeem(other)).status_code == 200
    assert error_of(await app.redeem(code, code_verifier="w" * 43)) == BAD
    assert error_of(await app.redeem(code)) == BAD


async def test_pkce_cannot_be_downgraded(provider: Provider) -> None:
    """MUST 11; CVE-2024-23647, CVE-2024-22258, CVE-2025-4144: in either direction."""
    app = await provider.trust(await provider.register(), pkce_policy="public_only")
    with_challenge = await code_for(provider, app)
    assert error_of(await app.redeem(with_challenge, code_verifier=None)) == BAD
    without = await code_for(provider, app, code_challenge=None, code_challenge_method=None)
    assert error_of(await app.redeem(without)) == "invalid_request"
    assert (await app.redeem(without, code_verifier=None)).status_code == 200


async def test_a_disabled_user_and_a_disabled_client_get_nothing(provider: Provider) -> None:
    """MUST 29: code, refresh, API."""
    app, person = await provider.register(), await provider.person()
    code = response_of(await person.authorize(app))["code"]
    tokens = await app.tokens(person)
    statement = "UPDATE users SET disabled_at = created_at WHERE pubkey = :pubkey"
    await provider.execute(statement, pubkey=person.pubkey)
    assert error_of(await app.redeem(code)) == BAD
    assert error_of(await app.refresh(tokens["refresh_token"])) == BAD
    assert (await app.call(tokens["access_token"])).status_code == 401
    other = await app.tokens()
    statement = "UPDATE oauth_clients SET disabled_at = created_at WHERE client_id = :id"
    await provider.execute(statement, id=app.client_id)
    assert error_of(await app.refresh(other["refresh_token"]), 401) == "invalid_client"
    assert (await app.call(other["access_token"])).status_code == 401
    assert (await person.visit(app)).status_code == 400


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param("access_token", id="access token"),
        pytest.param("refresh_token", id="refresh token"),
        pytest.param("id_token", id="id token"),
    ],
)
async def test_no_secret_of_another_kind_passes_as_a_code_or_a_refresh_token(
    provider: Provider, secret: str
) -> None:
    """Keycloak CVE-2026-4325: kinds are not exchanged."""
    app = await provider.register()
    tokens = await app.tokens()
    assert error_of(await app.redeem(tokens[secret])) == BAD
    if secret != "refresh_token":
        assert error_of(await app.refresh(tokens[secret])) == BAD
    code = await code_for(provider, app)
    assert error_of(await app.refresh(code)) == BAD


def basic(text: bytes | str) -> str:
    raw = text.encode() if isinstance(text, str) else text
    return "Basic " + base64.b64encode(raw).decode()


async def test_client_authentication_that_does_not_hold(provider: Provider) -> None:
    """MUST 20: Basic decoding, two methods, one answer."""
    app = await provider.register()
    secret, form = app.metadata["client_secret"], {"grant_type": "authorization_code", "code": "x"}
    cases: list[tuple[str | None, dict[str, str], int, str]] = [
        (None, {}, 401, "invalid_client"),
        (None, {"client_id": app.client_id}, 401, "invalid_client"),
        (None, {"client_id": app.client_id, "client_secret": "wrong"}, 401, "invalid_client"),
        (None, {"client_id": "app_unknown", "client_secret": secret}, 401, "invalid_client"),
        (basic(f"{app.client_id}:wrong"), {}, 401, "invalid_client"),
        (basic(f"app_unknown:{secret}"), {}, 401, "invalid_client"),
        (basic(app.client_id), {}, 401, "invalid_client"),
        (basic(f"{app.client_id}:%zz"), {}, 401, "invalid_client"),
        (basic(b"\xff:\xff"), {}, 401, "invalid_client"),
        ("Basic !!!", {}, 401, "invalid_client"),
        ("Bearer x", {}, 401, "invalid_client"),
        (basic(f"{app.client_id}:{secret}"), {"client_secret": secret}, 400, "invalid_request"),
        (basic(f"{app.client_id}:{secret}"), {"client_id": "app_other"}, 400, "invalid_request"),
        (None, {"client_assertion": "x", "client_assertion_type": "y"}, 401, "invalid_client"),
        (basic(f"{app.client_id}:{secret}"), {"client_id": app.client_id}, 400, BAD),
        (basic(f"{app.client_id}:{secret}".replace("_", "%5F")), {}, 400, BAD),
    ]
    async with provider.http() as http:
        for header, extra, status, word in cases:
            headers = {"Authorization": header} if header else {}
            answer = await http.post("/oauth/token", data=form | extra, headers=headers)
            assert (answer.status_code, answer.json()["error"]) == (status, word), (header, extra)
            assert ("www-authenticate" in answer.headers) == (status == 401 and header is not None)


async def test_a_public_client_cannot_be_given_a_secret(provider: Provider) -> None:
    app = await provider.register(token_endpoint_auth_method="none")
    async with provider.http() as http:
        form = {"grant_type": "authorization_code", "code": "x", "client_id": app.client_id}
        answer = await http.post("/oauth/token", data=form | {"client_secret": "x"})
        assert error_of(answer, 401) == "invalid_client"
        answer = await http.post(
            "/oauth/token", data=form, headers={"Authorization": basic(f"{app.client_id}:")}
        )
        assert error_of(answer, 401) == "invalid_client"


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "password", "username": "a", "password": "b"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
    ],
    ids=str,
)
async def test_requests_that_make_no_sense(provider: Provider, form: dict[str, str], word: str) -> None:
    app = await provider.register()
    assert error_of(await app.post(**form)) == word


async def test_a_client_without_the_refresh_grant_gets_no_refresh_token(provider: Provider) -> None:
    app = await provider.register(grant_types=["authorization_code"])
    tokens = await app.tokens(scope="openid offline_access")
    assert "refresh_token" not in tokens
    assert tokens["scope"] == "openid"
    assert error_of(await app.refresh("x")) == "unauthorized_client"


async def test_transport_that_is_not_a_form_is_refused(provider: Provider) -> None:
    async with provider.http() as http:
        json = await http.post("/oauth/token", json={"grant_type": "authorization_code"})
        assert error_of(json) == "invalid_request"
        assert "application/x-www-form-urlencoded" in json.json()["error_description"]
        twice = b"grant_type=authorization_code&grant_type=authorization_code"
        form = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
        assert error_of(await http.post("/oauth/token", content=twice, headers=form)) == "invalid_request"
        bad = await http.post("/oauth/token", content=b"code=%ff", headers=form)
        assert error_of(bad) == "invalid_request"
        nul = await http.post("/oauth/token", content=b"code=%00", headers=form)
        assert error_of(nul) == "invalid_request"
        large = await http.post("/oauth/token", content=b"x=" + b"y" * 70_000, headers=form)
        assert error_of(large, 413) == "invalid_request"
        in_url = await http.post("/oauth/token?client_secret=x", data={"grant_type": "x"})
        assert error_of(in_url) == "invalid_request"
        got = await http.get("/oauth/token")
        assert (got.status_code, got.headers["allow"]) == (405, "POST")


async def test_only_digests_are_kept(provider: Provider) -> None:
    """MUST 20: only digests in the tables."""
    app = await provider.register()
    code = await code_for(provider, app)
    tokens = (await app.redeem(code)).json()
    for table in ("oauth_codes", "oauth_tokens", "oauth_clients", "audit_logs"):
        async with provider.db.read() as tx:
            rows = str((await tx.exec_driver_sql(f"SELECT * FROM {table}")).all())
        for secret in (code, tokens["access_token"], tokens["refresh_token"], app.metadata["client_secret"]):
            assert secret not in rows
