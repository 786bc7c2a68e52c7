"""Apps register themselves, read and change what they registered, and leave (RFC 7591, 7592)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from hodlxxi.audit.events import Entry, Event, Origin
from hodlxxi.audit.log import record
from hodlxxi.kit.db import Tx
from hodlxxi.kit.errors import Conflict, Forbidden, TooMany
from hodlxxi.kit.secret import digest_of, mint_token, same
from hodlxxi.oauth.change_client import Author, change_client, seal_secret, terms_for
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.clients import SECRET_METHODS, Client, Trust, render_metadata
from hodlxxi.oauth.rules.errors import Fault, OAuthRefusal, Word
from hodlxxi.oauth.rules.pkce import PkcePolicy
from hodlxxi.oauth.rules.registration import judge_metadata
from hodlxxi.oauth.sector import check_sector
from hodlxxi.oauth.store import clients as store
from hodlxxi.oauth.store import grants as grant_store
from hodlxxi.oauth.store.owned import count_owned
from hodlxxi.oauth.store.registration import has_initial, spend_initial

MAX_UNUSED = 1_000
MAX_OWNED = 50
CLIENT_ID_BYTES = 16
BAD_TOKEN = Fault(Word.INVALID_TOKEN, "The registration access token is not valid for this client.")
BAD_INITIAL_TOKEN = Fault(
    Word.INVALID_TOKEN,
    "Registration needs an initial access token of the operator: Authorization: Bearer ...",
)
CHALLENGE = 'Bearer error="invalid_token"'
FindClient = Callable[[Tx, str], Awaitable[Client | None]]


@dataclass(frozen=True, slots=True)
class Registered:
    """A client with the secrets that are shown this once and stand nowhere else."""

    client: Client
    secret: str | None
    registration_token: str | None


async def register(
    room: OAuthRoom, body: Mapping[str, object], origin: Origin, initial_token: str | None = None
) -> dict[str, object]:
    """Register an app that nobody vouches for. Raises ``OAuthRefusal``, ``Forbidden``, ``TooMany``.

    ``initial_token`` is the operator's leave to register, where registration is not open (RFC 7591 §3).
    """
    return _render(room, await admit_client(room, body, origin, initial_token))


async def admit_client(
    room: OAuthRoom,
    body: Mapping[str, object],
    origin: Origin,
    initial_token: str | None,
    owner_id: str | None = None,
) -> Registered:
    """Register an app on the operator's terms; ``owner_id`` is the developer who does it at a page of ours.

    Raises ``OAuthRefusal``, ``Forbidden``, ``TooMany``, and ``Conflict`` when the developer has enough apps.
    """
    policy = room.policy
    await room.limiter.check("register", origin.neighbourhood, policy.registrations)
    if policy.registration == "closed":
        raise Forbidden("Registration is closed here; ask the operator.", code="access_denied")
    initial = digest_of(initial_token or "")
    if policy.registration == "token":
        async with room.db.read() as tx:
            if not await has_initial(tx, initial, room.clock.now()):
                raise OAuthRefusal(BAD_INITIAL_TOKEN, challenge=CHALLENGE)
    await check_sector(room, body)
    async with room.db.begin() as tx:
        if policy.registration == "token":
            if not await spend_initial(tx, initial, room.clock.now()):
                raise OAuthRefusal(BAD_INITIAL_TOKEN, challenge=CHALLENGE)
        elif await store.count_unused(tx) >= MAX_UNUSED:
            raise TooMany("Too many unused registrations; try again later.", retry_after_s=3600)
        if owner_id is not None and await count_owned(tx, owner_id) >= MAX_OWNED:
            raise Conflict(f"You have {MAX_OWNED} apps, which is the most. Delete one first.")
        outcome = await add_client(
            room, tx, body, trust=Trust.SELF_REGISTERED, origin=origin, owner_id=owner_id
        )
        if isinstance(outcome, Fault):
            # Inside: what could not be registered has cost no use of the initial token.
            raise OAuthRefusal(outcome)
    return outcome


async def add_client(
    room: OAuthRoom,
    tx: Tx,
    body: Mapping[str, object],
    *,
    trust: Trust,
    origin: Origin | None = None,
    pkce_policy: PkcePolicy | None = None,
    owner_id: str | None = None,
) -> Registered | Fault:
    """Judge and keep a new client, in the caller's transaction.

    The operator's command line calls this too; only there can a client be trusted or excepted from PKCE.
    """
    metadata = judge_metadata(body, terms_for(room, None, is_operator=trust is Trust.OPERATOR))
    if isinstance(metadata, Fault):
        return metadata
    now = room.clock.now()
    secret = mint_token() if metadata.auth_method in SECRET_METHODS else None
    registration_token = mint_token()
    client = Client(
        # Never of the shape of a pubkey or an address: nobody's ``sub`` looks like this.
        client_id=f"app_{mint_token(CLIENT_ID_BYTES)}",
        secret_digest=digest_of(secret) if secret else None,
        metadata=metadata,
        trust=trust,
        created_at=now.replace(microsecond=0),
        registration_digest=digest_of(registration_token),
        pkce_policy=pkce_policy,
        secret_sealed=seal_secret(room, metadata, secret),
        owner_id=owner_id,
    )
    await store.add_client(tx, client)
    details = {"name": metadata.name, "trust": trust.value, "redirect_uris": list(metadata.redirect_uris)}
    await record(tx, now, Entry(Event.CLIENT_REGISTERED, True, origin, owner_id, client.client_id, details))
    return Registered(client, secret, registration_token)


async def read_registration(room: OAuthRoom, client_id: str, token: str | None) -> dict[str, object]:
    """What is registered. Raises ``OAuthRefusal``: alike for a wrong token and for an unknown client."""
    async with room.db.read() as tx:
        client = await _find_owned(tx, client_id, token)
    if client is None:
        raise _refused()
    return render_metadata(client) | _management(room, client, None)


async def change_registration(
    room: OAuthRoom, client_id: str, token: str | None, body: Mapping[str, object], origin: Origin
) -> dict[str, object]:
    """Replace the metadata: what is left out is deleted (RFC 7592 §2.2). Raises ``OAuthRefusal``."""
    async with room.db.read() as tx:
        if await _find_owned(tx, client_id, token) is None:
            raise _refused()
    await check_sector(room, body)
    async with room.db.begin() as tx:
        client = await _find_owned(tx, client_id, token, store.hold_client)
        if client is None:
            raise _refused()
        sent = _read_change(client, body)
        outcome = (
            sent if isinstance(sent, Fault) else await change_client(room, tx, client, sent, Author(origin))
        )
        if isinstance(outcome, Fault):
            raise OAuthRefusal(outcome)
    members = render_metadata(outcome.client) | _management(room, client, None)
    return members | _secret_members(outcome.secret)


async def remove_registration(room: OAuthRoom, client_id: str, token: str | None, origin: Origin) -> None:
    """End a client at its own wish; every token that it holds ends too. Raises ``OAuthRefusal``."""
    now = room.clock.now()
    async with room.db.begin() as tx:
        client = await _find_owned(tx, client_id, token)
        if client is None:
            raise _refused()
        await end_client(tx, client_id, now, origin)


async def end_client(
    tx: Tx, client_id: str, now: datetime, origin: Origin | None = None, user_id: str | None = None
) -> None:
    """Disable a client for good, with all its grants. Its developer and the operator's command line call this too."""
    await store.disable_client(tx, client_id, now)
    ended = await grant_store.revoke_grants_of_client(tx, client_id, "client_removed", now)
    details = {"removed": True, "grants": ended}
    await record(tx, now, Entry(Event.CLIENT_CHANGED, True, origin, user_id, client_id, details))


