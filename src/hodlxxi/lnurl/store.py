"""Every query of the Lightning logins, built once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.kit.db import Tx, rows_changed
from hodlxxi.lnurl.rules import CLAIM_WINDOW, Challenge, Wallet
from hodlxxi.lnurl.tables import lnurl_challenges as t

_p = sa.bindparam

_ADD = sa.insert(t).inline()
_FIND = sa.select(
    t.c.session_id,
    t.c.k1,
    t.c.action,
    t.c.created_at,
    t.c.expires_at,
    t.c.claim_digest,
    t.c.verified,
    t.c.pubkey,
    t.c.user_id,
    t.c.verified_at,
    t.c.claimed_at,
    t.c.ip_address,
    t.c.user_agent,
    t.c.wallet_address,
    t.c.wallet_agent,
    t.c.app,
    t.c.app_host,
    t.c.rejected_at,
    t.c.link_id,
).where(t.c.session_id == _p("id_"))
# The answers to one login wait for each other on PostgreSQL (SQLite has one writer anyway), so that a wallet that comes
# second is judged by what the first one did, before it opens an account.
_FIND_TO_ANSWER = _FIND.with_for_update()
_END_OTHERS = (
    sa.update(t)
    .where(t.c.browser == _p("browser_"), t.c.verified.is_(sa.false()), t.c.expires_at > _p("now"))
    .values(expires_at=_p("now"))
)
_MARK_VERIFIED = (
    sa.update(t)
    .where(t.c.session_id == _p("id_"), t.c.verified.is_(sa.false()), t.c.expires_at > _p("now"))
    .values(
        verified=True,
        pubkey=_p("key"),
        user_id=_p("user"),
        verified_at=_p("now"),
        wallet_address=_p("address"),
        wallet_agent=_p("agent"),
    )
)
_CLAIMABLE = sa.and_(
    t.c.session_id == _p("id_"),
    t.c.verified.is_(sa.true()),
    t.c.claim_digest == _p("digest"),
    t.c.claimed_at.is_(None),
    t.c.rejected_at.is_(None),
    t.c.link_id.is_(None),
    t.c.verified_at > _p("earliest"),
)
_MARK_CLAIMED = sa.update(t).where(_CLAIMABLE).values(claimed_at=_p("now"))
_MARK_REJECTED = sa.update(t).where(_CLAIMABLE).values(rejected_at=_p("now"))
_COUNT_OPEN = sa.select(sa.func.count()).where(t.c.verified.is_(sa.false()), t.c.expires_at > _p("now"))


async def add_challenge(tx: Tx, challenge: Challenge, browser: str | None, now: datetime) -> None:
    """Keep a new login; the same browser's earlier one ends."""
    if browser is not None:
        await tx.execute(_END_OTHERS, {"browser_": browser, "now": now})
    await tx.execute(
        _ADD,
        {
            "session_id": challenge.session_id,
            "k1": challenge.k1,
            "created_at": challenge.created_at,
            "expires_at": challenge.expires_at,
            "verified": False,
            "claim_digest": challenge.claim_digest,
            "action": challenge.action,
            "browser": browser,
            "ip_address": challenge.ip_address,
            "user_agent": challenge.user_agent,
            "user_id": challenge.user_id,
            "app": challenge.app,
            "app_host": challenge.app_host,
            "link_id": challenge.link_id,
        },
    )


async def find_challenge(tx: Tx, session_id: str) -> Challenge | None:
    """The login with this id."""
    return await _find(tx, _FIND, session_id)


async def find_to_answer(tx: Tx, session_id: str) -> Challenge | None:
    """The login with this id, for this transaction alone until it ends."""
    return await _find(tx, _FIND_TO_ANSWER, session_id)


async def _find(tx: Tx, statement: sa.Select[Any], session_id: str) -> Challenge | None:
    row = (await tx.execute(statement, {"id_": session_id})).one_or_none()
    return Challenge(**row._mapping) if row is not None else None


async def mark_verified(
    tx: Tx, session_id: str, *, key: Pubkey, user: Pubkey, wallet: Wallet, now: datetime
) -> bool:
    """The first gate: whether this wallet, and none before it, answered in time."""
    found = {"key": key, "user": user, "address": wallet.address, "agent": wallet.agent}
    params = {"id_": session_id, "now": now, **found}
    return rows_changed(await tx.execute(_MARK_VERIFIED, params)) == 1


async def mark_claimed(tx: Tx, session_id: str, claim_digest: str, now: datetime) -> bool:
    """The second gate: whether this browser, and only once, takes the session."""
    params = {"id_": session_id, "digest": claim_digest, "earliest": now - CLAIM_WINDOW, "now": now}
    return rows_changed(await tx.execute(_MARK_CLAIMED, params)) == 1


async def mark_rejected(tx: Tx, session_id: str, claim_digest: str, now: datetime) -> bool:
    """The same gate in the other direction: whether this browser's person, before any claim, said it is not their key."""
    params = {"id_": session_id, "digest": claim_digest, "earliest": now - CLAIM_WINDOW, "now": now}
    return rows_changed(await tx.execute(_MARK_REJECTED, params)) == 1


async def count_open(tx: Tx, now: datetime) -> int:
    """Logins that wait for a wallet."""
    return int((await tx.execute(_COUNT_OPEN, {"now": now})).scalar_one())
