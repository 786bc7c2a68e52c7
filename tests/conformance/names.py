"""A registered app, a session and a waiting Lightning login: what the cases need that are refused behind them."""

from __future__ import annotations

from functools import cache

import httpx

from tests.support.signer import TestKey

CALLBACK = "https://app.example/cb"


@cache
def names_of(url: str) -> dict[str, str]:
    """What the places of a ``Case`` stand for on this server; made once."""
    key = TestKey(31337)
    with httpx.Client(base_url=url, timeout=30) as browser:
        device = "urn:ietf:params:oauth:grant-type:device_code"
        grants = ["authorization_code", "refresh_token", device]
        wish = {"client_name": "Conformance", "redirect_uris": [CALLBACK], "scope": "openid profile:read"}
        wish |= {"grant_types": grants}
        app = browser.post("/oauth/register", json=wish).raise_for_status().json()
        challenge = (
            browser.post("/api/auth/challenge", json={"pubkey": key.pubkey_hex}).raise_for_status().json()
        )
        proof = {**challenge, "pubkey": key.pubkey_hex, "signature": key.sign_der(challenge["message"])}
        browser.post("/verify_signature", json=proof).raise_for_status()
        login = browser.post("/api/lnurl-auth/create", json={}).raise_for_status().json()
        return {
            "client": app["client_id"],
            "secret": app["client_secret"],
            "registration": app["registration_access_token"],
            "key": key.pubkey_hex,
            "session": browser.cookies["session"],
            "login": login["session_id"],
            "claim": login["claim_token"],
        }
