"""What apps hold from one user: live grants and remembered consents; and grants whose end their user should know of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hodlxxi.kit.db import Tx, rows_changed
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.store.clients import CLIENT_COLUMNS, read_client
from hodlxxi.oauth.tables import oauth_clients, oauth_consents, oauth_grants, oauth_tokens

MAX_ROWS = 1000

_p = sa.bindparam
_g, _t, _c, _k = oauth_grants.c, oauth_tokens.c, oauth_clients.c, oauth_consents.c


@dataclass(frozen=True, slots=True)
class Holding:
    """One grant, or with ``is_live`` False one remembered consent without any token."""

    client: Client
    scopes: tuple[str, ...]
    since: datetime
    last_used_at: datetime | None
    is_live: bool


@dataclass(frozen=True, slots=True)
class Stolen:
    """A grant that we ended because a refresh token was used twice, and whose app."""

    client_id: str
    client_name: str
    ended_at: datetime


# A grant whose code was never redeemed gave nobody anything.
_has_tokens = sa.exists().where(_t.grant_id == _g.grant_id, _t.revoked.is_(False), _t.expires_at > _p("now"))
_GRANTS = (
    sa.select(*CLIENT_COLUMNS, _g.scope.label("granted"), _g.created_at.label("since"), _g.last_used_at)
    .select_from(oauth_grants.join(oauth_clients, _c.client_id == _g.client_id))
    .where(_g.user_id == _p("user"), _g.revoked_at.is_(None), _g.expires_at > _p("now"), _has_tokens)
    .order_by(_g.created_at.desc())
    .limit(MAX_ROWS)
)
_CONSENTS = (
    sa.select(*CLIENT_COLUMNS, _k.scope.label("granted"), _k.created_at.label("since"))
    .select_from(oauth_consents.join(oauth_clients, _c.client_id == _k.client_id))
    .where(_k.user_id == _p("user"), _c.disabled_at.is_(None))
    .order_by(_k.created_at.desc())
    .limit(MAX_ROWS)
)
_unread = sa.and_(_g.user_id == _p("user"), _g.revoke_reason == _p("reason"), _g.warning_read_at.is_(None))
_STOLEN = (
    sa.select(_g.client_id, _c.client_name, _g.revoked_at)
    .select_from(oauth_grants.join(oauth_clients, _c.client_id == _g.client_id))
    .where(_unread)
    .order_by(_g.revoked_at.desc())
    .limit(20)
)
_READ = sa.update(oauth_grants).where(_unread).values(warning_read_at=_p("now"))
_REUSE = "refresh_reuse"


async def list_holdings(tx: Tx, user: str, now: datetime) -> list[Holding]:
    """Every live grant of a user, then every remembered consent; the newest first."""
    grants = (await tx.execute(_GRANTS, {"user": user, "now": now})).all()
    consents = (await tx.execute(_CONSENTS, {"user": user})).all()
    live = [
        Holding(read_client(row), tuple(row.granted.split()), row.since, row.last_used_at, True)
        for row in grants
    ]
    return live + [
        Holding(read_client(row), tuple(row.granted.split()), row.since, None, False) for row in consents
    ]


async def list_stolen(tx: Tx, user: str) -> list[Stolen]:
    """The grants that ended by a refresh token used twice, and that the user has not read about."""
    rows = (await tx.execute(_STOLEN, {"user": user, "reason": _REUSE})).all()
    return [Stolen(row.client_id, row.client_name, row.revoked_at) for row in rows]


async def mark_read(tx: Tx, user: str, now: datetime) -> int:
    """Note that the user has read about all of them; how many there were."""
    return rows_changed(await tx.execute(_READ, {"user": user, "reason": _REUSE, "now": now}))
