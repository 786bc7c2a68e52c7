"""From a user's yes to a grant, and to the code that proves it on its way through the browser."""

from __future__ import annotations

from datetime import datetime, timedelta

from hodlxxi.audit.events import Entry, Event, Origin
from hodlxxi.audit.log import record
from hodlxxi.kit.db import Tx
from hodlxxi.kit.secret import digest_of, mint_token
from hodlxxi.oauth.mint import mint_id
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.authorization import Answer, AuthorizationRequest
from hodlxxi.oauth.rules.claims import NOTHING_ASKED, AskedClaims
from hodlxxi.oauth.rules.grants import Code, Grant
from hodlxxi.oauth.rules.login import SignedIn
from hodlxxi.oauth.store import clients as client_store
from hodlxxi.oauth.store import grants as store

FAPI2_CODE_LIFE = timedelta(seconds=60)  # FAPI 2.0 Security Profile §5.3.2.1


def new_grant(
    room: OAuthRoom,
    who: SignedIn,
    client_id: str,
    asked: tuple[str, ...],
    granted: tuple[str, ...],
    now: datetime,
    *,
    resources: tuple[str, ...],
    claims: AskedClaims = NOTHING_ASKED,
) -> Grant:
    """What the user just allowed, with how they signed in; nothing is kept yet."""
    refresh_max = room.policy.refresh_max
    return Grant(
        grant_id=mint_id(),
        client_id=client_id,
        user_id=who.login.user_id,
        scopes=granted,
        auth_time=who.login.auth_time,
        acr=who.acr,
        amr=who.login.amr,
        session_id=who.login.session_id,
        claims=claims,
        absolute_expires_at=now + refresh_max if refresh_max else None,
        resources=resources,
        key=who.login.key,
        declined=tuple(name for name in asked if name not in granted),
    )


def last_moment(room: OAuthRoom, redeemed_by: datetime) -> datetime:
    """When nothing of a grant can be alive any more whose code is redeemed at the last moment, and never refreshed."""
    return redeemed_by + max(room.policy.refresh_idle, room.policy.access_lifetime)


async def issue_code(
    room: OAuthRoom,
    tx: Tx,
    request: AuthorizationRequest,
    who: SignedIn,
    scopes: tuple[str, ...],
    origin: Origin,
    now: datetime,
) -> Answer:
    """A fresh code for what was agreed, as the answer to the app; in the caller's transaction."""
    policy = room.policy
    lifetime = min(policy.code_lifetime, FAPI2_CODE_LIFE) if request.is_fapi2 else policy.code_lifetime
    secret = mint_token()
    grant = new_grant(
        room,
        who,
        request.client_id,
        request.scopes,
        scopes,
        now,
        resources=request.resources,
        claims=request.claims,
    )
    code = Code(
        digest=digest_of(secret),
        client_id=request.client_id,
        redirect_uri=request.destination.redirect_uri,
        code_challenge=request.code_challenge,
        nonce=request.nonce,
        expires_at=now + lifetime,
        used=False,
        bad_attempts=0,
        grant=grant,
        dpop_jkt=request.dpop_jkt,
    )
    await store.add_grant(tx, grant, now, last_moment(room, code.expires_at))
    await store.add_code(tx, code)
    await client_store.touch_client(tx, request.client_id, now)
    details = {"grant": grant.grant_id, "scope": " ".join(scopes)}
    entry = Entry(Event.CODE_ISSUED, True, origin, grant.user_id, request.client_id, details)
    await record(tx, now, entry)
    return Answer(request.destination, (("code", secret),))
