"""Telling apps' servers of a logout (OpenID Connect Back-Channel Logout 1.0; reference oauth §6.6).

The rows are written in the logout's transaction and delivered after it, by whichever worker takes them first. No browser
waits for that, and a worker that dies half-way loses its claim to another.
"""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from hodlxxi.identity.sessions import ENDED_CHANNEL
from hodlxxi.kit.errors import Unavailable
from hodlxxi.kit.reach import NotFetched
from hodlxxi.kit.secret import mint_token
from hodlxxi.oauth import jws
from hodlxxi.oauth.hints import id_token_signer
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.logout import logout_token_claims, next_try
from hodlxxi.oauth.store import outbox as store
from hodlxxi.oauth.store.clients import find_client
from hodlxxi.oauth.store.outbox import Notice

log = structlog.get_logger("backchannel")

POLL_S = 5.0
AT_ONCE = 16
_NOBODY = "nobody to tell"


class Backchannel:
    """One task per worker that tells what is due. ``start`` it with the server; ``stop`` it before the database."""

    def __init__(self, room: OAuthRoom) -> None:
        self._room = room
        self._task: asyncio.Task[None] | None = None
        self._tries: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to deliver."""
        self._task = asyncio.create_task(self._run(), name="backchannel")

    async def stop(self) -> None:
        """End the task. What was under way is tried again by another worker, or after the next start."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for task in self._tries:
            task.cancel()
        await asyncio.gather(*self._tries, return_exceptions=True)

    async def deliver_due(self) -> int:
        """Take what is due, and make one try each, all at once; how many there were."""
        taken = await self._take(AT_ONCE)
        await asyncio.gather(*(self._try(notice) for notice in taken))
        return len(taken)

    async def _run(self) -> None:
        async with self._room.identity.kv.listen(ENDED_CHANNEL) as woken:
            while True:
                try:
                    free = AT_ONCE - len(self._tries)
                    taken = await self._take(free) if free else []
                except Unavailable:
                    taken = []
                except Exception:  # an owner of a task must not die of one bad round
                    log.exception("logout_notices_failed")
                    taken = []
                for notice in taken:
                    self._begin(notice)
                if not taken:
                    await self._rest(woken)

    def _begin(self, notice: Notice) -> None:
        task = asyncio.create_task(self._try(notice), name="logout-notice")
        self._tries.add(task)
        task.add_done_callback(self._tries.discard)

    async def _rest(self, woken: asyncio.Queue[str]) -> None:
        """Until something ended, a try is over (perhaps there is more than fits), or some seconds have passed."""
        waiting = asyncio.ensure_future(woken.get())
        await asyncio.wait({waiting, *self._tries}, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()

    async def _take(self, count: int) -> list[Notice]:
        room, now = self._room, self._room.clock.now()
        async with room.db.read() as tx:
            due = await store.list_due(tx, now, count)
        taken = []
        for notice in due:
            async with room.db.begin() as tx:
                if await store.take_notice(tx, notice, now):
                    taken.append(notice)
        return taken

    async def _try(self, notice: Notice) -> None:
        try:
            await self._note(notice, await self._send(notice))
        except Unavailable:
            log.warning("logout_notice_unsettled", client_id=notice.client_id, reason="database away")
        except Exception:  # a try of its own task: its claim runs out, and the next try may fare better
            log.exception("logout_notice_failed", client_id=notice.client_id)

    async def _send(self, notice: Notice) -> str | None:
        """None when the app's server took the token, else why not."""
        room = self._room
        async with room.db.read() as tx:
            client = await find_client(tx, notice.client_id)
        if client is None or client.disabled_at is not None or client.metadata.backchannel_logout_uri is None:
            return _NOBODY
        token = await render_logout_token(room, client, notice)
        try:
            status = await room.outgoing.post_form(
                client.metadata.backchannel_logout_uri, {"logout_token": token}
            )
        except NotFetched as refusal:
            return refusal.reason
        return None if 200 <= status < 300 else str(status)

    async def _note(self, notice: Notice, failure: str | None) -> None:
        room, now, attempts = self._room, self._room.clock.now(), notice.attempts + 1
        until = next_try(attempts, now) if failure != _NOBODY else None
        async with room.db.begin() as tx:
            if failure is None:
                await store.mark_delivered(tx, notice.notice_id, now)
            else:
                await store.put_off(tx, notice.notice_id, until, now)
        outcome = "delivered" if failure is None else "retried" if until else "given_up"
        room.metrics.count("logout_notices", outcome=outcome)
        if failure is not None:
            log.warning("logout_notice_failed", client_id=notice.client_id, reason=failure, attempts=attempts)


async def render_logout_token(room: OAuthRoom, client: Client, notice: Notice) -> str:
    """A fresh logout token, signed as this client's ID tokens are."""
    signer = id_token_signer(room, await room.keys.current(), client)
    claims = logout_token_claims(
        issuer=room.policy.issuer,
        client_id=client.client_id,
        sub=notice.sub,
        sid=notice.sid,
        jti=mint_token(16),
        now=room.clock.now(),
    )
    return jws.render_typed(signer, jws.LOGOUT_TYP, claims)
