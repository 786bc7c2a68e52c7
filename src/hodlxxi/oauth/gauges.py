"""The numbers of this room that the metrics ask for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.store.outbox import count_waiting
from hodlxxi.oauth.store.tokens import count_active

Ask = Callable[[], Awaitable[float]]


def gauges(room: OAuthRoom) -> dict[str, tuple[str, Ask]]:
    """By name: what it counts, and how to ask."""

    async def active_tokens() -> float:
        async with room.db.read() as tx:
            return await count_active(tx, room.clock.now())

    async def waiting_notices() -> float:
        async with room.db.read() as tx:
            return await count_waiting(tx)

    return {
        "hodlxxi_oauth_tokens_active": ("Access tokens that are alive", active_tokens),
        "hodlxxi_logout_notices_waiting": ("Logouts that apps have still to be told of", waiting_notices),
    }
