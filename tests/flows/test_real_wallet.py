"""A real wallet signs the issued text, and is signed in over real HTTP: by Bitcoin Core's own wallet, on both set-ups."""

from __future__ import annotations

import httpx
import pytest

from hodlxxi.bitcoin.address import Network
from tests.support.bitcoind import Bitcoind
from tests.support.server import Server
from tests.support.signer import TestKey


@pytest.fixture(scope="module")
def wallet(bitcoind: Bitcoind) -> str:
    """A wallet in the node, with private keys."""
    bitcoind.rpc("createwallet", "signer")
    return "signer"


def sign_in(server: Server, *, address: str, sign: object) -> httpx.Response:
    """Ask for the text, have it signed, send it."""
    with httpx.Client(base_url=server.url) as client:
        challenge = client.post("/api/auth/challenge", json={"address": address}).raise_for_status().json()
        signature = sign(challenge["message"])  # type: ignore[operator]
        answer = client.post(
            "/verify_signature",
            json={
                "pubkey": address,
                "message": challenge["message"],
                "signature": signature,
                "challenge_id": challenge["challenge_id"],
            },
        )
        if answer.status_code == 200:
            assert client.get("/api/session").json()["pubkey"] == answer.json()["pubkey"]
        return answer


def test_the_node_signs_for_its_legacy_address_and_is_signed_in(
    any_server: Server, bitcoind: Bitcoind, wallet: str
) -> None:
    address = bitcoind.rpc("getnewaddress", "", "legacy", wallet=wallet)
    answer = sign_in(
        any_server,
        address=address,
        sign=lambda text: bitcoind.rpc("signmessage", address, text, wallet=wallet),
    )
    assert answer.status_code == 200
    key = bitcoind.rpc("getaddressinfo", address, wallet=wallet)["pubkey"]
    assert answer.json()["pubkey"] == key


@pytest.mark.parametrize("kind", ["p2pkh", "p2sh_p2wpkh", "p2wpkh"])
@pytest.mark.parametrize("form", ["electrum", "bip137"])
def test_each_address_type_of_a_key_signs_in_as_that_key(any_server: Server, kind: str, form: str) -> None:
    key = TestKey(4242)
    header = {"p2pkh": 31, "p2sh_p2wpkh": 35, "p2wpkh": 39}[kind] if form == "bip137" else 31
    address = getattr(key, kind)(Network.REGTEST)
    answer = sign_in(
        any_server, address=address, sign=lambda text: key.sign_compact(text, header_base=header)
    )
    assert answer.status_code == 200
    assert answer.json()["pubkey"] == key.pubkey_hex


def test_the_node_agrees_with_our_verifier_about_a_legacy_signature(bitcoind: Bitcoind) -> None:
    key = TestKey(77)
    address = key.p2pkh(Network.REGTEST)
    assert bitcoind.rpc("verifymessage", address, key.sign_compact("hello"), "hello") is True


def test_an_address_of_another_network_is_refused_in_words(embedded_server: Server) -> None:
    answer = httpx.post(
        f"{embedded_server.url}/api/auth/challenge", json={"address": TestKey(1).p2wpkh(Network.MAIN)}
    )
    assert answer.status_code == 400
    assert "regtest" in answer.json()["error_description"]


def test_a_session_made_on_one_worker_is_valid_on_all_and_ends_on_all(full_server: Server) -> None:
    key = TestKey(99)
    with httpx.Client(base_url=full_server.url) as client:
        challenge = client.post("/api/auth/challenge", json={"pubkey": key.pubkey_hex}).json()
        client.post(
            "/verify_signature",
            json={
                "pubkey": key.pubkey_hex,
                "message": challenge["message"],
                "signature": key.sign_der(challenge["message"]),
            },
        ).raise_for_status()
        cookies = dict(client.cookies)
    # A new connection each time lands on another worker.
    answers = [httpx.get(f"{full_server.url}/api/session", cookies=cookies).status_code for _ in range(24)]
    assert answers == [200] * 24
    httpx.post(f"{full_server.url}/logout", cookies=cookies).raise_for_status()
    answers = [httpx.get(f"{full_server.url}/api/session", cookies=cookies).status_code for _ in range(24)]
    assert answers == [401] * 24
