"""Adding a key to an account: begin in a session that is fresh, prove the new key, confirm in the same session.

A proof never adds a key by itself: whoever shows us a signature may not know for which account it was made.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Never

from hodlxxi.audit.events import Entry, Event, Origin
from hodlxxi.audit.log import record
from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.bitcoin.message import Proved
from hodlxxi.identity import account_store, link_store
from hodlxxi.identity.account import STALE
from hodlxxi.identity.account_store import LinkedKey
from hodlxxi.identity.challenge import mint_nonce
from hodlxxi.identity.link_rules import (
    LINK_LIFE,
    LINKED,
    NOT_PROVED,
    OVER,
    TAKEN,
    TOO_MANY,
    Link,
    judge_addition,
    judge_open,
    judge_proof,
    may_begin,
    render_link_text,
)
from hodlxxi.identity.notices import NoticeKind, note, wake
from hodlxxi.identity.room import IdentityRoom
from hodlxxi.identity.rules import (
    EVERYBODYS_KEY,
    NO_ACCOUNT,
    Attempt,
    Refused,
    TextParts,
    kind_of,
    parse_signer,
    signer_named,
)
from hodlxxi.identity.session import Session
from hodlxxi.identity.sessions import Visitor, may_use
from hodlxxi.identity.store import add_key, find_user, hold_session
from hodlxxi.kit.db import Tx
from hodlxxi.kit.errors import Conflict, Forbidden, NotAuthenticated, NotFound
from hodlxxi.kit.secret import mint_token

NEW_KEY_PATH = "/account/keys/new"
_LINK_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_CONFLICTS = (LINKED, NOT_PROVED, TAKEN, TOO_MANY)


async def begin_link(
    room: IdentityRoom,
    session: Session,
    visitor: Visitor,
    *,
    pubkey: str | None = None,
    address: str | None = None,
) -> Link:
    """A link with a fresh text for the new key to sign, good for five minutes, in this session only.

    ``pubkey`` or ``address`` names the new key in the text. Raises ``BadInput`` for a malformed one, ``Forbidden``
    (``reauthentication_required``) when the sign-in is more than five minutes old, ``NotAuthenticated`` for an account that
    closed meanwhile, and ``TooMany``. A session that a recovery code opened may: that is what recovery is for.
    """
    now = room.clock.now()
    if not may_begin(session, now):
        text = f"Adding a key needs a fresh proof: sign in again at /login?next={NEW_KEY_PATH}, and begin within 5 minutes."
        raise Forbidden(text, code=STALE)
    await room.limiter.check("link", visitor.origin.neighbourhood, room.policy.logins)
    is_named = pubkey is not None or address is not None
    named = signer_named(parse_signer(pubkey, address, room.policy.network)) if is_named else None
    link, nonce = _make_link(room, session, named, now.replace(microsecond=0))
    async with room.db.begin() as tx:
        user = await find_user(tx, session.user_id)
        is_open = user is not None and user.is_open
        if is_open:
            await link_store.add_link(tx, link, nonce)
    if not is_open:
        raise NotAuthenticated(NO_ACCOUNT.reason)
    return link


def _make_link(room: IdentityRoom, session: Session, named: str | None, now: datetime) -> tuple[Link, str]:
    policy, link_id, nonce = room.policy, mint_token(16), mint_nonce()
    parts = TextParts(
        domain=policy.domain,
        public_url=policy.public_url,
        service_name=policy.service_name,
        network=policy.network,
        signer=named,
        nonce=nonce,
        challenge_id=link_id,
        issued_at=now,
    )
    text = render_link_text(parts, session.user_id)
    return Link(link_id, session.user_id, session.root, text, now, now + LINK_LIFE), nonce


async def get_link(room: IdentityRoom, session: Session, link_id: str) -> Link:
    """A link that this session may go on with. Raises ``NotFound`` for any other."""
    async with room.db.read() as tx:
        link = await find_link(tx, link_id)
    if judge_open(link, session, room.clock.now()) is not None or link is None:
        raise NotFound(OVER.reason, code=OVER.code)
    return link


async def find_obstacle(room: IdentityRoom, link: Link) -> Refused | None:
    """Why this link's key cannot be added as things stand, before anybody tries; None when it can."""
    async with room.db.read() as tx:
        owner = await link_store.find_owner(tx, link.key) if link.key is not None else None
        keys = await account_store.list_keys(tx, link.user_id)
    return judge_addition(link, len(keys), owner)


async def prove_link(
    room: IdentityRoom, session: Session, link_id: str, attempt: Attempt, origin: Origin
) -> Link:
    """Take the new key's signature over the link's text; the first valid one wins. It adds nothing yet.

    Raises ``BadInput`` for what cannot be read, ``NotFound`` for a link that this session does not have, ``NotAuthenticated``
    for a proof that does not hold, ``Forbidden`` for a test key, and ``TooMany``.
    """
    await room.limiter.check("link_proof", origin.neighbourhood, room.policy.logins)
    now = room.clock.now()
    async with room.db.begin() as tx:
        link = await find_link(tx, link_id)
        verdict = judge_proof(link, session, attempt, now)
        proof = verdict.key if isinstance(verdict, Proved) else verdict
        proved = await note_proof(room, tx, session, link_id, proof, kind_of(attempt.signer), origin)
    return proved if isinstance(proved, Link) else raise_refusal(proved)


