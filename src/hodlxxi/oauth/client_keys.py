"""The keys of a client, from its registration or from its ``jwks_uri``, and whether one of them signed (reference §4.2)."""

from __future__ import annotations

from datetime import timedelta

import structlog

from hodlxxi.kit.reach import NotFetched
from hodlxxi.kit.remembered import KEPT
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.assertions import Assertion, Expected, is_signed, judge_assertion
from hodlxxi.oauth.rules.client_auth import BAD_CLIENT, absence_of
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.jwk import PublicJwk, judge_key_set
from hodlxxi.oauth.rules.jwt import OneUse
from hodlxxi.oauth.store.clients import find_client

log = structlog.get_logger("oauth")

# A client that has changed its keys is believed at once, and nobody can make us ask its server more often.
ASK_AGAIN_AFTER = timedelta(seconds=30)


async def judge_signed(room: OAuthRoom, assertion: Assertion) -> OneUse | Fault:
    """What must be spent for the assertion to count, or what is wrong. Reads, and perhaps calls the client's server."""
    async with room.db.read() as tx:
        client = await find_client(tx, assertion.client_id)
    if client is None or client.disabled_at is not None:
        return BAD_CLIENT.because(absence_of(client))
    if not client.signs_assertions:
        method = client.metadata.auth_method
        return BAD_CLIENT.because(f"wrong method: registered for {method}, sent a client_assertion")
    keys = await _find_keys(room, client, KEPT)
    if (
        not isinstance(keys, Fault)
        and not is_signed(assertion, keys)
        and client.metadata.jwks_uri is not None
    ):
        keys = await _find_keys(room, client, ASK_AGAIN_AFTER)
    if isinstance(keys, Fault):
        log.warning("client_keys_unusable", client_id=client.client_id, reason=keys.text)
        return keys
    if not is_signed(assertion, keys):
        return BAD_CLIENT.because("wrong key: none of the client's keys made this signature")
    issuer = room.policy.issuer
    endpoints = frozenset({f"{issuer}/oauth/token", f"{issuer}/oauth/par"})
    expected = Expected(issuer, endpoints, client.metadata.auth_signing_alg, is_fapi2=client.is_fapi2)
    return judge_assertion(assertion, expected, room.clock.now())


async def _find_keys(room: OAuthRoom, client: Client, max_age: timedelta) -> tuple[PublicJwk, ...] | Fault:
    uri = client.metadata.jwks_uri
    body: object = client.metadata.jwks
    if uri is not None:
        try:
            body = await room.outgoing.get_json(uri, max_age=max_age)
        except NotFetched as refusal:
            return Fault(Word.INVALID_CLIENT, f"The jwks_uri of this client gave no keys. {refusal.text}")
    keys = judge_key_set(body)
    return Fault(Word.INVALID_CLIENT, keys.text) if isinstance(keys, Fault) else keys
