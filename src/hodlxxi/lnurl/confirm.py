"""Between the wallet's answer and the session: whose key answered? (reference bitcoin §1.4)

Somebody may answer *your* code with *their* key: you would work in their account. So a browser that is new to an account
shows its person which key signed in, for which app, before it claims.
"""

from __future__ import annotations

from dataclasses import dataclass

from hodlxxi.audit.events import Entry, Event
from hodlxxi.audit.log import record
from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.identity.sessions import Visitor
from hodlxxi.identity.store import find_user, knows_browser
from hodlxxi.kit.network import rough_address
from hodlxxi.lnurl import store
from hodlxxi.lnurl.callback import KIND
from hodlxxi.lnurl.claim import find_waiting
from hodlxxi.lnurl.room import LnurlRoom
from hodlxxi.lnurl.rules import Challenge, is_claimable, is_same_device, match_code


@dataclass(frozen=True, slots=True)
class Answered:
    """A login that a wallet has answered and nobody claimed. ``near`` is where that wallet was: a hint."""

    user: Pubkey
    key: Pubkey
    is_new_account: bool
    app: str | None
    app_host: str | None
    code: str
    near: str


async def find_answered(room: LnurlRoom, session_id: str, claim_token: str | None) -> Answered | None:
    """What the holder of the claim secret would claim now; None when there is nothing, or for anybody else."""
    challenge = await _find_claimable(room, session_id, claim_token)
    if challenge is None or challenge.pubkey is None or challenge.user_id is None:
        return None
    async with room.identity.db.read() as tx:
        user = await find_user(tx, challenge.user_id)
    return Answered(
        user=challenge.user_id,
        key=challenge.pubkey,
        is_new_account=user is not None and user.created_at >= challenge.created_at,
        app=challenge.app,
        app_host=challenge.app_host,
        code=match_code(session_id),
        near=rough_address(challenge.wallet_address or ""),
    )


async def needs_confirmation(
    room: LnurlRoom, session_id: str, claim_token: str | None, visitor: Visitor
) -> bool:
    """Whether the person has to look first: answered from another device, for an account that is new to this browser."""
    challenge = await _find_claimable(room, session_id, claim_token)
    if challenge is None or challenge.user_id is None or is_same_device(challenge):
        return False
    if visitor.old is not None and visitor.old.user_id == challenge.user_id:
        return False
    if visitor.browser is None:
        return True
    async with room.identity.db.read() as tx:
        return not await knows_browser(tx, challenge.user_id, visitor.browser)


async def reject_login(room: LnurlRoom, session_id: str, claim_token: str | None, visitor: Visitor) -> bool:
    """Not their key: nobody can claim this login any more. Whether there was one to end."""
    challenge = await _find_claimable(room, session_id, claim_token)
    if challenge is None:
        return False
    now = room.identity.clock.now()
    async with room.identity.db.begin() as tx:
        if not await store.mark_rejected(tx, session_id, challenge.claim_digest, now):
            return False
        details = {"method": KIND, "reason": "rejected"}
        entry = Entry(Event.LOGIN_ATTEMPT, False, visitor.origin, challenge.user_id, details=details)
        await record(tx, now, entry)
    room.identity.metrics.count("logins", method=KIND, outcome="refused")
    return True


async def _find_claimable(room: LnurlRoom, session_id: str, claim_token: str | None) -> Challenge | None:
    challenge = await find_waiting(room, session_id, claim_token)
    if challenge is None or not is_claimable(challenge, challenge.claim_digest, room.identity.clock.now()):
        return None
    return challenge
