"""The apps of one developer, and how much each is in use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hodlxxi.kit.db import Tx
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.store.clients import CLIENT_COLUMNS, read_client
from hodlxxi.oauth.tables import oauth_clients, oauth_grants

_p = sa.bindparam
_c, _g = oauth_clients.c, oauth_grants.c

_alive = (
    sa.select(sa.func.count())
    .select_from(oauth_grants)
    .where(_g.client_id == _c.client_id, _g.revoked_at.is_(None), _g.expires_at > _p("now"))
    .scalar_subquery()
)
_USE = (*CLIENT_COLUMNS, _c.last_used_at, _alive.label("grants"))
_FIND = sa.select(*_USE).where(_c.client_id == _p("id_"))
# Disabled for a while, and not removed: the secrets of a removed app are erased.
_owned = (_c.owner_id == _p("owner"), sa.or_(_c.disabled_at.is_(None), _c.registration_token.is_not(None)))
_LIST = sa.select(*_USE).where(*_owned).order_by(_c.created_at.desc(), _c.client_id)
_HOLD = sa.select(_c.client_id).where(*_owned).with_for_update(key_share=True)
_COUNT = sa.select(sa.func.count()).select_from(oauth_clients).where(*_owned)


@dataclass(frozen=True, slots=True)
class UsedClient:
    """A client with its use. ``grants`` is how many grants of people are alive."""

    client: Client
    last_used_at: datetime | None
    grants: int


async def find_used(tx: Tx, client_id: str, now: datetime) -> UsedClient | None:
    """One client, disabled or not."""
    row = (await tx.execute(_FIND, {"id_": client_id, "now": now})).one_or_none()
    return _read(row) if row is not None else None


async def list_owned(tx: Tx, owner_id: str, now: datetime) -> list[UsedClient]:
    """The apps that somebody registered and that have not ended, newest first."""
    return [_read(row) for row in (await tx.execute(_LIST, {"owner": owner_id, "now": now})).all()]


async def count_owned(tx: Tx, owner_id: str) -> int:
    """How many apps somebody has. Whoever counts for the same person at the same time waits until we are done."""
    await tx.execute(_HOLD, {"owner": owner_id})
    return int((await tx.execute(_COUNT, {"owner": owner_id})).scalar_one())


def _read(row: sa.Row[*tuple[Any, ...]]) -> UsedClient:
    last_used_at, grants = row[len(CLIENT_COLUMNS) :]
    return UsedClient(read_client(row), last_used_at, int(grants))
