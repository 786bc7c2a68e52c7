"""The device flow (RFC 8628, reference oauth §6.5, MUST 23): a device without a keyboard, and a browser elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from hodlxxi.kit.secret import digest_of
from tests.oauth.devices import (
    DEVICE_CODE,
    Television,
    answer_page,
    approve,
    begin,
    open_page,
    television_maker,
    type_code,
)
from tests.oauth.keyed import DpopApp
from tests.oauth.provider import ISSUER, Provider, RelyingParty, claims_of, next_of, response_of
from tests.oauth.test_upkeep import sweep

Make = Callable[..., Awaitable[Provider]]
ALPHABET = set("BCDFGHJKLMNPQRSTVWXZ")
AT_ONCE = 12


async def test_an_unknown_device_code_gives_nothing(provider: Provider) -> None:
    app = await television_maker(provider)
    answer = await app.post(grant_type=DEVICE_CODE, device_code="x" * 43)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert (await app.post(grant_type=DEVICE_CODE)).json()["error"] == "invalid_request"
    rows = "SELECT count(*) FROM oauth_tokens WHERE client_id = :id"
    assert await provider.ask(rows, id=app.client_id) == 0


async def test_a_device_gets_codes_that_nobody_can_guess(provider: Provider) -> None:
    """MUST 23: entropy."""
    app = await television_maker(provider)
    devices = [await begin(app) for _ in range(20)]
    first = devices[0].answer
    assert set(first) == {
        "device_code",
        "user_code",
        "verification_uri",
        "verification_uri_complete",
        "expires_in",
        "interval",
    }
    assert (first["expires_in"], first["interval"]) == (600, 5)
    assert first["verification_uri"] == f"{ISSUER}/device"
    assert first["verification_uri_complete"] == f"{ISSUER}/device?user_code={first['user_code']}"
    assert len({device.answer["device_code"] for device in devices}) == 20
    assert all(len(device.answer["device_code"]) == 43 for device in devices)
    assert len({device.code for device in devices}) == 20
    for device in devices:
        assert (len(device.code), device.code[4], len(set(device.code) - ALPHABET)) == (9, "-", 1)
    kept = "SELECT count(*) FROM oauth_device_codes WHERE device_code = :digest AND user_code <> :code"
    digest = digest_of(first["device_code"])
    assert await provider.ask(kept, digest=digest, code=first["user_code"]) == 1


@pytest.mark.parametrize("method", ["none", "client_secret_basic"])
async def test_a_device_waits_until_its_user_allows_it(provider: Provider, method: str) -> None:
    app, person = await television_maker(provider, token_endpoint_auth_method=method), await provider.person()
    device = await begin(app, scope="openid profile:read offline_access")
    assert await device.hears() == "authorization_pending"
    await approve(person, device)
    tokens = await device.tokens()
    assert set(tokens) == {
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "scope",
        "id_token",
    }
    assert tokens["scope"] == "openid profile:read offline_access"
    assert (await app.call(tokens["access_token"])).json()["pubkey"] == person.pubkey
    claims = claims_of(tokens["id_token"])
    assert (claims["sub"], claims["aud"]) == (person.pubkey, app.client_id)
    assert claims["acr"] == "urn:hodlxxi:acr:key"
    assert claims["amr"] == ["pop", "btc_message"]
    assert claims["auth_time"] <= provider.clock.now().timestamp()
    assert "nonce" not in claims
    assert (await app.refresh(tokens["refresh_token"])).status_code == 200
    assert await provider.events("device_approved", app.client_id) == 1
    assert await provider.events("token_refused", app.client_id) == 0, "waiting is no refusal"


async def test_the_device_code_works_once(provider: Provider) -> None:
    """MUST 23; Keycloak CVE-2026-4282: spent once."""
    app, person = await television_maker(provider), await provider.person()
    device = await begin(app)
    await approve(person, device)
    tokens = await device.tokens()
    assert await device.hears() == "invalid_grant"
    assert (await app.call(tokens["access_token"])).status_code == 200


async def test_of_many_polls_at_once_one_gets_the_tokens(provider: Provider) -> None:
    """MUST 23: of many at once, one."""
    app, person = await television_maker(provider), await provider.person()
    device = await begin(app)
    await approve(person, device)
    answers = await asyncio.gather(*(device.poll() for _ in range(AT_ONCE)))
    assert [answer.status_code for answer in answers].count(200) == 1
    assert {answer.json().get("error") for answer in answers} == {None, "invalid_grant"}
    rows = "SELECT count(*) FROM oauth_tokens WHERE client_id = :id"
    assert await provider.ask(rows, id=app.client_id) == 1


async def test_of_many_answers_at_once_one_counts(provider: Provider) -> None:
    app = await television_maker(provider)
    device, person = await begin(app), await provider.person()
    page = await type_code(person, device.code)
    decisions = ["approve", "deny"] * (AT_ONCE // 2)
    answers = await asyncio.gather(*(answer_page(person, page, decision) for decision in decisions))
    assert ["device-done" in answer.text for answer in answers].count(True) == 1
    grants = "SELECT count(*) FROM oauth_grants WHERE client_id = :id"
    assert await provider.ask(grants, id=app.client_id) <= 1


async def test_another_client_polls_in_vain(provider: Provider) -> None:
    """MUST 23: other client polls."""
    app, other, person = (
        await television_maker(provider),
        await television_maker(provider),
        await provider.person(),
    )
    device = await begin(app)
    assert await device.hears(other) == "invalid_grant"
    await approve(person, device)
    assert await device.hears(other) == "invalid_grant"
    assert (await device.poll()).status_code == 200


async def test_a_device_that_polls_too_fast_is_slowed_down(provider: Provider) -> None:
    """MUST 23: ``slow_down``."""
    device = await begin(await television_maker(provider))
    assert (await device.poll()).json()["error"] == "authorization_pending"
    assert (await device.poll()).json()["error"] == "slow_down"
    provider.clock.advance(9)
    assert (await device.poll()).json()["error"] == "slow_down", "five seconds more, each time"
    provider.clock.advance(15)
    assert (await device.poll()).json()["error"] == "authorization_pending"


async def test_a_denied_device_hears_it(provider: Provider) -> None:
    """MUST 23: deny."""
    app, person = await television_maker(provider), await provider.person()
    device = await begin(app)
    page = await approve(person, device, "deny")
    assert 'data-answer="denied"' in page.text
    assert await device.hears() == "access_denied"
    assert await device.hears() == "access_denied"
    assert await provider.events("consent_denied", app.client_id) == 1
    assert "already used" in (await type_code(person, device.code)).text


async def test_after_ten_minutes_it_is_over_on_both_sides(provider: Provider) -> None:
    app, person = await television_maker(provider), await provider.person()
    late, later = await begin(app), await begin(app)
    page = await type_code(person, later.code)
    await approve(person, late)
    provider.clock.advance(timedelta(minutes=10))
    assert await late.hears() == "expired_token"
    assert await later.hears() == "expired_token"
    assert "time is over" in (await answer_page(person, page)).text
    assert "time is over" in (await type_code(person, later.code)).text


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ({"scope": "wallet:write"}, "invalid_scope"),
        ({"scope": "unknown"}, "invalid_scope"),
        ({"resource": "https://api.other.example"}, "invalid_target"),
    ],
)
async def test_what_is_wrong_is_said_to_the_device(
    provider: Provider, form: dict[str, str], word: str
) -> None:
    app = await television_maker(provider)
    answer = await app.send("/oauth/device_authorization", form)
    assert (answer.status_code, answer.json()["error"]) == (400, word)


async def test_an_app_must_be_registered_for_it_and_prove_who_it_is(provider: Provider) -> None:
    plain = await provider.register()
    answer = await plain.send("/oauth/device_authorization", {"scope": "openid"})
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    app = await television_maker(provider, token_endpoint_auth_method="client_secret_basic")
    async with provider.http() as http:
        unproved = await http.post("/oauth/device_authorization", data={"client_id": app.client_id})
        nobody = await http.post("/oauth/device_authorization", data={"scope": "openid"})
        get = await http.get("/oauth/device_authorization")
    assert [unproved.status_code, nobody.status_code, get.status_code] == [401, 401, 405]


async def test_its_tokens_are_for_the_resource_that_was_asked_for(make_provider: Make) -> None:
    api = "https://api.other.example"
    provider = await make_provider(other_resources=(api,))
    device = await begin(await television_maker(provider), resource=api, scope="profile:read")
    await approve(await provider.person(), device)
    assert (await device.poll(resource=ISSUER)).json()["error"] == "invalid_target"
    assert claims_of((await device.tokens())["access_token"])["aud"] == api


async def test_a_device_with_a_key_gets_tokens_that_are_bound_to_it(provider: Provider) -> None:
    app = DpopApp(await television_maker(provider, dpop_bound_access_tokens=True))
    device = await begin(app.app, scope="profile:read")
    await approve(await provider.person(), device)
    poll = {"grant_type": DEVICE_CODE, "device_code": device.answer["device_code"]}
    assert (await device.poll()).json()["error"] == "invalid_dpop_proof"
    tokens = (await app.post(**poll)).json()
    assert tokens["token_type"] == "DPoP"
    assert claims_of(tokens["access_token"])["cnf"] == {"jkt": app.jkt}
    assert (await app.call(tokens["access_token"])).status_code == 200


async def test_the_truth_about_the_sign_in_is_reported_and_a_stronger_one_is_asked_for(
    provider: Provider,
) -> None:
    app, person = await television_maker(provider), await provider.person()
    wish = await begin(app, scope="openid", acr_values="urn:hodlxxi:acr:key-remote urn:hodlxxi:acr:key")
    await approve(person, wish)
    assert claims_of((await wish.tokens())["id_token"])["acr"] == "urn:hodlxxi:acr:key-remote"
    provider.clock.advance(60)
    strong = await begin(app, scope="openid", acr_values="urn:hodlxxi:acr:two-keys")
    path = next_of(await type_code(person, strong.code))
    assert path == f"/device?user_code={strong.code}"
    await person.sign_in()
    page = await type_code(person, strong.code)
    assert 'id="device-weak"' in page.text
    await answer_page(person, page)
    claims = claims_of((await strong.tokens())["id_token"])
    assert claims["acr"] == "urn:hodlxxi:acr:key"
    assert claims["auth_time"] == int(provider.clock.now().timestamp())


async def test_what_a_person_allowed_on_a_device_is_remembered(provider: Provider) -> None:
    app = await provider.register(grant_types=["authorization_code", "refresh_token", DEVICE_CODE])
    person = await provider.person()
    await approve(person, await begin(app, scope="openid profile:read"))
    assert "code" in response_of(await person.visit(app, scope="openid"))


async def test_a_device_that_only_signs_somebody_in_ends_with_the_sign_out(provider: Provider) -> None:
    """Like every app: ``openid`` without ``offline_access`` ends with the session in which it was allowed."""
    app, person = await television_maker(provider), await provider.person()
    granted = {}
    for scope in ("openid profile:read", "openid profile:read offline_access", "profile:read"):
        device = await begin(app, scope=scope)
        await approve(person, device)
        granted[scope] = (await device.tokens())["access_token"]
    waiting = await begin(app, scope="openid")
    await approve(person, waiting)
    assert (await person.http.post("/logout")).status_code == 200
    alive = {scope for scope, token in granted.items() if (await app.call(token)).status_code == 200}
    assert alive == {"openid profile:read offline_access", "profile:read"}
    assert await waiting.hears() == "invalid_grant"


async def test_giving_a_token_back_ends_a_device(provider: Provider) -> None:
    app, device = await _connected(provider)
    tokens = await device.tokens()
    revoked = await app.send("/oauth/revoke", {"token": tokens["refresh_token"]})
    assert revoked.status_code == 200
    assert (await app.call(tokens["access_token"])).status_code == 401


async def _connected(provider: Provider) -> tuple[RelyingParty, Television]:
    app = await television_maker(provider)
    device = await begin(app, scope="profile:read")
    await approve(await provider.person(), device)
    return app, device


async def test_the_page_is_for_people_who_are_signed_in(provider: Provider) -> None:
    device, stranger = await begin(await television_maker(provider)), provider.stranger()
    assert next_of(await stranger.http.get("/device")) == "/device"
    complete = device.answer["verification_uri_complete"].removeprefix(ISSUER)
    path = next_of(await stranger.http.get(complete))
    assert path == complete
    assert next_of(await stranger.http.post("/device", data={"user_code": device.code})) == path
    # Whatever else stands in the address does not travel on.
    assert next_of(await stranger.http.get("/device?user_code=https://evil.example")) == "/device"
    await stranger.sign_in()
    page = await open_page(stranger, path)
    assert f'value="{device.code}"' in page.text
    assert "device-approve" not in page.text, "a link alone never leads to the question"


async def test_discovery_names_the_endpoint(provider: Provider) -> None:
    async with provider.http() as http:
        document = (await http.get("/.well-known/openid-configuration")).json()
    assert document["device_authorization_endpoint"] == f"{ISSUER}/oauth/device_authorization"
    assert DEVICE_CODE in document["grant_types_supported"]


async def test_any_origin_may_ask_for_codes_but_not_answer(provider: Provider) -> None:
    """MUST 7: the endpoint is open, the page is not."""
    async with provider.http(headers={"Origin": "https://spa.example"}) as http:
        asked = await http.post("/oauth/device_authorization", data={"scope": "openid"})
        assert asked.headers["access-control-allow-origin"] == "*"
        for answer in (await http.get("/device"), await http.post("/device", data={"x": "y"})):
            assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_what_is_over_is_swept(make_provider: Make) -> None:
    provider = await make_provider()
    app, person = await television_maker(provider), await provider.person()
    device = await begin(app)
    await approve(person, device)
    await device.tokens()
    assert (await sweep(provider))["oauth_device_codes"] == 0
    provider.clock.advance(timedelta(hours=2))
    assert (await sweep(provider))["oauth_device_codes"] == 1


async def test_policy_holds_in_the_device_grant_too(provider: Provider) -> None:
    """Consent, scope and lock: authentik CVE-2024-38371, CVE-2024-52287 (policy skipped in side grants)."""
    app = await television_maker(provider, scope="openid profile:read")
    person, other = await provider.person(), await provider.person()
    wide: dict[str, Any] = {"scope": "openid profile:read chat"}
    assert (await app.send("/oauth/device_authorization", wide)).json()["error"] == "invalid_scope"
    device = await begin(app)
    await type_code(person, device.code)
    assert await device.hears() == "authorization_pending", "to look is not to allow"
    await approve(person, device)
    await provider.execute("UPDATE users SET disabled_at = created_at WHERE pubkey = :p", p=person.pubkey)
    assert await device.hears() == "invalid_grant"
    second = await begin(app)
    await approve(other, second)
    third = await begin(app)
    await provider.execute(
        "UPDATE oauth_clients SET disabled_at = created_at WHERE client_id = :c", c=app.client_id
    )
    assert (await second.poll()).json()["error"] == "invalid_client"
    assert (await app.send("/oauth/device_authorization", {})).json()["error"] == "invalid_client"
    assert "not right" in (await type_code(other, third.code)).text
