"""What makes a sign-in by signed message hold. Pure; the time is an argument.

We verify the text that we stored, never one that a client sent back (reference bitcoin §2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hodlxxi.bitcoin.address import Address, AddressKind, Network, parse_address
from hodlxxi.bitcoin.keys import Pubkey, parse_pubkey_hex
from hodlxxi.bitcoin.message import NotProved, Proved, verify_message, verify_raw_key
from hodlxxi.kit.clock import render_time
from hodlxxi.kit.errors import BadInput

CHALLENGE_LIFE = timedelta(minutes=5)
SESSION_LIFE = timedelta(hours=24)
SEED_FORM_WINDOW = timedelta(minutes=5)
ANY_KEY = "the key that signs this text"
MAX_MESSAGE_CHARS = 1024

_NONCE_LINE = re.compile(r"^Nonce: ([A-Za-z0-9]{8,64})\r?$", re.MULTILINE)
_SEED_TEXT = re.compile(r"Login to (.{1,60}) at (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z", re.ASCII)
_KEY_HEX = re.compile(r"[0-9a-fA-F]{66}|[0-9a-fA-F]{130}")

EXPIRED = "This sign-in has expired or was already used. Start again to get a new text."


@dataclass(frozen=True, slots=True)
class Challenge:
    """A text that we issued. ``browser`` is the digest of the cookie that it is bound to, or None for an API client."""

    challenge_id: str
    message: str
    browser: str | None
    expires_at: datetime
    used: bool = False


@dataclass(frozen=True, slots=True)
class ByKey:
    """The signer is named by a raw public key."""

    key: Pubkey


@dataclass(frozen=True, slots=True)
class ByAddress:
    """The signer is named by an address, and by the raw key too when both were sent (both must then match)."""

    address: Address
    text: str
    key: Pubkey | None = None


Signer = ByKey | ByAddress


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody sent to sign in. ``message`` None means "the text of the challenge"."""

    signer: Signer
    message: str | None
    signature: str
    challenge_id: str | None
    browser: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """No sign-in; ``reason`` is a sentence for the person, ``code`` the machine's word."""

    reason: str
    code: str = "invalid_signature"


NO_ACCOUNT = Refused("This account is closed or disabled.", "account_disabled")
KEY_REMOVED = Refused("This key was removed from its account.", "key_removed")
OTHER_SIGNER = Refused("This text was issued for another key or address.")
EVERYBODYS_KEY = Refused("Everybody can sign with this test key, so it proves nothing here.", "test_key")


@dataclass(frozen=True, slots=True)
class TextParts:
    """What goes into the text to sign. ``signer`` is an address, a key in hex, or None; ``app`` an app's origin."""

    domain: str
    public_url: str
    service_name: str
    network: Network
    signer: str | None
    nonce: str
    challenge_id: str
    issued_at: datetime
    app: str | None = None


def render_text(parts: TextParts) -> str:
    """The text to sign: EIP-4361's wording for Bitcoin, ASCII, LF, no trailing newline (reference bitcoin §2)."""
    lines = [
        f"{parts.domain} wants you to sign in with your Bitcoin account:",
        parts.signer or ANY_KEY,
        "",
        f"Sign in to {parts.service_name}. This does not move any bitcoin.",
        "",
        f"URI: {parts.public_url}/login",
        "Version: 1",
        f"Chain ID: {parts.network.chain_id}",
        f"Nonce: {parts.nonce}",
        f"Issued At: {render_time(parts.issued_at)}",
        f"Expiration Time: {render_time(parts.issued_at + CHALLENGE_LIFE)}",
        f"Request ID: {parts.challenge_id}",
    ]
    if parts.app:
        lines += ["Resources:", f"- {parts.app}"]
    return "\n".join(lines)


def parse_signer(pubkey: str | None, address: str | None, network: Network) -> Signer:
    """Who claims to sign: ``pubkey`` may be hex or, as the seed allows, an address. Raises ``BadInput``."""
    if (
        address is None
        and pubkey is not None
        and not _KEY_HEX.fullmatch(pubkey)
        and not _looks_like_hex(pubkey)
    ):
        address, pubkey = pubkey, None
        return ByAddress(parse_address(address, network, "pubkey"), address)
    key = parse_pubkey_hex(pubkey, "pubkey") if pubkey is not None else None
    if address is not None:
        return ByAddress(parse_address(address, network), address, key)
    if key is None:
        raise BadInput("pubkey: send the public key in hex or an address.", field="pubkey")
    return ByKey(key)


