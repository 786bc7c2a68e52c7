"""The device flow on the device's side: it asks for codes, and polls until its user has answered (RFC 8628)."""

from __future__ import annotations

import secrets
from datetime import datetime

from hodlxxi.kit.db import Tx
from hodlxxi.kit.errors import Unavailable
from hodlxxi.kit.secret import digest_of, mint_token
from hodlxxi.oauth.client_auth import ClientRequest, authenticate, client_refusal, read_credentials
from hodlxxi.oauth.mint import Answer, Order, mint_id, mint_tokens
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.claims import Person
from hodlxxi.oauth.rules.clients import DEVICE_CODE, Client
from hodlxxi.oauth.rules.device import (
    USER_CODE_ALPHABET,
    USER_CODE_CHARS,
    Allowed,
    Device,
    Refused,
    Wait,
    judge_poll,
    render_user_code,
)
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.grants import BAD_DEVICE_CODE
from hodlxxi.oauth.rules.resources import judge_resources
from hodlxxi.oauth.rules.scopes import judge_scope
from hodlxxi.oauth.store import devices as store
from hodlxxi.oauth.token_call import Call, record_issue

PATH = "/device"
MAX_AGENT_CHARS = 200
_TRIES = 5


async def start_device(room: OAuthRoom, request: ClientRequest) -> dict[str, object]:
    """A code to poll with, a code to show, and where its user types it (RFC 8628 §3.2).

    Raises ``OAuthRefusal``, ``TooMany`` and ``Unavailable``.
    """
    credentials = await read_credentials(room, request)
    now, secret = room.clock.now(), mint_token()
    async with room.db.begin() as tx:
        client = await authenticate(tx, credentials)
        device = (
            client if isinstance(client, Fault) else _judge(room, client, request, digest_of(secret), now)
        )
        code = None if isinstance(device, Fault) else await _keep(tx, device)
    if isinstance(device, Fault):
        raise client_refusal(device, by_header=credentials.by_header)
    if code is None:
        raise Unavailable("No code could be found that nobody uses. Please try again.")
    shown, uri = render_user_code(code), room.policy.issuer + PATH
    return {
        "device_code": secret,
        "user_code": shown,
        "verification_uri": uri,
        "verification_uri_complete": f"{uri}?user_code={shown}",
        "expires_in": int(room.policy.device_lifetime.total_seconds()),
        "interval": device.interval_s,
    }


async def redeem_device(
    tx: Tx,
    call: Call,
    client: Client,
    device: Device | None,
    allowed: Allowed | None,
    person: Person | None,
) -> Answer | Fault:
    """Phases 5 to 8 for a device that polls."""
    verdict = judge_poll(device, allowed, client.client_id, call.now)
    if device is None or isinstance(verdict, Refused):
        return verdict.fault if isinstance(verdict, Refused) else BAD_DEVICE_CODE
    if isinstance(verdict, Wait):
        await store.note_poll(tx, device.digest, call.now, verdict.interval_s)
        return verdict.fault
    audience = call.judge_audience(verdict.grant)
    if isinstance(audience, Fault):
        return audience
    if person is None or not await store.spend_device(tx, device.digest, call.now):  # 6: nothing minted yet
        return BAD_DEVICE_CODE
    grant = verdict.grant
    order = Order(client, grant, person, grant.scopes, call.now, mint_id(), audience, dpop_jkt=call.jkt)
    answer = await mint_tokens(call.room, tx, call.held, order)
    await record_issue(tx, call, order)
    return answer


def _judge(
    room: OAuthRoom, client: Client, request: ClientRequest, digest: str, now: datetime
) -> Device | Fault:
    metadata, policy = client.metadata, room.policy
    if DEVICE_CODE not in metadata.grant_types:
        return Fault(Word.UNAUTHORIZED_CLIENT, f"This client is not registered for {DEVICE_CODE}.")
    scopes = judge_scope(request.sent("scope"), allowed=metadata.scopes, catalogue=policy.scopes)
    if isinstance(scopes, Fault):
        return scopes
    fault = judge_resources(request.resources, policy.resources, client)
    if fault is not None:
        return fault
    return Device(
        digest=digest,
        client_id=client.client_id,
        scopes=client.usable(scopes),
        resources=tuple(dict.fromkeys(request.resources)),
        acr_values=client.wished_acr(request.sent("acr_values")),
        ip_address=request.origin.ip_address,
        user_agent=request.user_agent[:MAX_AGENT_CHARS],
        interval_s=int(policy.device_interval.total_seconds()),
        last_polled_at=None,
        created_at=now,
        expires_at=now + policy.device_lifetime,
    )


async def _keep(tx: Tx, device: Device) -> str | None:
    """The code to show, one that no other device shows."""
    for _ in range(_TRIES):
        code = "".join(secrets.choice(USER_CODE_ALPHABET) for _ in range(USER_CODE_CHARS))
        if await store.add_device(tx, device, digest_of(code)):
            return code
    return None
