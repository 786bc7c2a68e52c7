"""What somebody who holds the wallet may know of a login before they sign: everything that helps to notice a relay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hodlxxi.audit.events import Origin
from hodlxxi.bitcoin.bech32 import encode_lnurl
from hodlxxi.identity.account_rules import describe_device
from hodlxxi.kit.errors import NotFound
from hodlxxi.kit.network import rough_address
from hodlxxi.lnurl import store
from hodlxxi.lnurl.room import LnurlRoom
from hodlxxi.lnurl.rules import OVER, Action, callback_url, is_session_id, match_code


@dataclass(frozen=True, slots=True)
class Asked:
    """A login that waits for its wallet. ``device`` and ``near`` are those of the browser that asked: hints, never proof.

    ``account`` is the one that the wallet's key would be added to; None for a login.
    """

    session_id: str
    action: Action
    app: str | None
    app_host: str | None
    account: str | None
    device: str
    near: str
    code: str
    asked_at: datetime
    link: str


async def get_asked(room: LnurlRoom, session_id: str, origin: Origin) -> Asked:
    """The login behind a code that a phone's camera read. The id is public and so is this: no key, no whole address.

    Raises ``NotFound`` for unknown, expired and answered ones alike, and ``TooMany``.
    """
    await room.identity.limiter.check("lnurl_phone", origin.neighbourhood, room.policy.logins)
    challenge = None
    if is_session_id(session_id):
        async with room.identity.db.read() as tx:
            challenge = await store.find_challenge(tx, session_id)
    if challenge is None or challenge.verified or challenge.expires_at <= room.identity.clock.now():
        raise NotFound(OVER)
    return Asked(
        session_id=session_id,
        action=challenge.action,
        app=challenge.app,
        app_host=challenge.app_host,
        account=challenge.user_id,
        device=describe_device(challenge.user_agent),
        near=rough_address(challenge.ip_address or ""),
        code=match_code(session_id),
        asked_at=challenge.created_at,
        link=f"lightning:{encode_lnurl(callback_url(room.policy.url, challenge))}",
    )
