"""The event stream of a waiting page: woken by the wallet's answer, never claiming anything."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator

from hodlxxi.lnurl.callback import channel
from hodlxxi.lnurl.claim import find_waiting
from hodlxxi.lnurl.room import LnurlRoom
from hodlxxi.lnurl.rules import has_proved, is_claimable

HEARTBEAT_S = 15.0
LOOK_EVERY_S = 5.0
TICK_S = 1.0

_WAITING = b'event: waiting\ndata: {"verified":false}\n\n'
_VERIFIED = b'event: verified\ndata: {"verified":true}\n\n'
_EXPIRED = b"event: expired\ndata: {}\n\n"
_UNKNOWN = b"event: unknown\ndata: {}\n\n"
_HEARTBEAT = b": still here\n\n"


async def stream_events(room: LnurlRoom, session_id: str, claim_token: str | None) -> AsyncGenerator[bytes]:
    """Server-sent events for the holder of the claim secret: ``waiting``, then ``verified`` or ``expired``.

    Listens first and looks then, so that an answer between the two is not missed; looks again every five seconds, should
    a wake-up get lost. Ends when the server stops. Only the holder takes a place; ``Unavailable`` when there is none.
    """
    if await find_waiting(room, session_id, claim_token) is None:
        yield _WAITING + _UNKNOWN
        return
    with room.streams.enter(session_id):
        async with room.identity.kv.listen(channel(session_id)) as wake_ups:
            yield _WAITING
            next_look = next_heartbeat = 0.0
            while not room.is_stopping():
                moment = time.monotonic()
                if moment >= next_look:
                    said = await _look(room, session_id, claim_token)
                    if said is not None:
                        yield said
                        return
                    next_look = moment + LOOK_EVERY_S
                    next_heartbeat = next_heartbeat or moment + HEARTBEAT_S
                if moment >= next_heartbeat:
                    yield _HEARTBEAT
                    next_heartbeat = moment + HEARTBEAT_S
                try:
                    await asyncio.wait_for(wake_ups.get(), TICK_S)
                    next_look = 0.0
                except TimeoutError:
                    continue


async def _look(room: LnurlRoom, session_id: str, claim_token: str | None) -> bytes | None:
    challenge = await find_waiting(room, session_id, claim_token)
    if challenge is None:
        return _UNKNOWN
    now = room.identity.clock.now()
    if is_claimable(challenge, challenge.claim_digest, now) or has_proved(challenge, now):
        return _VERIFIED
    return _EXPIRED if challenge.verified or challenge.expires_at <= now else None
