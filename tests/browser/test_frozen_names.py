"""Names and ids that scripted browsers rely on; changing one breaks somebody (the provider's reference, §8.1)."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest
from playwright.async_api import Browser, Route, expect

from hodlxxi.bitcoin.known_keys import known_pubkey
from tests.browser.people import Somebody, somebody
from tests.browser.places import CALLBACK, authorize_url, go_to
from tests.support.server import Server

LOGIN = (
    "main[data-page=login]",
    "form#login-form",
    "form#login-form #login-message",
    "form#login-form [name=pubkey]",
    "form#login-form [name=address]",
    "form#login-form [name=signature]",
    "form#login-form [name=challenge_id][type=hidden]",
    "form#login-form [name=csrf][type=hidden]",
    "form#login-form #login-submit",
    "form#recovery-form [name=recovery_code]",
    "form#recovery-form #recovery-submit",
    "#lnurl-link",
    "#lnurl-qr",
    "#lnurl-continue",
)
FOR_AN_APP = (*LOGIN, "form#login-form #login-cancel", "#client-name", "#client-logo")
ERROR = ("main[data-page=error]", "#error-code", "#error-description", "#request-id")
DEVICE = (
    "main[data-page=device]",
    "form#device-form[action='/device'][method=post]",
    "form#device-form [name=csrf][type=hidden]",
)
LOGOUT = (
    "main[data-page=logout]",
    "form#logout-form[action='/oauth/logout'][method=post]",
    "form#logout-form [name=csrf][type=hidden]",
    "form#logout-form button#logout-confirm[name=decision][value=logout]",
    "form#logout-form button#logout-cancel[name=decision]",
)
FROZEN = {
    "login": LOGIN,
    "login-for-an-app": FOR_AN_APP,
    "login-error": (*FOR_AN_APP, "#login-error"),
    "consent": (
        "main[data-page=consent]",
        "form#consent-form[action='/oauth/authorize'][method=post]",
        "form#consent-form [name=interaction][type=hidden]",
        "form#consent-form [name=csrf][type=hidden]",
        "form#consent-form button#consent-authorize[name=decision][value=authorize]",
        "form#consent-form button#consent-deny[name=decision][value=deny]",
        "li[data-scope=openid]",
        "li[data-scope=profile]",
        "form#consent-form [name=choice][type=hidden]",
        "li[data-scope=openid] #scope-openid[name=scope][value=openid]:checked:disabled",
        "li[data-scope=profile] #scope-profile[name=scope][value=profile]:checked:enabled",
    ),
    "logout": LOGOUT,
    "logout-for-an-app": (*LOGOUT, "#client-name"),
    "logout-to-nowhere": (*LOGOUT, "#client-name", "#error-code", "#error-description", "#request-id"),
    "account": (
        "main[data-page=account]",
        "#pubkey",
        "#apps",
        "#sessions",
        "#keys",
        "#sign-out",
        "#end-others[name=do][value=end_others]",
        "form#name-form #display-name[name=display_name]",
        "form#name-form #name-submit",
        "#recovery-state[data-left='9']",
        "form#recovery-form #recovery-make[name=do][value=make_codes]",
        "form#recovery-form #recovery-delete[name=do][value=delete_codes]",
        "form#close-form #close-sure[name=sure]",
        "form#close-form #close-submit[name=do][value=close]",
    ),
    "recovery-codes": ("main[data-page=recovery-codes]", "ol#recovery-codes", "#recovery-kept"),
    "account-closed": ("main[data-page=account-closed]", "#account-closed"),
    "signed-in": ("main[data-page=home]", "#pubkey", "#account-link", "#sign-out"),
    "signed-out": ("main[data-page=logged-out]", "#logged-out"),
    "device": (*DEVICE, "form#device-form #user-code[name=user_code]", "form#device-form #device-continue"),
    "device-error": (*DEVICE, "form#device-form #user-code[name=user_code]", "#device-error"),
    "device-confirm": (
        *DEVICE,
        "form#device-form #user-code[name=user_code][type=hidden]",
        "form#device-form button#device-approve[name=decision][value=approve]",
        "form#device-form button#device-deny[name=decision][value=deny]",
        "#client-name",
        "li[data-scope=openid]",
        "li[data-scope=chat]",
    ),
    "device-done": ("main[data-page=device]", "#device-done[data-answer=approved]"),
    "device-denied": ("main[data-page=device]", "#device-done[data-answer=denied]"),
    "unknown-app": ERROR,
    "not-found": ERROR,
}
TEST_SIGNER = (
    "form#test-form[action='/login'][method=post]",
    "form#test-form [name=test_key]",
    "form#test-form button#test-sign-in",
)
FORM_POST = ("main[data-page=form-post]", "form#response-form", "form#response-form #response-continue")


async def check_names(person: Somebody, names: tuple[str, ...]) -> None:
    """Each is there exactly once."""
    counts = {name: await person.page.locator(name).count() for name in names}
    assert counts == dict.fromkeys(names, 1)


@pytest.mark.parametrize("place", FROZEN)
@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
async def test_a_page_has_its_names(
    chromium: Browser, embedded_server: Server, place: str, script: bool
) -> None:
    async with somebody(chromium, java_script_enabled=script) as person:
        await go_to(place, person, embedded_server)
        await check_names(person, FROZEN[place])


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
async def test_a_scripted_browser_signs_in_with_a_test_key(
    chromium: Browser, dev_server: Server, script: bool
) -> None:
    async with somebody(chromium, java_script_enabled=script) as person:
        page = person.page
        await page.goto(authorize_url(dev_server))
        await check_names(person, (*FOR_AN_APP, *TEST_SIGNER))
        await expect(page.locator(".banner")).to_contain_text("everybody")
        await person.look("test-signer")
        await page.fill("[name=test_key]", "7")
        await page.click("#test-sign-in")
        await expect(page.locator("main[data-page=consent] [title]")).to_have_attribute(
            "title", known_pubkey(7)
        )
        assert person.complaints == []


async def test_the_links_to_an_apps_policies_have_names(chromium: Browser, embedded_server: Server) -> None:
    links = {"policy_uri": "https://app.example/privacy", "tos_uri": "https://app.example/terms"}
    async with somebody(chromium) as person:
        await person.page.goto(authorize_url(embedded_server, app=links))
        for name, url in zip(("#client-policy", "#client-tos"), links.values(), strict=True):
            assert await person.page.get_attribute(name, "href") == url
        await person.sign_message()
        await check_names(person, ("#consent-form", "#client-policy", "#client-tos"))


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
async def test_the_answer_by_form_post_reaches_the_app(
    chromium: Browser, embedded_server: Server, script: bool
) -> None:
    received: list[dict[str, list[str]]] = []

    async def app(route: Route) -> None:
        assert route.request.method == "POST"
        received.append(parse_qs(route.request.post_data or "", strict_parsing=True))
        await route.fulfill(content_type="text/html", body="<h1 id=arrived>Welcome</h1>")

    async with somebody(chromium, java_script_enabled=script) as person:
        page = person.page
        await page.route(f"{CALLBACK}**", app)
        await page.goto(authorize_url(embedded_server, response_mode="form_post"))
        await person.sign_message()
        await page.click("#consent-authorize")
        if not script:
            await check_names(person, FORM_POST)
            await person.look("form-post")
            await page.click("#response-continue")
        await expect(page.locator("#arrived")).to_be_visible()
        assert len(received) == 1
        assert received[0].keys() == {"code", "state", "iss"}
        assert received[0]["state"] == ["the app's state"]
        assert received[0]["iss"] == [embedded_server.url]
        assert person.complaints == []


async def test_a_missing_page_is_a_page_for_a_browser(chromium: Browser, embedded_server: Server) -> None:
    async with somebody(chromium) as person:
        answer = await person.page.goto(f"{embedded_server.url}/nothing-here")
        assert answer is not None
        assert answer.status == 404
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert await person.page.inner_text("#request-id") == answer.headers["x-request-id"]
