"""An LNURL implementation that we did not write signs in by the QR code's text alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.lnurl_wallet import LnurlWallet
from tests.support.server import Server


@pytest.mark.parametrize("shown_as", ["qr", "link", "bare"])
def test_the_npm_package_signs_in_by_the_text_alone(
    any_server: Server, run_node: Callable[..., Any], shown_as: str
) -> None:
    with httpx.Client(base_url=any_server.url) as browser:
        made = browser.post("/api/lnurl-auth/create", json={}).json()
        text = {
            "qr": made["qr_code_data"],
            "link": f"lightning:{made['lnurl'].lower()}",
            "bare": made["lnurl"],
        }[shown_as]
        wallet = run_node("lnurl_sign_in.js", text)
        assert wallet["answer"] == {"status": "OK"}
        claimed = browser.get(f"/api/lnurl-auth/check/{made['session_id']}").json()
        assert claimed["verified"] is True
        assert claimed["pubkey"] == wallet["key"]
        assert browser.get("/api/session").json()["pubkey"] == wallet["key"]


def test_a_wallet_that_drops_our_query_signs_in_too(any_server: Server) -> None:
    """A widespread Python client sends only ``key`` and ``sig``: the path names the challenge."""
    with httpx.Client(base_url=any_server.url) as browser:
        made = browser.post("/api/lnurl-auth/create", json={}).json()
        url = urlsplit(LnurlWallet(b"drops the query" * 3).answer_url(made["lnurl"]))
        kept = [part for part in url.query.split("&") if part.startswith(("sig=", "key="))]
        assert browser.get(f"{url.path}?{'&'.join(kept)}").json() == {"status": "OK"}
        assert browser.get(f"/api/lnurl-auth/check/{made['session_id']}").json()["verified"] is True


def test_the_npm_package_reads_the_same_url_as_we_do(
    embedded_server: Server, run_node: Callable[..., Any]
) -> None:
    with httpx.Client(base_url=embedded_server.url) as browser:
        made = browser.post("/api/lnurl-auth/create", json={"action": "register"}).json()
        params = browser.get("/api/lnurl-auth/params", params={"session_id": made["session_id"]}).json()
        assert run_node("lnurl_decode.js", made["lnurl"]) == {"url": params["callback"]}
        assert params["action"] == "register"
