"""``POST /oauth/revoke``: an app gives back what its user allowed (RFC 7009; reference oauth §4.6)."""

from __future__ import annotations

from datetime import datetime

from hodlxxi.audit.events import Entry, Event, Origin
from hodlxxi.audit.log import record
from hodlxxi.kit.db import Tx
from hodlxxi.kit.secret import digest_of
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.client_auth import judge_client, parse_credentials
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.store.clients import find_client
from hodlxxi.oauth.store.grants import revoke_grant
from hodlxxi.oauth.store.tokens import find_owned_grant
from hodlxxi.oauth.token import client_refusal
from hodlxxi.oauth.token_call import TokenRequest

REASON = "revoked_by_client"
NO_TOKEN = Fault(Word.INVALID_REQUEST, "token is missing.")


async def revoke(room: OAuthRoom, request: TokenRequest) -> None:
    """End the grant that a token belongs to, with every token of it, whichever of them was sent.

    A token that is unknown, or another client's, is no error and changes nothing: the answer tells a stranger nothing.
    Raises ``OAuthRefusal``, ``TooMany`` and ``Unavailable``.
    """
    credentials = parse_credentials(request.authorization, request.form)
    if isinstance(credentials, Fault):
        raise client_refusal(credentials, by_header=request.authorization is not None)
    limit = await room.limits.limit_of(credentials.client_id, "token", room.policy.tokens)
    await room.limiter.check("token", f"{credentials.client_id[:64]}:{request.origin.ip_address}", limit)
    now = room.clock.now()
    async with room.db.begin() as tx:
        fault = judge_client(await find_client(tx, credentials.client_id), credentials)
        token = request.form.get("token")
        if fault is None and token is None:
            fault = NO_TOKEN
        if fault is None:
            await _end(tx, digest_of(token or ""), credentials.client_id, request.origin, now)
    if fault is not None:
        raise client_refusal(fault, by_header=credentials.by_header)


async def _end(tx: Tx, digest: str, client_id: str, origin: Origin, now: datetime) -> None:
    owned = await find_owned_grant(tx, digest, client_id)
    if owned is not None and await revoke_grant(tx, owned.grant_id, REASON, now):
        details = {"grant": owned.grant_id, "reason": REASON}
        await record(tx, now, Entry(Event.GRANT_REVOKED, True, origin, owned.user_id, client_id, details))
