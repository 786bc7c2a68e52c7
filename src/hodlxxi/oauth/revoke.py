"""``POST /oauth/revoke``: an app gives back what its user allowed (RFC 7009; reference oauth §4.6)."""

from __future__ import annotations

from datetime import datetime

from hodlxxi.audit.events import Entry, Event, Origin
from hodlxxi.audit.log import record
from hodlxxi.kit.db import Tx
from hodlxxi.kit.secret import digest_of
from hodlxxi.oauth.client_auth import ClientRequest, authenticate, client_refusal, read_credentials
from hodlxxi.oauth.hints import read_hint
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.store.grants import revoke_grant
from hodlxxi.oauth.store.tokens import find_owned_token, revoke_token

REASON = "revoked_by_client"
NO_TOKEN = Fault(Word.INVALID_REQUEST, "token is missing.")
ID_TOKEN = Fault(
    Word.UNSUPPORTED_TOKEN_TYPE,
    "An ID token cannot be revoked: it says who signed in, and opens nothing. Send the access or the refresh token.",
)


async def revoke(room: OAuthRoom, request: ClientRequest) -> None:
    """End the grant that a token belongs to, with every token of it, whichever of them was sent.

    A token that is unknown, or another client's, is no error and changes nothing: the answer tells a stranger nothing.
    ``token_type_hint`` is not needed and not looked at. Raises ``OAuthRefusal``, ``TooMany`` and ``Unavailable``.
    """
    credentials = await read_credentials(room, request)
    token = request.sent("token")
    is_known = False
    async with room.db.begin() as tx:
        client = await authenticate(tx, credentials)
        fault = client if isinstance(client, Fault) else NO_TOKEN if token is None else None
        if fault is None:
            digest = digest_of(token or "")
            is_known = await _end(tx, digest, credentials.client_id, request.origin, room.clock.now())
    if not isinstance(client, Fault) and token is not None and not is_known:
        fault = ID_TOKEN if await read_hint(room, token, client) is not None else None
    if fault is not None:
        raise client_refusal(fault, by_header=credentials.by_header)


async def _end(tx: Tx, digest: str, client_id: str, origin: Origin, now: datetime) -> bool:
    """Whether it is a token of this client."""
    owned = await find_owned_token(tx, digest, client_id)
    if owned is None:
        return False
    if owned.grant_id is None:
        # A token that the client has for itself: nothing else hangs on it.
        ended, details = await revoke_token(tx, owned.token_id, now), {"token": owned.token_id}
    else:
        ended, details = await revoke_grant(tx, owned.grant_id, REASON, now), {"grant": owned.grant_id}
    if ended:
        entry = Entry(
            Event.GRANT_REVOKED, True, origin, owned.user_id, client_id, details | {"reason": REASON}
        )
        await record(tx, now, entry)
    return True
