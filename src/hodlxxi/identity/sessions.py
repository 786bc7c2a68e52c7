"""Opening, finding and ending sessions. The database is the truth, ``Kv`` the cache.

A session that ended leaves a mark in the cache that no late reader can overwrite (it only writes where nothing is), so a
revoked session is not served from there; a cached session lives half a minute at most, should the mark be lost. Memory of
one process caches nothing: the command line, which can end sessions too, could not reach it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hodlxxi.audit.events import Entry, Event, Origin
from hodlxxi.audit.log import record
from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.bitcoin.known_keys import is_known_key
from hodlxxi.identity import store
from hodlxxi.identity.account_rules import describe_device, describe_method
from hodlxxi.identity.assurance import BY_TEST, Assurance, with_second_key
from hodlxxi.identity.notices import NoticeKind, note, wake
from hodlxxi.identity.room import Ending, IdentityRoom
from hodlxxi.identity.rules import EVERYBODYS_KEY, KEY_REMOVED, NO_ACCOUNT, SESSION_LIFE, Refused
from hodlxxi.identity.session import Session, parse_cached, render_cached
from hodlxxi.kit.db import Tx
from hodlxxi.kit.secret import digest_of, mint_token

# Tells every worker that something of an account has ended; the text is the account's pubkey, or empty.
ENDED_CHANNEL = "ended"
CACHE_S = 30
MARK_S = 60
_ENDED = "ended"
_TOUCH_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Visitor:
    """The browser or program at the other end. ``browser`` is its cookie's digest, ``old`` the session it had.

    ``app`` is where it is on its way to, ``match_code`` what a login from another device showed: for the notice.
    """

    origin: Origin
    user_agent: str = ""
    browser: str | None = None
    old: Session | None = None
    app: str | None = None
    match_code: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session just opened. ``token`` is the secret for the cookie and stands nowhere else.

    ``is_new_browser``: this browser never signed in to this account before (or it keeps no cookies).
    """

    token: str
    session: Session
    is_new_user: bool
    is_new_browser: bool


async def admit(
    room: IdentityRoom, tx: Tx, key: Pubkey, kind: str, now: datetime
) -> tuple[store.User, bool] | Refused:
    """The user whom a proved key signs in, made if there is none, and whether it was made.

    ``kind`` is ``message``, ``lnurl``, ``taproot`` or ``nostr``. Refused when the account is closed or disabled, for a key
    that was removed from the account that it once opened, and for one that everybody knows.
    """
    if not may_use(room, key):
        return EVERYBODYS_KEY
    user = await store.find_user_of_key(tx, key)
    is_new = False
    if user is None:
        is_new = await store.add_user(tx, key, kind, now)
        user = await store.find_user_of_key(tx, key)
    elif user.is_open and not await store.touch_user(tx, user.pubkey, key, now):
        return KEY_REMOVED
    if user is None:
        # An account's first key names it for ever, also after it was removed, or the account closed.
        first = await store.find_user(tx, key)
        return KEY_REMOVED if first is not None and first.is_open else NO_ACCOUNT
    return (user, is_new) if user.is_open else NO_ACCOUNT


def may_use(room: IdentityRoom, key: Pubkey | None) -> bool:
    """Whether this key may sign in or be linked: one that everybody knows only where the test signer is on."""
    return room.policy.test_signer or key is None or not is_known_key(key)


async def open_session(
    room: IdentityRoom,
    tx: Tx,
    *,
    user: Pubkey,
    key: Pubkey | None,
    assurance: Assurance,
    visitor: Visitor,
    now: datetime,
    is_new_user: bool = False,
) -> SignedIn:
    """A new session with a new secret, in the caller's transaction; the session the browser had before ends.

    ``key`` is the one that was proved; None when a recovery code stood in for it. If the old session was somebody else's,
    they cannot sign out any more, so it ends as if they had. If it was the same user's, the new one goes on where it was:
    what apps were given meanwhile ends with the one or the other. A second, different key of the same user in the same
    browser makes the class two-keys. The user's other sessions are told of a browser that they do not know.
    """
    token, old = mint_token(), visitor.old
    was_open = old is not None and await store.revoke_session(tx, old.digest, old.user_id, now)
    assurance = _assurance_of(user, key, assurance, old if was_open else None)
    digest = digest_of(token)
    session = Session(
        digest=digest,
        user_id=user,
        key=key,
        auth_time=now,
        acr=assurance.acr,
        amr=assurance.amr,
        created_at=now,
        expires_at=now + SESSION_LIFE,
        root=old.root if old is not None and old.user_id == user else digest,
        browser=visitor.browser,
    )
    is_new_browser = session.root == digest and not (
        visitor.browser is not None and await store.knows_browser(tx, user, visitor.browser)
    )
    if key is None or (is_new_browser and await store.was_signed_in(tx, user)):
        await _note_sign_in(tx, session, visitor, now)
    await store.add_session(tx, session, visitor.origin.ip_address, visitor.user_agent)
    if old is not None and was_open and old.user_id != user:
        await _end_access(room, tx, now, old.user_id, visitor.origin, [old.digest])
    return SignedIn(token, session, is_new_user, is_new_browser)


