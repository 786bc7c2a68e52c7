"""The wallet's answer: load → judge → gate → admit → record."""

from __future__ import annotations

from datetime import datetime

from hodlxxi.audit.events import Entry, Event, Origin
from hodlxxi.audit.log import record
from hodlxxi.identity.linking import mark_proved
from hodlxxi.identity.sessions import admit
from hodlxxi.kit.db import Tx
from hodlxxi.kit.errors import NotAuthenticated
from hodlxxi.lnurl import store
from hodlxxi.lnurl.room import LnurlRoom
from hodlxxi.lnurl.rules import (
    MAX_AGENT_CHARS,
    OVER,
    Answer,
    Challenge,
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

    For a key that is being added it proves that key and nothing more.

    ``agent`` is what the wallet calls itself. Raises ``NotAuthenticated`` with the reason for the person who holds it, and
    ``TooMany``.
    """
    await room.identity.limiter.check("lnurl_callback", origin.neighbourhood, room.policy.logins)
    now = room.identity.clock.now()
    async with room.identity.db.begin() as tx:
        challenge = await store.find_to_answer(tx, session_id) if is_session_id(session_id) else None
        verdict = judge_callback(challenge, answer, now)
        if isinstance(verdict, Verified) and challenge is not None:
            wallet = Wallet(origin.ip_address, agent[:MAX_AGENT_CHARS])
            accept = _prove if challenge.link_id is not None else _admit
            verdict = await accept(room, tx, challenge, verdict, wallet, origin, now)
        if isinstance(verdict, Refused) and challenge is not None:
            await record(tx, now, _refusal(challenge, verdict, answer, origin))
    if isinstance(verdict, Refused):
        room.identity.metrics.count("logins", method=KIND, outcome="refused")
        raise NotAuthenticated(verdict.reason)
    await room.identity.kv.publish(channel(session_id), "verified")


async def _admit(
    room: LnurlRoom,
    tx: Tx,
    challenge: Challenge,
    verdict: Verified,
    wallet: Wallet,
    origin: Origin,
    now: datetime,
) -> Verified | Refused:
    """For a login: the key's account, made if there is none."""
    admitted = await admit(room.identity, tx, verdict.key, KIND, now)
    if not isinstance(admitted, tuple):
        return Refused(admitted.reason)
    user, is_new = admitted
    if not await store.mark_verified(
        tx, challenge.session_id, key=verdict.key, user=user.pubkey, wallet=wallet, now=now
    ):
        return Refused(OVER)
    entries = [Entry(Event.LNURL_VERIFIED, True, origin, user.pubkey)]
    if is_new:
        entries.insert(0, Entry(Event.USER_CREATED, True, origin, user.pubkey))
    await record(tx, now, *entries)
    return verdict


async def _prove(
    room: LnurlRoom,
    tx: Tx,
    challenge: Challenge,
    verdict: Verified,
    wallet: Wallet,
    origin: Origin,
    now: datetime,
) -> Verified | Refused:
    """For a key that is being added: note the proof. It opens no account, and adds nothing before it is confirmed."""
    user, link_id = challenge.user_id, challenge.link_id
    if user is None or link_id is None:
        return Refused(OVER)
    refused = await mark_proved(room.identity, tx, link_id, None, verdict.key, KIND, now)
    if refused is not None:
        return Refused(refused.reason)
    if not await store.mark_verified(
        tx, challenge.session_id, key=verdict.key, user=user, wallet=wallet, now=now
    ):
        return Refused(OVER)
    await record(tx, now, Entry(Event.KEY_PROVED, True, origin, user, details={"kind": KIND}))
    return verdict


def _refusal(challenge: Challenge, refused: Refused, answer: Answer, origin: Origin) -> Entry:
    if challenge.link_id is not None:
        details = {"kind": KIND, "reason": refused.reason}
        return Entry(Event.KEY_PROVED, False, origin, challenge.user_id, details=details)
    details = {"method": KIND, "reason": refused.reason}
    return Entry(Event.LOGIN_ATTEMPT, False, origin, answer.key.hex(), details=details)


def channel(session_id: str) -> str:
    """Where a waiting browser is woken."""
    return f"lnurl:{session_id}"
