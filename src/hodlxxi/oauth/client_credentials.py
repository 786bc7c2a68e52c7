"""The grant ``client_credentials``: a client gets a token for itself (RFC 6749 §4.4; reference oauth §4.3)."""

from __future__ import annotations

from hodlxxi.kit.db import Tx
from hodlxxi.oauth.mint import Answer, Order, mint_id, mint_tokens
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.resources import judge_audience
from hodlxxi.oauth.rules.scopes import OFFLINE_ACCESS, OPENID, judge_scope
from hodlxxi.oauth.token_call import Call, record_issue

_OF_PEOPLE = (OPENID, OFFLINE_ACCESS)


async def grant_to_client(tx: Tx, call: Call, client: Client) -> Answer | Fault:
    """A token whose ``sub`` is the client. It speaks for nobody, so it is never refreshed and opens no person's things."""
    own = call.room.policy.issuer
    audience = judge_audience(call.request.resources, call.request.resources, own, openid=False)
    if isinstance(audience, Fault):
        return audience
    allowed = tuple(name for name in client.metadata.scopes if name not in _OF_PEOPLE)
    wish = call.sent("scope")
    scopes = allowed
    if wish is not None:
        judged = judge_scope(wish, allowed=allowed, catalogue=call.room.policy.scopes)
        if isinstance(judged, Fault):
            return judged
        scopes = judged
    if not scopes:
        return Fault(Word.INVALID_SCOPE, "This client has no scope that it could use for itself.")
    order = Order(client, None, None, scopes, call.now, mint_id(), audience, dpop_jkt=call.jkt)
    answer = await mint_tokens(call.room, tx, call.held, order)
    await record_issue(tx, call, order)
    return answer
