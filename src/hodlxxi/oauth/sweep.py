"""What of this room expires, and when it may go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import sqlalchemy as sa

from hodlxxi.kit.db import Tx, delete_expired, rows_changed
from hodlxxi.oauth.keys import KeyRing
from hodlxxi.oauth.sweep_clients import end_abandoned, remove_ended
from hodlxxi.oauth.tables import (
    logout_outbox,
    oauth_codes,
    oauth_device_codes,
    oauth_grants,
    oauth_interactions,
    oauth_pars,
    oauth_tokens,
    registration_tokens,
)

Sweep = Callable[[Tx, datetime, int], Awaitable[int]]

# A replay of a code is recognised for as long as its row is there; a used refresh token until it would have expired.
_CODES_KEPT = timedelta(hours=24)
_TOKENS_KEPT = timedelta(hours=24)
_GRANTS_KEPT = timedelta(days=2)
_INITIAL_TOKENS_KEPT = timedelta(days=30)
_INTERACTIONS_KEPT = timedelta(hours=1)
_DEVICES_KEPT = timedelta(hours=1)
_PARS_KEPT = timedelta(hours=1)  # longer than an interaction lives that began with one
_NOTICES_KEPT = timedelta(days=1)

_t = oauth_tokens.c
_late = (
    sa.select(_t.id)
    .where(_t.grace_sealed.is_not(None), _t.grace_until < sa.bindparam("now"))
    .limit(sa.bindparam("limit"))
)
_FORGET_RESPONSES = (
    sa.update(oauth_tokens).where(_t.id.in_(_late.scalar_subquery())).values(grace_sealed=None)
)


def sweeps(keys: KeyRing) -> dict[str, Sweep]:
    """By table: remove at most ``limit`` rows that expired long enough ago. Tokens go before their grants.

    The signing keys are tended on the same occasion: what is due is rotated.
    """

    async def tend_keys(tx: Tx, _now: datetime, _limit: int) -> int:
        await keys.tend(tx)
        return 0

    return {
        "oauth_signing_keys": tend_keys,
        "oauth_responses": _forget_responses,
        "oauth_codes": delete_expired(oauth_codes, oauth_codes.c.grant_id, _CODES_KEPT),
        "oauth_tokens": delete_expired(oauth_tokens, _t.id, _TOKENS_KEPT),
        "oauth_grants": delete_expired(oauth_grants, oauth_grants.c.grant_id, _GRANTS_KEPT),
        "oauth_interactions": delete_expired(
            oauth_interactions, oauth_interactions.c.interaction, _INTERACTIONS_KEPT
        ),
        "oauth_pars": delete_expired(oauth_pars, oauth_pars.c.request_uri, _PARS_KEPT),
        "oauth_device_codes": delete_expired(
            oauth_device_codes, oauth_device_codes.c.device_code, _DEVICES_KEPT
        ),
        "registration_tokens": delete_expired(
            registration_tokens, registration_tokens.c.token, _INITIAL_TOKENS_KEPT
        ),
        "logout_outbox": delete_expired(logout_outbox, logout_outbox.c.id, _NOTICES_KEPT),
        "oauth_clients_unused": end_abandoned,
        "oauth_clients": remove_ended,
    }


async def _forget_responses(tx: Tx, now: datetime, limit: int) -> int:
    """The sealed responses of refreshes whose grace is over."""
    return rows_changed(await tx.execute(_FORGET_RESPONSES, {"now": now, "limit": limit}))
