"""What makes a signed Nostr event a proof of its key, here and now. Pure; the time is an argument.

NIP-98 alone has no challenge and could be repeated for a minute. Ours stands in the event's ``u`` and is used once.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NoReturn

from hodlxxi.bitcoin.hashes import sha256
from hodlxxi.bitcoin.keys import Pubkey, pubkey_of
from hodlxxi.bitcoin.schnorr import verify_schnorr
from hodlxxi.kit.errors import BadInput

HTTP_AUTH: Final = 27235
WINDOW: Final = timedelta(seconds=60)
MAX_HEADER_CHARS: Final = 8192
MAX_EVENT_BYTES: Final = 6144
MAX_TAGS: Final = 16
MAX_TAG_ITEMS: Final = 8

_SCHEME: Final = "nostr "
_MEMBERS: Final = frozenset(("id", "pubkey", "created_at", "kind", "tags", "content", "sig"))
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_HEX_32 = re.compile(r"[0-9a-f]{64}")
_HEX_64 = re.compile(r"[0-9a-f]{128}")
# What a time may be written as: 253402300799 is the last second of the year 9999.
_LAST_SECOND: Final = 253_402_300_799
_HEADER: Final = "Authorization: “Nostr” and the event in base64 are needed (NIP-98)."


@dataclass(frozen=True, slots=True)
class Event:
    """A Nostr event (NIP-01). ``created_at`` is in seconds; ``id``, ``pubkey`` and ``sig`` are lower-case hex."""

    id: str
    pubkey: str
    created_at: int
    kind: int
    tags: tuple[tuple[str, ...], ...]
    content: str
    sig: str

    def values(self, name: str) -> list[str]:
        """The values of the tags with this name."""
        return [tag[1] if len(tag) > 1 else "" for tag in self.tags if tag and tag[0] == name]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the event has to be for: ``url`` byte for byte, the method, and the digest of the request's body."""

    url: str
    method: str = "POST"
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Signed:
    """The holder of ``key`` signed the event: the x-only key as the point with an even y."""

    key: Pubkey


@dataclass(frozen=True, slots=True)
class Refused:
    """It proves nothing; ``reason`` is a sentence for the person."""

    reason: str


def parse_header(header: str | None) -> Event:
    """The event in ``Authorization: Nostr <base64>``, padded or not (NIP-98's own example is not). Raises ``BadInput``."""
    if header is None or header[: len(_SCHEME)].lower() != _SCHEME:
        raise BadInput(_HEADER, field="authorization")
    if len(header) > MAX_HEADER_CHARS:
        raise BadInput(
            f"Authorization: too long, {MAX_HEADER_CHARS} characters at most.", field="authorization"
        )
    written = header[len(_SCHEME) :].strip(" ")
    bare = written.rstrip("=")
    if not _BASE64.fullmatch(written) or len(bare) % 4 == 1:
        raise BadInput(_HEADER, field="authorization")
    raw = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    # One spelling only, with its padding or without: no stray bits, no padding too long.
    again = base64.b64encode(raw).decode()
    if written not in (again, again.rstrip("=")):
        raise BadInput(_HEADER, field="authorization")
    return parse_event(raw, "authorization")


def parse_event(raw: bytes, field: str = "event") -> Event:
    """An event in JSON, each member of exactly its type. Raises ``BadInput`` that names ``field`` and echoes nothing.

    Python's own reader would take ``NaN``, members that are there twice, and ``true`` for a number.
    """
    refused = BadInput(f"{field}: not a signed Nostr event in JSON.", field=field)
    if len(raw) > MAX_EVENT_BYTES:
        raise BadInput(f"{field}: too long, {MAX_EVENT_BYTES} bytes at most.", field=field)
    try:
        found = json.loads(
            raw.decode(), object_pairs_hook=_once, parse_float=_no_number, parse_constant=_no_number
        )
    except (ValueError, RecursionError):  # also bytes that are no UTF-8, and numbers of thousands of digits
        raise refused from None
    if not isinstance(found, dict) or not found.keys() >= _MEMBERS:
        raise refused
    event = Event(
        id=_text(found["id"], refused),
        pubkey=_text(found["pubkey"], refused),
        created_at=_number(found["created_at"], refused),
        kind=_number(found["kind"], refused),
        tags=_tags(found["tags"], refused),
        content=_text(found["content"], refused),
        sig=_text(found["sig"], refused),
    )
    if not (_HEX_32.fullmatch(event.id) and _HEX_32.fullmatch(event.pubkey) and _HEX_64.fullmatch(event.sig)):
        raise refused
    return event


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands there twice")
    return found


def _no_number(_written: str) -> NoReturn:
    raise ValueError("no whole number")


def _text(value: object, refused: BadInput) -> str:
    if not isinstance(value, str):
        raise refused
    try:
        value.encode()
    except UnicodeEncodeError:  # a lone surrogate has no bytes, so nothing to hash
        raise refused from None
    return value


def _number(value: object, refused: BadInput) -> int:
    if type(value) is not int or not 0 <= value <= _LAST_SECOND:
        raise refused
    return value


def _tags(value: object, refused: BadInput) -> tuple[tuple[str, ...], ...]:
    if not isinstance(value, list) or len(value) > MAX_TAGS:
        raise refused
    for tag in value:
        if not isinstance(tag, list) or len(tag) > MAX_TAG_ITEMS:
            raise refused
    return tuple(tuple(_text(item, refused) for item in tag) for tag in value)


def event_id(event: Event) -> str:
    """The hash of the event as NIP-01 writes it out, in hex: what the signature is over."""
    content = [0, event.pubkey, event.created_at, event.kind, event.tags, event.content]
    return sha256(json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()).hex()


def judge_event(event: Event, wanted: Wanted, now: datetime) -> Signed | Refused:
    """Did this key sign for exactly this request, within a minute? (NIP-98, "Nostr event" and "Request flow")

    The id is computed again: the event that NIP-98 prints has a good signature over an id that is not its own.
    """
    if event.kind != HTTP_AUTH:
        return Refused(f"The event is of another kind than {HTTP_AUTH}.")
    urls, methods = event.values("u"), event.values("method")
    if len(urls) != 1 or len(methods) != 1:
        return Refused("The event has to name one address (u) and one method.")
    # nostr-tools writes the method as it was given.
    if methods[0].upper() != wanted.method or urls[0] != wanted.url:
        return Refused("The event was signed for another request.")
    if abs(now - datetime.fromtimestamp(event.created_at, UTC)) > WINDOW:
        return Refused("The event's time is more than a minute away from our clock.")
    if wanted.body and not _has_payload(event, wanted.body):
        return Refused("The event does not name the body of this request (payload).")
    digest = event_id(event)
    if not hmac.compare_digest(digest, event.id):
        return Refused("The event's id is not its hash.")
    if not verify_schnorr(bytes.fromhex(event.pubkey), bytes.fromhex(digest), bytes.fromhex(event.sig)):
        return Refused("The signature does not match this event.")
    return Signed(pubkey_of(b"\x02" + bytes.fromhex(event.pubkey)))


def _has_payload(event: Event, body: bytes) -> bool:
    return event.values("payload") == [sha256(body).hex()]
