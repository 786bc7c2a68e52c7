"""Issuing the text that a wallet signs."""

from __future__ import annotations

import secrets
import string

from hodlxxi.identity import store
from hodlxxi.identity.room import IdentityRoom
from hodlxxi.identity.rules import (
    CHALLENGE_LIFE,
    Challenge,
    TextParts,
    parse_signer,
    render_text,
    signer_named,
)
from hodlxxi.kit.secret import mint_token

_ALPHANUMERIC = string.ascii_letters + string.digits
NONCE_CHARS = 22  # 131 bits


def mint_nonce() -> str:
    """A fresh nonce for a text to sign: letters and digits only (EIP-4361)."""
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(NONCE_CHARS))


async def issue_challenge(
    room: IdentityRoom,
    *,
    pubkey: str | None,
    address: str | None,
    browser: str | None,
    app: str | None = None,
) -> Challenge:
    """A fresh text, valid for five minutes and for one use.

    ``browser`` is the digest of the cookie that it is bound to; None for an API client, which is bound by the id.
    ``app`` is the origin of the app that sent the person here. Raises ``BadInput`` for a malformed key or address.
    """
    named = None
    if pubkey is not None or address is not None:
        named = signer_named(parse_signer(pubkey, address, room.policy.network))
    now = room.clock.now().replace(microsecond=0)
    nonce = mint_nonce()
    challenge_id = mint_token(16)
    text = render_text(
        TextParts(
            domain=room.policy.domain,
            public_url=room.policy.public_url,
            service_name=room.policy.service_name,
            network=room.policy.network,
            signer=named,
            nonce=nonce,
            challenge_id=challenge_id,
            issued_at=now,
            app=app,
        )
    )
    challenge = Challenge(challenge_id, text, browser, now + CHALLENGE_LIFE)
    async with room.db.begin() as tx:
        await store.add_challenge(tx, challenge, nonce, now)
    return challenge
