"""Pages as people meet them: on a phone, in the dark, with a keyboard, with a screen reader."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, expect

from tests.browser.people import somebody
from tests.browser.places import PLACES, go_to
from tests.support.server import Server

# What is painted on what: text needs 4.5:1, a field's edge 3:1 (WCAG 2.2, 1.4.3 and 1.4.11). Answers what falls short.
CONTRAST = """() => {
  const rgb = c => c.match(/[\\d.]+/g).map(Number);
  const part = v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * part(r) + .7152 * part(g) + .0722 * part(b);
  const ratio = (a, b) => (Math.max(light(a), light(b)) + .05) / (Math.min(light(a), light(b)) + .05);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const colour = (e, name, part) => rgb(getComputedStyle(e, part)[name]);
  document.querySelectorAll('details').forEach(e => { e.open = true; });
  const found = [];
  const judge = (e, what, value, wanted) => {
    if (value < wanted) found.push(`${what} ${value.toFixed(2)} ${e.id || e.textContent.trim().slice(0, 40)}`);
  };
  for (const e of document.querySelectorAll('body *')) {
    if (!e.checkVisibility()) continue;
    const hasText = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (hasText || e.value) judge(e, 'text', ratio(colour(e, 'color'), ground(e)), 4.5);
    if (e.placeholder) judge(e, 'placeholder', ratio(colour(e, 'color', '::placeholder'), ground(e)), 4.5);
    if (e.matches('input:not([type=checkbox]), textarea'))
      judge(e, 'edge', ratio(colour(e, 'borderTopColor'), ground(e.parentElement)), 3);
  }
  return found;
}"""
FOCUS = """() => {
  const e = document.activeElement, style = getComputedStyle(e);
  const box = e.getBoundingClientRect();
  return { name: e.id || e.className, outline: style.outlineStyle, width: parseFloat(style.outlineWidth),
           inView: box.bottom > 0 && box.top < innerHeight };
}"""
NAMELESS = """() => [...document.querySelectorAll('input:not([type=hidden]), textarea, button, a, img, svg, summary')]
  .filter(e => e.checkVisibility() && !(e.labels?.length || e.textContent.trim() || e.ariaLabel || e.hasAttribute('alt')))
  .map(e => e.outerHTML)"""
BROKEN_IDS = """() => {
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  const named = ['aria-labelledby', 'aria-describedby', 'for'].flatMap(name =>
    [...document.querySelectorAll(`[${name}]`)].flatMap(e => e.getAttribute(name).split(/\\s+/)));
  return [...ids.filter((id, at) => ids.indexOf(id) !== at), ...named.filter(id => !ids.includes(id))];
}"""


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everything_can_be_read_on_a_phone(
    chromium: Browser, embedded_server: Server, place: str, scheme: str
) -> None:
    async with somebody(chromium, viewport={"width": 320, "height": 640}, color_scheme=scheme) as person:
        await go_to(place, person, embedded_server)
        await person.look(f"{place}-phone-{scheme}")
        assert await person.page.evaluate(CONTRAST) == []
        assert await person.page.evaluate("document.documentElement.scrollWidth") <= 320
        assert person.complaints == []


@pytest.mark.parametrize("place", PLACES)
async def test_a_screen_reader_finds_its_way(chromium: Browser, embedded_server: Server, place: str) -> None:
    async with somebody(chromium) as person:
        page = person.page
        await go_to(place, person, embedded_server)
        await person.look(f"{place}-desktop")
        assert await page.get_attribute("html", "lang") == "en"
        assert await page.title() not in ("", "None")
        for landmark in ("banner", "main", "contentinfo"):
            assert await page.get_by_role(landmark).count() == 1, landmark  # type: ignore[arg-type]
        assert await page.get_by_role("heading", level=1).count() == 1
        assert await page.evaluate(NAMELESS) == []
        assert await page.evaluate(BROKEN_IDS) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_keyboard_reaches_everything_and_shows_where_it_is(
    chromium: Browser, embedded_server: Server, scheme: str
) -> None:
    async with somebody(chromium, color_scheme=scheme) as person:
        page = person.page
        await page.goto(f"{embedded_server.url}/login")
        reached: list[str] = []
        while "login-submit" not in reached and len(reached) < 25:
            await page.keyboard.press("Tab")
            here = await page.evaluate(FOCUS)
            reached.append(here["name"])
            assert here["outline"] == "solid", here
            assert here["width"] >= 2, here
            assert here["inView"], here
        assert reached[0] == "skip"
        wanted = ["lnurl-link", "lnurl-continue", "login-copy", "login-message", "login-address"]
        wanted += ["login-signature", "login-submit"]
        assert [name for name in reached if name in wanted] == wanted


async def test_the_keyboard_alone_signs_in(chromium: Browser, embedded_server: Server) -> None:
    async with somebody(chromium) as person:
        page = person.page
        await page.goto(f"{embedded_server.url}/login")
        text = await page.input_value("#login-message")
        await page.focus("#login-address")
        await page.keyboard.insert_text(person.address)
        await page.keyboard.press("Tab")  # the summary of the raw key
        await page.keyboard.press("Tab")
        # As some wallets wrap it.
        await page.keyboard.insert_text("\n".join((person.key.sign_compact(text)[:44], "")))
        await page.keyboard.insert_text(person.key.sign_compact(text)[44:])
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator("#pubkey")).to_have_text(person.key.pubkey_hex)


@asynccontextmanager
async def other_site(body: str) -> AsyncIterator[str]:
    """A site of somebody else (a real one: Chromium keeps pages without an address away from loopback), of one page."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n" + body.encode()
        )
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


