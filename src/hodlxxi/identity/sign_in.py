"""Signing in with a signed message: load → judge → spend → open a session → record."""

from __future__ import annotations

from datetime import datetime

from hodlxxi.bitcoin.message import Proved
from hodlxxi.identity import store
from hodlxxi.identity.assurance import BY_BIP322, BY_MESSAGE
from hodlxxi.identity.entering import Proof, enter, settle
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
from hodlxxi.identity.sessions import SignedIn, Visitor
from hodlxxi.kit.db import Tx
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
        proof = _proof_of(verdict, attempt) if isinstance(verdict, Proved) else verdict
        outcome = await enter(room, tx, METHOD, proof, visitor, signer_named(attempt.signer))
    return await settle(room, METHOD, proof, outcome, visitor)


def _proof_of(proved: Proved, attempt: Attempt) -> Proof:
    assurance = BY_BIP322 if proved.form in _BIP322_FORMS else BY_MESSAGE
    return Proof(proved.key, kind_of(attempt.signer), assurance, proved.form)


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
