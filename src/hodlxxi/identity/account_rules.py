"""An account and what hangs on it: names that people choose, recovery codes, and how fresh a proof must be. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from hodlxxi.kit.errors import BadInput

FRESH_FOR: Final = timedelta(minutes=10)
MAX_NAME_CHARS: Final = 60

CODES: Final = 10
# Crockford's base 32: no I, L, O and U, so that a code survives paper and a hasty reader. 20 digits are 100 bits.
CODE_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_DIGITS: Final = 20
CODE_GROUP: Final = 5
_READ_AS: Final = str.maketrans("ILO", "110")
_CODE = re.compile(rf"[{CODE_ALPHABET}]{{{CODE_DIGITS}}}")
_PUBKEY = re.compile(r"0[23][0-9a-f]{64}")
# Control and direction characters, which could make one name look like another.
_HIDDEN: Final = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def is_fresh(auth_time: datetime, now: datetime) -> bool:
    """Whether a sign-in is recent enough to change what signs in to the account."""
    return now - auth_time <= FRESH_FOR


def is_pubkey(text: str) -> bool:
    """Whether a text has the canonical form of a key; what has not names no key of anybody."""
    return _PUBKEY.fullmatch(text) is not None


def parse_name(text: str | None, field: str) -> str | None:
    """A name that a person gives themselves or a key; None for none. Raises ``BadInput``.

    Printable, of at most 60 characters, without control and direction characters, blanks trimmed.
    """
    name = " ".join((text or "").split(" ")).strip()
    if len(name) > MAX_NAME_CHARS:
        raise BadInput(f"{field}: at most {MAX_NAME_CHARS} characters.", field=field)
    if any(unicodedata.category(character) in _HIDDEN for character in name):
        raise BadInput(f"{field}: control and direction characters are not allowed.", field=field)
    return name or None


def parse_recovery_code(text: str) -> str | None:
    """The 20 digits of a code as people type it: any case, with dashes and blanks or without, I and L for 1, O for 0."""
    digits = re.sub(r"[\s-]", "", text).upper().translate(_READ_AS)
    return digits if _CODE.fullmatch(digits) else None


def render_recovery_code(digits: str) -> str:
    """``ABCDE-FGHJK-MNPQR-STVWX``: how a code is shown, once."""
    return "-".join(digits[at : at + CODE_GROUP] for at in range(0, len(digits), CODE_GROUP))


_KINDS: Final = {
    "message": "Bitcoin wallet",
    "taproot": "Taproot wallet",
    "lnurl": "Lightning wallet",
    "nostr": "Nostr key",
}
_METHODS: Final = {
    "mfa": "two keys",
    "btc_message": "a signed message",
    "bip322": "a signed message",
    "lnurl": "a Lightning wallet",
    "nostr": "a Nostr key",
    "recovery": "a recovery code",
    "test": "a test key",
}


def describe_kind(kind: str) -> str:
    """A kind of key in words."""
    return _KINDS.get(kind, kind)


def describe_method(amr: Iterable[str]) -> str:
    """How somebody signed in, in words that follow "with"."""
    held = set(amr)
    return next((text for word, text in _METHODS.items() if word in held), "a key")


_BROWSERS: Final = (
    # The first that fits: nearly every browser also calls itself by the names further down.
    (("Edg/", "EdgA/", "EdgiOS/"), "Edge"),
    (("OPR/", "Opera"), "Opera"),
    (("SamsungBrowser/",), "Samsung Internet"),
    (("Firefox/", "FxiOS/"), "Firefox"),
    (("Chrome/", "CriOS/", "Chromium/"), "Chrome"),
    (("Safari/",), "Safari"),
)
_SYSTEMS: Final = (
    (("iPhone", "iPod"), "iPhone"),
    (("iPad",), "iPad"),
    (("Android",), "Android"),
    (("Windows",), "Windows"),
    (("CrOS",), "ChromeOS"),
    (("Macintosh", "Mac OS X"), "macOS"),
    (("Linux", "X11"), "Linux"),
)
_PROGRAM = re.compile(r"([A-Za-z][A-Za-z0-9._-]{1,29})(/|$)")


def describe_device(user_agent: str | None) -> str:
    """A device in words, out of what its browser says about itself: ``Firefox on Android``. A hint, never a proof."""
    said = user_agent or ""
    browser, system = _first(_BROWSERS, said), _first(_SYSTEMS, said)
    if browser and system:
        return f"{browser} on {system}"
    if browser or system:
        return browser or f"A program on {system}"
    program = _PROGRAM.match(said)
    return program[1] if program else "Unknown device"


def _first(names: tuple[tuple[tuple[str, ...], str], ...], said: str) -> str | None:
    return next((name for marks, name in names if any(mark in said for mark in marks)), None)
