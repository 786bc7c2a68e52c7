"""What the Nostr room needs: identity, and what it decides."""

from __future__ import annotations

from dataclasses import dataclass

from hodlxxi.identity.room import IdentityRoom

LOGIN_PATH = "/api/auth/nostr"
LINK_PATH = "/api/auth/nostr/link"


@dataclass(frozen=True, slots=True)
class NostrRoom:
    """Everything that the use cases of this room work with."""

    identity: IdentityRoom

    def login_url(self, challenge_id: str) -> str:
        """The ``u`` of an event that signs in."""
        return f"{self.identity.policy.public_url}{LOGIN_PATH}?challenge={challenge_id}"

    def link_url(self, link_id: str) -> str:
        """The ``u`` of an event that proves a key for an account."""
        return f"{self.identity.policy.public_url}{LINK_PATH}?link={link_id}"
