"""When an ended Lightning login may go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from hodlxxi.kit.db import Tx, delete_expired
from hodlxxi.lnurl.tables import lnurl_challenges

_KEPT = timedelta(days=1)


def sweeps() -> dict[str, Callable[[Tx, datetime, int], Awaitable[int]]]:
    """By table: delete at most ``limit`` rows that expired long enough ago."""
    return {"lnurl_challenges": delete_expired(lnurl_challenges, lnurl_challenges.c.session_id, _KEPT)}
