"""Removes what has expired, in small batches, so that no table grows for ever and no lock is held long."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import structlog

from hodlxxi.kit.clock import Clock
from hodlxxi.kit.db import Database, Tx
from hodlxxi.kit.errors import Unavailable
from hodlxxi.kit.kv import Kv
from hodlxxi.kit.metrics import Metrics

log = structlog.get_logger("sweeper")

EVERY_S = 60
BATCH_ROWS = 500
MAX_BATCHES = 20

# Deletes at most ``limit`` expired rows and says how many there were.
Sweep = Callable[[Tx, datetime, int], Awaitable[int]]


class Sweeper:
    """One task per worker; one worker at a time does the work (an entry in ``Kv`` elects it)."""

    def __init__(
        self, *, db: Database, kv: Kv, clock: Clock, metrics: Metrics, sweeps: Mapping[str, Sweep]
    ) -> None:
        self._db = db
        self._kv = kv
        self._clock = clock
        self._metrics = metrics
        self._sweeps = dict(sweeps)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin sweeping every minute."""
        self._task = asyncio.create_task(self._run(), name="sweeper")

    async def stop(self) -> None:
        """End the task."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def sweep_all(self) -> dict[str, int]:
        """Sweep every table once; rows removed by table."""
        return {table: await self._sweep_table(table) for table in self._sweeps}

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S * random.uniform(0.8, 1.2))  # noqa: S311 - only spreads the workers
            try:
                if self._kv.state == "disconnected" or await self._kv.put_new(
                    "sweeper", "busy", EVERY_S // 2
                ):
                    removed = {table: count for table, count in (await self.sweep_all()).items() if count}
                    if removed:
                        log.info("swept", **removed)
            except Unavailable:
                log.warning("sweep_put_off", reason="database away")
            except Exception:  # an owner of a task must not die of one bad round
                log.exception("sweep_failed")

    async def _sweep_table(self, table: str) -> int:
        total = 0
        for _ in range(MAX_BATCHES):
            async with self._db.begin() as tx:
                count = await self._sweeps[table](tx, self._clock.now(), BATCH_ROWS)
            total += count
            if count < BATCH_ROWS:
                break
        if total:
            self._metrics.count("swept_rows", total, table=table)
        return total
