"""What an operator does with accounts: list them, close one for a while, open it again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hodlxxi.audit.events import Entry, Event, Origin
from hodlxxi.audit.log import record
from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.identity import account_store as store
from hodlxxi.identity.room import Ending, IdentityRoom
from hodlxxi.identity.sessions import forget_sessions
from hodlxxi.identity.store import User, find_user, find_user_of_key, list_lineage


@dataclass(frozen=True, slots=True)
class Changed:
    """The account, and whether it was changed: no when it was so already, or is closed for good."""

    user: User
    is_changed: bool


async def disable_user(room: IdentityRoom, key: Pubkey, origin: Origin | None = None) -> Changed | None:
    """Lock an account, named by any of its keys. Its sessions, sockets and everything that apps hold end at once, for good.

    None for a key that nobody has. Nobody can sign in to the account until ``enable_user``.
    """
    now = room.clock.now()
    ended: list[str] = []
    async with room.db.begin() as tx:
        user = await find_user_of_key(tx, key) or await find_user(tx, key)
        is_changed = user is not None and await store.disable_user(tx, user.pubkey, now)
        if user is not None and is_changed:
            ended = await store.end_sessions(tx, user.pubkey, now)
            lineage = tuple(await list_lineage(tx, ended))
            await room.end_access(tx, Ending(user.pubkey, origin, now, is_disabling=True, sessions=lineage))
            details = {"sessions": len(ended)}
            await record(tx, now, Entry(Event.USER_DISABLED, True, origin, user.pubkey, details=details))
    await forget_sessions(room, ended)
    return Changed(user, is_changed) if user is not None else None


async def enable_user(room: IdentityRoom, key: Pubkey, origin: Origin | None = None) -> Changed | None:
    """Let somebody sign in again. What ended does not come back."""
    now = room.clock.now()
    async with room.db.begin() as tx:
        user = await find_user_of_key(tx, key) or await find_user(tx, key)
        is_changed = user is not None and await store.enable_user(tx, user.pubkey)
        if user is not None and is_changed:
            await record(tx, now, Entry(Event.USER_ENABLED, True, origin, user.pubkey))
    return Changed(user, is_changed) if user is not None else None


async def list_users(
    room: IdentityRoom, count: int, before: datetime | None = None
) -> list[store.ListedUser]:
    """The newest accounts, or those that are older than ``before``."""
    async with room.db.read() as tx:
        return await store.list_users(tx, count, before or room.clock.now())
