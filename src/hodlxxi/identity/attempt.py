"""Reading what somebody sent to sign in, from a JSON body or from the page's form."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request

from hodlxxi.identity.browser import known_browser
from hodlxxi.identity.room import IdentityRoom
from hodlxxi.identity.rules import Attempt, parse_signer
from hodlxxi.kit.errors import BadInput

MAX_SIGNATURE_CHARS = 8192


def parse_attempt(room: IdentityRoom, request: Request, field: Callable[[str, int], str | None]) -> Attempt:
    """What somebody sent to sign in, from a JSON body or a form. Raises ``BadInput``."""
    signer = parse_signer(field("pubkey", 200), field("address", 200), room.policy.network)
    signature = field("signature", MAX_SIGNATURE_CHARS)
    if signature is None:
        raise BadInput("signature: this field is needed.", field="signature")
    message, challenge_id = field("message", 2048), field("challenge_id", 64)
    if message is None and challenge_id is None:
        raise BadInput("message: send the text that was signed, or its challenge_id.", field="message")
    return Attempt(signer, message, signature, challenge_id, known_browser(request))
