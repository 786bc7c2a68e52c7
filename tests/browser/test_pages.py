"""Pages as people meet them: on a phone, in the dark, with a keyboard, with a screen reader."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.browser.people import somebody
from tests.support.server import Server

FROZEN = {
    "/login": [
        "form#login-form",
        "#login-message",
        "#login-form [name=pubkey]",
        "#login-form [name=address]",
        "#login-form [name=signature]",
        "#login-form [name=challenge_id]",
        "#login-form [name=csrf]",
        "#login-submit",
        "#lnurl-link",
        "#lnurl-qr",
        "#lnurl-continue",
    ],
    "/oauth/authorize?client_id=nobody": ["#error-code", "#error-description", "#request-id"],
}
CONTRAST = """() => {
  const rgb = c => c.match(/[\\d.]+/g).map(Number);
  const part = v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * part(r) + .7152 * part(g) + .0722 * part(b);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const hasText = e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  return [...document.querySelectorAll('main *')].filter(e => e.checkVisibility() && hasText(e)).map(e => {
    const a = light(rgb(getComputedStyle(e).color)), b = light(ground(e));
    return { text: e.textContent.trim().slice(0, 40), ratio: (Math.max(a, b) + .05) / (Math.min(a, b) + .05) };
  }).filter(x => x.ratio < 4.5);
}"""


@pytest.mark.parametrize("path", FROZEN)
async def test_the_names_that_scripts_rely_on_are_there(
    chromium: Browser, embedded_server: Server, path: str
) -> None:
    async with somebody(chromium) as person:
        await person.page.goto(embedded_server.url + path)
        for selector in FROZEN[path]:
            assert await person.page.locator(selector).count() == 1, selector


@pytest.mark.parametrize("path", ["/", "/login", "/nothing-here", "/oauth/authorize?client_id=nobody"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_can_be_read_on_a_phone(
    chromium: Browser, embedded_server: Server, path: str, scheme: str
) -> None:
    async with somebody(chromium, viewport={"width": 320, "height": 640}, color_scheme=scheme) as person:
        page = person.page
        await page.goto(embedded_server.url + path)
        assert await page.evaluate(CONTRAST) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320
        name = {"/": "home", "/login": "login", "/nothing-here": "not-found"}.get(path, "unknown-app")
        await person.look(f"{name}-phone-{scheme}")


@pytest.mark.parametrize("path", ["/", "/login", "/nothing-here"])
async def test_a_screen_reader_finds_its_way(chromium: Browser, embedded_server: Server, path: str) -> None:
    async with somebody(chromium) as person:
        page = person.page
        await page.goto(embedded_server.url + path)
        assert await page.get_attribute("html", "lang") == "en"
        assert await page.locator("main h1").count() == 1
        assert await page.locator("main#main").count() == 1
        unlabelled = await page.evaluate(
            "[...document.querySelectorAll('main input:not([type=hidden]), main textarea, main button, main a')]"
            ".filter(e => e.checkVisibility() && !(e.labels?.length || e.textContent.trim() || e.ariaLabel))"
            ".map(e => e.outerHTML)"
        )
        assert unlabelled == []


async def test_the_keyboard_reaches_everything_and_shows_where_it_is(
    chromium: Browser, embedded_server: Server
) -> None:
    async with somebody(chromium) as person:
        page = person.page
        await page.goto(f"{embedded_server.url}/login")
        reached = []
        for _ in range(25):
            await page.keyboard.press("Tab")
            reached.append(
                await page.evaluate("document.activeElement.id || document.activeElement.className")
            )
            outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", reached[-1]
            if reached[-1] == "login-submit":
                break
        order = [name for name in reached if name]
        assert order[0] == "skip"
        wanted = ["lnurl-link", "lnurl-continue", "login-copy", "login-message", "login-address"]
        wanted += ["login-signature", "login-submit"]
        assert [name for name in order if name in wanted] == wanted


async def test_no_other_site_can_frame_us(
    chromium: Browser, embedded_server: Server, full_server: Server
) -> None:
    async with somebody(chromium) as person:
        page = person.page
        await page.goto("about:blank")
        await page.set_content(f'<iframe src="{embedded_server.url}/login"></iframe>')
        frame = page.frames[1]
        await expect(page.locator("iframe")).to_be_visible()
        assert await frame.locator("#login-form").count() == 0


async def test_copying_the_text_is_confirmed(chromium: Browser, embedded_server: Server) -> None:
    async with somebody(chromium, permissions=["clipboard-read", "clipboard-write"]) as person:
        page = person.page
        await page.goto(f"{embedded_server.url}/login")
        await page.click("#login-copy")
        await expect(page.locator("#login-copied")).not_to_be_empty()
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert copied == await page.input_value("#login-message")
