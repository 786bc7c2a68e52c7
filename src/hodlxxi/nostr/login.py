"""Signing in, or proving a further key, with an event: load → judge → gate → session or proof → record."""

from __future__ import annotations

from datetime import timedelta

from hodlxxi.audit.events import Origin
from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.identity import store
from hodlxxi.identity.assurance import BY_NOSTR
from hodlxxi.identity.entering import Proof, enter, settle
from hodlxxi.identity.link_rules import OVER, Link, judge_open
from hodlxxi.identity.linking import find_link, note_proof, raise_refusal
from hodlxxi.identity.rules import EXPIRED, OTHER_SIGNER, ByKey, Challenge, Refused, is_usable, names_signer
from hodlxxi.identity.session import Session
from hodlxxi.identity.sessions import SignedIn, Visitor
from hodlxxi.kit.db import Tx
from hodlxxi.nostr.room import NostrRoom
from hodlxxi.nostr.rules import WINDOW, Event, Signed, Wanted, judge_event

METHOD = KIND = "nostr"
# An event is good for a minute to either side of our clock; its id is remembered for longer than both together.
_REMEMBERED_FOR = 2 * WINDOW + timedelta(minutes=1)


async def sign_in_with_event(
    room: NostrRoom, challenge_id: str, event: Event, body: bytes, visitor: Visitor
) -> SignedIn:
    """Sign in the holder of the key that signed the event, which names our challenge; ``body`` is the request's.

    Raises ``NotAuthenticated`` for a proof that does not hold, ``Forbidden`` for a closed or disabled account and for a test
    key, ``TooMany`` and ``Unavailable``. A refused attempt leaves its audit row.
    """
    identity = room.identity
    await identity.limiter.check("login", visitor.origin.neighbourhood, identity.policy.logins)
    wanted = Wanted(room.login_url(challenge_id), body=body)
    async with identity.db.begin() as tx:
        challenge = await store.find_challenge(tx, challenge_id, None)
        proof = await _judge_and_spend(room, tx, challenge, event, wanted, visitor)
        outcome = await enter(identity, tx, METHOD, proof, visitor, f"02{event.pubkey}")
    return await settle(identity, METHOD, proof, outcome, visitor)


async def _judge_and_spend(
    room: NostrRoom, tx: Tx, challenge: Challenge | None, event: Event, wanted: Wanted, visitor: Visitor
) -> Proof | Refused:
    now = room.identity.clock.now()
    verdict = judge_event(event, wanted, now)
    if not isinstance(verdict, Signed):
        return Refused(verdict.reason)
    if challenge is None or not is_usable(challenge, visitor.browser, now):
        return Refused(EXPIRED)
    if not names_signer(challenge.message, ByKey(verdict.key)):
        return OTHER_SIGNER
    if not await store.spend_once(tx, "nostr_event", event.id, now + _REMEMBERED_FOR):
        return Refused(EXPIRED)
    if not await store.spend_challenge(tx, challenge.challenge_id, now):
        return Refused(EXPIRED)
    return Proof(verdict.key, KIND, BY_NOSTR, "event")


async def prove_key_with_event(
    room: NostrRoom, session: Session, link_id: str, event: Event, body: bytes, origin: Origin
) -> Link:
    """Take an event as the proof of a further key for this session's account; the first valid proof of a link wins.

    It adds nothing yet: that is confirmed. Raises ``NotFound`` for a link that this session does not have,
    ``NotAuthenticated`` for a proof that does not hold, ``Forbidden`` for a test key, and ``TooMany``.
    """
    identity = room.identity
    await identity.limiter.check("link_proof", origin.neighbourhood, identity.policy.logins)
    now = identity.clock.now()
    async with identity.db.begin() as tx:
        link = await find_link(tx, link_id)
        refused = judge_open(link, session, now)
        verdict = judge_event(event, Wanted(room.link_url(link_id), body=body), now)
        answer: Pubkey | Refused
        if refused is not None or link is None or link.is_proved:
            answer = refused or OVER
        elif not isinstance(verdict, Signed):
            answer = Refused(verdict.reason)
        elif not names_signer(link.message, ByKey(verdict.key)):
            answer = OTHER_SIGNER
        else:
            answer = verdict.key
        proved = await note_proof(identity, tx, session, link_id, answer, KIND, origin)
    return proved if isinstance(proved, Link) else raise_refusal(proved)