@pytest.mark.parametrize("path", ["/login", "/oauth/authorize?client_id=nobody"])
async def test_no_other_site_can_frame_us(chromium: Browser, embedded_server: Server, path: str) -> None:
    """MUST 8: in Chromium, an iframe of another site stays empty."""
    async with (
        somebody(chromium) as person,
        other_site(f'<iframe src="{embedded_server.url}{path}"></iframe>') as url,
    ):
        async with person.page.expect_console_message(lambda said: "frame-ancestors" in said.text):
            await person.page.goto(url)
        assert await person.page.frames[1].locator("main").count() == 0


async def test_a_script_written_into_a_page_is_refused_and_we_would_notice(
    chromium: Browser, embedded_server: Server
) -> None:
    """What the other tests rely on when they find nobody complaining."""
    async with somebody(chromium) as person:
        page = person.page
        await page.goto(f"{embedded_server.url}/login")
        await page.evaluate(
            "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))"
        )
        assert await page.evaluate("window.ran") is None
        assert "Content Security Policy" in person.complaints[0]


async def test_copying_the_text_is_confirmed(chromium: Browser, embedded_server: Server) -> None:
    async with somebody(chromium, permissions=["clipboard-read", "clipboard-write"]) as person:
        page = person.page
        await page.goto(f"{embedded_server.url}/login")
        await page.click("#login-copy")
        await expect(page.locator("#login-copied")).not_to_be_empty()
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert copied == await page.input_value("#login-message")


async def test_a_text_that_lay_too_long_says_so_and_the_new_one_is_for_the_same_app(
    chromium: Browser, embedded_server: Server
) -> None:
    async with somebody(chromium) as person:
        page = person.page
        await page.clock.install()
        await go_to("login-for-an-app", person, embedded_server)
        old = await page.input_value("#login-message")
        await expect(page.locator("[data-over]")).to_be_hidden()
        await page.clock.fast_forward("05:01")
        await expect(page.locator("[data-over]")).to_be_visible()
        await person.look("login-text-expired")
        await page.click("[data-over] a")
        await expect(page.locator("#login-message")).not_to_have_value(old)
        await expect(page.locator("#client-name")).to_have_text("Wallet Watcher")
