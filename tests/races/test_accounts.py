"""Many at once on one account, on PostgreSQL and four workers: no code signs in twice, no account loses its last key."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest
import sqlalchemy as sa

from hodlxxi.kit.db import Database
from tests.races.people import AT_ONCE, Visitor, new_visitor
from tests.support.server import Server
from tests.support.signer import TestKey


@pytest.fixture
async def owner(full_server: Server) -> AsyncIterator[Visitor]:
    """Somebody who is signed in."""
    async with new_visitor(full_server.url, signed_in=False) as somebody:
        await somebody.sign_in()
        yield somebody


@pytest.fixture
async def db(full_server: Server) -> AsyncIterator[Database]:
    """The server's database: keys cannot be linked over HTTP yet."""
    database = Database(full_server.env["DATABASE_URL"])
    yield database
    await database.close()


async def link(db: Database, user: str) -> TestKey:
    """Another key of this account."""
    key = TestKey(secrets.token_bytes(32))
    statement = sa.text("INSERT INTO user_keys VALUES (:k, :u, 'message', NULL, now(), NULL)")
    async with db.begin() as tx:
        await tx.execute(statement, {"k": key.pubkey_hex, "u": user})
    return key


async def make_codes(owner: Visitor) -> list[str]:
    """Ten recovery codes."""
    made = (await owner.browser.post("/api/recovery-codes")).raise_for_status().json()
    codes: list[str] = made["codes"]
    return codes


async def test_one_of_fifty_uses_of_a_recovery_code_signs_in(full_server: Server, owner: Visitor) -> None:
    code = (await make_codes(owner))[0]
    async with httpx.AsyncClient(base_url=full_server.url, timeout=60) as program:

        async def use(_: int) -> int:
            answer = await program.post("/api/auth/recovery", json={"code": code}, headers={"Cookie": ""})
            return answer.status_code

        assert Counter(await asyncio.gather(*map(use, range(AT_ONCE)))) == {200: 1, 401: AT_ONCE - 1}
    assert (await owner.browser.get("/api/recovery-codes")).json()["left"] == 9


async def test_of_two_keys_that_are_removed_at_once_one_stays(
    full_server: Server, owner: Visitor, db: Database
) -> None:
    """Each request alone would be right: only one after the other shows that the second would take the last key."""
    for _ in range(10):
        async with new_visitor(full_server.url, signed_in=False) as somebody:
            await somebody.sign_in()
            codes = await make_codes(somebody)
            keys = [somebody.key, await link(db, somebody.key.pubkey_hex)]

            async def remove(key: TestKey, code: str) -> int:
                async with httpx.AsyncClient(base_url=full_server.url, timeout=60) as browser:
                    signed_in = await browser.post("/api/auth/recovery", json={"code": code})
                    signed_in.raise_for_status()
                    return (await browser.delete(f"/api/keys/{key.pubkey_hex}")).status_code

            statuses = await asyncio.gather(
                *(remove(key, code) for key, code in zip(keys, codes, strict=False))
            )
            assert sorted(statuses) == [200, 409]


async def test_a_sign_in_while_its_key_is_removed_leaves_no_session_behind(
    full_server: Server, db: Database
) -> None:
    async with new_visitor(full_server.url, signed_in=False) as somebody:
        await somebody.sign_in()
        lost = await link(db, somebody.key.pubkey_hex)
        async with httpx.AsyncClient(base_url=full_server.url, timeout=60) as other:
            thief = Visitor(other, lost)
            bodies = [await thief.signed_challenge() for _ in range(20)]
            path = f"/api/keys/{lost.pubkey_hex}"
            removal, *sign_ins = await asyncio.gather(
                somebody.browser.delete(path),
                *(other.post("/verify_signature", json=body, headers={"Cookie": ""}) for body in bodies),
            )
        assert removal.status_code == 200
        tokens = [answer.cookies["session"] for answer in sign_ins if answer.status_code == 200]
        async with httpx.AsyncClient(base_url=full_server.url) as program:
            for token in tokens:
                answer = await program.get("/api/session", headers={"Cookie": f"session={token}"})
                # After the removal the key is free, and may have opened an account of its own.
                assert answer.status_code == 401 or answer.json()["pubkey"] == lost.pubkey_hex


async def test_fifty_who_make_codes_at_once_leave_ten(full_server: Server, owner: Visitor) -> None:
    answers = await asyncio.gather(*(owner.browser.post("/api/recovery-codes") for _ in range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {201}
    assert (await owner.browser.get("/api/recovery-codes")).json()["left"] == 10


async def test_a_code_used_while_the_account_closes_leaves_no_session_behind(
    full_server: Server, owner: Visitor
) -> None:
    codes = await make_codes(owner)

    async def recover(code: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=full_server.url, timeout=60) as browser:
            return await browser.post("/api/auth/recovery", json={"code": code})

    closing, *answers = await asyncio.gather(
        owner.browser.delete("/api/account"), *(recover(code) for code in codes)
    )
    assert closing.status_code == 200
    assert {answer.status_code for answer in answers} <= {200, 401, 403}
    async with httpx.AsyncClient(base_url=full_server.url) as program:
        for answer in answers:
            cookie = f"session={answer.cookies.get('session', '')}"
            assert (await program.get("/api/session", headers={"Cookie": cookie})).status_code == 401
