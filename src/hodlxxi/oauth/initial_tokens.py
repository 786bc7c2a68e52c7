"""Initial access tokens: the operator's leave for others to register apps (RFC 7591 §3)."""

from __future__ import annotations

from datetime import timedelta

from hodlxxi.audit.events import Entry, Event
from hodlxxi.audit.log import record
from hodlxxi.kit.errors import NotFound
from hodlxxi.kit.secret import digest_of, mint_token
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.store import registration as store
from hodlxxi.oauth.store.registration import InitialToken

ID_CHARS = 12


def id_of(token: InitialToken) -> str:
    """How a token is named to the operator; useless for registering."""
    return token.digest[:ID_CHARS]


async def make_initial(
    room: OAuthRoom, label: str, uses: int, lifetime: timedelta
) -> tuple[str, InitialToken]:
    """A new token, shown this once, and what is kept of it."""
    secret, now = mint_token(), room.clock.now()
    token = InitialToken(digest_of(secret), label, now, now + lifetime, uses)
    async with room.db.begin() as tx:
        await store.add_initial(tx, token)
        details = {"id": id_of(token), "label": label, "uses": uses}
        await record(tx, now, Entry(Event.REGISTRATION_TOKEN_MADE, True, details=details))
    return secret, token


async def list_initial(room: OAuthRoom) -> list[InitialToken]:
    """Every token that is kept, also those that are spent or expired; oldest first."""
    async with room.db.read() as tx:
        return await store.list_initial(tx)


async def drop_initial(room: OAuthRoom, named: str) -> InitialToken:
    """Take a token back. ``named`` is the id that a list shows, or the token itself. Raises ``NotFound``."""
    async with room.db.begin() as tx:
        found = [t for t in await store.list_initial(tx) if named in (id_of(t), t.digest)]
        found = found or [t for t in await store.list_initial(tx) if t.digest == digest_of(named)]
        if not found:
            raise NotFound("There is no such token; `hodlxxi client token list` shows their ids.")
        await store.drop_initial(tx, found[0].digest)
        entry = Entry(Event.REGISTRATION_TOKEN_DROPPED, True, details={"id": id_of(found[0])})
        await record(tx, room.clock.now(), entry)
    return found[0]
