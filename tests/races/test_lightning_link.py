"""Lightning wallets that are added to accounts, many at once, on PostgreSQL and four workers."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.races.people import AT_ONCE, Visitor, new_visitor
from tests.support.lnurl_wallet import LnurlWallet
from tests.support.server import Server

CREATE = "/api/lnurl-auth/create"


@pytest.fixture
async def owner(full_server: Server) -> AsyncIterator[Visitor]:
    """Somebody who is signed in."""
    async with new_visitor(full_server.url, signed_in=False) as somebody:
        await somebody.sign_in()
        yield somebody


def path_of(wallet: LnurlWallet, lnurl: str) -> str:
    """What this wallet calls."""
    url = urlsplit(wallet.answer_url(lnurl))
    return f"{url.path}?{url.query}"


async def test_one_of_fifty_wallets_proves_a_link(crowd: list[httpx.AsyncClient], owner: Visitor) -> None:
    made = (await owner.browser.post(CREATE, json={"action": "link"})).raise_for_status().json()
    wallets = [LnurlWallet(secrets.token_bytes(32)) for _ in crowd]
    told = await asyncio.gather(
        *(client.get(path_of(wallet, made["lnurl"])) for client, wallet in zip(crowd, wallets, strict=True))
    )
    won = [wallet for wallet, answer in zip(wallets, told, strict=True) if answer.json()["status"] == "OK"]
    assert len(won) == 1
    link = (await owner.browser.get(f"/api/keys/links/{made['link_id']}")).json()
    assert link["key"] == won[0].pubkey_hex("localhost")
    replies = await asyncio.gather(
        *(owner.browser.post("/api/keys", json={"link_id": made["link_id"]}) for _ in range(AT_ONCE // 5))
    )
    assert sorted({reply.status_code for reply in replies}) == [201, 404]
    assert [reply.status_code for reply in replies].count(201) == 1


async def test_a_wallet_that_is_added_while_it_signs_in_is_one_of_both(
    crowd: list[httpx.AsyncClient], owner: Visitor
) -> None:
    """Its first sign-in opens an account, or its link adds it to another: never both, and it opens what it was told."""
    for _ in range(10):
        wallet = LnurlWallet(secrets.token_bytes(32))
        link = (await owner.browser.post(CREATE, json={"action": "link"})).raise_for_status().json()
        login = (await crowd[0].post(CREATE, json={})).raise_for_status().json()
        proved = await crowd[1].get(path_of(wallet, link["lnurl"]))
        assert proved.json() == {"status": "OK"}
        added, answered = await asyncio.gather(
            owner.browser.post("/api/keys", json={"link_id": link["link_id"]}),
            crowd[2].get(path_of(wallet, login["lnurl"])),
        )
        holder = {"Authorization": f"Bearer {login['claim_token']}"}
        check = f"/api/lnurl-auth/check/{login['session_id']}"
        found = (await crowd[3].get(check, headers=holder)).json()
        assert added.status_code in (201, 409)
        assert answered.json()["status"] in ("OK", "ERROR")
        own = wallet.pubkey_hex("localhost")
        if answered.json()["status"] == "OK":
            assert found["pubkey"] == (owner.key.pubkey_hex if added.status_code == 201 else own)
        else:
            assert added.status_code == 201
