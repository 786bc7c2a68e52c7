"""What the account page shows, in words, out of what the use cases say."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hodlxxi.identity.account import Account
from hodlxxi.identity.account_rules import CODES, describe_device, describe_kind, describe_method, is_fresh
from hodlxxi.identity.browser import short_key
from hodlxxi.identity.routes import public_id
from hodlxxi.identity.session import Session
from hodlxxi.identity.store import OpenSession
from hodlxxi.kit.clock import describe_age, render_day, render_time
from hodlxxi.oauth.account import ConnectedApp, Connections


def account_view(
    account: Account,
    sessions: list[OpenSession],
    connections: Connections,
    current: Session,
    now: datetime,
) -> dict[str, Any]:
    """Everything on the page; texts are for the template to escape."""
    return {
        "account": {
            "pubkey": account.user.pubkey,
            "name": account.user.display_name or "",
            "since": render_day(account.user.created_at),
        },
        "apps": [_app(app, now) for app in connections.apps],
        "stolen": [
            {"name": item.client_name, "when": describe_age(item.ended_at, now)}
            for item in connections.stolen
        ],
        "sessions": [_session(item, current, now) for item in sessions],
        "keys": [
            {
                "key": key.key,
                "short": short_key(key.key),
                "kind": describe_kind(key.kind),
                "label": key.label or "",
                "added": render_day(key.added_at),
                "used": describe_age(key.last_used_at, now) if key.last_used_at else "never",
                "current": key.key == current.key,
            }
            for key in account.keys
        ],
        "codes": {
            "left": account.codes.left,
            "of": CODES,
            "made": render_day(account.codes.made_at) if account.codes.made_at else None,
        },
        "is_fresh": is_fresh(current.auth_time, now),
    }


def _app(app: ConnectedApp, now: datetime) -> dict[str, Any]:
    return {
        "client_id": app.client.client_id,
        "name": app.client.metadata.name,
        "host": app.client.host(),
        "verified": not app.client.is_self_registered,
        "scopes": [
            {"name": scope.name, "text": scope.text, "warning": scope.warning} for scope in app.scopes
        ],
        "since": render_day(app.since),
        "used": describe_age(app.last_used_at, now) if app.last_used_at else None,
        "live": app.is_live,
    }


def _session(item: OpenSession, current: Session, now: datetime) -> dict[str, Any]:
    return {
        "id": public_id(item.digest),
        "device": describe_device(item.user_agent),
        "address": item.ip_address or "an unknown address",
        "how": describe_method(item.amr),
        "opened": describe_age(item.created_at, now),
        "used": describe_age(item.last_used_at or item.created_at, now),
        "current": item.digest == current.digest,
    }


def render_app(app: ConnectedApp) -> dict[str, Any]:
    """The same for programs: ``GET /api/apps``."""
    return {
        "client_id": app.client.client_id,
        "name": app.client.metadata.name,
        "host": app.client.host(),
        "verified": not app.client.is_self_registered,
        "scopes": [scope.name for scope in app.scopes],
        "since": render_time(app.since),
        "last_used_at": render_time(app.last_used_at) if app.last_used_at else None,
        "active": app.is_live,
    }
