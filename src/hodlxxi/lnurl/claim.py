"""The browser takes the session that its wallet earned."""

from __future__ import annotations

from dataclasses import replace

from hodlxxi.audit.events import Entry, Event
from hodlxxi.audit.log import record
from hodlxxi.identity.assurance import BY_LNURL_CROSS_DEVICE, BY_LNURL_SAME_DEVICE
from hodlxxi.identity.sessions import SignedIn, Visitor, finish_sign_in, open_session
from hodlxxi.identity.store import find_user_of_key
from hodlxxi.kit.secret import digest_of, same
from hodlxxi.lnurl import store
from hodlxxi.lnurl.callback import KIND
from hodlxxi.lnurl.room import LnurlRoom
from hodlxxi.lnurl.rules import Challenge, is_claimable, is_same_device, is_session_id, match_code


async def find_waiting(room: LnurlRoom, session_id: str, claim_token: str | None) -> Challenge | None:
    """The login that this claim secret belongs to; None for anybody else, as for an unknown one."""
    if claim_token is None or not is_session_id(session_id):
        return None
    async with room.identity.db.read() as tx:
        challenge = await store.find_challenge(tx, session_id)
    if challenge is None or not same(challenge.claim_digest, digest_of(claim_token)):
        return None
    return challenge


async def claim_login(
    room: LnurlRoom, session_id: str, claim_token: str | None, visitor: Visitor
) -> SignedIn | None:
    """A new session for the browser that started this login, once; None when there is nothing to claim (yet, or for it)."""
    challenge = await find_waiting(room, session_id, claim_token)
    now = room.identity.clock.now()
    digest = digest_of(claim_token) if claim_token is not None else None
    if challenge is None or digest is None or not is_claimable(challenge, digest, now):
        return None
    if challenge.user_id is None or challenge.pubkey is None:
        return None
    visitor = replace(visitor, app=challenge.app, match_code=match_code(session_id))
    assurance = BY_LNURL_SAME_DEVICE if is_same_device(challenge) else BY_LNURL_CROSS_DEVICE
    async with room.identity.db.begin() as tx:
        if not await store.mark_claimed(tx, session_id, digest, now):
            return None
        # The key may have been removed, or the account closed, since the wallet signed.
        user = await find_user_of_key(tx, challenge.pubkey)
        if user is None or user.pubkey != challenge.user_id or not user.is_open:
            refused = {"method": KIND, "reason": "disabled"}
            entry = Entry(Event.LOGIN_ATTEMPT, False, visitor.origin, challenge.user_id, details=refused)
            await record(tx, now, entry)
            return None
        signed_in = await open_session(
            room.identity,
            tx,
            user=challenge.user_id,
            key=challenge.pubkey,
            assurance=assurance,
            visitor=visitor,
            now=now,
        )
        details = {"method": KIND, "amr": list(assurance.amr)}
        await record(tx, now, Entry(Event.LOGIN, True, visitor.origin, challenge.user_id, details=details))
    room.identity.metrics.count("logins", method=KIND, outcome="success")
    await finish_sign_in(room.identity, signed_in, visitor)
    return signed_in
