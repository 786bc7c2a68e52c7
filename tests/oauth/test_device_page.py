"""``/device``, where people answer: it always asks, says who and from where, and is no place to guess codes (MUST 23)."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable

import httpx
import pytest

from tests.oauth.devices import answer_page, approve, begin, open_page, television_maker, type_code
from tests.oauth.provider import Provider, next_of, response_of

Make = Callable[..., Awaitable[Provider]]
AT_ONCE = 40


def wrong_code() -> str:
    return "".join(random.choices("BCDFGHJKLMNPQRSTVWXZ", k=8))


async def test_it_always_asks_and_says_who_asks_for_what_and_from_where(provider: Provider) -> None:
    """MUST 23: it always asks."""
    app, person = await television_maker(provider), await provider.person()
    device = await begin(app, scope="openid profile:read chat")
    provider.clock.advance(130)
    page = await type_code(person, device.code.lower().replace("-", " "))
    assert page.status_code == 200
    for shown in (
        "Television",
        device.code,
        'data-scope="openid"',
        'data-scope="chat" class="warning"',
        "2 minutes ago",
        "127.0.0.1",
        "Telly/1.0 (&lt;b&gt;living room&lt;/b&gt;)",
        "not verified",
        "Only continue if <strong>you</strong> started this",
        person.pubkey,
    ):
        assert shown in page.text, shown
    assert page.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert await device.hears() == "authorization_pending"


async def test_tokens_hold_what_was_ticked_and_nothing_else(provider: Provider) -> None:
    app, person = await television_maker(provider), await provider.person()
    device = await begin(app, scope="openid profile:read chat offline_access")
    page = await type_code(person, device.code)
    boxes = re.findall(r'<input type="checkbox"[^>]* value="([^"]*)"( checked)?', page.text)
    ticked = {name: bool(tick) for name, tick in boxes}
    assert ticked == {"openid": True, "profile:read": True, "chat": True, "offline_access": False}
    await answer_page(person, page, choice="1", scope=["profile:read"])
    tokens = await device.tokens()
    assert tokens["scope"] == "openid profile:read"
    wider = await app.refresh(tokens["refresh_token"], scope="openid wallet:read")
    assert wider.json()["error"] == "invalid_scope"
    nothing = await begin(app, scope="profile:read chat")
    done = await answer_page(person, await type_code(person, nothing.code), choice="1")
    assert 'data-answer="denied"' in done.text
    assert await nothing.hears() == "access_denied"


async def test_a_pairwise_app_that_asks_for_the_key_says_that_it_links(provider: Provider) -> None:
    person = await provider.person()
    for subject_type, links in (("pairwise", True), ("public", False)):
        app = await television_maker(provider, subject_type=subject_type)
        page = await type_code(person, (await begin(app, scope="openid profile:read")).code)
        assert ('id="links-key"' in page.text) is links


async def test_a_name_with_html_in_it_stays_a_text(provider: Provider) -> None:
    """MUST 24: HTML in a name, on the device page."""
    app = await television_maker(provider, client_name="<script>alert(1)</script>")
    person, device = await provider.person(), await begin(app)
    page = await type_code(person, device.code)
    done = await answer_page(person, page)
    for text in (page.text, done.text):
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text
    odd = await type_code(person, '"><script>alert(2)</script>')
    assert "<script>alert" not in odd.text


async def test_an_app_that_the_operator_approved_is_shown_as_such(provider: Provider) -> None:
    app = await provider.trust(await television_maker(provider, logo_uri="https://tv.example/logo.png"))
    page = await type_code(await provider.person(), (await begin(app)).code)
    assert "approved by this server" in page.text
    assert "https://tv.example" in page.headers["content-security-policy"]


async def test_a_form_of_another_site_answers_nothing(provider: Provider) -> None:
    device, person = await begin(await television_maker(provider)), await provider.person()
    for csrf in ("", "x" * 43, None):
        form = {"user_code": device.code, "decision": "approve"} | (
            {"csrf": csrf} if csrf is not None else {}
        )
        answer = await person.http.post("/device", data=form)
        assert (answer.status_code, 'data-page="error"' in answer.text) == (403, True)
    assert await device.hears() == "authorization_pending"


async def test_a_session_that_ended_meanwhile_allows_nothing(provider: Provider) -> None:
    """MUST 29: a session that ended allows no device."""
    device, person = await begin(await television_maker(provider)), await provider.person()
    page = await type_code(person, device.code)
    # As if the sign-out came just after the session was looked up: it is still in the cache.
    await provider.execute("UPDATE sessions SET revoked_at = created_at WHERE user_id = :p", p=person.pubkey)
    assert next_of(await answer_page(person, page)) == f"/device?user_code={device.code}"
    assert await device.hears() == "authorization_pending"


async def test_nothing_typed_is_no_guess(provider: Provider) -> None:
    person = await provider.person()
    for _ in range(8):
        answer = await type_code(person, "  ")
        assert (answer.status_code, "Type the code" in answer.text) == (400, True)


@pytest.mark.parametrize("decision", ["continue", "approve", "deny"])
async def test_a_session_may_guess_five_times_in_ten_minutes(make_provider: Make, decision: str) -> None:
    """MUST 23: guessing limit for a session."""
    provider = await make_provider()
    person, device = await provider.person(), await begin(await television_maker(provider))
    for _ in range(5):
        answer = await type_code(person, wrong_code(), decision)
        assert (answer.status_code, 'id="device-error"' in answer.text) == (400, True)
    for code in (wrong_code(), device.code):
        refused = await type_code(person, code, decision)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) <= 600
        assert "Too many wrong codes" in refused.text
        assert 'data-page="device"' in refused.text
    assert await device.hears() == "authorization_pending"
    # Somebody else goes on.
    await approve(await provider.person(), device)


async def test_right_codes_count_for_nothing(make_provider: Make) -> None:
    provider = await make_provider()
    app, person = await television_maker(provider), await provider.person()
    for _ in range(15):
        await approve(person, await begin(app))
    for _ in range(4):
        await type_code(person, wrong_code())
    await approve(person, await begin(app))
    assert (await type_code(person, wrong_code())).status_code == 400
    assert (await type_code(person, wrong_code())).status_code == 429, "right ones pay for no wrong ones"


async def test_an_address_may_guess_twenty_times_whoever_is_signed_in(make_provider: Make) -> None:
    """MUST 23: guessing limit for an address."""
    provider = await make_provider()
    for _ in range(5):
        person = await provider.person()
        for _ in range(4):
            assert (await type_code(person, wrong_code())).status_code == 400
    fresh = await provider.person()
    assert (await type_code(fresh, wrong_code())).status_code == 429
    device = await begin(await television_maker(provider))
    assert (await type_code(fresh, device.code)).status_code == 429


async def test_a_crowd_of_guesses_gets_no_more_than_one_after_the_other(make_provider: Make) -> None:
    provider = await make_provider()
    person = await provider.person()
    page = await open_page(person)
    csrf = page.text.split('name="csrf" value="')[1].split('"')[0]

    async def guess() -> httpx.Response:
        form = {"csrf": csrf, "user_code": wrong_code(), "decision": "continue"}
        return await person.http.post("/device", data=form)

    answers = await asyncio.gather(*(guess() for _ in range(AT_ONCE)))
    assert [answer.status_code for answer in answers].count(400) == 5


async def test_a_code_of_another_kind_opens_nothing_here_or_there(provider: Provider) -> None:
    """Codes, pushed requests, device codes, challenges, sent crosswise (Keycloak CVE-2026-4325)."""
    device_code = "urn:ietf:params:oauth:grant-type:device_code"
    every = ["authorization_code", "refresh_token", device_code]
    app = await provider.register(grant_types=every)
    person = await provider.person()
    device, allowed = await begin(app), await begin(app)
    await approve(person, allowed)
    pushed = (await app.pushed())["request_uri"]
    code = response_of(await person.authorize(app))["code"]
    refresh = (await app.tokens(person))["refresh_token"]
    challenge = (await person.http.post("/api/auth/challenge", json={})).json()["challenge_id"]
    secrets = {
        "device": device.answer["device_code"],
        "allowed": allowed.answer["device_code"],
        "shown": device.code,
        "pushed": pushed,
        "pushed secret": pushed.rpartition(":")[2],
        "code": code,
        "refresh": refresh,
        "challenge": challenge,
    }
    for name, secret in secrets.items():
        if name != "code":
            assert (await app.redeem(secret)).json()["error"] == "invalid_grant", name
        if name != "refresh":
            assert (await app.refresh(secret)).json()["error"] == "invalid_grant", name
        if name not in ("device", "allowed"):
            polled = await app.post(grant_type=device_code, device_code=secret)
            assert polled.json()["error"] == "invalid_grant", name
        if name not in ("pushed", "pushed secret"):
            uri = "urn:ietf:params:oauth:request_uri:" + secret
            visit = await person.http.get(
                "/oauth/authorize", params={"client_id": app.client_id, "request_uri": uri}
            )
            assert (visit.status_code, 'data-page="error"' in visit.text) == (400, True), name
            waiting = await person.http.get("/oauth/authorize", params={"interaction": secret})
            assert waiting.status_code == 400, name
    # None of it was spent by being shown in the wrong place.
    assert (await app.redeem(code)).status_code == 200
    assert (await allowed.poll()).status_code == 200
    assert await device.hears() == "authorization_pending"
