"""A television shows a code; somebody opens the link that goes with it on their telephone and allows it."""

from __future__ import annotations

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.browser.people import somebody
from tests.browser.places import begin_device
from tests.support.server import Server

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
PHONE = {"width": 390, "height": 800}


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
@pytest.mark.parametrize("decision", ["approve", "deny"])
async def test_the_link_of_a_television_leads_to_its_question_and_to_tokens(
    chromium: Browser, embedded_server: Server, script: bool, decision: str
) -> None:
    device = begin_device(embedded_server)
    poll = {
        "grant_type": DEVICE_CODE,
        "device_code": device["device_code"],
        "client_id": device["client_id"],
    }
    async with somebody(chromium, java_script_enabled=script, viewport=PHONE) as person:
        page = person.page
        await page.goto(device["verification_uri_complete"])
        await person.sign_message()
        # The link fills the code in, but does not answer.
        await expect(page.locator("#user-code")).to_have_value(device["user_code"])
        await page.click("#device-continue")
        await expect(page.locator("#device-code")).to_have_text(device["user_code"])
        await expect(page.locator("#device-where")).to_contain_text("Telly/1.0")
        async with httpx.AsyncClient(base_url=embedded_server.url) as television:
            early = await television.post("/oauth/token", data=poll)
            assert early.json()["error"] == "authorization_pending"
            await page.click(f"#device-{decision}")
            await expect(page.locator("#device-done")).to_be_visible()
            answer = await television.post("/oauth/token", data=poll)
        if decision == "approve":
            assert answer.json()["scope"] == "openid profile:read chat"
        else:
            assert answer.json()["error"] == "access_denied"
        assert person.complaints == []


async def test_the_keyboard_alone_connects_a_device(chromium: Browser, embedded_server: Server) -> None:
    device = begin_device(embedded_server)
    async with somebody(chromium) as person:
        page = person.page
        await page.goto(f"{embedded_server.url}/device")
        await person.sign_message()
        await expect(page.locator("#user-code")).to_be_focused()
        await page.keyboard.insert_text(device["user_code"].lower())
        await page.keyboard.press("Enter")
        await expect(page.locator("#device-code")).to_have_text(device["user_code"])
        await page.focus("#device-approve")
        await page.keyboard.press("Enter")
        await expect(page.locator("#device-done")).to_have_attribute("data-answer", "approved")
