"""What apps hold ends with the key that it was given with, with the account, and when its user takes it back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from hodlxxi.audit.events import Entry, Event, Origin
from hodlxxi.audit.log import record
from hodlxxi.identity.room import Ending
from hodlxxi.kit.db import Tx
from hodlxxi.oauth.store import endings as store
from hodlxxi.oauth.store.endings import EndedGrant

KEY_REMOVED = "key_removed"
ACCOUNT_CLOSED = "account_closed"
ENDED_BY_USER = "ended_by_user"


async def end_access(tx: Tx, ending: Ending) -> None:
    """What identity calls, in its own transaction, when a key or an account ends (``identity.room.EndAccess``)."""
    user, now = ending.user, ending.now
    if ending.is_closing:
        ended = await store.revoke_of_user(tx, user, ACCOUNT_CLOSED, now)
        await store.forget_consents(tx, user)
        await record_endings(tx, ended, user, ACCOUNT_CLOSED, ending.origin, now)
    elif ending.key is not None:
        ended = await store.revoke_of_key(tx, user, ending.key, KEY_REMOVED, now)
        await record_endings(tx, ended, user, KEY_REMOVED, ending.origin, now)


async def record_endings(
    tx: Tx, ended: Iterable[EndedGrant], user: str, reason: str, origin: Origin | None, now: datetime
) -> None:
    """One audit row for each grant that ended."""
    entries = [
        Entry(
            Event.GRANT_REVOKED,
            True,
            origin,
            user,
            grant.client_id,
            {"grant": grant.grant_id, "reason": reason},
        )
        for grant in ended
    ]
    if entries:
        await record(tx, now, *entries)
