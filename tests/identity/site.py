"""The whole application in this process, and browsers and programs that talk to it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from pydantic import SecretStr

from hodlxxi.app import App, create_app
from hodlxxi.settings import Settings
from tests.support.clock import FakeClock
from tests.support.signer import TestKey

PUBLIC_URL = "https://login.example.org"
ADDRESS = "203.0.113.9"


def new_key() -> TestKey:
    """Somebody whom no other test knows: the tests share a database."""
    return TestKey(secrets.token_bytes(32))


def make_settings(database_url: str, **changes: Any) -> Settings:
    """Settings that depend on no environment; limits are off unless a test wants them."""
    fixed: dict[str, Any] = {
        "_env_file": None,
        "hodlxxi_data_dir": Path("/nonexistent"),
        "database_url": database_url,
        "redis_url": None,
        "public_url": PUBLIC_URL,
        "secret_key": SecretStr("only for tests, and the same for every worker"),
        "bitcoin_network": "main",
        "rate_limit_login": 0,
        "rate_limit_api": 0,
    }
    return Settings(**(fixed | changes))


@dataclass(frozen=True)
class Site:
    """A running application and its clock."""

    app: App
    clock: FakeClock
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    def browser(self, address: str = ADDRESS) -> httpx.AsyncClient:
        """A new browser or program: it has its own cookies and sends no ``Origin`` unless told."""
        transport = httpx.ASGITransport(self.app, client=(address, 4711))
        client = httpx.AsyncClient(transport=transport, base_url=self.app.settings.public_url)
        self.clients.append(client)
        return client

    async def rows(self, query: str, **values: Any) -> list[Any]:
        """What the database holds."""
        async with self.app.db.read() as tx:
            return list((await tx.execute(sa.text(query), values)).all())

    async def write(self, query: str, **values: Any) -> None:
        """What an operator does by hand."""
        async with self.app.db.begin() as tx:
            await tx.execute(sa.text(query), values)

    async def close(self) -> None:
        """Give everything back."""
        for client in self.clients:
            await client.aclose()
        await self.app.stop()


def open_site(settings: Settings, clock: FakeClock) -> Site:
    """A site that the caller closes."""
    return Site(create_app(settings, clock), clock)


async def ask_challenge(client: httpx.AsyncClient, **named: str) -> dict[str, str]:
    """``POST /api/auth/challenge``."""
    answer = await client.post("/api/auth/challenge", json=named)
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = answer.json()
    return found


async def prove(
    client: httpx.AsyncClient, key: TestKey, challenge: dict[str, str], **more: Any
) -> httpx.Response:
    """Sign a challenge and send it."""
    body = {
        "pubkey": key.pubkey_hex,
        "challenge_id": challenge["challenge_id"],
        "message": challenge["message"],
        "signature": key.sign_compact(challenge["message"]),
    }
    return await client.post(
        "/verify_signature", json={k: v for k, v in (body | more).items() if v is not None}
    )


async def sign_in(client: httpx.AsyncClient, key: TestKey) -> str:
    """Sign in; returns the session's cookie."""
    answer = await prove(client, key, await ask_challenge(client))
    assert answer.status_code == 200, answer.text
    return client.cookies["session"]


async def who(client: httpx.AsyncClient) -> str | None:
    """Who is signed in here, by ``GET /api/session``."""
    answer = await client.get("/api/session")
    assert answer.status_code in (200, 401), answer.text
    found: str | None = answer.json().get("pubkey")
    return found
