"""A request that waits for its user: kept on the server, bound to one browser, judged again at every step."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlsplit

from hodlxxi.audit.events import Origin
from hodlxxi.identity.room import LoginClient
from hodlxxi.identity.session import Session
from hodlxxi.kit.db import Tx
from hodlxxi.kit.secret import digest_of, mint_token
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.authorization import (
    Answer,
    Destination,
    Params,
    ResponseMode,
    excludes,
    judge_destination,
    kept_params,
    refuse,
)
from hodlxxi.oauth.rules.claims import ACR_KEY_REMOTE
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.store import asking as store
from hodlxxi.oauth.store.asking import Interaction
from hodlxxi.oauth.store.clients import find_client

INTERACTION_LIFE = timedelta(minutes=30)
PATH = "/oauth/authorize"
_NEXT = re.compile(r"/oauth/authorize\?interaction=([A-Za-z0-9_-]{43})")

GONE = Fault(Word.INVALID_REQUEST, "This sign-in has expired. Go back to the app and start again.")
DONE = Fault(Word.INVALID_REQUEST, "This sign-in was already completed. You can return to the app.")
FOREIGN = Fault(Word.INVALID_REQUEST, "This sign-in was started in another browser. Start again in the app.")
DENIED = Fault(Word.ACCESS_DENIED, "The user did not allow it.")


@dataclass(frozen=True, slots=True)
class Asker:
    """The browser at the other end. ``browser`` is its cookie's digest, also when the cookie is only just being set."""

    browser: str
    is_new: bool
    session: Session | None
    origin: Origin


def interaction_path(interaction_id: str) -> str:
    """Where the waiting request goes on."""
    return f"{PATH}?interaction={interaction_id}"


async def open_interaction(
    room: OAuthRoom,
    client: Client,
    params: Params,
    asker: Asker,
    *,
    cross_site: bool = False,
    pushed: str | None = None,
) -> tuple[str, Interaction]:
    """Keep a request; its id (which stands only in the URL) and what was kept.

    A POST from another site brings no cookies, so its interaction belongs to the first browser that shows it. ``pushed`` is
    the digest of the pushed request that the parameters come from.
    """
    now = room.clock.now()
    interaction_id = mint_token()
    is_bound = not (cross_site and asker.is_new)
    interaction = Interaction(
        digest=digest_of(interaction_id),
        client_id=client.client_id,
        params=kept_params(params),
        browser=asker.browser if is_bound else None,
        session_id=asker.session.digest if asker.session else None,
        created_at=now,
        expires_at=now + INTERACTION_LIFE,
        pushed=pushed,
    )
    async with room.db.begin() as tx:
        await store.add_interaction(tx, interaction)
    return interaction_id, interaction


async def load_interaction(room: OAuthRoom, interaction_id: str, asker: Asker) -> Interaction | Fault:
    """The waiting request of this browser."""
    async with room.db.read() as tx:
        interaction = await store.find_interaction(tx, digest_of(interaction_id))
        if interaction is None or interaction.expires_at <= room.clock.now():
            return GONE
        if interaction.browser is None:
            session_id = asker.session.digest if asker.session else None
            if await store.bind_interaction(tx, interaction.digest, asker.browser, session_id):
                interaction = await store.find_interaction(tx, interaction.digest) or interaction
    if interaction.browser != asker.browser:
        return FOREIGN
    return DONE if interaction.is_used else interaction


async def describe_interaction(room: OAuthRoom, next_path: str, browser: str | None) -> LoginClient | None:
    """The app that waits behind a path, for the sign-in page; None when none does, or in another browser."""
    async with room.db.read() as tx:
        found = await _find_waiting(room, tx, next_path, browser)
    if found is None:
        return None
    interaction, client, destination = found
    hint = next(iter(interaction.params.get("login_hint", ())), None)
    shown = show_client(room, client, destination.redirect_uri)
    return replace(shown, login_hint=hint, excludes_remote=excludes(interaction.params, ACR_KEY_REMOTE))


async def cancel_interaction(room: OAuthRoom, next_path: str, browser: str | None) -> str | None:
    """Where to send somebody who does not want to sign in: back to the app with ``access_denied``; None without an app."""
    now = room.clock.now()
    async with room.db.begin() as tx:
        found = await _find_waiting(room, tx, next_path, browser)
        if found is None:
            return None
        interaction, _, destination = found
        if destination.response_mode is ResponseMode.FORM_POST:
            # That answer is a page of ours, which the browser fetches next.
            await store.deny_interaction(tx, interaction.digest, now)
            return next_path
        if not await store.spend_interaction(tx, interaction, now):
            return None
    return refuse(destination, DENIED).location(room.policy.issuer)


def denied(destination: Destination) -> Answer:
    """The answer to the app when its user said no."""
    return refuse(destination, DENIED)


def show_client(room: OAuthRoom, client: Client, redirect_uri: str | None) -> LoginClient:
    """The app as people see it. Its address is where they will be sent (None: nowhere), not what it says about itself.

    A logo is somebody's claim to be somebody: shown for apps that the operator has approved.
    """
    parts = urlsplit(redirect_uri or "")
    is_approved = not client.is_self_registered
    return LoginClient(
        name=client.metadata.name,
        host=client.host(redirect_uri),
        uri=f"{parts.scheme}://{parts.netloc}"
        if parts.netloc
        else f"{parts.scheme}:"
        if parts.scheme
        else None,
        logo_uri=client.metadata.logo_uri if is_approved or room.policy.show_all_logos else None,
        policy_uri=client.metadata.policy_uri,
        tos_uri=client.metadata.tos_uri,
        verified=is_approved,
    )


async def _find_waiting(
    room: OAuthRoom, tx: Tx, next_path: str, browser: str | None
) -> tuple[Interaction, Client, Destination] | None:
    matched = _NEXT.fullmatch(next_path)
    if matched is None or browser is None:
        return None
    interaction = await store.find_interaction(tx, digest_of(matched[1]))
    if interaction is None or interaction.is_used or interaction.expires_at <= room.clock.now():
        return None
    client = await find_client(tx, interaction.client_id)
    destination = judge_destination(interaction.params, client)
    if interaction.browser != browser or client is None or isinstance(destination, Fault):
        return None
    return interaction, client, destination
