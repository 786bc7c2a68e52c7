"""An app that knows its users by names of its own cannot come by the names that others have for them, nor by their keys."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.oauth.devices import DEVICE_CODE, approve, begin
from tests.oauth.provider import Provider, RelyingParty, claims_of

VICTIM, OWN = "https://shop.example/cb", "https://spy.example/cb"


async def _change(app: RelyingParty, **members: Any) -> httpx.Response:
    """Replace the registered metadata with what is there, but for these members."""
    token = {"Authorization": f"Bearer {app.metadata['registration_access_token']}"}
    path = f"/oauth/register/{app.client_id}"
    ours = ("client_id_issued_at", "registration_client_uri")
    async with app.provider.http() as http:
        kept = (await http.get(path, headers=token)).json()
        body = {name: value for name, value in (kept | members).items() if name not in ours}
        return await http.put(path, json=body, headers=token)


def _sub(tokens: dict[str, Any]) -> str:
    return str(claims_of(tokens["id_token"])["sub"])


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"redirect_uris": [VICTIM]}, id="another app's host"),
        pytest.param({"subject_type": "public"}, id="the key itself"),
        pytest.param({"grant_types": ["authorization_code", "refresh_token", DEVICE_CODE]}, id="devices"),
    ],
)
async def test_no_change_of_an_app_gives_its_users_other_names(
    provider: Provider, members: dict[str, Any]
) -> None:
    person = await provider.person()
    shop = await provider.register(VICTIM, subject_type="pairwise")
    spy = await provider.register(OWN, subject_type="pairwise")
    theirs, ours = await shop.tokens(person), await spy.tokens(person)
    answer = await _change(spy, **members)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    again = await spy.refresh(ours["refresh_token"])
    assert _sub(again.json()) == _sub(ours) not in (_sub(theirs), person.pubkey)


async def test_a_public_app_does_not_become_a_pairwise_one_of_another_host(provider: Provider) -> None:
    spy = await provider.register(OWN)
    answer = await _change(spy, subject_type="pairwise", redirect_uris=[VICTIM])
    assert answer.status_code == 400


async def test_what_names_nobody_may_change(provider: Provider) -> None:
    app = await provider.register(OWN, subject_type="pairwise")
    answer = await _change(app, redirect_uris=[OWN, "https://spy.example/other"], client_name="Renamed")
    assert answer.status_code == 200


async def test_a_device_of_an_app_that_names_another_host_learns_nothing(provider: Provider) -> None:
    """A device gets its tokens without a redirect, so the host that its app claims never takes part."""
    person = await provider.person()
    shop = await provider.register(VICTIM, subject_type="pairwise")
    theirs = await shop.tokens(person)
    grants = ["authorization_code", DEVICE_CODE]
    spy = await provider.register(VICTIM, subject_type="pairwise", grant_types=grants)
    device = await begin(spy, scope="openid")
    await approve(person, device)
    assert _sub(await device.tokens()) not in (_sub(theirs), person.pubkey)


@pytest.mark.parametrize("uri", ["http://127.0.0.1/cb", "com.example.app:/cb"])
async def test_two_apps_on_the_users_device_cannot_compare_them(provider: Provider, uri: str) -> None:
    """A loopback address or a private scheme belongs to nobody: whoever names the same one is not of the same sector."""
    person = await provider.person()
    apps = [
        await provider.register(uri, subject_type="pairwise", token_endpoint_auth_method="none")
        for _ in range(2)
    ]
    assert len({_sub(await app.tokens(person)) for app in apps}) == 2
