"""The grant ``authorization_code``: a code becomes tokens, once (reference oauth §4.4)."""

from __future__ import annotations

from hodlxxi.audit.events import Event
from hodlxxi.kit.db import Tx
from hodlxxi.oauth.mint import Answer, Order, mint_id, mint_tokens
from hodlxxi.oauth.rules.claims import Person
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.errors import Fault
from hodlxxi.oauth.rules.grants import (
    BAD_CODE,
    Code,
    CodePresented,
    Redeem,
    Replay,
    WrongVerifier,
    judge_code,
)
from hodlxxi.oauth.store import grants as store
from hodlxxi.oauth.token_call import Call, record_issue, record_misuse


async def redeem_code(
    tx: Tx, call: Call, client: Client, code: Code | None, person: Person | None
) -> Answer | Fault:
    """Phases 5 to 8 for a code. A fault leaves what it has to: a counted attempt, or a grant that ended."""
    sent = CodePresented(client.client_id, call.sent("redirect_uri"), call.sent("code_verifier"), call.jkt)
    verdict = judge_code(code, sent, call.now)
    if code is None or person is None:
        return BAD_CODE
    if isinstance(verdict, Redeem):
        audience = call.judge_audience(code.grant)
        if isinstance(audience, Fault):
            return audience
        if await store.spend_code(tx, code.digest, call.now):  # 6: nothing has been minted yet
            grant = code.grant
            order = Order(
                client, grant, person, grant.scopes, call.now, mint_id(), audience, code.nonce, call.jkt
            )
            answer = await mint_tokens(call.room, tx, call.held, order)
            await record_issue(tx, call, order)
            return answer
        # Somebody redeemed it since we looked, with everything as right as here.
        verdict = Replay(BAD_CODE)
    if isinstance(verdict, Replay):
        await store.revoke_grant(tx, code.grant.grant_id, "code_replayed", call.now)
        await record_misuse(tx, call, Event.CODE_REPLAYED, code.grant.user_id, code.grant.grant_id)
    if isinstance(verdict, WrongVerifier):
        await store.count_attempt(tx, code.digest)
        if verdict.spend:
            await store.spend_code(tx, code.digest, call.now)
    return verdict.fault
