"""An account as its person sees it: its name, the keys that sign in to it, and its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hodlxxi.audit.events import Entry, Event, Origin
from hodlxxi.audit.log import record
from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.identity import account_store as store
from hodlxxi.identity.account_rules import is_fresh, is_pubkey
from hodlxxi.identity.account_store import CodesLeft, LinkedKey
from hodlxxi.identity.notices import NoticeKind, note, wake
from hodlxxi.identity.room import Ending, IdentityRoom
from hodlxxi.identity.rules import NO_ACCOUNT
from hodlxxi.identity.session import Session
from hodlxxi.identity.sessions import forget_sessions
from hodlxxi.identity.store import User, find_user, list_lineage
from hodlxxi.kit.db import Tx
from hodlxxi.kit.errors import Conflict, Forbidden, NotAuthenticated, NotFound, Refusal

STALE = "reauthentication_required"
_NO_KEY = "There is no such key in your account."


@dataclass(frozen=True, slots=True)
class Account:
    """What somebody may know about their own account."""

    user: User
    keys: tuple[LinkedKey, ...]
    codes: CodesLeft


def check_fresh(session: Session, now: datetime) -> None:
    """Raises ``Forbidden`` (``reauthentication_required``) when the sign-in is too long ago for what changes sign-ins."""
    if not is_fresh(session.auth_time, now):
        text = "This needs a fresh proof: sign in again at /login?next=/account, then repeat it within 10 minutes."
        raise Forbidden(text, code=STALE)


async def get_account(room: IdentityRoom, user: Pubkey) -> Account:
    """The account of a signed-in person. Raises ``NotAuthenticated`` when it closed since."""
    async with room.db.read() as tx:
        found = await find_user(tx, user)
        keys, codes = await store.list_keys(tx, user), await store.count_codes(tx, user)
    if found is None or not found.is_open:
        raise NotAuthenticated(NO_ACCOUNT.reason)
    return Account(found, tuple(keys), codes)


async def set_name(room: IdentityRoom, user: Pubkey, name: str | None, origin: Origin) -> None:
    """Change what apps with ``profile`` call this person; ``name`` is a parsed one, None takes it away.

    Raises ``NotAuthenticated`` for an account that closed meanwhile. The name itself is not recorded.
    """
    now = room.clock.now()
    async with room.db.begin() as tx:
        is_changed = await store.set_name(tx, user, name, now)
        await record(tx, now, Entry(Event.NAME_CHANGED, is_changed, origin, user))
    if not is_changed:
        raise NotAuthenticated(NO_ACCOUNT.reason)


async def rename_key(room: IdentityRoom, user: Pubkey, key: str, label: str | None, origin: Origin) -> None:
    """Change the label (a parsed name) of one of the person's keys. Raises ``NotFound``."""
    if not is_pubkey(key):
        raise NotFound(_NO_KEY)
    now = room.clock.now()
    async with room.db.begin() as tx:
        is_theirs = await store.rename_key(tx, user, key, label)
        if is_theirs:
            await record(tx, now, Entry(Event.KEY_RENAMED, True, origin, user, details={"key": key}))
    if not is_theirs:
        raise NotFound(_NO_KEY)


async def remove_key(room: IdentityRoom, session: Session, key: str, origin: Origin) -> int:
    """Take a key off the account, with every session that it opened and every access that was given with it.

    The recovery codes go too: a key is removed because somebody else may have it, and they may have made codes with it.
    How many sessions ended. The key is free then, but if it was the account's first it never opens another. Raises
    ``Forbidden`` for a sign-in that is not fresh, ``NotFound``, and ``Conflict`` for the key that this session was opened
    with and for the last one.
    """
    now, user = room.clock.now(), session.user_id
    check_fresh(session, now)
    if not is_pubkey(key):
        raise NotFound(_NO_KEY)
    ended: list[str] = []
    async with room.db.begin() as tx:
        refusal, kind = await _judge_removal(tx, session, key)
        if refusal is None and not await store.remove_key(tx, user, key):
            refusal = Conflict("The last key of an account cannot be removed.", code="last_key")
        if refusal is None:
            ended = await store.end_sessions(tx, user, now, key)
            lineage = await list_lineage(tx, ended)
            await room.end_access(tx, Ending(user, origin, now, key=Pubkey(key), sessions=tuple(lineage)))
            await store.replace_codes(tx, user, [], now)
            told = {"key": key, "key_kind": kind, "address": origin.ip_address}
            await note(tx, user, NoticeKind.KEY_REMOVED, session, told, now)
        details = {"key": key, **({"reason": refusal.code} if refusal else {"sessions": len(ended)})}
        await record(tx, now, Entry(Event.KEY_REMOVED, refusal is None, origin, user, details=details))
    if refusal is not None:
        raise refusal
    await forget_sessions(room, ended)
    await wake(room, user)
    return len(ended)


async def _judge_removal(tx: Tx, session: Session, key: str) -> tuple[Refusal | None, str]:
    """Why not, and the kind of the key."""
    if not await store.lock_user(tx, session.user_id):
        return NotAuthenticated(NO_ACCOUNT.reason), ""
    kinds = {linked.key: linked.kind for linked in await store.list_keys(tx, session.user_id)}
    kind = kinds.get(Pubkey(key))
    if kind is None:
        return NotFound(_NO_KEY), ""
    if key == session.key:
        text = "You are signed in with this key. Sign in with another one first, so that you do not lock yourself out."
        return Conflict(text, code="key_in_use"), kind
    return None, kind


async def close_account(room: IdentityRoom, session: Session, origin: Origin) -> None:
    """End an account for good: keys and recovery codes go, every session and every app's access ends.

    Its row and its pubkey stay, so that nobody else ever becomes it. Raises ``Forbidden`` for a sign-in that is not fresh.
    """
    now, user = room.clock.now(), session.user_id
    check_fresh(session, now)
    ended: list[str] = []
    async with room.db.begin() as tx:
        is_ours = await store.close_user(tx, user, now)
        if is_ours:
            ended = await store.end_sessions(tx, user, now)
            ending = Ending(user, origin, now, is_closing=True, sessions=tuple(await list_lineage(tx, ended)))
            await room.end_access(tx, ending)
            await record(tx, now, Entry(Event.ACCOUNT_CLOSED, True, origin, user))
    if not is_ours:
        raise NotAuthenticated(NO_ACCOUNT.reason)
    await forget_sessions(room, ended)
