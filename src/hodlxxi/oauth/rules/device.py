"""Devices that wait for their user (RFC 8628, reference oauth §6.5): the code to type, who may allow it, and polling."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hodlxxi.oauth.rules.claims import ACR_CLASSES, judge_acr, satisfies
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.grants import BAD_DEVICE_CODE, Grant
from hodlxxi.oauth.rules.login import Login, NeedsSignIn, SignedIn

# Consonants alone: no word comes out, and nothing looks like a digit. 20^8 codes are 34 bits (RFC 8628 §6.1).
USER_CODE_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
USER_CODE_CHARS = 8
MAX_TYPED_CHARS = 64
SLOWER_S = 5  # RFC 8628 §3.5
SLOWEST_S = 60
# A poll may overtake the one before it on the network by this much.
JITTER = timedelta(milliseconds=500)

PENDING = Fault(Word.AUTHORIZATION_PENDING, "The user has not answered yet. Poll again after the interval.")
SLOW_DOWN = Fault(Word.SLOW_DOWN, f"Polled too fast: add {SLOWER_S} seconds to the interval from now on.")
EXPIRED = Fault(Word.EXPIRED_TOKEN, "The user did not answer in time. Start again.")
DENIED = Fault(Word.ACCESS_DENIED, "The user did not allow it.")

UNKNOWN = Fault(
    Word.INVALID_REQUEST, "This code is not right, or its time is over. Look at your device and try again."
)
ANSWERED = Fault(
    Word.INVALID_REQUEST, "This code was already used. If your device still waits, start again there."
)


@dataclass(frozen=True, slots=True)
class Device:
    """A device that waits, or waited. ``digest`` is of the code that it polls with."""

    digest: str
    client_id: str
    scopes: tuple[str, ...]
    resources: tuple[str, ...]
    acr_values: tuple[str, ...]
    ip_address: str | None
    user_agent: str | None
    interval_s: int
    last_polled_at: datetime | None
    created_at: datetime
    expires_at: datetime
    is_approved: bool = False
    is_denied: bool = False
    is_used: bool = False


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a device's user allowed. ``user_enabled`` is the account's state now."""

    grant: Grant
    user_enabled: bool


@dataclass(frozen=True, slots=True)
class Ready:
    """Allowed: now try the gate."""

    grant: Grant


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet. ``interval_s`` is what the device has to keep to from now on."""

    fault: Fault
    interval_s: int


@dataclass(frozen=True, slots=True)
class Refused:
    """No, and it will not change."""

    fault: Fault


def render_user_code(code: str) -> str:
    """As a device shows it: ``BCDF-GHJK``."""
    return f"{code[:4]}-{code[4:]}"


def parse_user_code(typed: str | None) -> str | None:
    """The eight letters of what somebody typed, whatever its case, dashes and blanks; None when it cannot be a code."""
    if typed is None or len(typed) > MAX_TYPED_CHARS:
        return None
    code = "".join(c for c in typed.upper() if c not in "-‐‑‒–—_. \t")
    is_code = len(code) == USER_CODE_CHARS and all(c in USER_CODE_ALPHABET for c in code)
    return code if is_code else None


def judge_answerable(device: Device | None, now: datetime) -> Device | Fault:
    """Whether a device still waits for an answer. ``UNKNOWN`` is what a guess would bring."""
    if device is None or device.expires_at <= now:
        return UNKNOWN
    return ANSWERED if device.is_approved or device.is_denied or device.is_used else device


def judge_approver(device: Device, login: Login) -> SignedIn | NeedsSignIn:
    """Is somebody signed in strongly enough to answer a device that asked for a class of sign-in (RFC 9470)?

    ``acr_values`` is a wish: it sends somebody to sign in once more, and if that was no stronger, the truth is reported.
    """
    is_older = login.auth_time < device.created_at.replace(microsecond=0)
    if is_older and not is_strong_enough(device, login.acr):
        return NeedsSignIn()
    return SignedIn(login, judge_acr(login.acr, device.acr_values))


def is_strong_enough(device: Device, acr: str) -> bool:
    """Whether a class of sign-in is one that the device asked for, or nothing was asked that exists here."""
    wanted = [wish for wish in device.acr_values if wish in ACR_CLASSES]
    return not wanted or any(satisfies(acr, wish) for wish in wanted)


def judge_poll(
    device: Device | None, allowed: Allowed | None, client_id: str, now: datetime
) -> Ready | Wait | Refused:
    """May this device have its tokens? (RFC 8628 §3.5)

    Only the client that began may ask, and a code that was used tells as much as one that never was.
    """
    if device is None or device.client_id != client_id or device.is_used:
        return Refused(BAD_DEVICE_CODE)
    if device.is_denied:
        return Refused(DENIED)
    if device.expires_at <= now:
        return Refused(EXPIRED)
    if not device.is_approved:
        return _judge_pace(device, now)
    if allowed is None or allowed.grant.revoked_at is not None or not allowed.user_enabled:
        return Refused(BAD_DEVICE_CODE)
    return Ready(allowed.grant)


def _judge_pace(device: Device, now: datetime) -> Wait:
    polled_at, interval_s = device.last_polled_at, device.interval_s
    if polled_at is not None and now - polled_at < timedelta(seconds=interval_s) - JITTER:
        return Wait(SLOW_DOWN, min(interval_s + SLOWER_S, SLOWEST_S))
    return Wait(PENDING, interval_s)
