"""A signed-in browser: what is known of it, and how that travels through the cache."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from hodlxxi.bitcoin.keys import Pubkey


@dataclass(frozen=True, slots=True)
class Session:
    """An open session. ``digest`` names it (SHA-256 of the cookie), ``key`` is the key that proved it.

    ``root`` is the first session of its lineage: signing in anew in the same browser replaces a session by another, but is
    no signing out, so a later sign-out has to end what was given in either. A session that a recovery code opened has no key.
    """

    digest: str
    user_id: Pubkey
    key: Pubkey | None
    auth_time: datetime
    acr: str
    amr: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    root: str
    browser: str | None = None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Session)


def render_cached(session: Session) -> str:
    """The cache's text of a session."""
    return _encoder.encode(session).decode()


def parse_cached(text: str) -> Session | None:
    """The session that the cache's text tells of; None when it was written by another version of us."""
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
