"""What makes a Lightning login hold. Pure; the time is an argument.

``session_id`` and ``k1`` are public: they are in the QR code. They can start a login and never finish one; that takes the
claim secret, which only the browser has that asked (reference bitcoin §1.2).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Literal
from urllib.parse import urlencode

from hodlxxi.bitcoin.ecdsa import verify_lnurl
from hodlxxi.bitcoin.keys import Pubkey, parse_compressed_hex, parse_hex, pubkey_of
from hodlxxi.identity.account_rules import CODE_ALPHABET
from hodlxxi.kit.errors import BadInput

CHALLENGE_LIFE = timedelta(minutes=5)
# Phones suspend the tab while the wallet is open: the claim may follow a while after the signature.
CLAIM_WINDOW = timedelta(minutes=5)
K1_BYTES = 32
MAX_AGENT_CHARS = 300
_DER_BYTES = range(8, 73)

Action = Literal["login", "register", "link", "auth"]
ACTIONS: tuple[Action, ...] = ("login", "register", "link", "auth")

OVER = "This login has expired or was already used. Start again in the browser."
WRONG = "The signature does not match this login."

_SESSION_ID = re.compile(r"[0-9a-f]{32}")
# Loopback, private, shared and link-local addresses (RFC 1918, 6598, 4193, 3927).
_NOT_PUBLIC = (
    *map(ip_network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")),
    *map(ip_network, ("169.254.0.0/16", "::1/128", "fc00::/7", "fe80::/10")),
)
_PHONE = re.compile(r"Android|iPhone|iPad|Mobile", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One Lightning login, from the QR code to the session.

    ``claim_digest`` is the digest of the browser's secret, ``ip_address`` and ``user_agent`` are the browser's, ``pubkey``,
    ``wallet_address`` and ``wallet_agent`` those of the wallet that answered. ``app`` and ``app_host`` name the app that the
    browser was on its way to when it asked; ``rejected_at`` is when its person said that the key is not theirs. ``link_id``
    is the link that the answer proves a key for, to ``user_id``'s account; it signs in nobody then.
    """

    session_id: str
    k1: str
    action: Action
    created_at: datetime
    expires_at: datetime
    claim_digest: str
    verified: bool = False
    pubkey: Pubkey | None = None
    user_id: Pubkey | None = None
    verified_at: datetime | None = None
    claimed_at: datetime | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    wallet_address: str | None = None
    wallet_agent: str | None = None
    app: str | None = None
    app_host: str | None = None
    rejected_at: datetime | None = None
    link_id: str | None = None

    @property
    def is_rejected(self) -> bool:
        """Whether the browser's person said that it was not their key."""
        return self.rejected_at is not None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a wallet sent. ``k1`` None when a wallet dropped our query (the path names the challenge then)."""

    k1: bytes | None
    sig: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class Wallet:
    """Where a wallet called from, and what it calls itself."""

    address: str
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """The holder of ``key`` signed this challenge's k1."""

    key: Pubkey


@dataclass(frozen=True, slots=True)
class Refused:
    """No login; ``reason`` is for the person who holds the wallet."""

    reason: str


def is_session_id(text: str) -> bool:
    """Whether a text has the shape of our ids; anything else is unknown without a look."""
    return _SESSION_ID.fullmatch(text) is not None


def match_code(session_id: str) -> str:
    """``K7Q-3MZ``: what people compare between two screens. Public, as the id is that it is made from; never a proof."""
    number = int.from_bytes(hashlib.sha256(b"HODLXXI match code\n" + session_id.encode()).digest()[:8])
    digits = [CODE_ALPHABET[number >> 5 * place & 31] for place in range(6)]
    return f"{''.join(digits[:3])}-{''.join(digits[3:])}"


def parse_action(text: str | None) -> Action:
    """What a wallet shows in words (LUD-04). Raises ``BadInput``."""
    for action in ACTIONS:
        if text == action:
            return action
    if text is None:
        return "login"
    raise BadInput(f"action: one of {', '.join(ACTIONS)}.", field="action")


def parse_answer(k1: str | None, sig: str | None, key: str | None) -> Answer:
    """The wallet's query parameters. Raises ``BadInput`` that names the parameter and echoes nothing."""
    if sig is None:
        raise BadInput("sig: the signature of k1 is needed, DER in hex.", field="sig")
    if key is None:
        raise BadInput("key: a compressed public key of 66 hex digits is needed.", field="key")
    return Answer(
        k1=parse_hex(k1, "k1", K1_BYTES) if k1 is not None else None,
        sig=parse_hex(sig, "sig", _DER_BYTES),
        key=parse_compressed_hex(key, "key"),
    )


def judge_callback(challenge: Challenge | None, answer: Answer, now: datetime) -> Verified | Refused:
    """Did the wallet sign our challenge? (LUD-04, "Server-side")

    ``sig`` is DER over the 32 raw bytes of k1 themselves, not over a hash of them. Unknown, expired and answered challenges
    are refused alike.
    """
    if challenge is None or challenge.verified or challenge.expires_at <= now:
        return Refused(OVER)
    k1 = bytes.fromhex(challenge.k1)
    if answer.k1 is not None and answer.k1 != k1:
        return Refused(WRONG)
    if not verify_lnurl(k1, answer.sig, answer.key):
        return Refused(WRONG)
    return Verified(pubkey_of(answer.key))


def is_claimable(challenge: Challenge | None, claim_digest: str | None, now: datetime) -> bool:
    """Whether the holder of this claim secret may have the session now."""
    return (
        challenge is not None
        and claim_digest is not None
        and hmac.compare_digest(challenge.claim_digest, claim_digest)
        and challenge.verified_at is not None
        and challenge.claimed_at is None
        and not challenge.is_rejected
        and challenge.link_id is None
        and challenge.verified_at > now - CLAIM_WINDOW
    )


def has_proved(challenge: Challenge, now: datetime) -> bool:
    """Whether a wallet has answered for a key that is being added; the rest is said where the link was begun."""
    at = challenge.verified_at
    return challenge.link_id is not None and at is not None and at > now - CLAIM_WINDOW


def is_same_device(challenge: Challenge) -> bool:
    """Whether the wallet surely sat beside the browser: the answer came from its address, and either a phone asked or the
    answer bears the browser's own name, as that of a wallet inside of it does (WebLN).

    When in doubt it is another device: that claims less. An address that is not public says nothing: behind a proxy that
    was not made known to us everybody has the proxy's.
    """
    return (
        challenge.ip_address is not None
        and _tells_something(challenge.ip_address)
        and challenge.ip_address == challenge.wallet_address
        and (_PHONE.search(challenge.user_agent or "") is not None or _is_same_browser(challenge))
    )


def _is_same_browser(challenge: Challenge) -> bool:
    agent = challenge.user_agent or ""
    return agent.startswith("Mozilla/") and agent == challenge.wallet_agent


def _tells_something(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return not any(parsed in network for network in _NOT_PUBLIC if network.version == parsed.version)


def callback_url(base: str, challenge: Challenge) -> str:
    """The URL inside the LNURL. ``tag=login`` tells a wallet to sign before it calls (LUD-04)."""
    query = urlencode({"tag": "login", "k1": challenge.k1, "action": challenge.action})
    return f"{base}/api/lnurl-auth/callback/{challenge.session_id}?{query}"
