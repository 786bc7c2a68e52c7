"""The wallet's answer: load → judge → gate → admit → record."""

from __future__ import annotations

from datetime import datetime

from hodlxxi.audit.events import Entry, Event, Origin
from hodlxxi.audit.log import record
from hodlxxi.identity.sessions import admit
from hodlxxi.kit.db import Tx
from hodlxxi.kit.errors import NotAuthenticated
from hodlxxi.lnurl import store
from hodlxxi.lnurl.room import LnurlRoom
from hodlxxi.lnurl.rules import (
    MAX_AGENT_CHARS,
    OVER,
    Answer,
    Refused,
    Verified,
    Wallet,
    is_session_id,
    judge_callback,
)

KIND = "lnurl"


async def answer_login(
    room: LnurlRoom, session_id: str, answer: Answer, origin: Origin, agent: str = ""
) -> None:
    """Take a wallet's signature. The first valid one wins; it opens no session: the browser claims that.

    ``agent`` is what the wallet calls itself. Raises ``NotAuthenticated`` with the reason for the person who holds it, and
    ``TooMany``.
    """
    await room.identity.limiter.check("lnurl_callback", origin.neighbourhood, room.policy.logins)
    now = room.identity.clock.now()
    async with room.identity.db.begin() as tx:
        challenge = await store.find_to_answer(tx, session_id) if is_session_id(session_id) else None
        verdict = judge_callback(challenge, answer, now)
        if isinstance(verdict, Verified):
            verdict = await _accept(room, tx, session_id, verdict, origin, agent, now)
        if isinstance(verdict, Refused) and challenge is not None:
            details = {"method": KIND, "reason": verdict.reason}
            await record(
                tx, now, Entry(Event.LOGIN_ATTEMPT, False, origin, answer.key.hex(), details=details)
            )
    if isinstance(verdict, Refused):
        room.identity.metrics.count("logins", method=KIND, outcome="refused")
        raise NotAuthenticated(verdict.reason)
    await room.identity.kv.publish(channel(session_id), "verified")


async def _accept(
    room: LnurlRoom, tx: Tx, session_id: str, verdict: Verified, origin: Origin, agent: str, now: datetime
) -> Verified | Refused:
    admitted = await admit(room.identity, tx, verdict.key, KIND, now)
    if not isinstance(admitted, tuple):
        return Refused(admitted.reason)
    user, is_new = admitted
    wallet = Wallet(origin.ip_address, agent[:MAX_AGENT_CHARS])
    if not await store.mark_verified(
        tx, session_id, key=verdict.key, user=user.pubkey, wallet=wallet, now=now
    ):
        return Refused(OVER)
    entries = [Entry(Event.LNURL_VERIFIED, True, origin, user.pubkey)]
    if is_new:
        entries.insert(0, Entry(Event.USER_CREATED, True, origin, user.pubkey))
    await record(tx, now, *entries)
    return verdict


def channel(session_id: str) -> str:
    """Where a waiting browser is woken."""
    return f"lnurl:{session_id}"
