"""``POST /oauth/token`` in the phases of reference oauth §4.1.

1 transport (the edge) → 2 client → 3 grant type → 4 proof of possession → 5 load and judge → 6 gate → 7 mint →
8 record, commit → 9 answer. A refusal leaves its trace in the same transaction and is raised after it.
"""

from __future__ import annotations

from hodlxxi.kit.db import Tx
from hodlxxi.kit.secret import digest_of
from hodlxxi.oauth.client_auth import ClientRequest, admit, client_refusal, read_credentials
from hodlxxi.oauth.client_credentials import grant_to_client
from hodlxxi.oauth.device import redeem_device
from hodlxxi.oauth.mint import Answer
from hodlxxi.oauth.possession import judge_possession, take_proof
from hodlxxi.oauth.redeem import redeem_code
from hodlxxi.oauth.refresh import rotate
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.clients import (
    AUTHORIZATION_CODE,
    CLIENT_CREDENTIALS,
    DEVICE_CODE,
    GRANT_TYPES,
    REFRESH_TOKEN,
    Client,
)
from hodlxxi.oauth.rules.device import PENDING, SLOW_DOWN
from hodlxxi.oauth.rules.dpop import NEEDS_PROOF
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.resources import judge_resources
from hodlxxi.oauth.store.clients import find_client
from hodlxxi.oauth.store.devices import find_client_and_device
from hodlxxi.oauth.store.grants import find_client_and_code
from hodlxxi.oauth.store.tokens import find_client_and_refresh
from hodlxxi.oauth.token_call import Call, record_refusal

# What each grant redeems, by the name of its parameter.
_SECRET_OF = {
    AUTHORIZATION_CODE: "code",
    REFRESH_TOKEN: "refresh_token",
    DEVICE_CODE: "device_code",
}


async def exchange(room: OAuthRoom, request: ClientRequest) -> Answer:
    """The token response: fresh, or one that was given before and got lost on its way.

    Raises ``OAuthRefusal``, ``TooMany`` and ``Unavailable``.
    """
    credentials = await read_credentials(room, request)
    proof = judge_possession(room, request.call)
    call = Call(room, await room.keys.current(), request, credentials, room.clock.now(), proof)
    async with room.db.begin() as tx:
        outcome = await _serve(tx, call)
        if isinstance(outcome, Fault) and outcome.word is Word.INVALID_CLIENT:
            await _count_stranger(call)
        if isinstance(outcome, Fault) and outcome not in (PENDING, SLOW_DOWN):
            await record_refusal(tx, call, outcome)
    if isinstance(outcome, Fault):
        raise client_refusal(outcome, by_header=credentials.by_header)
    room.metrics.count("tokens_issued", grant=call.grant_type)
    return outcome


async def _count_stranger(call: Call) -> None:
    """Raises ``TooMany``, inside the transaction: such a refusal is not recorded.

    A limit for each client is none for somebody who names another one each time, and each refusal is a row. Whoever proves
    who they are is not counted, so nobody pays for a neighbour behind the same address.
    """
    await call.room.limiter.check("stranger", call.request.origin.neighbourhood, call.room.policy.tokens)


async def _serve(tx: Tx, call: Call) -> Answer | Fault:
    """Phases 2 to 8. One statement brings the client together with what it presents; the client is judged first."""
    client_id = call.credentials.client_id
    digest = digest_of(call.sent(_SECRET_OF.get(call.grant_type, "")) or "")
    if call.grant_type == REFRESH_TOKEN:
        client, refresh, person = await find_client_and_refresh(tx, client_id, digest)
        caller = await _admit(tx, client, call)
        return caller if isinstance(caller, Fault) else await rotate(tx, call, caller, refresh, person)
    if call.grant_type == AUTHORIZATION_CODE:
        client, code, person = await find_client_and_code(tx, client_id, digest)
        caller = await _admit(tx, client, call)
        return caller if isinstance(caller, Fault) else await redeem_code(tx, call, caller, code, person)
    if call.grant_type == DEVICE_CODE:
        client, device, allowed, person = await find_client_and_device(tx, client_id, digest)
        caller = await _admit(tx, client, call)
        if isinstance(caller, Fault):
            return caller
        return await redeem_device(tx, call, caller, device, allowed, person)
    caller = await _admit(tx, await find_client(tx, client_id), call)
    if isinstance(caller, Fault):
        return caller
    if call.grant_type != CLIENT_CREDENTIALS:
        raise TypeError(f"{call.grant_type} is offered, but nothing serves it")
    return await grant_to_client(tx, call, caller)


async def _admit(tx: Tx, client: Client | None, call: Call) -> Client | Fault:
    """Phases 2 to 4: is it the client, may it use this grant, and does it hold the key that its tokens will be bound to?"""
    caller = await admit(tx, client, call.credentials)
    if isinstance(caller, Fault):
        return caller
    fault = _judge_grant_type(caller, call)
    if fault is not None:
        return fault
    if call.proof is None and caller.needs_dpop:
        return NEEDS_PROOF
    return await take_proof(tx, call.proof) or caller


def _judge_grant_type(client: Client, call: Call) -> Fault | None:
    if not call.grant_type:
        return Fault(Word.INVALID_REQUEST, "grant_type is missing.")
    if call.grant_type not in GRANT_TYPES:
        return Fault(Word.UNSUPPORTED_GRANT_TYPE, f"Supported grant types: {', '.join(GRANT_TYPES)}.")
    if call.grant_type not in client.metadata.grant_types:
        return Fault(Word.UNAUTHORIZED_CLIENT, f"This client is not registered for {call.grant_type}.")
    secret_name = _SECRET_OF.get(call.grant_type)
    if secret_name is not None and call.sent(secret_name) is None:
        return Fault(Word.INVALID_REQUEST, f"{secret_name} is missing.")
    return judge_resources(call.request.resources, call.room.policy.resources, client)
