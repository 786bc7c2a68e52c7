"""Wallets that others wrote sign in over HTTP: the node's own, npm's bip322-js and nostr-tools."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from hodlxxi.bitcoin.base58 import render_base58check
from tests.support.bip322_signer import Disguise, Terms, Wallet, as_full, as_simple, sign_tx
from tests.support.bitcoind import Bitcoind
from tests.support.server import Server
from tests.support.signer import TestKey

# The private key 98 as the node and npm import it: regtest, compressed.
KEY = TestKey(98)
WIF = render_base58check(b"\xef" + bytes(31) + b"\x62" + b"\x01")
NODE_KINDS = {
    "legacy": ("btc_message", "message"),
    "p2sh-segwit": ("bip322", "message"),
    "bech32": ("bip322", "message"),
    "bech32m": ("bip322", "taproot"),
}


def challenge_of(browser: httpx.Client, address: str) -> dict[str, str]:
    """The text for this address."""
    found: dict[str, str] = (
        browser.post("/api/auth/challenge", json={"address": address}).raise_for_status().json()
    )
    return found


def sign_in(browser: httpx.Client, address: str, challenge: dict[str, str], signature: str) -> httpx.Response:
    """Send what the wallet made."""
    body = {"pubkey": address, "signature": signature, "challenge_id": challenge["challenge_id"]}
    return browser.post("/verify_signature", json=body)


def who(browser: httpx.Client) -> tuple[str, str, str]:
    """Key, method and kind of key of the one who is signed in."""
    session, keys = browser.get("/api/session").json(), browser.get("/api/keys").json()["keys"]
    assert session["acr"] == "urn:hodlxxi:acr:key"
    return session["pubkey"], session["amr"][1], keys[0]["kind"]


@pytest.fixture(scope="module")
def node_wallet(bitcoind: Bitcoind) -> str:
    """A wallet in the node, with private keys."""
    bitcoind.rpc("createwallet", "foreign-signer")
    return "foreign-signer"


@pytest.mark.parametrize("kind", NODE_KINDS)
def test_the_node_signs_for_each_type_of_address_and_is_signed_in(
    any_server: Server, bitcoind: Bitcoind, node_wallet: str, kind: str
) -> None:
    address = bitcoind.rpc("getnewaddress", "", kind, wallet=node_wallet)
    with httpx.Client(base_url=any_server.url) as browser:
        challenge = challenge_of(browser, address)
        signature = bitcoind.rpc("signmessage", address, challenge["message"], wallet=node_wallet)
        assert sign_in(browser, address, challenge, signature).status_code == 200
        found = bitcoind.rpc("getaddressinfo", address, wallet=node_wallet)
        key = (
            found.get("pubkey") or found.get("embedded", {}).get("pubkey") or f"02{found['witness_program']}"
        )
        if kind == "bech32m":
            key = f"02{found['witness_program']}"
        assert who(browser) == (key, *NODE_KINDS[kind])


def test_the_node_takes_our_own_signers_signatures_too(bitcoind: Bitcoind) -> None:
    """So that what our tests sign with is a wallet like others."""
    for script in ("p2wpkh", "p2tr"):
        wallet = Wallet(script, (KEY,))  # type: ignore[arg-type]
        signature = as_simple(sign_tx(wallet, b"hello"), "")
        assert bitcoind.rpc("verifymessage", wallet.address(), signature, "hello") is True
    nested = Wallet("p2sh-p2wpkh", (KEY,))
    signature = as_full(sign_tx(nested, b"hello"), "")
    assert bitcoind.rpc("verifymessage", nested.address(), signature, "hello") is True


def addresses_of(bitcoind: Bitcoind) -> dict[str, str]:
    """The addresses of ``WIF``, as the node derives them; the taproot one is tweaked (BIP-86)."""
    forms = {"p2pkh": "pkh({})", "p2sh-p2wpkh": "sh(wpkh({}))", "p2wpkh": "wpkh({})", "p2tr": "tr({})"}
    found = {}
    for kind, form in forms.items():
        descriptor = bitcoind.rpc("getdescriptorinfo", form.format(WIF))["descriptor"]
        found[kind] = bitcoind.rpc("deriveaddresses", descriptor)[0]
    return found


@pytest.mark.parametrize("kind", ["p2pkh", "p2sh-p2wpkh", "p2wpkh", "p2tr"])
def test_bip322_js_signs_for_each_type_of_address_and_is_signed_in(
    any_server: Server, bitcoind: Bitcoind, run_node: Callable[..., Any], kind: str
) -> None:
    address = addresses_of(bitcoind)[kind]
    with httpx.Client(base_url=any_server.url) as browser:
        challenge = challenge_of(browser, address)
        signature = run_node("bip322_sign.js", WIF, challenge["message"], address)[address]
        answer = sign_in(browser, address, challenge, signature)
        assert answer.status_code == 200, answer.text
        key, method, kept_as = who(browser)
        if kind == "p2tr":
            program = bitcoind.rpc("validateaddress", address)["witness_program"]
            assert (key, method, kept_as) == (f"02{program}", "bip322", "taproot")
        else:
            legacy = kind == "p2pkh"
            assert (key, method) == (KEY.pubkey_hex, "btc_message" if legacy else "bip322")


def test_a_forged_signature_of_the_bypass_signs_in_nobody(
    any_server: Server, bitcoind: Bitcoind, run_node: Callable[..., Any]
) -> None:
    """bip322 0.1.7: a real library signs for the victim's address with the attacker's key."""
    attacker = TestKey(97)
    with httpx.Client(base_url=any_server.url) as browser:
        for script in ("p2wpkh", "p2sh-p2wpkh", "p2tr"):
            victim = Wallet(script, (KEY,))  # type: ignore[arg-type]
            challenge = challenge_of(browser, victim.address())
            text = challenge["message"].encode()
            for disguise in (Disguise(), Disguise(code=True), Disguise(redeem=True), Disguise(key=True)):
                tx = sign_tx(victim, text, by=Wallet(script, (attacker,)), disguise=disguise)  # type: ignore[arg-type]
                for forged in (as_full(tx), as_full(tx, ""), as_simple(tx, "")):
                    answer = sign_in(browser, victim.address(), challenge, forged)
                    assert answer.status_code == 401, answer.text
        assert browser.get("/api/session").status_code == 401


def test_what_is_valid_and_no_sign_in_is_refused_in_words(any_server: Server) -> None:
    multisig = Wallet("p2wsh-multisig", (KEY, TestKey(97)), 2)
    later = Wallet("p2wpkh", (KEY,))
    with httpx.Client(base_url=any_server.url) as browser:
        for wallet, terms, word in (
            (multisig, Terms(), "several keys"),
            (later, Terms(locktime=9), "timelock"),
        ):
            challenge = challenge_of(browser, wallet.address())
            signature = as_full(sign_tx(wallet, challenge["message"].encode(), terms))
            answer = sign_in(browser, wallet.address(), challenge, signature)
            assert answer.status_code == 401
            assert word in answer.json()["error_description"]


def test_nostr_tools_signs_in(any_server: Server, run_node: Callable[..., Any]) -> None:
    with httpx.Client(base_url=any_server.url) as browser:
        challenge_id = browser.post("/api/auth/challenge", json={}).json()["challenge_id"]
        path = f"/api/auth/nostr?challenge={challenge_id}"
        token = run_node("nostr_token.mjs", json.dumps({"url": any_server.url + path}))
        headers = {"Authorization": token["header"]}
        assert browser.post(path, headers=headers).status_code == 200
        assert who(browser) == (f"02{token['pubkey']}", "nostr", "nostr")
        assert browser.post(path, headers=headers).status_code == 401, "once"


def test_nostr_tools_names_the_body_of_its_request(any_server: Server, run_node: Callable[..., Any]) -> None:
    with httpx.Client(base_url=any_server.url) as browser:
        challenge_id = browser.post("/api/auth/challenge", json={}).json()["challenge_id"]
        path, body = f"/api/auth/nostr?challenge={challenge_id}", {"a": 1}
        token = run_node("nostr_token.mjs", json.dumps({"url": any_server.url + path, "body": body}))
        headers = {"Authorization": token["header"], "Content-Type": "application/json"}
        content = json.dumps(body, separators=(",", ":"))
        assert browser.post(path, headers=headers, content="{}").status_code == 401
        assert browser.post(path, headers=headers, content=content).status_code == 200
