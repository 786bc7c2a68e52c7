"""Changes to a client, in the caller's transaction: by itself (RFC 7592), by its developer, or by the operator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hodlxxi.audit.events import Entry, Event, Origin
from hodlxxi.audit.log import record
from hodlxxi.kit.db import Tx
from hodlxxi.kit.secret import digest_of, mint_token
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.approval import keeps_approval
from hodlxxi.oauth.rules.clients import (
    HMAC_ALG,
    SECRET_METHODS,
    Client,
    Metadata,
    Trust,
    renames_users,
    render_metadata,
)
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.profile import judge_profile
from hodlxxi.oauth.rules.registration import Terms, judge_metadata
from hodlxxi.oauth.rules.trial import CALLBACK_PATH
from hodlxxi.oauth.store import clients as store

NO_SECRET = Fault(
    Word.INVALID_CLIENT_METADATA, "This app has no client secret: it is public, or signs with its own key."
)
ENDED = Fault(Word.INVALID_CLIENT_METADATA, "This app has ended or is disabled.")
CHANGED_MEANWHILE = Fault(
    Word.INVALID_CLIENT_METADATA, "The secret was changed meanwhile. Load the page again."
)
_NOT_SENT = ("client_id", "client_id_issued_at")
RENAMES_USERS = Fault(
    Word.INVALID_CLIENT_METADATA,
    "subject_type, redirect_uris, sector_identifier_uri, grant_types: with this change the users of this app would get "
    "another sub. Register a new app for it.",
)


@dataclass(frozen=True, slots=True)
class Author:
    """Who makes a change, for the record. ``user_id`` is the developer's; None is the app itself or the operator."""

    origin: Origin | None = None
    user_id: str | None = None
    is_operator: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """The client afterwards. ``secret`` is a new one, shown this once; ``lost_approval``: the operator has to look again."""

    client: Client
    secret: str | None = None
    lost_approval: bool = False


def terms_for(room: OAuthRoom, client: Client | None, *, is_operator: bool) -> Terms:
    """What may be registered: everything by the operator; else the open scopes, and what the client has already."""
    policy = room.policy
    allowed = None if is_operator or policy.open_scopes is None else policy.open_scopes
    if allowed is not None and client is not None:
        allowed = allowed | frozenset(client.metadata.scopes)
    return Terms(policy.scopes, policy.id_token_algs, allowed, policy.subject_type)


def members_of(client: Client) -> dict[str, object]:
    """The registered metadata as one would send it again."""
    return {name: value for name, value in render_metadata(client).items() if name not in _NOT_SENT}


def seal_secret(room: OAuthRoom, metadata: Metadata, secret: str | None) -> str | None:
    """The copy of a secret that ID tokens are keyed with (HS256); None where a digest is enough."""
    return room.sealer.seal(secret.encode()) if secret and metadata.id_token_alg == HMAC_ALG else None


async def change_client(
    room: OAuthRoom, tx: Tx, client: Client, body: Mapping[str, object], author: Author
) -> Changed | Fault:
    """Replace a client's metadata with what ``body`` says; what is left out is deleted (RFC 7592 §2.2).

    The caller holds the client's row (``store.hold_client``): a secret that is rotated meanwhile must not come back.
    """
    metadata = judge_metadata(body, terms_for(room, client, is_operator=author.is_operator))
    if isinstance(metadata, Fault):
        return metadata
    fault = judge_profile(replace(client, metadata=metadata))
    if fault is not None:
        return fault
    if not author.is_operator and renames_users(client, replace(client, metadata=metadata)):
        return RENAMES_USERS
    needs_secret = metadata.auth_method in SECRET_METHODS
    # A sealed copy cannot be made of a secret that only its owner still knows.
    lacks_copy = metadata.id_token_alg == HMAC_ALG and client.secret_sealed is None
    secret = mint_token() if needs_secret and (not client.has_secret or lacks_copy) else None
    is_approved = not client.is_self_registered
    harmless = room.policy.issuer + CALLBACK_PATH
    lost = is_approved and not author.is_operator and not keeps_approval(client.metadata, metadata, harmless)
    changed = replace(
        client,
        metadata=metadata,
        trust=Trust.SELF_REGISTERED if lost else client.trust,
        secret_digest=digest_of(secret) if secret else client.secret_digest if needs_secret else None,
        secret_sealed=seal_secret(room, metadata, secret)
        if secret or not needs_secret
        else client.secret_sealed,
    )
    await store.change_client(tx, changed)
    details: dict[str, object] = {"name": metadata.name, "redirect_uris": list(metadata.redirect_uris)}
    details |= {"approval": "lost"} if lost else {}
    await note(room, tx, client, author, details)
    return Changed(changed, secret, lost)


async def rotate_secret(room: OAuthRoom, tx: Tx, client: Client, author: Author) -> Changed | Fault:
    """A new secret; the old one is wrong from the commit on. The gate: of two that rotate at once, one has done it."""
    if client.metadata.auth_method not in SECRET_METHODS:
        return NO_SECRET
    if client.disabled_at is not None:
        return ENDED
    secret = mint_token()
    sealed = seal_secret(room, client.metadata, secret)
    changed = replace(client, secret_digest=digest_of(secret), secret_sealed=sealed)
    if not await store.replace_secret(tx, client, changed):
        return CHANGED_MEANWHILE
    entry = Entry(
        Event.CLIENT_SECRET_ROTATED, True, author.origin, author.user_id, client.client_id, _by(author)
    )
    await record(tx, room.clock.now(), entry)
    return Changed(changed, secret)


async def note(
    room: OAuthRoom, tx: Tx, client: Client, author: Author, details: Mapping[str, object]
) -> None:
    """Record a change."""
    entry = Entry(
        Event.CLIENT_CHANGED,
        True,
        author.origin,
        author.user_id,
        client.client_id,
        dict(details) | _by(author),
    )
    await record(tx, room.clock.now(), entry)


def _by(author: Author) -> dict[str, object]:
    return {"by": "operator"} if author.is_operator else {}
