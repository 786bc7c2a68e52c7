"""The user's side of the provider: which apps hold what access since when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.scopes import Catalogue, Scope
from hodlxxi.oauth.store import holdings as store
from hodlxxi.oauth.store.holdings import Holding, Stolen


@dataclass(frozen=True, slots=True)
class ConnectedApp:
    """An app and all that it holds from one user.

    ``is_live`` False: it holds no token now, and the user is not asked again when it comes back. ``last_used_at`` is when it
    last got tokens: at most an access token's life before it last used one.
    """

    client: Client
    scopes: tuple[Scope, ...]
    since: datetime
    last_used_at: datetime | None
    is_live: bool


@dataclass(frozen=True, slots=True)
class Connections:
    """The apps of one user, and what happened that they should know of."""

    apps: tuple[ConnectedApp, ...]
    stolen: tuple[Stolen, ...]


async def list_connections(room: OAuthRoom, user: str) -> Connections:
    """What apps hold from this user; the most recently used first."""
    async with room.db.read() as tx:
        holdings = await store.list_holdings(tx, user, room.clock.now())
        stolen = await store.list_stolen(tx, user)
    return Connections(tuple(gather_apps(holdings, room.policy.scopes)), tuple(stolen))


def gather_apps(holdings: Iterable[Holding], catalogue: Catalogue) -> list[ConnectedApp]:
    """One entry for each app, of all its grants together; a remembered consent counts only for an app without any."""
    by_client: dict[str, list[Holding]] = {}
    for holding in holdings:
        by_client.setdefault(holding.client.client_id, []).append(holding)
    apps = []
    for found in by_client.values():
        live = [holding for holding in found if holding.is_live] or found
        names = {name for holding in live for name in holding.scopes}
        used = [holding.last_used_at or holding.since for holding in live if holding.is_live]
        apps.append(
            ConnectedApp(
                client=live[0].client,
                scopes=tuple(scope for name, scope in catalogue.items() if name in names),
                since=min(holding.since for holding in live),
                last_used_at=max(used, default=None),
                is_live=bool(used),
            )
        )
    return sorted(apps, key=lambda app: (app.is_live, app.last_used_at or app.since), reverse=True)


async def read_warnings(room: OAuthRoom, user: str) -> None:
    """Show this user's present warnings no more."""
    async with room.db.begin() as tx:
        await store.mark_read(tx, user, room.clock.now())
