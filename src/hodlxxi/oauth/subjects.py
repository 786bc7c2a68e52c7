"""What an app calls a user: the account's key, or for pairwise apps a name of its own (reference oauth §5)."""

from __future__ import annotations

from datetime import datetime

from hodlxxi.kit.db import Tx
from hodlxxi.kit.secret import tag_of
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.store import subjects as store


async def find_subject(room: OAuthRoom, tx: Tx, client: Client, user_id: str) -> str:
    """The ``sub`` of a user for a client. The same for ever: a kept one wins over what the salt makes of it."""
    if not client.is_pairwise:
        return user_id
    return await store.find_subject(tx, client.sector, user_id) or _made(room, client, user_id)


async def keep_subject(room: OAuthRoom, tx: Tx, client: Client, user_id: str, now: datetime) -> str:
    """Like ``find_subject``, and kept from now on, whatever becomes of the salt."""
    if not client.is_pairwise:
        return user_id
    return await store.keep_subject(tx, client.sector, user_id, _made(room, client, user_id), now)


def _made(room: OAuthRoom, client: Client, user_id: str) -> str:
    # 43 characters; the two parts are framed, so that no sector and account run into each other.
    return tag_of(room.pairwise_key, client.sector, user_id)
