"""The ``claims`` parameter of an authorization request (OpenID Connect Core §5.5)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from hodlxxi.oauth.rules.claims import ACR_CLASSES, ASKABLE_CLAIMS, NOTHING_ASKED, AskedClaims
from hodlxxi.oauth.rules.errors import Fault, Word

MAX_CLAIMS_BYTES = 8_192
MAX_SUB_CHARS = 255


def parse_claims(text: str | None) -> AskedClaims | Fault:
    """What of it we serve.

    Claims that we do not know are ignored. A known one is null or an object (Core §5.5.1): what else stands there may be
    a demand, and none is to be dropped because it was badly written.
    """
    if text is None:
        return NOTHING_ASKED
    if len(text.encode("utf-8", "replace")) > MAX_CLAIMS_BYTES:
        return _refused(f"claims is larger than {MAX_CLAIMS_BYTES} bytes.")
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return _refused("claims must be a JSON object.")
    if not isinstance(parsed, dict):
        return _refused("claims must be a JSON object.")
    id_token, userinfo = parsed.get("id_token"), parsed.get("userinfo")
    if not isinstance(id_token, dict | None) or not isinstance(userinfo, dict | None):
        return _refused("claims: id_token and userinfo must be JSON objects.")
    fault = _judge_members(id_token or {}) or _judge_members(userinfo or {})
    if fault is not None:
        return fault
    return AskedClaims(
        id_token=_known(id_token or {}),
        userinfo=_known(userinfo or {}),
        sub=_asked_sub(id_token or {}),
        essential_acr=_essential_acr(id_token or {}),
    )


def render_asked(asked: AskedClaims) -> dict[str, object] | None:
    """What a grant keeps for refreshes: the names. None when nothing was asked."""
    if not asked.id_token and not asked.userinfo:
        return None
    return {"id_token": list(asked.id_token), "userinfo": list(asked.userinfo)}


def read_asked(kept: Mapping[str, list[str]] | None) -> AskedClaims:
    """The inverse of ``render_asked``."""
    return (
        AskedClaims(id_token=tuple(kept["id_token"]), userinfo=tuple(kept["userinfo"]))
        if kept
        else NOTHING_ASKED
    )


def _judge_members(members: Mapping[str, object]) -> Fault | None:
    for name in (*ASKABLE_CLAIMS, "sub", "acr"):
        if not isinstance(members.get(name), dict | None):
            return _refused(f"claims: {name} must be null or a JSON object.")
    wish = members.get("sub")
    if isinstance(wish, dict) and not isinstance(wish.get("value"), str | None):
        return _refused("claims: the value of sub must be a text.")
    return None


def _known(members: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(name for name in ASKABLE_CLAIMS if name in members)


def _asked_sub(members: Mapping[str, object]) -> str | None:
    wish = members.get("sub")
    value = wish.get("value") if isinstance(wish, dict) else None
    return value if isinstance(value, str) and len(value) <= MAX_SUB_CHARS else None


def _essential_acr(members: Mapping[str, object]) -> tuple[str, ...] | None:
    wish = members.get("acr")
    if not isinstance(wish, dict) or wish.get("essential") is not True:
        return None
    values = wish.get("values")
    values = values if isinstance(values, list) else [wish["value"]] if "value" in wish else None
    return None if values is None else tuple(value for value in ACR_CLASSES if value in values)


def _refused(text: str) -> Fault:
    return Fault(Word.INVALID_REQUEST, text)
