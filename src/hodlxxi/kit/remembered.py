"""What was fetched lately from other people's addresses, and what could not be."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

from hodlxxi.kit.reach import Failure

KEPT = timedelta(minutes=10)
FAILURE_KEPT = timedelta(seconds=60)
MAX_KEPT = 512
MAX_KEPT_BYTES = 8 * 1024 * 1024


class Remembered:
    """Bodies for ten minutes, failures for one; bounded in number and bytes, the oldest goes first."""

    def __init__(self) -> None:
        self._bodies: OrderedDict[str, tuple[bytes, datetime]] = OrderedDict()
        self._failures: OrderedDict[str, tuple[Failure, datetime]] = OrderedDict()
        self._size = 0

    def find(self, url: str, now: datetime, max_age: timedelta) -> bytes | Failure | None:
        """A copy that is young enough, else a failure of the last minute, else None."""
        body = self._bodies.get(url)
        if body is not None and now - body[1] < min(max_age, KEPT):
            return body[0]
        failure = self._failures.get(url)
        return failure[0] if failure is not None and now - failure[1] < FAILURE_KEPT else None

    def keep(self, url: str, found: bytes | Failure, now: datetime) -> None:
        """Remember an outcome. A failure leaves the copy that there is: it stays good for those who take it."""
        if isinstance(found, Failure):
            self._failures.pop(url, None)
            self._failures[url] = (found, now)
            if len(self._failures) > MAX_KEPT:
                self._failures.popitem(last=False)
            return
        self._failures.pop(url, None)
        self._drop(url)
        self._bodies[url] = (found, now)
        self._size += len(found)
        while len(self._bodies) > MAX_KEPT or self._size > MAX_KEPT_BYTES:
            self._drop(next(iter(self._bodies)))

    def _drop(self, url: str) -> None:
        old = self._bodies.pop(url, None)
        self._size -= len(old[0]) if old else 0
