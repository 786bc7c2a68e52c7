"""Notices: what was done to an account is told to its other sessions, so that a thief does not stay unseen.

Seen by browsers (and lineages of sessions) that were signed in before it happened, never by the one that caused it nor by
any that came later; and each marks as read for itself. So whoever stole a key can neither read nor hide the notice of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.identity import notice_store as store
from hodlxxi.identity.account_rules import describe_kind
from hodlxxi.identity.notice_store import Notice
from hodlxxi.identity.room import IdentityRoom
from hodlxxi.identity.session import Session
from hodlxxi.kit.clock import describe_age
from hodlxxi.kit.db import Tx
from hodlxxi.kit.secret import mint_token

NOTICE_LIFE: Final = timedelta(days=90)


class NoticeKind(StrEnum):
    """``kind`` on the wire. Frozen: add, never rename."""

    KEY_ADDED = "key_added"
    KEY_REMOVED = "key_removed"
    RECOVERY_CODE_USED = "recovery_code_used"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    SIGNED_IN_ELSEWHERE = "signed_in_elsewhere"


async def note(
    tx: Tx, user: Pubkey, kind: NoticeKind, cause: Session, details: Mapping[str, object], now: datetime
) -> None:
    """Tell the other, older sessions of this account, in the transaction of what happened; then ``wake`` them."""
    await store.add_notice(tx, mint_token(16), user, kind, cause, details, now, now + NOTICE_LIFE)


async def wake(room: IdentityRoom, user: Pubkey) -> None:
    """After the commit: whoever holds something open for this account may show its notices now."""
    await room.kv.publish(f"user:{user}", "notice")


async def list_notices(room: IdentityRoom, session: Session) -> list[Notice]:
    """What this session is told, the newest first, at most 50."""
    async with room.db.read() as tx:
        return await store.list_visible(tx, session, room.clock.now())


async def mark_read(room: IdentityRoom, session: Session, until: str | None = None) -> int:
    """Note that this browser has read its notices; how many were new.

    ``until`` names the newest that was shown: what came after it stays unread. Unknown ones mark nothing.
    """
    now = room.clock.now()
    async with room.db.begin() as tx:
        shown = await store.list_visible(tx, session, now)
        if until is not None:
            at = next((at for at, notice in enumerate(shown) if notice.notice_id == until), len(shown))
            shown = shown[at:]
        return await store.mark_read(tx, session, [n.notice_id for n in shown if not n.is_read], now)


def render_unread(found: Iterable[Notice], now: datetime) -> list[dict[str, str]]:
    """The notices that this browser has not read, as a page shows them."""
    return [
        {
            "id": notice.notice_id,
            "kind": notice.kind,
            "text": describe_notice(notice),
            "when": describe_age(notice.at, now),
        }
        for notice in found
        if not notice.is_read
    ]


def describe_notice(notice: Notice) -> str:
    """A notice as a sentence."""
    said = {name: str(value) for name, value in notice.details.items() if value is not None}
    key = said.get("key", "")
    named = f"{key[:6]}…{key[-4:]} ({describe_kind(said.get('key_kind', ''))})"
    where = ", ".join(said[name] for name in ("device", "address") if name in said)
    app = f" on the way to {said['app']}" if "app" in said else ""
    code = f", match code {said['match_code']}" if "match_code" in said else ""
    match notice.kind:
        case NoticeKind.KEY_ADDED:
            return f"The key {named} was added: whoever holds it signs in to your account."
        case NoticeKind.KEY_REMOVED:
            return f"The key {named} was removed, and signs in no more."
        case NoticeKind.RECOVERY_CODE_USED:
            return f"A recovery code was used to sign in{app}: {where}."
        case NoticeKind.RECOVERY_CODES_MADE:
            return "New recovery codes were made. Those from before are void."
        case NoticeKind.SIGNED_IN_ELSEWHERE:
            return f"Your account was signed in to with {said.get('method', 'a key')} in another browser{app}: {where}{code}."
        case _:
            return notice.kind
