"""How many browsers may wait on event streams at once: each is an open connection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from hodlxxi.kit.errors import Unavailable

MAX_STREAMS = 1000
MAX_STREAMS_EACH = 5


class Streams:
    """Counts the open event streams of this process."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    @contextmanager
    def enter(self, session_id: str) -> Iterator[None]:
        """Take a place for the time of the block. Raises ``Unavailable`` when there is none."""
        if self._open.total() >= MAX_STREAMS or self._open[session_id] >= MAX_STREAMS_EACH:
            raise Unavailable("Too many pages wait for this login. Close some and reload.", retry_after_s=10)
        self._open[session_id] += 1
        try:
            yield
        finally:
            self._open[session_id] -= 1
            if self._open[session_id] <= 0:
                del self._open[session_id]
