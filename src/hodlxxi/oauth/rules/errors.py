"""Every error word of the protocol, once, and the two forms of a failure: a value in rules, an exception outside.

Rules answer with a ``Fault``; a use case that has written its trace raises it as ``OAuthRefusal`` after the
transaction. The wire shape is RFC 6749 §5.2 plus ``request_id`` (reference oauth §1).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from hodlxxi.kit.errors import Refusal


class Word(StrEnum):
    """The value of ``error`` on the wire."""

    INVALID_REQUEST = "invalid_request"  # RFC 6749 §4.1.2.1, §5.2
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    INVALID_SCOPE = "invalid_scope"
    ACCESS_DENIED = "access_denied"
    SERVER_ERROR = "server_error"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    INVALID_TARGET = "invalid_target"  # RFC 8707 §2
    LOGIN_REQUIRED = "login_required"  # OpenID Connect Core §3.1.2.6
    CONSENT_REQUIRED = "consent_required"
    INTERACTION_REQUIRED = "interaction_required"
    REQUEST_NOT_SUPPORTED = "request_not_supported"
    REQUEST_URI_NOT_SUPPORTED = "request_uri_not_supported"
    REGISTRATION_NOT_SUPPORTED = "registration_not_supported"
    INVALID_REQUEST_URI = "invalid_request_uri"
    ACCOUNT_SELECTION_REQUIRED = "account_selection_required"
    UNMET_AUTHENTICATION_REQUIREMENTS = "unmet_authentication_requirements"
    INVALID_REDIRECT_URI = "invalid_redirect_uri"  # RFC 7591 §3.2.2
    INVALID_CLIENT_METADATA = "invalid_client_metadata"
    UNSUPPORTED_TOKEN_TYPE = "unsupported_token_type"  # noqa: S105 - RFC 7009 §2.2.1
    INVALID_DPOP_PROOF = "invalid_dpop_proof"  # RFC 9449 §5
    USE_DPOP_NONCE = "use_dpop_nonce"
    AUTHORIZATION_PENDING = "authorization_pending"  # RFC 8628 §3.5
    SLOW_DOWN = "slow_down"
    EXPIRED_TOKEN = "expired_token"  # noqa: S105 - RFC 8628 §3.5
    NOT_AUTHENTICATED = "not_authenticated"  # ours: no credentials at all
    INVALID_TOKEN = "invalid_token"  # noqa: S105 - RFC 6750 §3.1
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - the seed's word for an expired access token
    INSUFFICIENT_SCOPE = "insufficient_scope"
    INSUFFICIENT_USER_AUTHENTICATION = "insufficient_user_authentication"  # RFC 9470 §3


_UNAUTHORIZED = frozenset(
    {
        Word.INVALID_CLIENT,
        Word.NOT_AUTHENTICATED,
        Word.INVALID_TOKEN,
        Word.TOKEN_EXPIRED,
        Word.INSUFFICIENT_USER_AUTHENTICATION,
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A refusal as a value. ``text`` is for the developer of the app; it holds no secret.

    ``cause`` is for the operator's log alone, where the text must not tell strangers which of several things was wrong.
    """

    word: Word
    text: str
    cause: str | None = field(default=None, compare=False)

    def because(self, cause: str) -> Self:
        """The same refusal, with its cause."""
        return replace(self, cause=cause)

    @property
    def status(self) -> int:
        """The HTTP status of this fault when it is answered directly rather than by a redirect."""
        if self.word in _UNAUTHORIZED:
            return 401
        if self.word is Word.INSUFFICIENT_SCOPE:
            return 403
        return 503 if self.word is Word.TEMPORARILY_UNAVAILABLE else 400


class OAuthRefusal(Refusal):
    """A fault, raised once everything that it leaves behind has been written.

    ``challenge`` is the value of ``WWW-Authenticate``, where there is one.
    """

    def __init__(self, fault: Fault, *, challenge: str | None = None, status: int | None = None) -> None:
        super().__init__(fault.text, code=fault.word.value)
        self.fault = fault
        self.challenge = challenge
        self.status = fault.status if status is None else status


def plain_text(text: str) -> str:
    """The text in the alphabet of ``error_description`` (RFC 6749 §5.2): ASCII without quote, backslash, control."""
    return "".join(c if " " <= c <= "~" and c not in '"\\' else "?" for c in text)
