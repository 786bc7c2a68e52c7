"""From a proof to a session, for every way to prove a key at once: admit → open a session → record → answer."""

from __future__ import annotations

from dataclasses import dataclass

from hodlxxi.audit.events import Entry, Event
from hodlxxi.audit.log import record
from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.identity.assurance import Assurance
from hodlxxi.identity.room import IdentityRoom
from hodlxxi.identity.rules import Refused
from hodlxxi.identity.sessions import SignedIn, Visitor, admit, finish_sign_in, open_session
from hodlxxi.kit.db import Tx
from hodlxxi.kit.errors import Forbidden, NotAuthenticated


@dataclass(frozen=True, slots=True)
class Proof:
    """A key that was proved. ``kind`` is how the account lists it, ``form`` how the signature was written, for the record."""

    key: Pubkey
    kind: str
    assurance: Assurance
    form: str


async def enter(
    room: IdentityRoom, tx: Tx, method: str, proof: Proof | Refused, visitor: Visitor, claimed: str | None
) -> SignedIn | Refused:
    """Open a session for what was proved, or record the refusal, in the caller's transaction, whose gate was won.

    ``claimed`` is whom a refused attempt named.
    """
    now = room.clock.now()
    if isinstance(proof, Refused):
        details = {"method": method, "reason": proof.reason}
        await record(tx, now, Entry(Event.LOGIN_ATTEMPT, False, visitor.origin, claimed, details=details))
        return proof
    admitted = await admit(room, tx, proof.key, proof.kind, now)
    if isinstance(admitted, Refused):
        refused = {"method": method, "reason": admitted.code}
        await record(tx, now, Entry(Event.LOGIN_ATTEMPT, False, visitor.origin, proof.key, details=refused))
        return admitted
    user, is_new = admitted
    signed_in = await open_session(
        room,
        tx,
        user=user.pubkey,
        key=proof.key,
        assurance=proof.assurance,
        visitor=visitor,
        now=now,
        is_new_user=is_new,
    )
    details = {"method": method, "form": proof.form}
    entries = [Entry(Event.LOGIN, True, visitor.origin, user.pubkey, details=details)]
    if is_new:
        entries.insert(0, Entry(Event.USER_CREATED, True, visitor.origin, user.pubkey))
    await record(tx, now, *entries)
    return signed_in


async def settle(
    room: IdentityRoom, method: str, proof: Proof | Refused, outcome: SignedIn | Refused, visitor: Visitor
) -> SignedIn:
    """After the commit: count, and finish the sign-in or raise.

    Raises ``NotAuthenticated`` for a proof that does not hold, ``Forbidden`` when it held and its account is not open.
    """
    room.metrics.count(
        "logins", method=method, outcome="success" if isinstance(outcome, SignedIn) else "refused"
    )
    if isinstance(outcome, Refused):
        kind = Forbidden if isinstance(proof, Proof) else NotAuthenticated
        raise kind(outcome.reason, code=outcome.code)
    await finish_sign_in(room, outcome, visitor)
    return outcome
