"""Signing out at an app's wish: when at once, when only after a click, and where the browser goes then.

OpenID Connect RP-Initiated Logout 1.0; the table of reference oauth §6.6. And what an app's own server is told of it
(OpenID Connect Back-Channel Logout 1.0).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.redirects import render_redirect

MAX_STATE_CHARS = 2_048
EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_TOKEN_LIFE_S = 120
# How long after a failed try the next one comes; a row is given up after the last.
RETRY_AFTER = (timedelta(seconds=10), timedelta(seconds=60), timedelta(minutes=10))

NOT_REGISTERED = Fault(
    Word.INVALID_REQUEST,
    "post_logout_redirect_uri is not one that this app has registered, so it does not lead anywhere from here.",
)
BAD_HINT = Fault(Word.INVALID_REQUEST, "id_token_hint is not an ID token of this server for this app.")
LONG_STATE = Fault(Word.INVALID_REQUEST, f"state is longer than {MAX_STATE_CHARS} characters.")


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """What an app sent along with the browser; empty parameters are absent."""

    id_token_hint: str | None = None
    client_id: str | None = None
    uri: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Hint:
    """What a hint that we signed says; its age does not matter."""

    sid: str | None


@dataclass(frozen=True, slots=True)
class LogOut:
    """End the session that there is, then go to ``location``, or stay on the page that says so."""

    location: str | None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Confirm:
    """Only the person can say. ``location`` is where a yes would lead."""

    location: str | None
    fault: Fault | None = None


def read_hint_claims(payload: Mapping[str, object] | None, *, issuer: str, client_id: str) -> Hint | None:
    """The hint, if it is an ID token for this client. The signature has been checked before."""
    if payload is None or payload.get("iss") != issuer or payload.get("aud") != client_id:
        return None
    sid = payload.get("sid")
    return Hint(sid if isinstance(sid, str) else None)


def judge_logout(
    request: LogoutRequest,
    *,
    hint: Hint | None,
    client: Client | None,
    sids: Collection[str],
    is_signed_in: bool,
    is_confirmed: bool,
) -> LogOut | Confirm | Fault:
    """The table of §6.6. ``client`` is the hint's, else the one that ``client_id`` names; ``sids`` are the names that this
    browser's session has for it.

    Nothing leads to an address that this client has not registered, byte for byte.
    """
    if request.state is not None and len(request.state) > MAX_STATE_CHARS:
        return LONG_STATE
    location, fault = None, None
    if request.uri is not None:
        location = _location(request, client)
        fault = NOT_REGISTERED if location is None else None
    elif request.id_token_hint is not None and hint is None:
        fault = BAD_HINT
    if is_confirmed:
        return LogOut(location, fault)
    if hint is not None and fault is None and (not is_signed_in or hint.sid in sids):
        return LogOut(location)
    if not is_signed_in and location is None:
        return LogOut(None, fault)
    return Confirm(location, fault)


def _location(request: LogoutRequest, client: Client | None) -> str | None:
    if client is None or client.disabled_at is not None or request.uri is None:
        return None
    if request.uri not in client.metadata.post_logout_redirect_uris:
        return None
    return render_redirect(request.uri, [("state", request.state)]) if request.state else request.uri


def logout_token_claims(
    *, issuer: str, client_id: str, sub: str, sid: str, jti: str, now: datetime
) -> dict[str, object]:
    """The payload of a logout token (Back-Channel Logout 1.0 §2.4). Never a ``nonce``: it must not pass for an ID token."""
    second = int(now.timestamp())
    return {
        "iss": issuer,
        "aud": client_id,
        "iat": second,
        "exp": second + LOGOUT_TOKEN_LIFE_S,
        "jti": jti,
        "sub": sub,
        "sid": sid,
        "events": {EVENT: {}},
    }


def next_try(attempts: int, now: datetime) -> datetime | None:
    """When to try again after this many tries; None: never."""
    return now + RETRY_AFTER[attempts - 1] if attempts <= len(RETRY_AFTER) else None