def _assurance_of(user: Pubkey, key: Pubkey | None, proved: Assurance, old: Session | None) -> Assurance:
    """The class of a sign-in, with what this browser's session proved before; a key that everybody has proves nothing."""
    if key is not None and is_known_key(key):
        return BY_TEST
    if key is None or old is None or old.user_id != user or old.key is None or is_known_key(old.key):
        return proved
    return proved if old.key == key else with_second_key(old.amr, proved)


async def _note_sign_in(tx: Tx, session: Session, visitor: Visitor, now: datetime) -> None:
    kind = NoticeKind.SIGNED_IN_ELSEWHERE if session.key else NoticeKind.RECOVERY_CODE_USED
    details = {
        "method": describe_method(session.amr),
        "device": describe_device(visitor.user_agent),
        "address": visitor.origin.ip_address,
        "app": visitor.app,
        "match_code": visitor.match_code,
    }
    told = {name: value for name, value in details.items() if value is not None}
    await note(tx, session.user_id, kind, session, told, now)


async def finish_sign_in(room: IdentityRoom, signed_in: SignedIn, visitor: Visitor) -> None:
    """After the commit: the replaced session is forgotten, and the user's other sessions may show their notice."""
    if visitor.old is not None:
        await forget_sessions(room, [visitor.old.digest])
    await wake(room, signed_in.session.user_id)


async def find_session(room: IdentityRoom, token: str | None) -> Session | None:
    """The live session of a cookie's value, or None. Expiry and revocation are judged here, on every request."""
    if not token or len(token) > 100:
        return None
    digest = digest_of(token)
    now = room.clock.now()
    cached = await room.kv.get(_cache_key(digest))
    if cached == _ENDED:
        return None
    session = parse_cached(cached) if cached else None
    if session is None:
        session = await _load(room, digest, now)
        if session is None:
            return None
        if room.kv.state != "disabled":
            await room.kv.put_new(_cache_key(digest), render_cached(session), CACHE_S)
    # The second: opened before the test signer was switched off.
    return session if session.expires_at > now and may_use(room, session.key) else None


async def _load(room: IdentityRoom, digest: str, now: datetime) -> Session | None:
    async with room.db.read() as tx:
        session = await store.find_live_session(tx, digest, now)
        if session is not None and now - session.created_at > _TOUCH_AFTER:
            await store.touch_session(tx, digest, now)
    return session


async def end_sessions(
    room: IdentityRoom, user: Pubkey, digests: Iterable[str], origin: Origin, event: Event
) -> int:
    """End some of a user's sessions; how many were open. Cached copies and open sockets learn of it at once."""
    now = room.clock.now()
    async with room.db.begin() as tx:
        ended = [digest for digest in digests if await store.revoke_session(tx, digest, user, now)]
        await _end_access(room, tx, now, user, origin, ended)
        await _record_end(tx, now, user, origin, event, ended)
    await forget_sessions(room, ended)
    return len(ended)


async def end_other_sessions(room: IdentityRoom, kept: Session, origin: Origin) -> int:
    """End all of a user's sessions but this one, however many there are; how many were open."""
    now = room.clock.now()
    async with room.db.begin() as tx:
        ended = await store.revoke_other_sessions(tx, kept.user_id, kept.digest, now)
        await _end_access(room, tx, now, kept.user_id, origin, ended)
        await _record_end(tx, now, kept.user_id, origin, Event.SESSION_REVOKED, ended)
    await forget_sessions(room, ended)
    return len(ended)


async def _end_access(
    room: IdentityRoom, tx: Tx, now: datetime, user: Pubkey, origin: Origin, ended: list[str]
) -> None:
    """What apps got by these sessions, or by those that they followed, ends with them."""
    if ended:
        lineage = await store.list_lineage(tx, ended)
        await room.end_access(tx, Ending(user, origin, now, sessions=tuple(lineage)))


async def _record_end(
    tx: Tx, now: datetime, user: Pubkey, origin: Origin, event: Event, ended: list[str]
) -> None:
    if ended:
        await record(tx, now, Entry(event, True, origin, user, details={"sessions": len(ended)}))


async def forget_sessions(room: IdentityRoom, digests: Iterable[str]) -> None:
    """Mark ended sessions in the cache and wake whoever holds something open for them."""
    for digest in digests:
        await room.kv.put(_cache_key(digest), _ENDED, MARK_S)
        await room.kv.publish(f"session:{digest}", _ENDED)
    await room.kv.publish(ENDED_CHANNEL, "")


async def list_sessions(room: IdentityRoom, user: Pubkey) -> list[store.OpenSession]:
    """A user's open sessions, newest first."""
    async with room.db.read() as tx:
        return await store.list_open_sessions(tx, user, room.clock.now())


def _cache_key(digest: str) -> str:
    return f"session:{digest}"
