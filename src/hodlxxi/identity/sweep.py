"""What of this room expires, and when it may go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from hodlxxi.identity.tables import key_links, login_challenges, notices, sessions, spent_once
from hodlxxi.kit.db import Tx, delete_expired

# Ended sessions stay a while: people ask "where was I signed in?" after the fact.
_SESSIONS_KEPT = timedelta(days=30)
_KEPT = timedelta(hours=1)
# Many: one for each API call of an app with DPoP. Kept as long as they could matter, and for clocks that differ.
_SPENT_KEPT = timedelta(minutes=1)


def sweeps() -> dict[str, Callable[[Tx, datetime, int], Awaitable[int]]]:
    """By table: delete at most ``limit`` rows that expired long enough ago."""
    return {
        "sessions": delete_expired(sessions, sessions.c.session_id, _SESSIONS_KEPT),
        "login_challenges": delete_expired(login_challenges, login_challenges.c.challenge_id, _KEPT),
        "key_links": delete_expired(key_links, key_links.c.link_id, _KEPT),
        "notices": delete_expired(notices, notices.c.notice_id, timedelta(0)),
        "spent_once": delete_expired(spent_once, spent_once.c.key_digest, _SPENT_KEPT),
    }
