"""What looks malformed and is not: forms that the reference says to take, over real HTTP."""

from __future__ import annotations

import secrets

import httpx
import pytest

from hodlxxi.bitcoin.address import Network
from tests.support.lnurl_wallet import ORDER, LnurlWallet
from tests.support.server import Server
from tests.support.signer import TestKey, der_of


def high(compact: bytes) -> bytes:
    """The same signature with the other s."""
    s = ORDER - int.from_bytes(compact[32:64], "big")
    return compact[:32] + s.to_bytes(32, "big")


def sign_in(server: Server, key: TestKey, name: str, form: str) -> httpx.Response:
    """Sign in as ``name`` with a high s in one of the forms of a signature."""
    with httpx.Client(base_url=server.url) as client:
        challenge = client.post("/api/auth/challenge", json={"pubkey": key.pubkey_hex}).json()
        flipped = bytes.fromhex(key.sign_rs_high(challenge["message"]))
        signature = {"der": der_of(flipped), "compact": flipped}[form].hex()
        proof = {"pubkey": name, "challenge_id": challenge["challenge_id"], "signature": signature}
        return client.post("/verify_signature", json=proof)


@pytest.mark.parametrize("form", ["der", "compact"])
def test_a_high_s_signs_in(embedded_server: Server, form: str) -> None:
    key = TestKey(secrets.token_bytes(32))
    answer = sign_in(embedded_server, key, key.pubkey_hex, form)
    assert answer.status_code == 200, answer.text
    assert answer.json()["pubkey"] == key.pubkey_hex


def test_an_uncompressed_key_is_the_same_person_and_its_hybrid_form_is_nobody(
    embedded_server: Server,
) -> None:
    key = TestKey(secrets.token_bytes(32))
    assert sign_in(embedded_server, key, key.uncompressed_hex, "der").json()["pubkey"] == key.pubkey_hex
    hybrid = sign_in(embedded_server, key, "06" + key.uncompressed_hex[2:], "der")
    assert hybrid.status_code == 400
    assert hybrid.json()["field"] == "pubkey"


def test_a_wallet_may_answer_with_a_high_s(embedded_server: Server) -> None:
    with httpx.Client(base_url=embedded_server.url) as browser:
        made = browser.post("/api/lnurl-auth/create", json={}).json()
        wallet = LnurlWallet(secrets.token_bytes(32))
        url = httpx.URL(wallet.answer_url(made["lnurl"]))
        key = wallet.linking_key("localhost")
        compact = key.sign_recoverable(bytes.fromhex(made["k1"]), hasher=None)[:64]
        answer = httpx.get(url.copy_set_param("sig", der_of(high(compact)).hex()))
        assert answer.json() == {"status": "OK"}
        assert browser.get(f"/api/lnurl-auth/check/{made['session_id']}").json()["verified"] is True


@pytest.mark.parametrize("network", [Network.MAIN, Network.TEST])
@pytest.mark.parametrize("kind", ["p2pkh", "p2sh_p2wpkh", "p2wpkh"])
def test_an_address_of_another_network_is_refused_by_name(
    embedded_server: Server, network: Network, kind: str
) -> None:
    address = getattr(TestKey(7), kind)(network)
    answer = httpx.post(f"{embedded_server.url}/api/auth/challenge", json={"address": address})
    is_shared = network is Network.TEST and kind != "p2wpkh"  # regtest has testnet's base58 versions
    assert answer.status_code == (200 if is_shared else 400)
    assert is_shared or answer.json()["field"] == "address"


def test_a_host_of_another_site_opens_no_door_to_other_origins(embedded_server: Server) -> None:
    fields = {"Host": "evil.example/oauth/token?", "Origin": "https://evil.example"}
    answer = httpx.get(f"{embedded_server.url}/api/session", headers=fields)
    assert answer.status_code == 401
    assert "access-control-allow-origin" not in answer.headers
