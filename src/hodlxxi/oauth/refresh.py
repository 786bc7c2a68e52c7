"""The grant ``refresh_token``: rotation, the idempotent grace, and the end of a family that was stolen (§4.5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import msgspec

from hodlxxi.audit.events import Event
from hodlxxi.kit.db import Tx
from hodlxxi.kit.secret import Sealer, digest_of
from hodlxxi.oauth.mint import Answer, Order, mint_id, mint_tokens
from hodlxxi.oauth.rules.claims import Person
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.errors import Fault
from hodlxxi.oauth.rules.grants import (
    BAD_REFRESH,
    Refresh,
    RefreshVerdict,
    Repeat,
    Reuse,
    Rotate,
    judge_refresh,
    refresh_expiry,
)
from hodlxxi.oauth.store import grants as grant_store
from hodlxxi.oauth.store import tokens as store
from hodlxxi.oauth.token_call import Call, record_issue, record_misuse

_decode = msgspec.json.Decoder(dict[str, object]).decode
_encode = msgspec.json.Encoder().encode


async def rotate(
    tx: Tx, call: Call, client: Client, refresh: Refresh | None, person: Person | None
) -> Answer | Fault:
    """Phases 5 to 8 for a refresh token."""
    verdict = _judge(call, client, refresh)
    if refresh is None or person is None:
        return BAD_REFRESH
    if isinstance(verdict, Rotate):
        audience = verdict.audience or call.room.policy.issuer
        scopes, jkt = verdict.scopes, call.jkt
        order = Order(client, refresh.grant, person, scopes, call.now, mint_id(), audience, dpop_jkt=jkt)
        if client.is_fapi2:
            return await _renew_access(tx, call, order, refresh)
        if await _pass_gate(tx, call, refresh, order.token_id):
            return await _mint_successor(tx, call, order, refresh)
        # Somebody was faster with the same token, or the grant ended: the rows say which.
        _, refresh, _ = await store.find_client_and_refresh(tx, client.client_id, _digest(call))
        verdict = _judge(call, client, refresh)
    if isinstance(verdict, Repeat):
        body = _sealer(call).unseal(verdict.sealed)
        return _decode(body) if body is not None else BAD_REFRESH
    if isinstance(verdict, Reuse) and refresh is not None:
        await grant_store.revoke_grant(tx, refresh.grant.grant_id, "refresh_reuse", call.now)
        await record_misuse(tx, call, Event.REFRESH_REUSE, refresh.grant.user_id, refresh.grant.grant_id)
    return BAD_REFRESH if isinstance(verdict, Rotate) else verdict.fault


def _judge(call: Call, client: Client, refresh: Refresh | None) -> RefreshVerdict:
    return judge_refresh(
        refresh,
        client_id=client.client_id,
        scope=call.sent("scope"),
        now=call.now,
        catalogue=call.room.policy.scopes,
        audience=_audience(call, refresh),
        jkt=call.jkt,
        is_public=client.is_public,
    )


def _audience(call: Call, refresh: Refresh | None) -> str | Fault | None:
    audience = call.judge_audience(refresh.grant) if refresh is not None else None
    return None if audience == call.room.policy.issuer else audience


async def _renew_access(tx: Tx, call: Call, order: Order, refresh: Refresh) -> Answer | Fault:
    """A new access token beside the same refresh token: FAPI 2.0 discourages rotation (Security Profile §5.3.2.1).

    Its refresh tokens are of use only to who holds the client's key, so a stolen one opens nothing.
    """
    if not await grant_store.touch_grant(tx, refresh.grant.grant_id, call.now, _ends_at(call, refresh)):
        return BAD_REFRESH
    answer = await mint_tokens(call.room, tx, call.held, replace(order, with_refresh=False))
    await record_issue(tx, call, order)
    return answer


def _ends_at(call: Call, refresh: Refresh) -> datetime:
    policy = call.room.policy
    idle_end = refresh_expiry(refresh.grant, call.now, policy.refresh_idle)
    return max(idle_end, call.now + policy.access_lifetime)


async def _pass_gate(tx: Tx, call: Call, refresh: Refresh, successor_id: str) -> bool:
    """Lock order: grant, then token. So a revocation and a refresh at the same time leave nothing alive."""
    policy, now = call.room.policy, call.now
    if not await grant_store.touch_grant(tx, refresh.grant.grant_id, now, _ends_at(call, refresh)):
        return False
    return await store.spend_refresh(tx, refresh.token_id, successor_id, now, now + policy.refresh_grace)


async def _mint_successor(tx: Tx, call: Call, order: Order, refresh: Refresh) -> Answer:
    answer = await mint_tokens(call.room, tx, call.held, order)
    if call.room.policy.refresh_grace:
        # We keep digests only, so the response of a repetition is sealed under a key that the presented token yields.
        await store.keep_response(tx, refresh.token_id, _sealer(call).seal(_encode(answer)))
    await record_issue(tx, call, order)
    return answer


def _digest(call: Call) -> str:
    return digest_of(call.sent("refresh_token") or "")


def _sealer(call: Call) -> Sealer:
    return Sealer((call.sent("refresh_token") or "").encode(), "refresh-grace")
