"""What an app's developer does at /developers: register apps, change them, rotate their secrets, end them.

An app that is somebody else's is refused exactly like one that does not exist.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from hodlxxi.audit.events import Origin
from hodlxxi.kit.db import Tx
from hodlxxi.kit.errors import BadInput, Conflict, Forbidden, NotFound
from hodlxxi.kit.secret import same, tag_of
from hodlxxi.oauth import change_client as changes
from hodlxxi.oauth.change_client import Author, Changed
from hodlxxi.oauth.register import Registered, admit_client, end_client
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.app_form import Fields, read_form
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.errors import Fault
from hodlxxi.oauth.rules.redirects import MAX_URIS
from hodlxxi.oauth.rules.scopes import Scope
from hodlxxi.oauth.rules.trial import CALLBACK_PATH
from hodlxxi.oauth.sector import check_sector
from hodlxxi.oauth.store import clients as store
from hodlxxi.oauth.store.owned import UsedClient, find_used, list_owned

SENT_TWICE_S = 3600


@dataclass(frozen=True, slots=True)
class Developer:
    """Who is at the page, by their pubkey, and where from."""

    user_id: str
    origin: Origin

    @property
    def author(self) -> Author:
        """As the record of a change names them."""
        return Author(self.origin, self.user_id)


def find_obstacle(room: OAuthRoom, user_id: str) -> str | None:
    """Why this person may register no app here; None when they may."""
    policy = room.policy
    if policy.registration == "closed":
        return "App registration is closed here. Ask the operator of this server to register your app."
    if policy.developers is not None and user_id not in policy.developers:
        return "Only people whom the operator of this server named may register apps here."
    return None


def offered_scopes(room: OAuthRoom, client: Client | None) -> list[Scope]:
    """The scopes that an app of this page may have."""
    terms = changes.terms_for(room, client, is_operator=False)
    return [scope for name, scope in room.policy.scopes.items() if terms.may_have(name)]


async def list_apps(room: OAuthRoom, user_id: str) -> list[UsedClient]:
    """Somebody's apps, newest first."""
    async with room.db.read() as tx:
        return await list_owned(tx, user_id, room.clock.now())


async def get_app(room: OAuthRoom, user_id: str, client_id: str) -> UsedClient:
    """One of somebody's apps. Raises ``NotFound``."""
    async with room.db.read() as tx:
        # PostgreSQL takes no NUL in a text; no id of ours has one.
        used = await find_used(tx, client_id.replace("\x00", ""), room.clock.now())
    if used is None or not _is_own(used.client, user_id):
        raise _nothing()
    return used


async def register_app(
    room: OAuthRoom, who: Developer, fields: Fields, keys: object, *, once: str, initial_token: str | None
) -> Registered:
    """Register an app of this person's. ``once`` is the form's own mark: a form that is sent twice makes one app.

    Raises ``Forbidden``, ``Conflict``, ``TooMany``, ``BadInput`` and ``OAuthRefusal``, the latter two for what is wrong
    with the form.
    """
    obstacle = find_obstacle(room, who.user_id)
    if obstacle is not None:
        raise Forbidden(obstacle)
    body = read_form(fields, keys, None, {})
    if isinstance(body, Fault):
        raise BadInput(body.text)
    kv = room.identity.kv
    is_first = await kv.put_new(f"form:{once}:{who.user_id}", "sent", SENT_TWICE_S)
    # With Redis away nobody knows; rather an app twice than none.
    if not is_first and kv.state != "disconnected":
        raise Conflict("This form was sent before. Your apps are at /developers.", code="sent_twice")
    return await admit_client(room, body, who.origin, initial_token, who.user_id)


async def change_app(
    room: OAuthRoom, who: Developer, client_id: str, fields: Fields, keys: object
) -> Changed:
    """Change what is registered. Raises ``NotFound``, ``BadInput`` and ``OAuthRefusal``."""
    client = (await get_app(room, who.user_id, client_id)).client
    await check_sector(room, _wished(client, fields, keys))
    async with _held(room, who, client_id) as (tx, client):
        outcome = await changes.change_client(room, tx, client, _wished(client, fields, keys), who.author)
        if isinstance(outcome, Fault):
            raise BadInput(outcome.text)
    return outcome


async def rotate_app_secret(room: OAuthRoom, who: Developer, client_id: str, seen: str) -> Changed:
    """A new secret in place of the one that was ``seen``: a form that is sent twice does not make a third.

    Raises ``NotFound`` and ``Conflict``.
    """
    async with _held(room, who, client_id) as (tx, client):
        is_current = same(seen, mark_of_secret(room, client))
        outcome = await changes.rotate_secret(room, tx, client, who.author) if is_current else None
        if not isinstance(outcome, Changed):
            fault = outcome or changes.CHANGED_MEANWHILE
            raise Conflict(fault.text, code="secret_changed")
    return outcome


async def remove_app(room: OAuthRoom, who: Developer, client_id: str) -> None:
    """End an app, with everything that people gave it. Raises ``NotFound``."""
    async with _held(room, who, client_id) as (tx, _):
        await end_client(tx, client_id, room.clock.now(), who.origin, who.user_id)


async def add_trial_address(room: OAuthRoom, who: Developer, client_id: str) -> None:
    """Register our own callback beside the app's, for a trial sign-in. Raises ``NotFound``, ``BadInput``, ``Conflict``."""
    async with _held(room, who, client_id) as (tx, client):
        uris = client.metadata.redirect_uris
        if len(uris) >= MAX_URIS:
            raise Conflict(f"This app has {MAX_URIS} redirect URIs, which is the most. Remove one first.")
        wish = changes.members_of(client) | {
            "redirect_uris": list(dict.fromkeys([*uris, trial_address(room)]))
        }
        outcome = await changes.change_client(room, tx, client, wish, who.author)
        if isinstance(outcome, Fault):
            raise BadInput(outcome.text)


def trial_address(room: OAuthRoom) -> str:
    """The redirect URI of ours that any app may register."""
    return room.policy.issuer + CALLBACK_PATH


def mark_of_secret(room: OAuthRoom, client: Client) -> str:
    """Which secret a page was made for; tells nothing about it."""
    return tag_of(room.identity.csrf_key, "client-secret", client.client_id, client.secret_digest or "")


def _wished(client: Client, fields: Fields, keys: object) -> dict[str, object]:
    body = read_form(fields, keys, client.metadata, changes.members_of(client))
    if isinstance(body, Fault):
        raise BadInput(body.text)
    return body


@asynccontextmanager
async def _held(room: OAuthRoom, who: Developer, client_id: str) -> AsyncIterator[tuple[Tx, Client]]:
    async with room.db.begin() as tx:
        client = await store.hold_client(tx, client_id.replace("\x00", ""))
        if client is None or not _is_own(client, who.user_id):
            raise _nothing()
        if client.disabled_at is not None:
            raise Forbidden(
                "The operator of this server has disabled this app; nothing of it can be changed now."
            )
        yield tx, client


def _is_own(client: Client, user_id: str) -> bool:
    return client.owner_id is not None and client.owner_id == user_id and not client.has_ended


def _nothing() -> NotFound:
    return NotFound("You have no such app.")
