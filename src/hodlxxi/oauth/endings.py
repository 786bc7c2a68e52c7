"""What apps hold ends with the session, the key or the account that it was given with, and when its user takes it back.

From the commit on, access and refresh tokens of an ended grant are refused on every worker, as each call looks at the row.
Apps with a back-channel are told (``backchannel``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hodlxxi.audit.events import Entry, Event, Origin
from hodlxxi.audit.log import record
from hodlxxi.identity.room import Ending
from hodlxxi.identity.sessions import ENDED_CHANNEL
from hodlxxi.kit.db import Tx
from hodlxxi.kit.errors import NotFound
from hodlxxi.oauth.mint import mint_id, name_session
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.store import endings as store
from hodlxxi.oauth.store.clients import find_clients
from hodlxxi.oauth.store.endings import HeldGrant
from hodlxxi.oauth.store.outbox import Notice, add_notices
from hodlxxi.oauth.subjects import find_subject

LOGGED_OUT = "logged_out"
KEY_REMOVED = "key_removed"
ACCOUNT_CLOSED = "account_closed"
USER_DISABLED = "user_disabled"
ENDED_BY_USER = "ended_by_user"


async def end_access(room: OAuthRoom, tx: Tx, ending: Ending) -> None:
    """What identity calls, in its own transaction, when a session, a key or an account ends (``identity.room.EndAccess``)."""
    held, reason = await _hold(tx, ending)
    await _end(room, tx, held, ending.user, reason, ending.origin, ending.now, ending.sessions)


async def end_access_of_client(room: OAuthRoom, user: str, client_id: str, origin: Origin) -> int:
    """A user takes back all that one app may do for them: its grants and what was agreed. How many grants were alive.

    Raises ``NotFound`` for an app that holds nothing from this user.
    """
    now = room.clock.now()
    async with room.db.begin() as tx:
        forgotten = await store.forget_consents(tx, user, client_id)
        held = await store.hold_of_client(tx, user, client_id)
        await _end(room, tx, held, user, ENDED_BY_USER, origin, now)
        if forgotten:
            await record(tx, now, Entry(Event.CONSENT_WITHDRAWN, True, origin, user, client_id))
    if not forgotten and not held:
        raise NotFound("This app holds no access to your account.")
    await room.identity.kv.publish(ENDED_CHANNEL, user)
    return len(held)


async def _hold(tx: Tx, ending: Ending) -> tuple[list[HeldGrant], str]:
    if ending.is_closing:
        await store.forget_consents(tx, ending.user)
        return await store.hold_of_user(tx, ending.user), ACCOUNT_CLOSED
    if ending.is_disabling:
        return await store.hold_of_user(tx, ending.user), USER_DISABLED
    held = await store.hold_of_sessions(tx, ending.sessions)
    if ending.key is None:
        return held, LOGGED_OUT
    by_key = await store.hold_of_key(tx, ending.user, ending.key)
    return list({grant.grant_id: grant for grant in (*held, *by_key)}.values()), KEY_REMOVED


async def _end(
    room: OAuthRoom,
    tx: Tx,
    held: Sequence[HeldGrant],
    user: str,
    reason: str,
    origin: Origin | None,
    now: datetime,
    sessions: Sequence[str] = (),
) -> None:
    await store.revoke_held(tx, held, reason, now)
    await _tell(room, tx, held, user, sessions, now)
    entries = [
        Entry(
            Event.GRANT_REVOKED,
            True,
            origin,
            user,
            grant.client_id,
            {"grant": grant.grant_id, "reason": reason},
        )
        for grant in held
    ]
    if entries:
        await record(tx, now, *entries)


async def _tell(
    room: OAuthRoom, tx: Tx, held: Sequence[HeldGrant], user: str, sessions: Sequence[str], now: datetime
) -> None:
    """Note which apps are to be told of a logout, by the names that they know user and session by."""
    told = await store.list_told(tx, sessions, held)
    clients = await find_clients(tx, {one.client_id for one in told}) if told else {}
    subs = {id_: await find_subject(room, tx, client, user) for id_, client in clients.items()}
    notices = [
        Notice(mint_id(), one.client_id, subs[one.client_id], name_session(room, one.named, one.client_id))
        for one in told
        if one.client_id in subs
    ]
    await add_notices(tx, notices, now)
