"""The names of what is recorded. Frozen: add, never rename; operators' queries depend on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from hodlxxi.kit.network import neighbourhood_of


class Event(StrEnum):
    """``audit_logs.event_type``."""

    LOGIN_ATTEMPT = "login_attempt"
    LOGIN = "login"
    LOGOUT = "logout"
    SESSION_REVOKED = "session_revoked"
    USER_CREATED = "user_created"
    KEY_PROVED = "key_proved"
    KEY_ADDED = "key_added"
    KEY_RENAMED = "key_renamed"
    KEY_REMOVED = "key_removed"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODES_DELETED = "recovery_codes_deleted"
    NAME_CHANGED = "name_changed"
    ACCOUNT_CLOSED = "account_closed"
    USER_DISABLED = "user_disabled"
    USER_ENABLED = "user_enabled"
    LNURL_VERIFIED = "lnurl_verified"
    CLIENT_REGISTERED = "client_registered"
    CLIENT_CHANGED = "client_changed"
    CLIENT_SECRET_ROTATED = "client_secret_rotated"
    REGISTRATION_TOKEN_MADE = "registration_token_made"
    REGISTRATION_TOKEN_DROPPED = "registration_token_dropped"
    CONSENT_GIVEN = "consent_given"
    CONSENT_DENIED = "consent_denied"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CODE_ISSUED = "code_issued"
    DEVICE_APPROVED = "device_approved"
    CODE_REPLAYED = "code_replayed"
    TOKEN_ISSUED = "token_issued"
    TOKEN_REFUSED = "token_refused"
    REFRESH_REUSE = "refresh_reuse"
    GRANT_REVOKED = "grant_revoked"
    KEY_ROTATED = "key_rotated"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, for the record: the client's address and the request's id."""

    ip_address: str
    request_id: str

    @property
    def neighbourhood(self) -> str:
        """What the limits for an address count as one."""
        return neighbourhood_of(self.ip_address)


@dataclass(frozen=True, slots=True)
class Entry:
    """One audit row. ``user_id`` is a pubkey; ``details`` holds small, harmless facts, never a secret."""

    event: Event
    success: bool
    origin: Origin | None = None
    user_id: str | None = None
    client_id: str | None = None
    details: Mapping[str, object] | None = None
