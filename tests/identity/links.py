"""The steps that add a key to an account, as a person takes them over HTTP."""

from __future__ import annotations

from typing import Any

import httpx

from tests.support.signer import TestKey


async def begin(browser: httpx.AsyncClient, **named: str) -> dict[str, str]:
    """``POST /api/keys/links``."""
    answer = await browser.post("/api/keys/links", json=named)
    assert answer.status_code == 201, answer.text
    found: dict[str, str] = answer.json()
    return found


async def prove_link(
    browser: httpx.AsyncClient, link: dict[str, str], key: TestKey, **more: Any
) -> httpx.Response:
    """Sign the text of a link with the new key, and send it."""
    proof = {"pubkey": key.pubkey_hex, "signature": key.sign_compact(link["message"])} | more
    body = {name: value for name, value in proof.items() if value is not None}
    return await browser.post(f"/api/keys/links/{link['link_id']}/proof", json=body)


async def confirm(browser: httpx.AsyncClient, link: dict[str, str], **more: Any) -> httpx.Response:
    """``POST /api/keys``."""
    return await browser.post("/api/keys", json={"link_id": link["link_id"]} | more)


async def add_key(browser: httpx.AsyncClient, key: TestKey) -> httpx.Response:
    """All three steps; the answer to the last."""
    link = await begin(browser)
    assert (await prove_link(browser, link, key)).status_code == 200
    return await confirm(browser, link)
