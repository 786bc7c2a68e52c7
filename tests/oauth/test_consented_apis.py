"""An app that was allowed to call one API is not thereby allowed another: people are told which, and asked (oauth §3.3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.oauth.devices import approve, begin, television_maker, type_code
from tests.oauth.provider import ISSUER, Provider, claims_of, response_of

BANK, SHOP = "https://bank.example/", "https://shop.example/"
Make = Callable[..., Awaitable[Provider]]


async def test_another_api_is_asked_for_and_one_that_was_allowed_is_not(make_provider: Make) -> None:
    provider = await make_provider(other_resources=(BANK, SHOP))
    app, person = await provider.register(), await provider.person()
    assert "code" in response_of(await person.authorize(app))
    assert "code" in response_of(await person.visit(app, resource=ISSUER)), "our own was meant all along"
    silent = response_of(await person.visit(app, resource=BANK, prompt="none"))
    assert silent["error"] == "consent_required"
    page = await person.visit(app, resource=BANK)
    assert f'data-resource="{BANK}"' in page.text
    code = response_of(await person.decide(page))["code"]
    assert claims_of((await app.redeem(code)).json()["access_token"])["aud"] == BANK
    assert "code" in response_of(await person.visit(app, resource=BANK, prompt="none"))
    assert (await person.visit(app, resource=SHOP)).status_code == 200
    assert (await person.visit(app, resource=[BANK, SHOP])).status_code == 200


async def test_what_was_denied_is_asked_for_again(make_provider: Make) -> None:
    provider = await make_provider(other_resources=(BANK,))
    app, person = await provider.register(), await provider.person()
    await person.authorize(app)
    await person.decide(await person.visit(app, resource=BANK), "deny")
    assert (await person.visit(app, resource=BANK)).status_code == 200


async def test_a_device_says_which_api_it_wants_tokens_for(make_provider: Make) -> None:
    provider = await make_provider(other_resources=(BANK,))
    app, person = await television_maker(provider), await provider.person()
    device = await begin(app, scope="profile:read", resource=BANK)
    assert f'data-resource="{BANK}"' in (await type_code(person, device.code)).text
    await approve(person, device)
    assert claims_of((await device.tokens())["access_token"])["aud"] == BANK
