"""Somebody with an account, and what tests do to it that people cannot do yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import httpx

from tests.identity.site import Site, new_key, sign_in
from tests.support.signer import TestKey

STALE = timedelta(minutes=10, seconds=1)
DATE = "2042-01-05 11:00:00"


@dataclass
class Owner:
    """An account with its keys; ``browser`` is signed in with the first."""

    site: Site
    browser: httpx.AsyncClient
    keys: list[TestKey]

    @property
    def pubkey(self) -> str:
        """The account's name for ever."""
        return self.keys[0].pubkey_hex

    async def link(self, kind: str = "message") -> TestKey:
        """Another key of this account, written down by hand."""
        key = new_key()
        await self.site.write(
            "INSERT INTO user_keys (key, user_id, kind, added_at) VALUES (:key, :user, :kind, :at)",
            key=key.pubkey_hex,
            user=self.pubkey,
            kind=kind,
            at=self.site.clock.now() if not self.site.app.db.is_sqlite else DATE,
        )
        self.keys.append(key)
        return key

    async def elsewhere(self, key: TestKey) -> httpx.AsyncClient:
        """Another browser, signed in with this key."""
        browser = self.site.browser()
        await sign_in(browser, key)
        return browser

    async def events(self) -> list[tuple[str, bool]]:
        """What the audit says of this account but for sign-ins."""
        rows = await self.site.rows(
            "SELECT event_type, success FROM audit_logs WHERE user_id = :u AND event_type NOT IN "
            "('login', 'user_created') ORDER BY id",
            u=self.pubkey,
        )
        return [(row.event_type, bool(row.success)) for row in rows]


async def new_owner(site: Site) -> Owner:
    """Somebody who has just signed in for the first time."""
    browser, key = site.browser(), new_key()
    await sign_in(browser, key)
    return Owner(site, browser, [key])


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """How a request was refused."""
    return answer.status_code, answer.json()["error"]
