"""What makes a key another key of an account: a text made for linking, signed by it, and confirmed where it was begun. Pure.

The text is not a sign-in text and is kept elsewhere, so that neither can stand in for the other (reference bitcoin §5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.bitcoin.message import Proved
from hodlxxi.identity.rules import (
    ANY_KEY,
    Attempt,
    Refused,
    TextParts,
    judge_issued_text,
)
from hodlxxi.identity.session import Session
from hodlxxi.kit.clock import render_time

LINK_LIFE: Final = timedelta(minutes=5)
# How recent the proof of a key that the account has must be when a link is begun.
SIGNED_IN_WITHIN: Final = timedelta(minutes=5)
MAX_KEYS: Final = 20

OVER: Final = Refused(
    "This link has expired or was already used. Start again at “Add a key”.", "link_expired"
)
NOT_PROVED: Final = Refused("The new key has not been proved yet.", "link_not_proved")
LINKED: Final = Refused("This key signs in to your account already.", "key_linked")
# The way out: people often scan with a second wallet before they know that keys can be linked.
TAKEN: Final = Refused(
    "This key has an account of its own. To have it here, sign in with that key, close that account, and add the key here "
    "again.",
    "key_taken",
)
TOO_MANY: Final = Refused(
    f"An account has {MAX_KEYS} keys at most. Remove one that you do not use.", "too_many_keys"
)


@dataclass(frozen=True, slots=True)
class Link:
    """A key on its way to an account. ``root`` is the lineage of the session that began it.

    ``key`` and ``kind`` are those of the first valid proof, None before it.
    """

    link_id: str
    user_id: Pubkey
    root: str
    message: str
    created_at: datetime
    expires_at: datetime
    key: Pubkey | None = None
    kind: str | None = None
    is_used: bool = False

    @property
    def is_proved(self) -> bool:
        """Whether a key has proved itself over this link."""
        return self.key is not None


def render_link_text(parts: TextParts, user: Pubkey) -> str:
    """The text that the new key signs: the sign-in text's form with words of its own, and the account by its name."""
    lines = [
        f"{parts.domain} wants you to add this key to the account {user}:",
        parts.signer or ANY_KEY,
        "",
        f"Add this key to my account at {parts.service_name}: it will sign in to it. This does not move any bitcoin.",
        "",
        f"URI: {parts.public_url}/account/keys/new",
        "Version: 1",
        f"Chain ID: {parts.network.chain_id}",
        f"Nonce: {parts.nonce}",
        f"Issued At: {render_time(parts.issued_at)}",
        f"Expiration Time: {render_time(parts.issued_at + LINK_LIFE)}",
        f"Request ID: {parts.challenge_id}",
    ]
    return "\n".join(lines)


def may_begin(session: Session, now: datetime) -> bool:
    """Whether this session may begin a link: one of its keys, or a recovery code, was proved a moment ago."""
    return now - session.auth_time <= SIGNED_IN_WITHIN


def judge_open(link: Link | None, session: Session, now: datetime) -> Refused | None:
    """Whether this session may go on with this link. Unknown, expired, used and another's are refused alike."""
    if link is None or link.is_used or link.expires_at <= now:
        return OVER
    return None if (link.user_id, link.root) == (session.user_id, session.root) else OVER


def judge_proof(link: Link | None, session: Session, attempt: Attempt, now: datetime) -> Proved | Refused:
    """Did the named key sign the text of this link, which nobody proved yet? Raises ``BadInput`` for what cannot be read."""
    refused = judge_open(link, session, now)
    if refused is not None or link is None:
        return refused or OVER
    return OVER if link.is_proved else judge_issued_text(link.message, attempt)


def judge_addition(link: Link, keys: int, owner: Pubkey | None) -> Refused | None:
    """May the proved key become one of the account's? ``owner`` is the account that has it, ``keys`` how many ours has."""
    if not link.is_proved:
        return NOT_PROVED
    if owner is not None:
        return LINKED if owner == link.user_id else TAKEN
    return TOO_MANY if keys >= MAX_KEYS else None
