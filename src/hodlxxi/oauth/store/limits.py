"""Exceptions from the rate limits."""

from __future__ import annotations

import sqlalchemy as sa

from hodlxxi.kit.db import Tx
from hodlxxi.kit.ratelimit import Limit
from hodlxxi.oauth.tables import rate_limits

_p = sa.bindparam
_c = rate_limits.c

MAX_EXCEPTIONS = 10_000

_ALL = sa.select(_c.client_id, _c.bucket, _c.max_count, _c.window_s).limit(MAX_EXCEPTIONS)
_DROP = sa.delete(rate_limits).where(_c.client_id == _p("id_"), _c.bucket == _p("bucket_"))
_ADD = sa.insert(rate_limits).inline()


async def list_limits(tx: Tx) -> dict[tuple[str, str], Limit]:
    """Every exception by client and bucket."""
    rows = (await tx.execute(_ALL)).all()
    return {(row.client_id, row.bucket): Limit(row.max_count, row.window_s) for row in rows}


async def set_limit(tx: Tx, client_id: str, bucket: str, limit: Limit | None) -> None:
    """Make an exception, or take it back with None."""
    await tx.execute(_DROP, {"id_": client_id, "bucket_": bucket})
    if limit is not None:
        values = {
            "client_id": client_id,
            "bucket": bucket,
            "max_count": limit.count,
            "window_s": limit.window_s,
        }
        await tx.execute(_ADD, values)