def _looks_like_hex(text: str) -> bool:
    """Hex of a wrong length is a mistyped key, not an address."""
    return len(text) > 40 and re.fullmatch(r"[0-9a-fA-F]+", text) is not None


def signer_named(signer: Signer) -> str:
    """The line of the text that names the signer."""
    return signer.key if isinstance(signer, ByKey) else signer.text


def kind_of(signer: Signer) -> str:
    """How a key that signed a message is kept: a taproot address proves its output key."""
    is_taproot = isinstance(signer, ByAddress) and signer.address.kind is AddressKind.P2TR
    return "taproot" if is_taproot else "message"


def find_nonce(message: str) -> str | None:
    """The nonce of an issued text that came back without its id."""
    found = _NONCE_LINE.search(message)
    return found.group(1) if found else None


def check_same_text(message: str, issued: str) -> None:
    """Raises ``BadInput`` when what came back is not what we issued, but for what copying does to line ends."""
    returned = message.replace("\r\n", "\n")
    if returned.endswith("\n"):
        returned = returned[:-1]
    if returned != issued:
        raise BadInput(
            "message: this is not the text that was issued. Sign it exactly as it was shown.", field="message"
        )


def judge_challenge(challenge: Challenge | None, attempt: Attempt, now: datetime) -> Proved | Refused:
    """Did the named key sign the text that we issued to this browser?

    Unknown, expired, used and another browser's challenges are refused alike. Raises ``BadInput`` for a signature that
    cannot be read and for another text.
    """
    if challenge is None or not is_usable(challenge, attempt.browser, now):
        return Refused(EXPIRED)
    return judge_issued_text(challenge.message, attempt)


def is_usable(challenge: Challenge, browser: str | None, now: datetime) -> bool:
    """Whether this browser (the digest of its cookie) may answer this challenge now."""
    is_bound_elsewhere = challenge.browser is not None and challenge.browser != browser
    return not challenge.used and challenge.expires_at > now and not is_bound_elsewhere


def judge_issued_text(text: str, attempt: Attempt) -> Proved | Refused:
    """Did the named key sign this text, which we issued? Raises ``BadInput`` as ``judge_challenge`` does."""
    if attempt.message is not None:
        check_same_text(attempt.message, text)
    if not names_signer(text, attempt.signer):
        return OTHER_SIGNER
    verdict = judge_signature(attempt.signer, text.encode(), attempt.signature)
    # What copy and paste makes of a text: a newline at its end, or Windows line ends.
    for copied in (text + "\n", text.replace("\n", "\r\n")):
        if isinstance(verdict, Proved):
            return verdict
        again = judge_signature(attempt.signer, copied.encode(), attempt.signature)
        # A refusal tells of the text as it is.
        verdict = again if isinstance(again, Proved) else verdict
    return verdict


def names_signer(text: str, signer: Signer) -> bool:
    """Whether a text that we issued was for this signer, or for whoever signs."""
    line = text.split("\n")[1]
    return line in (ANY_KEY, signer_named(signer)) or (signer.key is not None and line.lower() == signer.key)


def judge_seed_form(message: str, attempt: Attempt, service_name: str, now: datetime) -> Proved | Refused:
    """The seed's own form, ``Login to <SERVICE_NAME> at <time>``: ours, within five minutes, and signed.

    That it is used once is the caller's gate (``spent_once``).
    """
    found = _SEED_TEXT.fullmatch(message)
    if found is None:
        raise BadInput(
            "message: unknown text. Ask POST /api/auth/challenge for the text to sign.", field="message"
        )
    if found.group(1) != service_name:
        return Refused("The text names another service.")
    try:
        written_at = datetime.strptime(found.group(2), "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise BadInput("message: the time in the text does not exist.", field="message") from None
    if abs(now - written_at) > SEED_FORM_WINDOW:
        return Refused("The time in the text is more than five minutes away from our clock.")
    return judge_signature(attempt.signer, message.encode(), attempt.signature)


def judge_signature(signer: Signer, text: bytes, signature: str) -> Proved | Refused:
    """The signature alone, over exactly these bytes. When key and address were both sent, both must match."""
    if isinstance(signer, ByKey):
        verdict = verify_raw_key(signer.key, text, signature)
    else:
        verdict = verify_message(signer.address, text, signature)
    if isinstance(verdict, NotProved):
        return Refused(verdict.reason)
    if isinstance(signer, ByAddress) and signer.key is not None and signer.key != verdict.key:
        return Refused("The address does not belong to this public key.")
    return verdict
