"""``/oauth/logout``: an app asks us to sign its user out (OpenID Connect RP-Initiated Logout 1.0; reference oauth §6.6)."""

from __future__ import annotations

from dataclasses import dataclass

from hodlxxi.audit.events import Event, Origin
from hodlxxi.identity.session import Session
from hodlxxi.identity.sessions import end_sessions
from hodlxxi.identity.store import list_lineage
from hodlxxi.kit.db import Tx
from hodlxxi.oauth.hints import claimed_audience, read_hint
from hodlxxi.oauth.mint import name_session
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.errors import Fault
from hodlxxi.oauth.rules.logout import Confirm, Hint, LogOut, LogoutRequest, judge_logout, read_hint_claims
from hodlxxi.oauth.store.clients import find_client


@dataclass(frozen=True, slots=True)
class Leaving:
    """A logout as it stands: the verdict, and the app that asks, when we know it."""

    verdict: LogOut | Confirm | Fault
    client: Client | None


async def log_out(
    room: OAuthRoom, request: LogoutRequest, session: Session | None, origin: Origin, *, is_confirmed: bool
) -> Leaving:
    """Judge the request, and where it may be done at once (or the person has clicked) end the browser's session."""
    async with room.db.read() as tx:
        hint, client = await _find_asker(room, tx, request)
        sids = await _names_of(room, tx, session, client) if hint and client else frozenset()
    verdict = judge_logout(
        request,
        hint=hint,
        client=client,
        sids=sids,
        is_signed_in=session is not None,
        is_confirmed=is_confirmed,
    )
    if isinstance(verdict, LogOut) and session is not None:
        await end_sessions(room.identity, session.user_id, [session.digest], origin, Event.LOGOUT)
    return Leaving(verdict, client)


async def _find_asker(room: OAuthRoom, tx: Tx, request: LogoutRequest) -> tuple[Hint | None, Client | None]:
    token = request.id_token_hint
    named = request.client_id or (claimed_audience(token) if token else None)
    client = await find_client(tx, named) if named else None
    if token is None or client is None:
        return None, client if request.client_id else None
    payload = await read_hint(room, token, client)
    hint = read_hint_claims(payload, issuer=room.policy.issuer, client_id=client.client_id)
    # An app that only a bad hint names has not been named.
    return hint, client if hint or request.client_id else None


async def _names_of(room: OAuthRoom, tx: Tx, session: Session | None, client: Client) -> frozenset[str]:
    """What this browser's session is called towards the app, also before its person signed in anew."""
    if session is None:
        return frozenset()
    lineage = await list_lineage(tx, [session.digest])
    return frozenset(name_session(room, digest, client.client_id) for digest in lineage)
