"""Starting a Lightning login."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import structlog

from hodlxxi.bitcoin.bech32 import encode_lnurl
from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.identity.room import LoginClient
from hodlxxi.identity.sessions import Visitor
from hodlxxi.identity.store import note_fact
from hodlxxi.kit.secret import digest_of, mint_token
from hodlxxi.lnurl import store
from hodlxxi.lnurl.room import LnurlRoom
from hodlxxi.lnurl.rules import CHALLENGE_LIFE, K1_BYTES, MAX_AGENT_CHARS, Action, Challenge, callback_url

log = structlog.get_logger("lnurl")


@dataclass(frozen=True, slots=True)
class Created:
    """A login just started. ``claim_token`` is the browser's secret; ``lnurl`` is what the QR code holds."""

    challenge: Challenge
    lnurl: str
    claim_token: str

    @property
    def qr_text(self) -> str:
        """All upper case, so that the QR code gets by with its smallest alphabet."""
        return f"LIGHTNING:{self.lnurl}"

    @property
    def link(self) -> str:
        """For a wallet on the same device."""
        return f"lightning:{self.lnurl}"


def phone_url(public_url: str, session_id: str, lnurl: str) -> str:
    """For a phone's camera: the page that tells what is asked, with the LNURL as LUD-01's fallback has it.

    So a wallet that scans this code gets what the other one holds.
    """
    return f"{public_url}/login/lnurl/{session_id}?{urlencode({'lightning': lnurl})}"


async def create_login(
    room: LnurlRoom, action: Action, visitor: Visitor, app: LoginClient | None = None
) -> Created:
    """A fresh k1 and a fresh claim secret, good for five minutes; the same browser's earlier login ends.

    ``app`` is where the browser is on its way to: shown to the person who holds the wallet. Raises ``TooMany``.
    """
    return await _create(room, action, visitor, app=app)


async def create_proof(room: LnurlRoom, visitor: Visitor, link_id: str, user: Pubkey) -> Created:
    """The same for a key that is to be added to this user's account: what signs it proves that link, and admits nobody.

    Raises ``TooMany``.
    """
    return await _create(room, "link", visitor, link_id=link_id, user_id=user)


async def _create(
    room: LnurlRoom,
    action: Action,
    visitor: Visitor,
    *,
    app: LoginClient | None = None,
    link_id: str | None = None,
    user_id: Pubkey | None = None,
) -> Created:
    await room.identity.limiter.check("lnurl_create", visitor.origin.neighbourhood, room.policy.logins)
    now = room.identity.clock.now()
    claim_token = mint_token()
    challenge = Challenge(
        session_id=uuid.uuid4().hex,
        k1=secrets.token_bytes(K1_BYTES).hex(),
        action=action,
        created_at=now,
        expires_at=now + CHALLENGE_LIFE,
        claim_digest=digest_of(claim_token),
        ip_address=visitor.origin.ip_address,
        user_agent=visitor.user_agent[:MAX_AGENT_CHARS],
        app=app.name if app else None,
        app_host=app.host if app else None,
        link_id=link_id,
        user_id=user_id,
    )
    async with room.identity.db.begin() as tx:
        await store.add_challenge(tx, challenge, visitor.browser, now)
    return Created(challenge, encode_lnurl(callback_url(room.policy.url, challenge)), claim_token)


async def check_host(room: LnurlRoom) -> bool:
    """Whether the host is the one of the first start; wallets derive each person's key from it (LUD-05)."""
    async with room.identity.db.begin() as tx:
        noted = await note_fact(tx, "lnurl_url", room.policy.url, room.identity.clock.now())
    # The scheme and the port may change: wallets look at the host name only.
    is_same = urlsplit(noted).hostname == urlsplit(room.policy.url).hostname
    if not is_same:
        log.warning(
            "lnurl_host_changed",
            was=noted,
            now=room.policy.url,
            consequence="Lightning wallets make other keys for another host: people who sign in so get new accounts",
        )
    return is_same
