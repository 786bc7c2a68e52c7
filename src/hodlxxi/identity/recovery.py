"""Recovery codes: ten pieces of paper that each sign in once, for the day when the keys are lost."""

from __future__ import annotations

import secrets

from hodlxxi.audit.events import Entry, Event, Origin
from hodlxxi.audit.log import record
from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.identity import account_store as store
from hodlxxi.identity.account import check_fresh
from hodlxxi.identity.account_rules import (
    CODE_ALPHABET,
    CODE_DIGITS,
    CODES,
    parse_recovery_code,
    render_recovery_code,
)
from hodlxxi.identity.assurance import BY_RECOVERY_CODE
from hodlxxi.identity.notices import NoticeKind, note, wake
from hodlxxi.identity.room import IdentityRoom
from hodlxxi.identity.rules import NO_ACCOUNT, Refused
from hodlxxi.identity.session import Session
from hodlxxi.identity.sessions import SignedIn, Visitor, finish_sign_in, open_session
from hodlxxi.kit.db import Tx
from hodlxxi.kit.errors import Forbidden, NotAuthenticated
from hodlxxi.kit.ratelimit import Limit
from hodlxxi.kit.secret import digest_of

METHOD = "recovery"
MAX_TRIES = 20
# Unknown, used and replaced codes are refused alike.
WRONG = Refused("This recovery code is not known, or was used before.", "invalid_recovery_code")


async def make_codes(room: IdentityRoom, session: Session, origin: Origin) -> list[str]:
    """Ten fresh codes as the person writes them down; they are shown this once. Those from before are void.

    Raises ``Forbidden`` for a sign-in that is not fresh, and ``NotAuthenticated`` for an account that closed meanwhile.
    """
    now, user = room.clock.now(), session.user_id
    check_fresh(session, now)
    codes = ["".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_DIGITS)) for _ in range(CODES)]
    async with room.db.begin() as tx:
        is_open = await store.lock_user(tx, user)
        if is_open:
            await store.replace_codes(tx, user, (_digest(code) for code in codes), now)
            entry = Entry(Event.RECOVERY_CODES_MADE, True, origin, user, details={"codes": len(codes)})
            await record(tx, now, entry)
            told = {"address": origin.ip_address}
            await note(tx, user, NoticeKind.RECOVERY_CODES_MADE, session, told, now)
    if not is_open:
        raise NotAuthenticated(NO_ACCOUNT.reason)
    await wake(room, user)
    return [render_recovery_code(code) for code in codes]


async def delete_codes(room: IdentityRoom, session: Session, origin: Origin) -> int:
    """Make every recovery code void; how many there were. Raises ``Forbidden`` for a sign-in that is not fresh."""
    now, user = room.clock.now(), session.user_id
    check_fresh(session, now)
    async with room.db.begin() as tx:
        await store.lock_user(tx, user)
        dropped = await store.replace_codes(tx, user, (), now)
        entry = Entry(Event.RECOVERY_CODES_DELETED, True, origin, user, details={"codes": dropped})
        await record(tx, now, entry)
    return dropped


async def sign_in_with_code(room: IdentityRoom, text: str, visitor: Visitor) -> SignedIn:
    """Sign in whoever holds an unused code. It names the account by itself: nobody can guess 100 bits.

    Raises ``NotAuthenticated`` for a code that is no good, ``Forbidden`` for a closed or disabled account, ``TooMany`` and
    ``Unavailable``. A refused attempt leaves its audit row.
    """
    limit = room.policy.logins
    tries = Limit(min(limit.count, MAX_TRIES), limit.window_s)
    await room.limiter.check("recovery", visitor.origin.neighbourhood, tries)
    code = parse_recovery_code(text)
    async with room.db.begin() as tx:
        outcome = await _redeem(room, tx, _digest(code) if code else "", visitor)
    is_in = isinstance(outcome, SignedIn)
    room.metrics.count("logins", method=METHOD, outcome="success" if is_in else "refused")
    if isinstance(outcome, Refused):
        kind = NotAuthenticated if outcome is WRONG else Forbidden
        raise kind(outcome.reason, code=outcome.code)
    await finish_sign_in(room, outcome, visitor)
    return outcome


async def _redeem(room: IdentityRoom, tx: Tx, digest: str, visitor: Visitor) -> SignedIn | Refused:
    now = room.clock.now()
    kept = await store.find_code(tx, digest)
    refused: Refused | None = WRONG if kept is None or kept.is_used else None
    # The account's row comes first, as wherever something that signs in changes; then the gate.
    if kept is not None and refused is None and not await store.touch_open_user(tx, kept.user_id, now):
        refused = NO_ACCOUNT
    if kept is not None and refused is None and not await store.spend_code(tx, digest, now):
        refused = WRONG
    user: Pubkey | None = kept.user_id if kept else None
    if refused is not None or user is None:
        refused = refused or WRONG
        details = {"method": METHOD, "reason": refused.code}
        await record(tx, now, Entry(Event.LOGIN_ATTEMPT, False, visitor.origin, user, details=details))
        return refused
    signed_in = await open_session(
        room, tx, user=user, key=None, assurance=BY_RECOVERY_CODE, visitor=visitor, now=now
    )
    left = (await store.count_codes(tx, user)).left
    details = {"method": METHOD, "codes_left": str(left)}
    await record(tx, now, Entry(Event.LOGIN, True, visitor.origin, user, details=details))
    return signed_in


def _digest(code: str) -> str:
    return digest_of(f"recovery code {code}")
