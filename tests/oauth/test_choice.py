"""Scopes can be unticked on the consent page: the code, the tokens and what is remembered follow the ticks."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from tests.oauth.provider import Person, Provider, RelyingParty, fields_of, response_of

SCOPE = "openid profile profile:read wallet:read offline_access"


async def _choose(person: Person, page: httpx.Response, *ticked: str, **more: Any) -> httpx.Response:
    form = {**fields_of(page), "choice": "1", "decision": "authorize", "scope": list(ticked), **more}
    return await person.http.post("/oauth/authorize", data=form)


async def _asked(provider: Provider, **changes: Any) -> tuple[RelyingParty, Person, httpx.Response]:
    app, person = await provider.register(), await provider.person()
    page = await person.visit(app, **{"scope": SCOPE, **changes})
    assert page.status_code == 200
    return app, person, page


def _boxes(page: httpx.Response) -> dict[str, tuple[bool, bool]]:
    """Each scope's box: whether it is ticked, and whether that is fixed."""
    tags = re.findall(r'<input type="checkbox"[^>]*>', page.text)
    return {
        re.findall(r'value="([^"]*)"', tag)[0]: (" checked" in tag, " disabled" in tag)
        for tag in tags
        if 'name="scope"' in tag
    }


async def test_each_scope_has_a_box_of_its_own(provider: Provider) -> None:
    _, _, page = await _asked(provider)
    assert _boxes(page) == {
        "openid": (True, True),
        "profile": (True, False),
        "profile:read": (True, False),
        "wallet:read": (True, False),
        "offline_access": (False, False),
    }
    for name in SCOPE.split():
        assert page.text.count(f'<li data-scope="{name}"') == 1


async def test_tokens_hold_what_was_ticked_and_nothing_else(provider: Provider) -> None:
    app, person, page = await _asked(provider)
    answer = await _choose(person, page, "profile:read")
    tokens = (await app.redeem(response_of(answer)["code"])).json()
    assert tokens["scope"] == "openid profile:read"
    assert (await app.call(tokens["access_token"])).status_code == 200
    wider = await app.refresh(tokens["refresh_token"], scope="openid profile:read chat")
    assert wider.json()["error"] == "invalid_scope"


async def test_an_app_that_repeats_all_it_asked_for_when_it_refreshes_gets_what_was_given(
    provider: Provider,
) -> None:
    """Authlib does so; it did nothing wrong when the user unticked something."""
    app, person, page = await _asked(provider)
    tokens = (await app.redeem(response_of(await _choose(person, page, "profile:read"))["code"])).json()
    fresh = (await app.refresh(tokens["refresh_token"], scope=SCOPE)).json()
    assert fresh["scope"] == "openid profile:read"
    only_declined = await app.refresh(fresh["refresh_token"], scope="wallet:read")
    assert only_declined.json()["error"] == "invalid_scope"


async def test_only_what_was_ticked_is_remembered(provider: Provider) -> None:
    app, person, page = await _asked(provider)
    await _choose(person, page, "profile:read")
    assert (await person.visit(app, scope="openid profile:read")).status_code == 303
    assert (await person.visit(app, scope="openid profile:read wallet:read")).status_code == 200
    silent = await person.visit(app, scope=SCOPE, prompt="none")
    assert response_of(silent)["error"] == "consent_required"


async def test_offline_access_that_was_left_unticked_is_left_out_without_asking_again(
    provider: Provider,
) -> None:
    app, person, page = await _asked(provider, scope="openid offline_access")
    first = await _choose(person, page)
    again = await person.visit(app, scope="openid offline_access")
    for answer in (first, again):
        tokens = (await app.redeem(response_of(answer)["code"])).json()
        assert tokens["scope"] == "openid"
    once_more = await person.visit(app, scope="openid offline_access", prompt="consent")
    answer = await _choose(person, once_more, "offline_access")
    assert (await app.redeem(response_of(answer)["code"])).json()["scope"] == "openid offline_access"
    assert _boxes(await person.visit(app, scope=SCOPE))["offline_access"] == (True, False)


async def test_a_form_without_boxes_agrees_to_all_that_was_asked(provider: Provider) -> None:
    """Scripted clients that know the page only by its two buttons."""
    app, person, page = await _asked(provider)
    answer = await person.decide(page)
    assert (await app.redeem(response_of(answer)["code"])).json()["scope"] == SCOPE


async def test_a_form_with_scopes_and_no_marker_is_a_choice_too(provider: Provider) -> None:
    app, person, page = await _asked(provider)
    form = {**fields_of(page), "decision": "authorize", "scope": "openid profile"}
    answer = await person.http.post("/oauth/authorize", data=form)
    assert (await app.redeem(response_of(answer)["code"])).json()["scope"] == "openid profile"


async def test_who_unticks_everything_but_who_they_are_only_signs_in(provider: Provider) -> None:
    app, person, page = await _asked(provider)
    answer = await _choose(person, page)
    assert (await app.redeem(response_of(answer)["code"])).json()["scope"] == "openid"


@pytest.mark.parametrize("ticked", [(), ("offline_access",), ("openid",), ("chat", "nonsense")])
async def test_yes_to_nothing_is_no(provider: Provider, ticked: tuple[str, ...]) -> None:
    app, person, page = await _asked(provider, scope="profile:read wallet:read offline_access")
    answer = response_of(await _choose(person, page, *ticked))
    assert answer["error"] == "access_denied"
    assert await provider.events("consent_denied", app.client_id) == 1
    assert await provider.events("consent_given", app.client_id) == 0


async def test_nobody_ticks_what_the_app_did_not_ask_for(provider: Provider) -> None:
    app, person, page = await _asked(provider, scope="openid profile")
    answer = await _choose(person, page, "profile", "wallet:read", "chat")
    assert (await app.redeem(response_of(answer)["code"])).json()["scope"] == "openid profile"


async def test_the_record_says_what_was_asked_and_what_was_given(provider: Provider) -> None:
    app, person, page = await _asked(provider)
    await _choose(person, page, "profile")
    details = await provider.ask(
        "SELECT details FROM audit_logs WHERE event_type = 'consent_given' AND client_id = :c",
        c=app.client_id,
    )
    assert '"scope":"openid profile"' in details
    assert f'"asked":"{SCOPE}"' in details


async def test_single_claims_are_listed_in_words(provider: Provider) -> None:
    claims = '{"userinfo": {"name": null, "bitcoin_pubkey": {"essential": true}}}'
    _, _, page = await _asked(provider, claims=claims)
    assert page.text.count("<li data-claim>") == 2
    assert "Your display name" in page.text
    assert "links-key" not in page.text


async def test_a_pairwise_app_that_asks_for_the_key_says_that_it_links(provider: Provider) -> None:
    app, person = await provider.register(subject_type="pairwise"), await provider.person()
    assert "links-key" in (await person.visit(app, scope="openid profile:read")).text
    assert "links-key" not in (await person.visit(app, scope="openid profile")).text
