"""``POST /oauth/token`` in the phases of reference oauth §4.1.

1 transport (the edge) → 2 client → 3 grant type → 4 proof of possession (none yet) → 5 load and judge → 6 gate → 7 mint →
8 record, commit → 9 answer. A refusal leaves its trace in the same transaction and is raised after it.
"""

from __future__ import annotations

from hodlxxi.kit.db import Tx
from hodlxxi.kit.secret import digest_of
from hodlxxi.oauth.mint import Answer
from hodlxxi.oauth.redeem import redeem_code
from hodlxxi.oauth.refresh import rotate
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.authorization import judge_resources
from hodlxxi.oauth.rules.client_auth import judge_client, parse_credentials
from hodlxxi.oauth.rules.clients import GRANT_TYPES, REFRESH_TOKEN, Client
from hodlxxi.oauth.rules.errors import Fault, OAuthRefusal, Word
from hodlxxi.oauth.store.grants import find_client_and_code
from hodlxxi.oauth.store.tokens import find_client_and_refresh
from hodlxxi.oauth.token_call import Call, TokenRequest, record_refusal

BASIC_CHALLENGE = 'Basic realm="oauth"'


async def exchange(room: OAuthRoom, request: TokenRequest) -> Answer:
    """The token response: fresh, or one that was given before and got lost on its way.

    Raises ``OAuthRefusal``, ``TooMany`` and ``Unavailable``.
    """
    credentials = parse_credentials(request.authorization, request.form)
    if isinstance(credentials, Fault):
        raise client_refusal(credentials, by_header=request.authorization is not None)
    # Client and address: a misconfigured app must not lock out its neighbours behind one NAT.
    key = f"{credentials.client_id[:64]}:{request.origin.ip_address}"
    limit = await room.limits.limit_of(credentials.client_id, "token", room.policy.tokens)
    await room.limiter.check("token", key, limit)
    call = Call(room, await room.keys.current(), request, credentials, room.clock.now())
    async with room.db.begin() as tx:
        outcome = await _serve(tx, call)
        if isinstance(outcome, Fault):
            await record_refusal(tx, call, outcome)
    if isinstance(outcome, Fault):
        raise client_refusal(outcome, by_header=credentials.by_header)
    room.metrics.count("tokens_issued", grant=call.grant_type)
    return outcome


async def _serve(tx: Tx, call: Call) -> Answer | Fault:
    """Phases 2 to 8. One statement brings the client together with what it presents; the client is judged first."""
    client_id = call.credentials.client_id
    if call.grant_type == REFRESH_TOKEN:
        digest = digest_of(call.sent("refresh_token") or "")
        client, refresh, person = await find_client_and_refresh(tx, client_id, digest)
        fault = _judge_caller(client, call, "refresh_token")
        if fault is not None or client is None:
            return fault or _UNREACHABLE
        return await rotate(tx, call, client, refresh, person)
    digest = digest_of(call.sent("code") or "")
    client, code, person = await find_client_and_code(tx, client_id, digest)
    fault = _judge_caller(client, call, "code")
    if fault is not None or client is None:
        return fault or _UNREACHABLE
    return await redeem_code(tx, call, client, code, person)


def _judge_caller(client: Client | None, call: Call, secret_name: str) -> Fault | None:
    """Phases 2 and 3: is it the client, may it use this grant, and is the grant's secret there?"""
    fault = judge_client(client, call.credentials)
    if fault is not None or client is None:
        return fault
    if not call.grant_type:
        return Fault(Word.INVALID_REQUEST, "grant_type is missing.")
    if call.grant_type not in GRANT_TYPES:
        return Fault(Word.UNSUPPORTED_GRANT_TYPE, f"Supported grant types: {', '.join(GRANT_TYPES)}.")
    if call.grant_type not in client.metadata.grant_types:
        return Fault(Word.UNAUTHORIZED_CLIENT, f"This client is not registered for {call.grant_type}.")
    if call.sent(secret_name) is None:
        return Fault(Word.INVALID_REQUEST, f"{secret_name} is missing.")
    return judge_resources(call.request.resources, call.room.policy.resources)


# ``_judge_caller`` refuses where there is no client; the type checker cannot know.
_UNREACHABLE = Fault(Word.SERVER_ERROR, "The request could not be judged.")


def client_refusal(fault: Fault, *, by_header: bool) -> OAuthRefusal:
    """A refusal to the client, with a challenge where a client failed by the ``Authorization`` header (RFC 6749 §5.2)."""
    is_auth = fault.word is Word.INVALID_CLIENT and by_header
    return OAuthRefusal(fault, challenge=BASIC_CHALLENGE if is_auth else None)
