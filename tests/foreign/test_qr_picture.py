"""A camera that we did not write reads the QR code off the screen, and a wallet that we did not write signs in by it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.browser.people import somebody
from tests.support.server import Server

SCREENS = [
    pytest.param({}, id="desktop"),
    pytest.param({"viewport": {"width": 320, "height": 640}, "device_scale_factor": 2}, id="phone"),
    pytest.param({"color_scheme": "dark"}, id="dark"),
    pytest.param({"java_script_enabled": False}, id="no-script"),
    pytest.param({"java_script_enabled": False, "color_scheme": "dark"}, id="no-script-dark"),
]


@pytest.mark.parametrize("screen", SCREENS)
async def test_a_camera_reads_the_code_off_the_screen_and_a_wallet_signs_in(
    chromium: Browser,
    embedded_server: Server,
    run_node: Callable[..., Any],
    tmp_path: Path,
    screen: dict[str, Any],
) -> None:
    async with somebody(chromium, **screen) as person:
        page = person.page
        await page.goto(f"{embedded_server.url}/login")
        code = page.locator(".qr:visible")
        await expect(code).to_have_count(1)
        await code.scroll_into_view_if_needed()
        await page.screenshot(path=tmp_path / "screen.png")

        seen = await asyncio.to_thread(run_node, "read_qr.js", str(tmp_path / "screen.png"))
        assert seen["text"] == await page.get_attribute("#lnurl-qr", "data-text")
        wallet = await asyncio.to_thread(run_node, "lnurl_sign_in.js", seen["text"])
        assert wallet["answer"] == {"status": "OK"}
        if not screen.get("java_script_enabled", True):
            await page.click("#lnurl-continue")
        # The wallet is another device, and the browser is new to its account.
        await page.click("#landing-continue")
        await expect(page.locator("#pubkey")).to_have_text(wallet["key"])
