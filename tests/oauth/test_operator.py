"""What an operator decides about a client, and what an approval covers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from hodlxxi.kit.errors import BadInput, Conflict, NotFound
from hodlxxi.oauth import operator
from hodlxxi.oauth.initial_tokens import drop_initial, id_of, list_initial, make_initial
from hodlxxi.oauth.rules.clients import Profile, Trust
from tests.oauth.provider import CALLBACK, Provider, RelyingParty
from tests.oauth.test_code import error_of
from tests.oauth.test_registration_endpoint import manage

Make = Callable[..., Awaitable[Provider]]


async def trust_of(app: RelyingParty) -> str:
    return str(
        await app.provider.ask("SELECT trust FROM oauth_clients WHERE client_id = :id", id=app.client_id)
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "operator"),
        ({"contacts": ["a@b.example"]}, "operator"),
        ({"scope": "openid"}, "operator"),
        ({"redirect_uris": [CALLBACK]}, "operator"),
        ({"client_name": "Your Bank"}, "self_registered"),
        ({"redirect_uris": [CALLBACK, "https://evil.example/cb"]}, "self_registered"),
        ({"scope": "openid chat"}, "self_registered"),
        ({"logo_uri": "https://evil.example/logo.png"}, "self_registered"),
        ({"tos_uri": "https://evil.example/terms"}, "self_registered"),
        ({"post_logout_redirect_uris": ["https://evil.example/out"]}, "self_registered"),
        ({"token_endpoint_auth_method": "none"}, "self_registered"),
        ({"grant_types": ["authorization_code", "client_credentials"]}, "self_registered"),
    ],
    ids=str,
)
async def test_an_approval_covers_the_app_that_was_looked_at_and_not_what_it_turns_into(
    provider: Provider, changes: dict[str, Any], expected: str
) -> None:
    app = await provider.register(CALLBACK, CALLBACK + "/2", scope="openid profile")
    await operator.set_trust(provider.room, app.client_id, Trust.OPERATOR)
    same = {"client_id": app.client_id, "client_name": "Wallet Watcher", "scope": "openid profile"}
    body = same | {"redirect_uris": [CALLBACK, CALLBACK + "/2"]} | changes
    assert (await manage(app, "PUT", json=body)).status_code == 200
    assert await trust_of(app) == expected


async def test_an_approved_app_cannot_give_itself_a_scope_that_is_not_open(make_provider: Make) -> None:
    provider = await make_provider(open_scopes=frozenset({"openid", "profile"}))
    app = await provider.register(scope="openid")
    await operator.change(provider.room, app.client_id, {"scope": "openid chat"})
    await operator.set_trust(provider.room, app.client_id, Trust.OPERATOR)
    body = {"client_id": app.client_id, "redirect_uris": [CALLBACK], "client_name": "Wallet Watcher"}
    answer = await manage(app, "PUT", json=body | {"scope": "openid chat wallet:write"})
    # What the operator gave it stays; what nobody gave it is dropped.
    assert answer.json()["scope"] == "openid chat"


async def test_the_operator_may_change_anything_and_the_approval_stays(provider: Provider) -> None:
    app = await provider.register(contacts=["a@b.example"])
    await operator.set_trust(provider.room, app.client_id, Trust.OPERATOR)
    changed = await operator.change(
        provider.room, app.client_id, {"client_name": "Renamed", "contacts": None, "scope": "wallet:write"}
    )
    it = changed.client.metadata
    assert (it.name, it.contacts, it.scopes, it.redirect_uris) == (
        "Renamed",
        (),
        ("wallet:write",),
        (CALLBACK,),
    )
    assert changed.secret is None
    assert await trust_of(app) == "operator"
    assert error_of(await app.redeem("x")) == "invalid_grant"


async def test_what_is_wrong_is_refused_and_nothing_is_changed(provider: Provider) -> None:
    app = await provider.register()
    for wishes in (
        {"redirect_uris": ["javascript:alert(1)"]},
        {"trust": "operator"},
        {"logo_uri": "http://x.example"},
    ):
        with pytest.raises(BadInput):
            await operator.change(provider.room, app.client_id, wishes)
    used = await operator.get_client(provider.room, app.client_id)
    assert used.client.metadata.redirect_uris == (CALLBACK,)
    for act in (operator.pause, operator.resume, operator.rotate_secret, operator.get_client):
        with pytest.raises(NotFound):
            await act(provider.room, "app_nobody")


async def test_a_rotated_secret_is_wrong_at_once_and_the_new_one_right(provider: Provider) -> None:
    app = await provider.register()
    changed = await operator.rotate_secret(provider.room, app.client_id)
    assert error_of(await app.redeem("x"), 401) == "invalid_client"
    app.metadata["client_secret"] = changed.secret
    assert error_of(await app.redeem("x")) == "invalid_grant"
    assert await provider.events("client_secret_rotated", app.client_id) == 1


async def test_of_many_that_rotate_at_once_each_secret_but_the_last_is_wrong(provider: Provider) -> None:
    app = await provider.register()
    rotated = await asyncio.gather(*(operator.rotate_secret(provider.room, app.client_id) for _ in range(8)))
    right = 0
    for changed in rotated:
        app.metadata["client_secret"] = changed.secret
        right += (await app.redeem("x")).json()["error"] == "invalid_grant"
    assert right == 1


async def test_a_secret_rotated_during_a_change_does_not_come_back(provider: Provider) -> None:
    app = await provider.register()
    body = {"client_id": app.client_id, "redirect_uris": [CALLBACK]}
    for _ in range(5):
        changed, _answer = await asyncio.gather(
            operator.rotate_secret(provider.room, app.client_id), manage(app, "PUT", json=body)
        )
        assert error_of(await app.redeem("x"), 401) == "invalid_client"
        app.metadata["client_secret"] = changed.secret
        assert error_of(await app.redeem("x")) == "invalid_grant"


async def test_an_app_without_a_secret_has_none_to_rotate(provider: Provider) -> None:
    app = await provider.register(token_endpoint_auth_method="none")
    with pytest.raises(Conflict, match="no client secret"):
        await operator.rotate_secret(provider.room, app.client_id)


async def test_a_disabled_app_and_its_tokens_are_refused_until_it_is_enabled(provider: Provider) -> None:
    app = await provider.register()
    tokens = await app.tokens()
    await operator.pause(provider.room, app.client_id)
    assert (await app.call(tokens["access_token"])).status_code == 401
    assert error_of(await app.refresh(tokens["refresh_token"]), 401) == "invalid_client"
    assert (await (await provider.person()).visit(app)).status_code == 400
    with pytest.raises(Conflict):
        await operator.pause(provider.room, app.client_id)
    assert (await operator.resume(provider.room, app.client_id)).disabled_at is None
    assert (await app.call(tokens["access_token"])).status_code == 200
    assert (await app.refresh(tokens["refresh_token"])).status_code == 200
    with pytest.raises(Conflict):
        await operator.resume(provider.room, app.client_id)


async def test_enabling_a_removed_app_brings_neither_its_secret_nor_its_tokens_back(
    provider: Provider,
) -> None:
    app = await provider.register()
    tokens = await app.tokens()
    assert (await manage(app, "DELETE")).status_code == 204
    client = await operator.resume(provider.room, app.client_id)
    assert client.secret_digest is None
    assert error_of(await app.redeem("x"), 401) == "invalid_client"
    assert (await app.call(tokens["access_token"])).status_code == 401
    assert error_of(await manage(app, "GET"), 401) == "invalid_token"
    app.metadata["client_secret"] = (await operator.rotate_secret(provider.room, app.client_id)).secret
    assert error_of(await app.refresh(tokens["refresh_token"])) == "invalid_grant"


async def test_only_an_app_with_its_own_key_is_held_to_fapi2_and_then_keeps_it(provider: Provider) -> None:
    app = await provider.register()
    with pytest.raises(Conflict, match="private_key_jwt"):
        await operator.set_profile(provider.room, app.client_id, Profile.FAPI2)
    key = {
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": "https://app.example/jwks.json",
        "id_token_signed_response_alg": "ES256",
    }
    await operator.change(provider.room, app.client_id, key)
    assert (await operator.set_profile(provider.room, app.client_id, Profile.FAPI2)).is_fapi2
    body = {"client_id": app.client_id, "redirect_uris": [CALLBACK]}
    assert error_of(await manage(app, "PUT", json=body)) == "invalid_client_metadata"
    with pytest.raises(BadInput, match="id_token_signed_response_alg"):
        await operator.change(provider.room, app.client_id, {"id_token_signed_response_alg": "RS256"})


async def test_audiences_are_those_of_the_server(make_provider: Make) -> None:
    api = "https://api.example"
    provider = await make_provider(other_resources=(api,))
    app = await provider.register()
    served = await operator.serve_resource(provider.room, app.client_id, api)
    assert served.serves == (api,)
    assert (await operator.serve_resource(provider.room, app.client_id, api)).serves == (api,)
    assert (await operator.serve_resource(provider.room, app.client_id, api, drop=True)).serves == ()
    assert (await operator.allow_resources(provider.room, app.client_id, (api,))).resources == (api,)
    assert (await operator.get_client(provider.room, app.client_id)).client.resources == (api,)
    assert (await operator.allow_resources(provider.room, app.client_id, None)).resources is None
    with pytest.raises(BadInput, match="OAUTH_RESOURCES"):
        await operator.serve_resource(provider.room, app.client_id, "https://other.example")


async def test_use_is_counted(provider: Provider) -> None:
    app = await provider.register()
    used = await operator.get_client(provider.room, app.client_id)
    assert (used.grants, used.last_used_at) == (0, None)
    tokens = await app.tokens()
    await app.tokens()
    used = await operator.get_client(provider.room, app.client_id)
    assert used.grants == 2
    assert used.last_used_at is not None
    async with provider.http() as http:
        await http.post("/oauth/revoke", data={"token": tokens["refresh_token"]}, headers=app.basic)
    assert (await operator.get_client(provider.room, app.client_id)).grants == 1


async def test_initial_tokens_are_kept_as_digests_and_may_be_taken_back(provider: Provider) -> None:
    secret, token = await make_initial(provider.room, "for Ann", 3, timedelta(days=1))
    other, _ = await make_initial(provider.room, "", 1, timedelta(days=1))
    assert secret not in str(await list_initial(provider.room))
    await drop_initial(provider.room, id_of(token))
    await drop_initial(provider.room, other)
    assert token not in await list_initial(provider.room)
    with pytest.raises(NotFound):
        await drop_initial(provider.room, id_of(token))
