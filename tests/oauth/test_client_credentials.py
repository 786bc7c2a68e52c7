"""Tokens that a client has for itself, and tokens for other APIs (RFC 6749 §4.4, RFC 8707)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.oauth.provider import Provider, RelyingParty, claims_of

API = "https://api.other.example"


async def _machine(provider: Provider, **metadata: Any) -> RelyingParty:
    wish = {"grant_types": ["client_credentials"], "redirect_uris": None, "scope": "profile:read chat"}
    return await provider.register(**wish | metadata)


async def _ask(app: RelyingParty, **form: Any) -> Any:
    return await app.post(grant_type="client_credentials", **form)


async def test_a_client_gets_a_token_whose_subject_is_the_client(provider: Provider) -> None:
    """MUST 19: a client's ``sub`` is its id."""
    app = await _machine(provider)
    answer = await _ask(app, scope="profile:read")
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    claims = claims_of(body["access_token"])
    assert claims["sub"] == claims["client_id"] == app.client_id
    assert app.client_id.startswith("app_"), "no id looks like a pubkey or an address"
    assert "auth_time" not in claims


@pytest.mark.parametrize("scope", ["openid", "offline_access", "wallet:write", "openid profile:read"])
async def test_what_is_a_persons_is_not_given_to_a_client(provider: Provider, scope: str) -> None:
    app = await _machine(provider, scope="openid offline_access profile:read")
    assert (await _ask(app, scope=scope)).json()["error"] == "invalid_scope"


async def test_a_clients_own_token_opens_nothing_of_a_person(provider: Provider) -> None:
    """MUST 19: it opens nothing of a person."""
    token = (await _ask(await _machine(provider))).json()["access_token"]
    async with provider.http() as http:
        bearer = {"Authorization": f"Bearer {token}"}
        for path in ("/oauth/userinfo", "/api/demo/protected", "/api/session"):
            assert (await http.get(path, headers=bearer)).status_code in (401, 403), path


async def test_a_clients_own_token_can_be_revoked(provider: Provider) -> None:
    app = await _machine(provider)
    token = (await _ask(app)).json()["access_token"]
    async with provider.http() as http:
        revoked = await http.post("/oauth/revoke", data={"token": token}, headers=app.basic)
        assert revoked.status_code == 200
        refused = await http.get("/api/demo/protected", headers={"Authorization": f"Bearer {token}"})
        assert refused.json()["error"] == "invalid_token"


async def test_policy_holds_in_side_grants_too(provider: Provider) -> None:
    """authentik CVE-2024-38371, CVE-2024-52287: a grant that goes round the policy."""
    app = await _machine(provider)
    await provider.execute(
        "UPDATE oauth_clients SET disabled_at = created_at WHERE client_id = :c", c=app.client_id
    )
    assert (await _ask(app)).json()["error"] == "invalid_client"
    public = await provider.register(token_endpoint_auth_method="none")
    assert (await _ask(public)).json()["error"] == "unauthorized_client"
    assert (await _ask(await provider.register())).json()["error"] == "unauthorized_client"


async def test_each_access_token_has_one_audience_out_of_those_granted(make_provider: Any) -> None:
    """MUST 16: one audience."""
    provider = await make_provider(other_resources=(API, "https://more.example/"))
    app = await provider.register()
    person = await provider.person()
    tokens = await app.tokens(person, resource=API)
    assert claims_of(tokens["access_token"])["aud"] == API
    async with provider.http() as http:
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        refused = await http.get("/oauth/userinfo", headers=bearer)
        assert refused.json()["error"] == "invalid_token", "a token for another audience opens nothing here"
    own = (await app.refresh(tokens["refresh_token"], resource=provider.policy.issuer)).json()
    assert claims_of(own["access_token"])["aud"] == provider.policy.issuer
    more = await app.refresh(own["refresh_token"], resource="https://more.example/")
    assert more.json()["error"] == "invalid_target", "it was not granted"
    both = await app.refresh(own["refresh_token"], resource=[API, provider.policy.issuer])
    assert both.json()["error"] == "invalid_target"


async def test_a_client_may_ask_only_for_the_resources_that_it_was_given(make_provider: Any) -> None:
    provider = await make_provider(other_resources=(API,))
    app = await _machine(provider)
    good = (await _ask(app, resource=API)).json()
    assert claims_of(good["access_token"])["aud"] == API
    await provider.execute("UPDATE oauth_clients SET resources = '[]' WHERE client_id = :c", c=app.client_id)
    assert (await _ask(app, resource=API)).json()["error"] == "invalid_target"


async def test_a_repeated_refresh_for_another_audience_is_no_repetition(make_provider: Any) -> None:
    provider = await make_provider(other_resources=(API,))
    app = await provider.register()
    tokens = await app.tokens(resource=API)
    first = await app.refresh(tokens["refresh_token"], resource=API)
    assert (await app.refresh(tokens["refresh_token"], resource=API)).json() == first.json()
    other = await app.refresh(tokens["refresh_token"], resource=provider.policy.issuer)
    assert other.json()["error"] == "invalid_grant"
