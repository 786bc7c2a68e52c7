"""The two gates by themselves: each conditional UPDATE lets one through, whatever was judged before it. On both engines."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.kit.secret import digest_of
from hodlxxi.lnurl import store
from hodlxxi.lnurl.rules import Wallet
from tests.identity.site import Site, new_key, sign_in
from tests.lnurl.steps import Started, answer, known_browser, new_wallet, start


async def _verify(site: Site, session_id: str, user: str) -> bool:
    key = Pubkey(user)
    async with site.app.db.begin() as tx:
        return await store.mark_verified(
            tx, session_id, key=key, user=key, wallet=Wallet("203.0.113.9"), now=site.clock.now()
        )


async def _claim(site: Site, session_id: str, token: str) -> bool:
    async with site.app.db.begin() as tx:
        return await store.mark_claimed(tx, session_id, digest_of(token), site.clock.now())


@pytest.fixture
async def user(site: Site) -> str:
    """Somebody with an account."""
    key = new_key()
    await sign_in(site.browser(), key)
    return key.pubkey_hex


@pytest.fixture
async def started(site: Site) -> Started:
    """A login that waits."""
    return await start(known_browser(site))


async def test_the_first_answer_passes_and_no_other(site: Site, started: Started, user: str) -> None:
    assert await _verify(site, "0" * 32, user) is False
    assert [await _verify(site, started.session_id, user) for _ in range(3)] == [True, False, False]


async def test_no_answer_passes_at_the_end_or_later(site: Site, started: Started, user: str) -> None:
    site.clock.advance(300)
    assert await _verify(site, started.session_id, user) is False
    site.clock.advance(-1)
    assert await _verify(site, started.session_id, user) is True


async def test_no_claim_passes_before_an_answer(site: Site, started: Started) -> None:
    assert await _claim(site, started.session_id, started.claim_token) is False


async def test_the_holders_first_claim_passes_and_no_other(site: Site, started: Started) -> None:
    await answer(site, new_wallet(), started)
    assert await _claim(site, started.session_id, "somebody else's secret") is False
    assert await _claim(site, "0" * 32, started.claim_token) is False
    found = [await _claim(site, started.session_id, started.claim_token) for _ in range(3)]
    assert found == [True, False, False]


async def test_no_claim_passes_five_minutes_after_the_answer(site: Site, started: Started) -> None:
    await answer(site, new_wallet(), started)
    site.clock.advance(timedelta(minutes=5))
    assert await _claim(site, started.session_id, started.claim_token) is False
    site.clock.advance(-1)
    assert await _claim(site, started.session_id, started.claim_token) is True
