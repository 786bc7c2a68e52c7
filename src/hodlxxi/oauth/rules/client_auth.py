"""Which client sends this form, and does it prove it? (RFC 6749 §2.3; reference oauth §4.2)"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from hodlxxi.oauth.rules.assertions import Assertion, parse_assertion
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.jwt import OneUse

MAX_ID_CHARS = 200
MAX_SECRET_CHARS = 1_000
_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NO_DIGEST = "0" * 64

BAD_CLIENT = Fault(
    Word.INVALID_CLIENT,
    "Client authentication failed: unknown or disabled client, wrong secret or key, or not the registered method.",
)


REPLAYED = Fault(
    Word.INVALID_CLIENT, "client_assertion: this jti was used before. Sign a new one for each request."
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who a client says it is. Neither a secret nor an assertion is a public client's claim.

    ``verdict`` on the assertion is there once the keys have been looked up: what has to be spent, or what is wrong.
    """

    client_id: str
    secret: str | None = None
    by_header: bool = False
    assertion: Assertion | None = None
    verdict: OneUse | Fault | None = None


def parse_credentials(authorization: str | None, form: Mapping[str, str]) -> Credentials | Fault:
    """The credentials of a request that uses exactly one method.

    ``client_id`` in the body beside another is fine when it is the same; a second secret is not, and the text says
    so, since several client libraries do that.
    """
    if "client_assertion" in form or "client_assertion_type" in form:
        return _parse_assertion(authorization, form)
    if authorization is None:
        client_id, secret = form.get("client_id"), form.get("client_secret")
        if client_id is None:
            return Fault(Word.INVALID_CLIENT, "No client credentials: send Basic, or client_id in the body.")
        if len(client_id) > MAX_ID_CHARS or len(secret or "") > MAX_SECRET_CHARS:
            return BAD_CLIENT.because("client_id or client_secret is too long")
        return Credentials(client_id, secret)
    if "client_secret" in form:
        text = "Two ways of client authentication: leave client_secret out of the body, or the Authorization header."
        return Fault(Word.INVALID_REQUEST, text)
    credentials = _parse_basic(authorization)
    if credentials is None:
        return BAD_CLIENT.because("the Authorization header is no well-formed Basic")
    if form.get("client_id", credentials.client_id) != credentials.client_id:
        return Fault(
            Word.INVALID_REQUEST, "client_id in the body is not the one in the Authorization header."
        )
    return credentials


def judge_client(client: Client | None, credentials: Credentials) -> Fault | None:
    """Whether the client is who it says. An unknown client, a wrong secret and a wrong method are refused alike.

    Basic and post are interchangeable for a client with a secret; ``none`` and ``private_key_jwt`` are interchangeable
    with nothing. An assertion that is right has to be spent afterwards.
    """
    if isinstance(credentials.verdict, Fault):
        return credentials.verdict
    given = hashlib.sha256((credentials.secret or "").encode("utf-8", "surrogatepass")).hexdigest()
    kept = client.secret_digest if client and client.secret_digest else _NO_DIGEST
    is_right = hmac.compare_digest(given, kept)
    if client is None or client.disabled_at is not None:
        return BAD_CLIENT.because(absence_of(client))
    method = client.metadata.auth_method
    if client.signs_assertions or credentials.assertion is not None:
        if client.signs_assertions and credentials.verdict is not None:
            return None
        sent = "no client_assertion" if credentials.assertion is None else "a client_assertion"
        return BAD_CLIENT.because(f"wrong method: registered for {method}, sent {sent}")
    if client.is_public:
        if credentials.secret is None and not credentials.by_header:
            return None
        return BAD_CLIENT.because(f"wrong method: registered for {method}, sent a secret")
    if credentials.secret is None:
        return BAD_CLIENT.because(f"wrong method: registered for {method}, sent no secret")
    return None if is_right else BAD_CLIENT.because(_wrong_secret(client))


def absence_of(client: Client | None) -> str:
    """Why a client does not count at all, for the operator."""
    if client is None:
        return "unknown client"
    return "the client was removed" if client.has_ended else "the client is disabled"


def _wrong_secret(client: Client) -> str:
    return (
        "wrong secret"
        if client.secret_digest
        else "the client has no secret any more: rotate-secret makes one"
    )


def _parse_assertion(authorization: str | None, form: Mapping[str, str]) -> Credentials | Fault:
    if authorization is not None or "client_secret" in form:
        text = "Two ways of client authentication: send client_assertion, or a secret, but not both."
        return Fault(Word.INVALID_REQUEST, text)
    assertion = parse_assertion(form.get("client_assertion_type"), form.get("client_assertion"))
    if isinstance(assertion, Fault):
        return assertion
    if form.get("client_id", assertion.client_id) != assertion.client_id:
        return Fault(Word.INVALID_CLIENT, "client_id in the body is not iss and sub of client_assertion.")
    return Credentials(assertion.client_id, assertion=assertion)


def _parse_basic(header: str) -> Credentials | None:
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic" or len(encoded) > 2 * (MAX_ID_CHARS + MAX_SECRET_CHARS):
        return None
    try:
        pair = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    client_id, colon, secret = pair.partition(":")
    decoded = (_form_decode(client_id), _form_decode(secret))
    if not colon or not decoded[0] or decoded[1] is None or "\x00" in decoded[0]:
        return None
    return Credentials(decoded[0], decoded[1], by_header=True)


def _form_decode(text: str) -> str | None:
    """``+`` is a space, ``%XX`` a byte; what is malformed is no credential. (The secrets that we mint need neither.)"""
    if _BROKEN_PERCENT.search(text):
        return None
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError:
        return None
