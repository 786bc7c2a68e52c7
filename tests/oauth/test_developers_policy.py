"""/developers: what the operator decides about who registers apps there, and on which terms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from hodlxxi.kit.ratelimit import Limit
from hodlxxi.oauth import operator
from hodlxxi.oauth.initial_tokens import make_initial
from tests.oauth.developer import FORM, developer, hidden_of, shown
from tests.oauth.provider import Provider

Make = Callable[..., Awaitable[Provider]]


async def test_nobody_has_more_than_fifty_apps_however_fast_they_are(provider: Provider) -> None:
    dev = await developer(provider)
    for _ in range(48):
        await dev.app()
    pages = [await dev.get("/developers/new") for _ in range(6)]
    answers = await asyncio.gather(
        *(
            dev.http.post("/developers/new", data=FORM | hidden_of(page.text, "/developers/new"))
            for page in pages
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 200, 409, 409, 409, 409]
    assert "50 apps" in (shown(max(answers, key=lambda a: a.status_code), "form-error") or "")
    assert (await (await developer(provider)).register()).status_code == 200


async def test_the_operator_may_close_registration_here_too(make_provider: Make) -> None:
    provider = await make_provider(registration="closed")
    dev = await developer(provider)
    home = await dev.get("/developers")
    assert "closed" in (shown(home, "obstacle") or "")
    assert "new-app" not in home.text
    assert (await dev.get("/developers/new")).status_code == 403
    home = await dev.get("/login")
    csrf = hidden_of(home.text, "/login")
    assert (await dev.http.post("/developers/new", data=FORM | csrf)).status_code == 403


async def test_the_operator_may_name_who_registers_apps(make_provider: Make) -> None:
    nobody = await make_provider(developers=frozenset())
    dev = await developer(nobody)
    assert "operator" in (shown(await dev.get("/developers"), "obstacle") or "")
    assert (await dev.get("/developers/new")).status_code == 403
    person = await nobody.person()
    some = await make_provider(developers=frozenset({person.pubkey}))
    listed = some.stranger()
    listed.key = person.key
    await listed.sign_in()
    assert (await listed.http.get("/developers/new")).status_code == 200
    assert (await (await developer(some)).get("/developers/new")).status_code == 403


async def test_where_a_token_is_needed_the_form_asks_for_it_and_never_shows_it_again(
    make_provider: Make,
) -> None:
    provider = await make_provider(registration="token")
    dev = await developer(provider)
    secret, token = await make_initial(provider.room, "Ann", 1, timedelta(days=1))
    assert 'name="initial_token"' in (await dev.get("/developers/new")).text
    for wrong in (None, "nonsense"):
        page = await dev.register(initial_token=wrong)
        assert (page.status_code, "initial access token" in (shown(page, "form-error") or "")) == (400, True)
        assert "nonsense" not in page.text
    # What cannot be registered costs no use of it.
    bad = await dev.register(initial_token=secret, logo_uri="http://x.example")
    assert bad.status_code == 400
    assert secret not in bad.text
    assert (await dev.register(initial_token=secret)).status_code == 200
    assert (await dev.register(initial_token=secret)).status_code == 400
    app = (await dev.get("/developers")).text
    assert app.count("data-app=") == 1
    assert token.label == "Ann"


async def test_registrations_are_limited_by_address_here_too(make_provider: Make) -> None:
    provider = await make_provider(registrations=Limit(1))
    dev = await developer(provider)
    assert (await dev.register()).status_code == 200
    answer = await dev.register()
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


async def test_an_app_cannot_take_a_scope_that_is_not_open(make_provider: Make) -> None:
    provider = await make_provider(open_scopes=frozenset({"openid", "profile"}))
    dev = await developer(provider)
    assert 'value="wallet:read"' not in (await dev.get("/developers/new")).text
    app = await dev.app(scope=["openid", "wallet:read"])
    assert (await operator.get_client(provider.room, app.client_id)).client.metadata.scopes == ("openid",)
