"""A Nostr key and what a browser extension does with it (NIP-01, NIP-07, NIP-98). Nothing here is the server's code."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from coincurve import PrivateKey

from tests.support.signer import TestKey


def event_of(
    key: TestKey,
    url: str,
    at: int,
    *,
    method: str = "POST",
    kind: int = 27235,
    tags: list[list[str]] | None = None,
    content: str = "",
) -> dict[str, Any]:
    """A signed event; ``tags`` come after ``u`` and ``method``."""
    unsigned = [["u", url], ["method", method], *(tags or [])]
    return sign_event(key, {"kind": kind, "created_at": at, "tags": unsigned, "content": content})


def sign_event(key: TestKey, event: dict[str, Any]) -> dict[str, Any]:
    """Public key, id and signature added."""
    pubkey = key.private.public_key.format()[1:].hex()
    body = [0, pubkey, event["created_at"], event["kind"], event["tags"], event["content"]]
    digest = hashlib.sha256(json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()).digest()
    signature = PrivateKey(key.private.secret).sign_schnorr(digest)
    return event | {"pubkey": pubkey, "id": digest.hex(), "sig": signature.hex()}


def header_of(event: object) -> dict[str, str]:
    """How a program sends it."""
    return {"Authorization": "Nostr " + base64.b64encode(json.dumps(event).encode()).decode()}


def account_of(key: TestKey) -> str:
    """What an account calls this key: the point with its x and an even y."""
    return "02" + key.private.public_key.format()[1:].hex()
