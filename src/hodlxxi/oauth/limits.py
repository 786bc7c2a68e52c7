"""How much one client may do: the operator's policy, or the exception made for it in ``rate_limits``."""

from __future__ import annotations

from datetime import datetime, timedelta

from hodlxxi.kit.clock import Clock
from hodlxxi.kit.db import Database
from hodlxxi.kit.ratelimit import Limit
from hodlxxi.oauth.store.limits import list_limits

RELOAD_AFTER = timedelta(seconds=60)


class ClientLimits:
    """The exceptions, held in memory and read anew each minute: there are few, and they change seldom."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._held: dict[tuple[str, str], Limit] = {}
        self._loaded_at: datetime | None = None

    async def limit_of(self, client_id: str, bucket: str, usual: Limit) -> Limit:
        """The limit for what a client does; ``usual`` unless an exception stands."""
        now = self._clock.now()
        if self._loaded_at is None or now - self._loaded_at > RELOAD_AFTER:
            self._loaded_at = now  # whoever comes meanwhile goes on with what is known
            async with self._db.read() as tx:
                self._held = await list_limits(tx)
        return self._held.get((client_id, bucket), usual)