async def note_proof(
    room: IdentityRoom,
    tx: Tx,
    session: Session,
    link_id: str,
    proof: Pubkey | Refused,
    kind: str,
    origin: Origin,
) -> Link | Refused:
    """Keep the key that was proved in this session, or the refusal, in the caller's transaction; the link as it is now."""
    now = room.clock.now()
    if isinstance(proof, Refused):
        refused: Refused | None = proof
    else:
        refused = await mark_proved(room, tx, link_id, session.root, proof, kind, now)
    details = {"kind": kind, **({} if refused is None else {"reason": refused.code})}
    entry = Entry(Event.KEY_PROVED, refused is None, origin, session.user_id, details=details)
    await record(tx, now, entry)
    return refused or await find_link(tx, link_id) or OVER


async def find_link(tx: Tx, link_id: str) -> Link | None:
    """The link with this id; None for an unknown one, and for what is no id of ours."""
    return await link_store.find_link(tx, link_id) if _LINK_ID.fullmatch(link_id) else None


async def mark_proved(
    room: IdentityRoom,
    tx: Tx,
    link_id: str,
    session_root: str | None,
    key: Pubkey,
    kind: str,
    now: datetime,
) -> Refused | None:
    """The gate of a proof, for every way to make one: the caller has checked the signature, in this transaction.

    ``session_root`` is the lineage of the browser's session; None where a wallet answers by itself. The first proof wins;
    unknown, expired, proved, used and another session's links are refused alike.
    """
    if not may_use(room, key):
        return EVERYBODYS_KEY
    return None if await link_store.mark_proved(tx, link_id, session_root, key, kind, now) else OVER


async def confirm_link(
    room: IdentityRoom, session: Session, link_id: str, label: str | None, origin: Origin
) -> LinkedKey:
    """Add the proved key to the account, with a label (a parsed name); it signs in to it from now on.

    Raises ``NotFound`` for a link that this session does not have, ``NotAuthenticated`` when the account or the session
    ended meanwhile, and ``Conflict`` for a key that is not proved (``link_not_proved``), is the account's already
    (``key_linked``), has an account of its own (``key_taken``), or would be one too many (``too_many_keys``).
    """
    now, user = room.clock.now(), session.user_id
    async with room.db.begin() as tx:
        added = await _add(room, tx, session, link_id, label, now)
        is_added = isinstance(added, LinkedKey)
        details = (
            {"key": added.key, "kind": added.kind} if isinstance(added, LinkedKey) else {"reason": added.code}
        )
        await record(tx, now, Entry(Event.KEY_ADDED, is_added, origin, user, details=details))
        if isinstance(added, LinkedKey):
            told = {"key": added.key, "key_kind": added.kind, "address": origin.ip_address}
            await note(tx, user, NoticeKind.KEY_ADDED, session, told, now)
    if isinstance(added, Refused):
        raise_refusal(added)
    await wake(room, user)
    return added


async def _add(
    room: IdentityRoom, tx: Tx, session: Session, link_id: str, label: str | None, now: datetime
) -> LinkedKey | Refused:
    # The account's row comes first, as wherever something that signs in changes.
    if not await account_store.lock_user(tx, session.user_id):
        return NO_ACCOUNT
    if not await hold_session(tx, session.digest, now):
        return NO_ACCOUNT
    link = await find_link(tx, link_id)
    refused = judge_open(link, session, now)
    if refused is not None or link is None:
        return refused or OVER
    owner = await link_store.find_owner(tx, link.key) if link.key is not None else None
    keys = await account_store.list_keys(tx, session.user_id)
    refused = judge_addition(link, len(keys), owner)
    if refused is not None or link.key is None or link.kind is None:
        return refused or NOT_PROVED
    if not may_use(room, link.key):
        return EVERYBODYS_KEY
    if not await link_store.spend_link(tx, link_id, now):
        return OVER
    if not await add_key(tx, session.user_id, link.key, link.kind, now, label=label):
        # Somebody signed in with it for the first time at the same moment.
        return TAKEN
    return LinkedKey(link.key, link.kind, label, now, None)


def raise_refusal(refused: Refused) -> Never:
    """A refusal of linking as the error that it is."""
    if refused is OVER:
        raise NotFound(refused.reason, code=refused.code)
    if refused is NO_ACCOUNT:
        raise NotAuthenticated(refused.reason)
    if refused is EVERYBODYS_KEY:
        raise Forbidden(refused.reason, code=refused.code)
    if refused in _CONFLICTS:
        raise Conflict(refused.reason, code=refused.code)
    raise NotAuthenticated(refused.reason, code=refused.code)
