"""Reading what somebody sent to sign in, from a JSON body or from the page's form."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.requests import Request

from hodlxxi.bitcoin.known_keys import known_pubkey, sign_with_known_key
from hodlxxi.identity import store
from hodlxxi.identity.browser import known_browser
from hodlxxi.identity.room import IdentityRoom
from hodlxxi.identity.rules import Attempt, ByKey, parse_signer
from hodlxxi.kit.body import Form
from hodlxxi.kit.errors import BadInput, NotFound
from hodlxxi.kit.network import is_from_this_machine, is_loopback_host

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


def offers_test_signer(room: IdentityRoom, request: Request) -> bool:
    """Whether the page may sign with the built-in test keys: switched on, and asked from this machine.

    The connection's both ends are loopback, no proxy passed it on, and it was asked for by a name of this machine: no
    tunnel, no foreign page whose name was pointed here. (That listener and issuer are loopback holds from the start.)
    """
    server = request.scope.get("server")
    if not room.policy.test_signer or server is None or not is_from_this_machine(request.scope):
        return False
    named = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    return is_loopback_host(str(server[0])) and is_loopback_host(named)


async def sign_with_test_key(room: IdentityRoom, request: Request, form: Form) -> Attempt:
    """The page's own wallet for developers: sign the form's challenge with test key ``test_key`` (0 to 9).

    What comes out is judged as any other attempt. Raises ``NotFound`` where there is no test signer, and ``BadInput``.
    """
    if not offers_test_signer(room, request):
        raise NotFound("There is nothing here.")
    number, challenge_id = form.get("test_key") or "", form.get("challenge_id")
    if not re.fullmatch(r"[0-9]", number):
        raise BadInput("test_key: a number from 0 to 9 is needed.", field="test_key")
    async with room.db.read() as tx:
        challenge = await store.find_challenge(tx, challenge_id or "", None)
    text = challenge.message if challenge else ""
    signature = sign_with_known_key(int(number), text.encode())
    return Attempt(ByKey(known_pubkey(int(number))), None, signature, challenge_id, known_browser(request))
