"""Writing audit rows."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from hodlxxi.audit.events import Entry
from hodlxxi.audit.tables import audit_logs
from hodlxxi.kit.db import Tx

_INSERT = sa.insert(audit_logs).inline()


async def record(tx: Tx, now: datetime, *entries: Entry) -> None:
    """Append the entries in the caller's transaction: both are kept or neither is."""
    await tx.execute(
        _INSERT,
        [
            {
                "timestamp": now,
                "event_type": entry.event.value,
                "user_id": entry.user_id,
                "ip_address": entry.origin.ip_address if entry.origin else None,
                "success": entry.success,
                "client_id": entry.client_id,
                "request_id": entry.origin.request_id if entry.origin else None,
                "details": dict(entry.details) if entry.details else None,
            }
            for entry in entries
        ],
    )
