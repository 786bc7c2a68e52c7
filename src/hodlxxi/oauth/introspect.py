"""``POST /oauth/introspect``: an API asks whether a token still stands (RFC 7662; reference oauth §4.6).

Nothing is remembered between two questions: each is answered from the rows as they are.
"""

from __future__ import annotations

from collections.abc import Mapping

from hodlxxi.kit.db import Tx
from hodlxxi.kit.secret import digest_of
from hodlxxi.oauth.client_auth import ClientRequest, authenticate, client_refusal, read_credentials
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.access import MAX_TOKEN_CHARS
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.introspection import INACTIVE, introspect_access, introspect_refresh
from hodlxxi.oauth.store.tokens import find_access, find_client_and_refresh
from hodlxxi.oauth.subjects import find_subject

NO_TOKEN = Fault(Word.INVALID_REQUEST, "token is missing.")
PUBLIC_CLIENT = Fault(
    Word.INVALID_CLIENT, "Only a client that proves itself, by a secret or a key, may ask about tokens."
)


async def introspect(room: OAuthRoom, request: ClientRequest) -> Mapping[str, object]:
    """What a token is good for; ``{"active": false}`` for one that is not, and for one that is none of the caller's business.

    ``token_type_hint`` is not needed and not looked at. Raises ``OAuthRefusal``, ``TooMany`` and ``Unavailable``.
    """
    credentials = await read_credentials(room, request)
    token = request.sent("token") or ""
    payload = await room.keys.read_access(token) if len(token) <= MAX_TOKEN_CHARS else None
    # An assertion counts once, which is written down; everybody else only reads.
    opened = room.db.read if credentials.assertion is None else room.db.begin
    answer: Mapping[str, object] | Fault
    async with opened() as tx:
        client = await authenticate(tx, credentials)
        if isinstance(client, Fault):
            answer = client
        elif client.is_public:
            answer = PUBLIC_CLIENT
        else:
            answer = await _look(room, tx, client, token, payload) if token else NO_TOKEN
    if isinstance(answer, Fault):
        raise client_refusal(answer, by_header=credentials.by_header)
    return answer


async def _look(
    room: OAuthRoom, tx: Tx, client: Client, token: str, payload: Mapping[str, object] | None
) -> Mapping[str, object]:
    now, digest, issuer = room.clock.now(), digest_of(token), room.policy.issuer
    if payload is not None:
        if payload.get("iss") != issuer:
            return INACTIVE
        return introspect_access(client, await find_access(tx, digest), payload, now)
    _, refresh, _ = await find_client_and_refresh(tx, client.client_id, digest)
    sub = await find_subject(room, tx, client, refresh.grant.user_id) if refresh is not None else None
    return introspect_refresh(client, refresh, sub, issuer, now)
