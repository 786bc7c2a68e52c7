"""Devices that wait for their user, by the digests of their two codes (RFC 8628)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hodlxxi.kit.db import Tx, insert_new, rows_changed
from hodlxxi.oauth.rules.claims import Person
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.device import Allowed, Device
from hodlxxi.oauth.store.clients import CLIENT_COLUMNS, read_client
from hodlxxi.oauth.store.grants import GRANT_COLUMNS, GRANT_SIDE, read_grant
from hodlxxi.oauth.tables import oauth_clients, oauth_device_codes, oauth_grants

_p = sa.bindparam
_d = oauth_device_codes.c

_COLUMNS = (
    _d.device_code,
    _d.client_id.label("device_client_id"),
    _d.scope,
    _d.resource,
    _d.acr_values,
    _d.ip_address,
    _d.user_agent,
    _d.interval_s,
    _d.last_polled_at,
    _d.created_at,
    _d.expires_at,
    _d.approved_at,
    _d.denied_at,
    _d.used_at,
)
_device_side = oauth_device_codes.outerjoin(GRANT_SIDE, oauth_grants.c.grant_id == _d.grant_id)
_CLIENT_AND_DEVICE = (
    sa.select(*CLIENT_COLUMNS, *_COLUMNS, *GRANT_COLUMNS)
    .select_from(oauth_clients.outerjoin(_device_side, _d.device_code == _p("digest")))
    .where(oauth_clients.c.client_id == _p("id_"))
)
_WAITING = (
    sa.select(*CLIENT_COLUMNS, *_COLUMNS)
    .select_from(oauth_device_codes.join(oauth_clients, oauth_clients.c.client_id == _d.client_id))
    .where(_d.user_code == _p("digest"))
)
_ADD = insert_new(oauth_device_codes)
_NOTE_POLL = (
    sa.update(oauth_device_codes)
    .where(_d.device_code == _p("digest"))
    .values(last_polled_at=_p("now"), interval_s=_p("interval"))
)
_open = (_d.device_code == _p("digest"), _d.approved_at.is_(None), _d.denied_at.is_(None))
_APPROVE = (
    sa.update(oauth_device_codes).where(*_open, _d.expires_at > _p("now")).values(approved_at=_p("now"))
)
_DENY = sa.update(oauth_device_codes).where(*_open).values(denied_at=_p("now"))
_ATTACH = sa.update(oauth_device_codes).where(_d.device_code == _p("digest")).values(grant_id=_p("grant"))
_SPEND = (
    sa.update(oauth_device_codes)
    .where(_d.device_code == _p("digest"), _d.approved_at.is_not(None), _d.used_at.is_(None))
    .values(used_at=_p("now"))
)


def _read(columns: tuple[Any, ...]) -> Device:
    (
        digest, client_id, scope, resources, acr_values, ip_address, user_agent, interval_s, last_polled_at,
        created_at, expires_at, approved_at, denied_at, used_at,
    ) = columns  # fmt: skip
    return Device(
        digest, client_id, tuple(scope.split()), tuple(resources or ()), tuple(acr_values), ip_address, user_agent,
        interval_s, last_polled_at, created_at, expires_at,
        approved_at is not None, denied_at is not None, used_at is not None,
    )  # fmt: skip


async def add_device(tx: Tx, device: Device, user_code_digest: str) -> bool:
    """Keep a device that begins to wait; False when another one has the same code to type."""
    values = {
        "device_code": device.digest,
        "user_code": user_code_digest,
        "client_id": device.client_id,
        "scope": " ".join(device.scopes),
        "resource": list(device.resources) or None,
        "acr_values": list(device.acr_values),
        "ip_address": device.ip_address,
        "user_agent": device.user_agent,
        "interval_s": device.interval_s,
        "created_at": device.created_at,
        "expires_at": device.expires_at,
    }
    return rows_changed(await tx.execute(_ADD, values)) == 1


async def find_client_and_device(
    tx: Tx, client_id: str, digest: str
) -> tuple[Client | None, Device | None, Allowed | None, Person | None]:
    """The client with this id and, if there is one, the device that polls with this digest and what its user allowed."""
    row = (await tx.execute(_CLIENT_AND_DEVICE, {"id_": client_id, "digest": digest})).one_or_none()
    if row is None:
        return None, None, None, None
    client = read_client(row)
    columns = tuple(row[len(CLIENT_COLUMNS) :])
    if columns[0] is None:
        return client, None, None, None
    device, columns = _read(columns[: len(_COLUMNS)]), columns[len(_COLUMNS) :]
    if columns[0] is None:
        return client, device, None, None
    grant, person, is_open = read_grant(columns)
    return client, device, Allowed(grant, is_open), person


async def find_waiting(tx: Tx, user_code_digest: str) -> tuple[Client, Device] | None:
    """The device that shows this code, in whatever state, with its app."""
    row = (await tx.execute(_WAITING, {"digest": user_code_digest})).one_or_none()
    return (read_client(row), _read(tuple(row[len(CLIENT_COLUMNS) :]))) if row is not None else None


async def note_poll(tx: Tx, digest: str, now: datetime, interval_s: int) -> None:
    """Note that a device asked, and how fast it may ask from now on."""
    await tx.execute(_NOTE_POLL, {"digest": digest, "now": now, "interval": interval_s})


async def approve_device(tx: Tx, digest: str, now: datetime) -> bool:
    """The gate of the user's yes: whether we, and nobody before us, answered."""
    return rows_changed(await tx.execute(_APPROVE, {"digest": digest, "now": now})) == 1


async def attach_grant(tx: Tx, digest: str, grant_id: str) -> None:
    """Say what was allowed; after the gate."""
    await tx.execute(_ATTACH, {"digest": digest, "grant": grant_id})


async def deny_device(tx: Tx, digest: str, now: datetime) -> bool:
    """The gate of the user's no: whether we, and nobody before us, answered."""
    return rows_changed(await tx.execute(_DENY, {"digest": digest, "now": now})) == 1


async def spend_device(tx: Tx, digest: str, now: datetime) -> bool:
    """The gate of the poll: whether we, and nobody before us, get the tokens."""
    return rows_changed(await tx.execute(_SPEND, {"digest": digest, "now": now})) == 1
