"""The user's answer on the consent page."""

from __future__ import annotations

from collections.abc import Collection

from hodlxxi.audit.events import Entry, Event, Origin
from hodlxxi.audit.log import record
from hodlxxi.identity.store import hold_session
from hodlxxi.kit.db import Tx
from hodlxxi.oauth.authorize import (
    GoOn,
    Outcome,
    Respond,
    ShowError,
    judge_who,
    load_visit,
)
from hodlxxi.oauth.grant import issue_code
from hodlxxi.oauth.interaction import DONE, Asker, denied, interaction_path
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.authorization import Answer
from hodlxxi.oauth.rules.claims import NOTHING_ASKED, AskedClaims
from hodlxxi.oauth.rules.consent import asked_names, judge_choice, merge_consent
from hodlxxi.oauth.rules.errors import Fault
from hodlxxi.oauth.rules.login import SignedIn
from hodlxxi.oauth.store import asking as store


async def decide(
    room: OAuthRoom, interaction_id: str, asker: Asker, *, agrees: bool, chosen: frozenset[str] | None = None
) -> Outcome:
    """Yes: remember it and issue a code for what was ``chosen`` (None: for all). No, or yes to nothing: tell the app.

    The request and the sign-in are judged once more.
    """
    visit = await load_visit(room, interaction_id, asker)
    if isinstance(visit, Fault):
        return ShowError(visit)
    request = visit.request
    now = room.clock.now()
    who = None if isinstance(request, Answer) else await judge_who(room, visit, now)
    if not isinstance(who, SignedIn) or isinstance(request, Answer):
        # Signed out, another user, or a request that is no longer right: the next visit says which.
        return GoOn(interaction_path(interaction_id), login=False)
    interaction = visit.waiting[1] if visit.waiting else None
    async with room.db.begin() as tx:
        if not await hold_session(tx, who.login.session_id, now):
            return GoOn(interaction_path(interaction_id), login=False)
        if interaction is None or not await store.spend_interaction(tx, interaction, now):
            return ShowError(DONE)
        granted = judge_choice(request.scopes, chosen)
        if agrees and granted and not interaction.is_denied:
            user_id, asked, claims = who.login.user_id, request.scopes, request.claims
            await remember(
                room, tx, user_id, request.client_id, asked, granted, asker.origin,
                claims=claims, resources=request.resources,
            )  # fmt: skip
            return Respond(await issue_code(room, tx, request, who, granted, asker.origin, now))
        entry = Entry(Event.CONSENT_DENIED, True, asker.origin, who.login.user_id, request.client_id)
        await record(tx, now, entry)
    return Respond(denied(visit.destination))


async def remember(
    room: OAuthRoom,
    tx: Tx,
    user_id: str,
    client_id: str,
    asked: tuple[str, ...],
    granted: tuple[str, ...],
    origin: Origin,
    *,
    claims: AskedClaims = NOTHING_ASKED,
    resources: Collection[str] = (),
) -> None:
    """Add what was agreed to what was agreed before, and leave a trace of it.

    Written also where nothing is new: whoever takes it back at this moment waits until the grant is there, and ends it too.
    """
    now = room.clock.now()
    before = await store.find_consent(tx, user_id, client_id)
    agreed = merge_consent(before, asked, granted, asked_names(claims), room.policy.foreign(resources))
    await store.keep_consent(tx, user_id, client_id, agreed, now)
    details = {"scope": " ".join(granted), "asked": " ".join(asked)}
    await record(tx, now, Entry(Event.CONSENT_GIVEN, True, origin, user_id, client_id, details))