def _read_change(client: Client, body: Mapping[str, object]) -> dict[str, object] | Fault:
    """The metadata in a change, once the members are right that only name the client."""
    if body.get("client_id") != client.client_id:
        return Fault(Word.INVALID_CLIENT_METADATA, "client_id: it must be sent, and be this client's.")
    secret = body.get("client_secret")
    if secret is not None and not (
        isinstance(secret, str) and client.secret_digest and same(digest_of(secret), client.secret_digest)
    ):
        return Fault(Word.INVALID_CLIENT_METADATA, "client_secret: it is ours to choose, and this is not it.")
    return {k: v for k, v in body.items() if k not in ("client_id", "client_secret")}


async def _find_owned(
    tx: Tx, client_id: str, token: str | None, find: FindClient = store.find_client
) -> Client | None:
    # PostgreSQL takes no NUL in a text; no id of ours has one.
    client = await find(tx, client_id) if "\x00" not in client_id else None
    # As long as a real one, so that an unknown client costs the same comparison.
    kept = client.registration_digest if client and client.registration_digest else "0" * 64
    is_owner = same(digest_of(token or ""), kept)
    return client if client and is_owner and client.disabled_at is None else None


def _refused() -> OAuthRefusal:
    return OAuthRefusal(BAD_TOKEN, challenge=CHALLENGE)


def _render(room: OAuthRoom, new: Registered) -> dict[str, object]:
    members = render_metadata(new.client) | _secret_members(new.secret)
    return members | _management(room, new.client, new.registration_token)


def _secret_members(secret: str | None) -> dict[str, object]:
    return {"client_secret": secret, "client_secret_expires_at": 0} if secret else {}


def _management(room: OAuthRoom, client: Client, token: str | None) -> dict[str, object]:
    members: dict[str, object] = {
        "registration_client_uri": f"{room.policy.issuer}/oauth/register/{client.client_id}"
    }
    return members | {"registration_access_token": token} if token else members
