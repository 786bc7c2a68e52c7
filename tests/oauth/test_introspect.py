"""``/oauth/introspect`` (RFC 7662, reference oauth §4.6, MUST 25): the holder and the API learn the truth, others nothing."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.oauth.keyed import KEY, assertion, dpop_app, signed_form, signing_app, thumbprint
from tests.oauth.provider import ISSUER, Provider, RelyingParty, claims_of

Make = Callable[..., Awaitable[Provider]]
API = "https://api.other.example"


async def ask(app: RelyingParty, token: str, **form: Any) -> dict[str, Any]:
    answer = await app.send("/oauth/introspect", {"token": token, **form})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return dict(answer.json())


async def resource_server(provider: Provider, *serves: str) -> RelyingParty:
    """The client of an API, which the operator has said that it serves."""
    app = await provider.register(client_name="Their API")
    return await provider.trust(app, serves=json.dumps(serves))


async def test_the_holder_learns_everything_about_an_access_token(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    tokens = await app.tokens(person)
    claims = claims_of(tokens["access_token"])
    assert await ask(app, tokens["access_token"]) == {
        "active": True,
        "scope": "openid profile:read",
        "client_id": app.client_id,
        "sub": person.pubkey,
        "aud": ISSUER,
        "iss": ISSUER,
        "exp": claims["exp"],
        "iat": claims["iat"],
        "jti": claims["jti"],
        "token_type": "Bearer",
        "acr": "urn:hodlxxi:acr:key",
        "auth_time": claims["auth_time"],
    }


async def test_the_holder_learns_about_a_refresh_token(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    tokens = await app.tokens(person)
    told = await ask(app, tokens["refresh_token"])
    now = provider.clock.now().timestamp()
    assert told == {
        "active": True,
        "scope": "openid profile:read",
        "client_id": app.client_id,
        "sub": person.pubkey,
        "iss": ISSUER,
        "exp": told["exp"],
        "acr": "urn:hodlxxi:acr:key",
        "auth_time": claims_of(tokens["access_token"])["auth_time"],
    }
    assert 29 * 86400 < told["exp"] - now <= 30 * 86400
    fresh = (await app.refresh(tokens["refresh_token"])).json()
    assert await ask(app, tokens["refresh_token"]) == {"active": False}, "a used one, also within its grace"
    assert (await ask(app, fresh["refresh_token"]))["active"] is True


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "nonsense"])
async def test_a_wrong_hint_does_no_harm(provider: Provider, hint: str) -> None:
    app = await provider.register()
    tokens = await app.tokens()
    for name in ("access_token", "refresh_token"):
        assert (await ask(app, tokens[name], token_type_hint=hint))["active"] is True


async def test_strangers_see_inactive(provider: Provider) -> None:
    """MUST 25: strangers see ``active: false``."""
    owner, stranger = await provider.register(), await provider.register()
    tokens = await owner.tokens()
    for name in ("access_token", "refresh_token", "id_token"):
        assert await ask(stranger, tokens[name]) == {"active": False}, name
    serving_another = await resource_server(provider, API)
    for name in ("access_token", "refresh_token"):
        assert await ask(serving_another, tokens[name]) == {"active": False}, name


async def test_what_is_no_token_is_inactive(provider: Provider) -> None:
    app = await provider.register()
    tokens = await app.tokens()
    head, body, signature = tokens["access_token"].split(".")
    for text in (
        "x",
        "a.b.c",
        tokens["id_token"],
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body}.",
        "é" * 50,
        "x" * 9000,
        app.client_id,
    ):
        assert await ask(app, text) == {"active": False}, text[:20]


async def test_a_resource_server_learns_about_tokens_for_its_audience_only(make_provider: Make) -> None:
    """MUST 25: an API learns about its own tokens only."""
    provider = await make_provider(other_resources=(API,))
    app, api = await provider.register(), await resource_server(provider, API)
    person = await provider.person()
    theirs = await app.tokens(person, resource=API)
    ours = (await app.refresh(theirs["refresh_token"], resource=ISSUER)).json()
    told = await ask(api, theirs["access_token"])
    assert (told["active"], told["aud"], told["client_id"]) == (True, API, app.client_id)
    assert await ask(api, ours["access_token"]) == {"active": False}
    assert await ask(api, ours["refresh_token"]) == {"active": False}, "refresh tokens are the holder's alone"


async def test_it_is_no_way_to_link_what_pairwise_apps_keep_apart(make_provider: Make) -> None:
    provider = await make_provider(other_resources=(API,))
    app = await provider.register(subject_type="pairwise")
    api, person = await resource_server(provider, API), await provider.person()
    tokens = await app.tokens(person, resource=API, scope="openid profile")
    subjects = {
        (await ask(api, tokens["access_token"]))["sub"],
        (await ask(app, tokens["access_token"]))["sub"],
        (await ask(app, tokens["refresh_token"]))["sub"],
    }
    assert subjects == {claims_of(tokens["id_token"])["sub"]}
    assert person.pubkey not in subjects


async def test_a_clients_own_token(provider: Provider) -> None:
    app = await provider.register(
        grant_types=["client_credentials"], redirect_uris=None, scope="profile:read"
    )
    token = (await app.post(grant_type="client_credentials")).json()["access_token"]
    told = await ask(app, token)
    assert (told["active"], told["sub"], told["client_id"]) == (True, app.client_id, app.client_id)
    assert "acr" not in told
    assert "auth_time" not in told


async def test_a_bound_token_names_its_key(provider: Provider) -> None:
    app = await dpop_app(provider)
    tokens = await app.tokens()
    told = await ask(app.app, tokens["access_token"])
    assert (told["token_type"], told["cnf"]) == ("DPoP", {"jkt": app.jkt})
    assert thumbprint(KEY) != app.jkt


async def test_only_a_client_that_proves_itself_may_ask(provider: Provider) -> None:
    app, public = await provider.register(), await provider.register(token_endpoint_auth_method="none")
    token = (await app.tokens())["access_token"]
    own = (await public.tokens())["access_token"]
    async with provider.http() as http:
        answers: list[httpx.Response] = [
            await http.post("/oauth/introspect", data={"token": token}),
            await http.post("/oauth/introspect", data={"token": token}, auth=(app.client_id, "wrong")),
            await http.post("/oauth/introspect", data={"token": token, "client_id": app.client_id}),
            await http.post("/oauth/introspect", data={"token": own, "client_id": public.client_id}),
            await http.post(
                "/oauth/introspect", data={"token": token}, headers={"Authorization": f"Bearer {token}"}
            ),
        ]
        assert {(answer.status_code, answer.json()["error"]) for answer in answers} == {
            (401, "invalid_client")
        }
        nothing = await http.post("/oauth/introspect", data={"token": ""}, headers=app.basic)
        in_the_url = await http.post(f"/oauth/introspect?token={token}", headers=app.basic)
        get = await http.get("/oauth/introspect", headers=app.basic)
    assert [nothing.status_code, in_the_url.status_code, get.status_code] == [400, 400, 405]


async def test_a_client_may_prove_itself_by_its_key_once_each_time(provider: Provider) -> None:
    app = await signing_app(provider)
    form = signed_form(assertion(provider, app.client_id), grant_type="client_credentials")
    async with provider.http() as http:
        token = (await http.post("/oauth/token", data=form)).json()["access_token"]
        form = signed_form(assertion(provider, app.client_id), token=token)
        assert (await http.post("/oauth/introspect", data=form)).json()["active"] is True
        assert (await http.post("/oauth/introspect", data=form)).status_code == 401


async def test_other_sites_pages_have_no_business_here(provider: Provider) -> None:
    """MUST 7: no other origin."""
    app = await provider.register()
    headers = {"Origin": "https://spa.example", **app.basic}
    async with provider.http(headers=headers) as http:
        preflight = {"Access-Control-Request-Method": "POST"}
        for answer in (
            await http.post("/oauth/introspect", data={"token": "x"}),
            await http.options("/oauth/introspect", headers=preflight),
        ):
            assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "end", ["revoked", "expired", "user disabled", "client disabled", "grant revoked", "key thrown away"]
)
async def test_what_has_ended_is_inactive_at_once(make_provider: Make, end: str) -> None:
    """MUST 25, MUST 29: what has ended is inactive at once."""
    provider = await make_provider(other_resources=(API,))
    app, api, person = (
        await provider.register(),
        await resource_server(provider, API),
        await provider.person(),
    )
    tokens = await app.tokens(person, resource=API)
    assert (await ask(api, tokens["access_token"]))["active"] is True
    if end == "revoked":
        await app.send("/oauth/revoke", {"token": tokens["refresh_token"]})
    elif end == "expired":
        provider.clock.advance(3600)
    elif end == "user disabled":
        await provider.execute("UPDATE users SET disabled_at = created_at WHERE pubkey = :p", p=person.pubkey)
    elif end == "client disabled":
        await provider.execute(
            "UPDATE oauth_clients SET disabled_at = created_at WHERE client_id = :c", c=app.client_id
        )
    elif end == "grant revoked":
        await provider.execute(
            "UPDATE oauth_grants SET revoked_at = created_at WHERE client_id = :c", c=app.client_id
        )
    else:
        await provider.room.keys.rotate("RS256", at_once=True)
    assert await ask(api, tokens["access_token"]) == {"active": False}
    if end not in ("expired", "client disabled", "key thrown away"):
        assert await ask(app, tokens["refresh_token"]) == {"active": False}


async def test_a_refresh_token_ends_with_its_grant_or_when_it_lay_too_long(make_provider: Make) -> None:
    provider = await make_provider(refresh_max=timedelta(days=10))
    app = await provider.register()
    tokens = await app.tokens()
    told = await ask(app, tokens["refresh_token"])
    assert told["exp"] - provider.clock.now().timestamp() <= 10 * 86400
    provider.clock.advance(timedelta(days=10))
    assert await ask(app, tokens["refresh_token"]) == {"active": False}


async def test_nothing_is_remembered_between_two_questions(provider: Provider) -> None:
    """Introspection caches that ignore the scope (Oathkeeper CVE-2021-32701): two scopes asked in turn, one true answer."""
    app, person = await provider.register(), await provider.person()
    narrow = await app.tokens(person, scope="profile:read")
    wide = await app.tokens(person, scope="openid profile:read chat")
    for scope in ("chat", "profile:read", "chat"):
        assert (await ask(app, narrow["access_token"], scope=scope))["scope"] == "profile:read"
        assert (await ask(app, wide["access_token"], scope=scope))["scope"] == "openid profile:read chat"
        for path, status in (("/api/demo/protected", 200), ("/oauth/userinfo", 403)):
            assert (await app.call(narrow["access_token"], path)).status_code == status, path
            assert (await app.call(wide["access_token"], path)).status_code == 200, path
    await app.send("/oauth/revoke", {"token": wide["access_token"]})
    assert await ask(app, wide["access_token"]) == {"active": False}
    assert (await ask(app, narrow["access_token"]))["active"] is True


async def test_discovery_names_the_endpoint_and_how_to_prove_oneself(provider: Provider) -> None:
    async with provider.http() as http:
        document = (await http.get("/.well-known/openid-configuration")).json()
    assert document["introspection_endpoint"] == f"{ISSUER}/oauth/introspect"
    methods = document["introspection_endpoint_auth_methods_supported"]
    assert set(methods) == {"client_secret_basic", "client_secret_post", "private_key_jwt"}
