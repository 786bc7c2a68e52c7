"""Apps that nobody used, and apps that have ended: first they end, and when nothing points to them any more they go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from hodlxxi.kit.db import Tx, rows_changed
from hodlxxi.oauth.rules.clients import Trust
from hodlxxi.oauth.tables import (
    logout_outbox,
    oauth_clients,
    oauth_codes,
    oauth_consents,
    oauth_device_codes,
    oauth_grants,
    oauth_interactions,
    oauth_pars,
    oauth_tokens,
    rate_limits,
)

UNUSED_FOR = timedelta(days=90)
ENDED_KEPT = timedelta(days=30)  # for whoever asks what became of an app

_c = oauth_clients.c
_p = sa.bindparam
_abandoned = (
    sa.select(_c.client_id)
    .where(
        _c.trust == Trust.SELF_REGISTERED.value,
        _c.created_at < _p("before"),
        sa.func.coalesce(_c.last_used_at, _c.created_at) < _p("before"),
        _c.disabled_at.is_(None),
    )
    .limit(_p("limit"))
)
_END_ABANDONED = (
    sa.update(oauth_clients)
    .where(_c.client_id.in_(_abandoned.scalar_subquery()))
    .values(disabled_at=_p("now"), client_secret=None, client_secret_sealed=None, registration_token=None)
)


def _ended() -> Sequence[sa.ColumnElement[bool]]:
    # Only who registered themselves: what the operator set up is the operator's to remove.
    return (_c.trust == Trust.SELF_REGISTERED.value, _c.disabled_at < _p("before"))


def _of_ended(table: sa.Table) -> sa.ColumnElement[bool]:
    ended = sa.select(_c.client_id).where(*_ended())
    return table.c.client_id.in_(ended.scalar_subquery())


_forgotten = sa.select(oauth_consents.c.client_id).where(_of_ended(oauth_consents)).limit(_p("limit"))
_FORGET_CONSENTS = sa.delete(oauth_consents).where(
    oauth_consents.c.client_id.in_(_forgotten.scalar_subquery())
)
_FORGET_LIMITS = sa.delete(rate_limits).where(_of_ended(rate_limits))
_POINTING = (
    oauth_grants,
    oauth_codes,
    oauth_tokens,
    oauth_interactions,
    oauth_pars,
    oauth_device_codes,
    logout_outbox,
    oauth_consents,
)


def _points_to_client(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.select(sa.literal(1)).where(table.c.client_id == _c.client_id).exists()


_alone = (
    sa.select(_c.client_id)
    .where(*_ended(), *(~_points_to_client(table) for table in _POINTING))
    .limit(_p("limit"))
)
_REMOVE = sa.delete(oauth_clients).where(_c.client_id.in_(_alone.scalar_subquery()))


async def end_abandoned(tx: Tx, now: datetime, limit: int) -> int:
    """Self-registered clients that nobody used for 90 days."""
    params = {"now": now, "before": now - UNUSED_FOR, "limit": limit}
    return rows_changed(await tx.execute(_END_ABANDONED, params))


async def remove_ended(tx: Tx, now: datetime, limit: int) -> int:
    """Self-registered clients that ended long ago, once their grants and tokens have been swept; their consents before."""
    params: dict[str, Any] = {"before": now - ENDED_KEPT}
    await tx.execute(_FORGET_LIMITS, params)
    await tx.execute(_FORGET_CONSENTS, params | {"limit": limit})
    return rows_changed(await tx.execute(_REMOVE, params | {"limit": limit}))
