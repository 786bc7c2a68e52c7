"""What an operator decides about a client: trust, profile, audiences, a rest, and changes to anything registered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from hodlxxi.kit.db import Tx
from hodlxxi.kit.errors import BadInput, Conflict, NotFound
from hodlxxi.oauth import change_client as changes
from hodlxxi.oauth.change_client import Author, Changed
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.clients import Client, Profile, Trust
from hodlxxi.oauth.rules.errors import Fault
from hodlxxi.oauth.rules.pkce import PkcePolicy
from hodlxxi.oauth.rules.profile import judge_profile
from hodlxxi.oauth.sector import check_sector
from hodlxxi.oauth.store import clients as store
from hodlxxi.oauth.store.owned import UsedClient, find_used

OPERATOR = Author(is_operator=True)


async def get_client(room: OAuthRoom, client_id: str) -> UsedClient:
    """A client with its use. Raises ``NotFound``."""
    async with room.db.read() as tx:
        used = await find_used(tx, client_id, room.clock.now())
    if used is None:
        raise _unknown(client_id)
    return used


async def change(
    room: OAuthRoom,
    client_id: str,
    wishes: dict[str, object],
    *,
    pkce: PkcePolicy | None = None,
    owner_id: str | None = None,
) -> Changed:
    """Change the members in ``wishes`` and no others; None takes a member away.

    Raises ``NotFound``, and ``BadInput`` or ``OAuthRefusal`` that name what is wrong.
    """
    await check_sector(room, changes.members_of((await get_client(room, client_id)).client) | wishes)
    async with _held(room, client_id) as (tx, client):
        if pkce is not None or owner_id is not None:
            client = replace(
                client, pkce_policy=pkce or client.pkce_policy, owner_id=owner_id or client.owner_id
            )
            await store.set_terms(tx, client)
        outcome = await changes.change_client(room, tx, client, changes.members_of(client) | wishes, OPERATOR)
        if isinstance(outcome, Fault):
            raise BadInput(outcome.text)
    return outcome


async def rotate_secret(room: OAuthRoom, client_id: str) -> Changed:
    """A new secret. Raises ``NotFound``, and ``Conflict`` for a client that has or may have none."""
    async with _held(room, client_id) as (tx, client):
        outcome = await changes.rotate_secret(room, tx, client, OPERATOR)
        if isinstance(outcome, Fault):
            raise Conflict(outcome.text)
    return outcome


async def set_trust(room: OAuthRoom, client_id: str, trust: Trust) -> Client:
    """Vouch for a client, or no longer. Raises ``NotFound``."""
    async with _held(room, client_id) as (tx, client):
        client = replace(client, trust=trust)
        await store.set_terms(tx, client)
        await changes.note(room, tx, client, OPERATOR, {"trust": trust.value})
    return client


async def set_profile(room: OAuthRoom, client_id: str, profile: Profile) -> Client:
    """Hold a client to a profile. Raises ``NotFound``, and ``Conflict`` for one that cannot keep to it."""
    async with _held(room, client_id) as (tx, client):
        client = replace(client, profile=profile)
        fault = judge_profile(client)
        if fault is not None:
            raise Conflict(fault.text)
        await store.set_terms(tx, client)
        await changes.note(room, tx, client, OPERATOR, {"profile": profile.value})
    return client


async def serve_resource(room: OAuthRoom, client_id: str, uri: str, *, drop: bool = False) -> Client:
    """Let a client introspect the tokens for an API, as its server; or no longer. Raises ``NotFound``, ``BadInput``."""
    if not drop:
        _check_known(room, uri)
    async with _held(room, client_id) as (tx, client):
        others = tuple(known for known in client.serves if known != uri)
        client = replace(client, serves=others if drop else (*others, uri))
        await store.set_terms(tx, client)
        await changes.note(room, tx, client, OPERATOR, {"serves": list(client.serves)})
    return client


async def allow_resources(room: OAuthRoom, client_id: str, uris: tuple[str, ...] | None) -> Client:
    """The APIs that a client may ask tokens for; None is all (RFC 8707). Raises ``NotFound``, ``BadInput``."""
    _check_known(room, *(uris or ()))
    async with _held(room, client_id) as (tx, client):
        client = replace(client, resources=uris)
        await store.set_terms(tx, client)
        details = {"resources": "all" if uris is None else list(uris)}
        await changes.note(room, tx, client, OPERATOR, details)
    return client


async def pause(room: OAuthRoom, client_id: str) -> Client:
    """Disable a client: it and its tokens are refused until it may go on. Raises ``NotFound``, ``Conflict``."""
    now = room.clock.now()
    async with _held(room, client_id) as (tx, client):
        if not await store.pause_client(tx, client_id, now):
            raise Conflict(f"{client_id} is disabled already.")
        await changes.note(room, tx, client, OPERATOR, {"disabled": True})
    return replace(client, disabled_at=now)


async def resume(room: OAuthRoom, client_id: str) -> Client:
    """Let a client go on as it is. What was erased when it was removed stays gone. Raises ``NotFound``, ``Conflict``."""
    async with _held(room, client_id) as (tx, client):
        if not await store.resume_client(tx, client_id):
            raise Conflict(f"{client_id} is not disabled.")
        await changes.note(room, tx, client, OPERATOR, {"disabled": False})
    return replace(client, disabled_at=None)


@asynccontextmanager
async def _held(room: OAuthRoom, client_id: str) -> AsyncIterator[tuple[Tx, Client]]:
    async with room.db.begin() as tx:
        client = await store.hold_client(tx, client_id)
        if client is None:
            raise _unknown(client_id)
        yield tx, client


def _check_known(room: OAuthRoom, *uris: str) -> None:
    for uri in uris:
        if uri not in room.policy.resources:
            known = ", ".join(room.policy.resources)
            raise BadInput(f"{uri} is no API of this server. Name it in OAUTH_RESOURCES; known are: {known}.")


def _unknown(client_id: str) -> NotFound:
    return NotFound(f"There is no app {client_id}.")
