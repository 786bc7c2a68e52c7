"""Where a call may go: the judgement about an address that somebody else chose, and the words for what went wrong."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import yarl

from hodlxxi.kit.errors import Refusal
from hodlxxi.kit.network import is_address, is_public

TOTAL_S = 5.0
MAX_BYTES = 131_072
MAX_URL_CHARS = 2000

Reason = Literal["url", "busy", "unreachable", "timeout", "tls", "status", "type", "size", "json"]
HostPort = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer. ``text`` may go to whoever gave us the address."""

    reason: Reason
    text: str


class NotFetched(Refusal):
    """The address may not be called, or gave no usable answer. ``reason`` is the machine's word for why."""

    code = "not_fetched"

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.reason = failure.reason


BAD_URL = Failure(
    "url", "The address must be https://host/path in ASCII, without user, fragment, blank or backslash."
)
BUSY = Failure("busy", "Too many calls are under way. Please try again in a moment.")
# One text for no such name, a private address and a closed port: how our network looks from inside is nobody's business.
UNREACHABLE = Failure("unreachable", "The host cannot be reached over the public internet.")
BAD_TLS = Failure("tls", "The host's TLS certificate cannot be verified.")
TIMED_OUT = Failure("timeout", f"There was no complete answer within {TOTAL_S:g} seconds.")
NOT_OK = Failure("status", "The answer must be 200, without a redirect.")
NOT_JSON_TYPE = Failure("type", "The answer must be JSON, by its Content-Type too, and not compressed.")
TOO_LARGE = Failure("size", f"The answer is larger than {MAX_BYTES} bytes.")
NOT_JSON = Failure("json", "The answer is not valid JSON.")

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = rf"(?:(?P<name>{_LABEL}(?:\.{_LABEL})*)|\[(?P<v6>[0-9A-Fa-f:.]{{2,45}})\])"
_PORT = r"(?P<port>[1-9][0-9]{0,4})"
_URL = re.compile(rf"(?P<scheme>https?)://{_HOST}(?::{_PORT})?(?:[/?][!-\"$-\[\]-~]*)?")
_HOST_PORT = re.compile(f"{_HOST}:{_PORT}")


def parse_hosts(text: str) -> frozenset[HostPort]:
    """``localhost:9443, 127.0.0.1:8080`` as pairs of host and port. Raises ``ValueError``."""
    pairs = set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        found = _HOST_PORT.fullmatch(part)
        if found is None or int(found["port"]) > 65535:
            raise ValueError("must be a list like localhost:9443,127.0.0.1:8080")
        pairs.add((str(found["name"] or found["v6"]).lower(), int(found["port"])))
    return frozenset(pairs)


def judge_url(text: str, dev_hosts: Collection[HostPort] = ()) -> yarl.URL | Failure:
    """The address to call, or why it may not be called. Its parts have one reading: nothing is unescaped or normalised."""
    found = _URL.fullmatch(text) if len(text) <= MAX_URL_CHARS else None
    if found is None:
        return BAD_URL
    host = str(found["name"] or found["v6"]).lower()
    port = int(found["port"] or (443 if found["scheme"] == "https" else 80))
    # "127.1" and "2130706433" are addresses to some and names to others: all digits is an address, or nothing.
    is_literal = found["v6"] is not None or host.replace(".", "").isdigit()
    if port > 65535 or (is_literal and not is_address(host)):
        return BAD_URL
    if (host, port) not in dev_hosts:
        if found["scheme"] != "https":
            return BAD_URL
        # The connector looks up no address: this is the place to judge one.
        if is_literal and not judge_addresses([host]):
            return UNREACHABLE
    return yarl.URL(text, encoded=True)


def judge_addresses(addresses: Sequence[str]) -> bool:
    """Whether a host may be called: it has addresses, and all of them are public."""
    return bool(addresses) and all(is_public(address) for address in addresses)
