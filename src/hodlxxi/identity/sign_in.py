"""Signing in with a signed message: load → judge → spend → open a session → record."""

from __future__ import annotations

from datetime import datetime

from hodlxxi.audit.events import Entry, Event
from hodlxxi.audit.log import record
from hodlxxi.bitcoin.message import Proved
from hodlxxi.identity import store
from hodlxxi.identity.assurance import BY_BIP322, BY_MESSAGE
from hodlxxi.identity.room import IdentityRoom
from hodlxxi.identity.rules import (
    EXPIRED,
    SEED_FORM_WINDOW,
    Attempt,
    Challenge,
    Refused,
    find_nonce,
    judge_challenge,
    judge_seed_form,
    kind_of,
    signer_named,
)
from hodlxxi.identity.sessions import SignedIn, Visitor, admit, finish_sign_in, open_session
from hodlxxi.kit.db import Tx
from hodlxxi.kit.errors import Forbidden, NotAuthenticated
from hodlxxi.kit.secret import digest_of

METHOD = "message"
_BIP322_FORMS = ("simple", "full")


async def sign_in(room: IdentityRoom, attempt: Attempt, visitor: Visitor) -> SignedIn:
    """Sign in the holder of the key that signed the issued text (or the seed's own form).

    Raises ``BadInput`` for what cannot be read, ``NotAuthenticated`` for a proof that does not hold, ``Forbidden`` for a
    closed or disabled account and for a test key, ``TooMany`` and ``Unavailable``. A refused attempt leaves its audit row.
    """
    await room.limiter.check("login", visitor.origin.neighbourhood, room.policy.logins)
    now = room.clock.now()
    nonce = find_nonce(attempt.message) if attempt.message and attempt.challenge_id is None else None
    is_seed_form = attempt.challenge_id is None and nonce is None and attempt.message is not None
    async with room.db.begin() as tx:
        if is_seed_form:
            verdict = await _judge_and_spend_seed_form(room, tx, attempt)
        else:
            challenge = await _load(tx, attempt, nonce)
            verdict = judge_challenge(challenge, attempt, now)
            if isinstance(verdict, Proved) and not await _spend(tx, challenge, now):
                verdict = Refused(EXPIRED)
        outcome = await _write(room, tx, attempt, verdict, visitor)
    room.metrics.count(
        "logins", method=METHOD, outcome="success" if isinstance(outcome, SignedIn) else "refused"
    )
    if isinstance(outcome, Refused):
        if isinstance(verdict, Proved):
            raise Forbidden(outcome.reason, code=outcome.code)
        raise NotAuthenticated(outcome.reason, code=outcome.code)
    await finish_sign_in(room, outcome, visitor)
    return outcome


async def _load(tx: Tx, attempt: Attempt, nonce: str | None) -> Challenge | None:
    if attempt.challenge_id is None and nonce is None:
        return None
    return await store.find_challenge(tx, attempt.challenge_id, nonce)


async def _spend(tx: Tx, challenge: Challenge | None, now: datetime) -> bool:
    return challenge is not None and await store.spend_challenge(tx, challenge.challenge_id, now)


async def _judge_and_spend_seed_form(room: IdentityRoom, tx: Tx, attempt: Attempt) -> Proved | Refused:
    now = room.clock.now()
    if not room.policy.seed_form:
        return Refused(
            "This form of text is switched off here. Ask POST /api/auth/challenge for the text to sign."
        )
    text = attempt.message or ""
    verdict = judge_seed_form(text, attempt, room.policy.service_name, now)
    if isinstance(verdict, Proved):
        # The key and the text, never the signature: that can be altered and still hold.
        spent = digest_of(f"{verdict.key}\n{text}")
        if not await store.spend_once(tx, "seed_login", spent, now + 2 * SEED_FORM_WINDOW):
            return Refused("This text was used already. Sign a new one with the present time.")
    return verdict


async def _write(
    room: IdentityRoom, tx: Tx, attempt: Attempt, verdict: Proved | Refused, visitor: Visitor
) -> SignedIn | Refused:
    now = room.clock.now()
    if isinstance(verdict, Refused):
        entry = Entry(
            Event.LOGIN_ATTEMPT,
            False,
            visitor.origin,
            signer_named(attempt.signer),
            details={"method": METHOD, "reason": verdict.reason},
        )
        await record(tx, now, entry)
        return verdict
    admitted = await admit(room, tx, verdict.key, kind_of(attempt.signer), now)
    if isinstance(admitted, Refused):
        refused = {"method": METHOD, "reason": admitted.code}
        await record(tx, now, Entry(Event.LOGIN_ATTEMPT, False, visitor.origin, verdict.key, details=refused))
        return admitted
    user, is_new = admitted
    signed_in = await open_session(
        room,
        tx,
        user=user.pubkey,
        key=verdict.key,
        assurance=BY_BIP322 if verdict.form in _BIP322_FORMS else BY_MESSAGE,
        visitor=visitor,
        now=now,
        is_new_user=is_new,
    )
    details = {"method": METHOD, "form": verdict.form}
    entries = [Entry(Event.LOGIN, True, visitor.origin, user.pubkey, details=details)]
    if is_new:
        entries.insert(0, Entry(Event.USER_CREATED, True, visitor.origin, user.pubkey))
    await record(tx, now, *entries)
    return signed_in
