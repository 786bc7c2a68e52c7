"""``/oauth/authorize``: from an app's request to the user's answer, one step per visit of the browser.

Every visit judges the whole request again: the client, where it leads, what it asks, who is signed in and what they
agreed to. So nothing that changed in the meantime (a disabled app, another user in the browser) is missed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from hodlxxi.identity.room import LoginClient
from hodlxxi.identity.session import Session
from hodlxxi.identity.store import hold_session
from hodlxxi.kit.db import Tx
from hodlxxi.oauth.grant import issue_code
from hodlxxi.oauth.hints import BAD_HINT, judge_hint
from hodlxxi.oauth.interaction import (
    DONE,
    Asker,
    denied,
    interaction_path,
    load_interaction,
    open_interaction,
    show_client,
)
from hodlxxi.oauth.par import load_pushed
from hodlxxi.oauth.refusals import log_destination_refused
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.authorization import (
    Answer,
    AuthorizationRequest,
    Destination,
    NotRegistered,
    Params,
    judge_destination,
    judge_request,
    parse_client_id,
    refuse,
)
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.consent import Agreed, Ask, asked_names, judge_consent
from hodlxxi.oauth.rules.errors import Fault
from hodlxxi.oauth.rules.login import Began, Login, NeedsSignIn, SignedIn, judge_login
from hodlxxi.oauth.rules.scopes import PROFILE_READ, Scope
from hodlxxi.oauth.store import asking as store
from hodlxxi.oauth.store.asking import Interaction
from hodlxxi.oauth.store.clients import find_client
from hodlxxi.oauth.store.pushed import spend_pushed
from hodlxxi.oauth.subjects import find_subject


@dataclass(frozen=True, slots=True)
class ShowError:
    """A page of ours: nothing is sent to anybody. ``for_owner`` only when the app's own developer looks at it."""

    fault: Fault
    for_owner: NotRegistered | None = None


@dataclass(frozen=True, slots=True)
class Respond:
    """The answer goes to the app."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class GoOn:
    """The browser goes on at a path of ours; ``login`` by way of the sign-in page."""

    path: str
    login: bool = True


@dataclass(frozen=True, slots=True)
class ShowConsent:
    """The consent page. ``ticked`` are the scopes that it proposes, ``claims`` the single claims that are asked for.

    ``resources`` are the other APIs that it asks tokens for. ``links_key``: the app knows people by a name of its own, and
    asks for their key, by which others know them.
    """

    interaction_id: str
    client: LoginClient
    scopes: tuple[Scope, ...]
    ticked: frozenset[str]
    claims: tuple[str, ...]
    links_key: bool
    session: Session
    resources: tuple[str, ...]


Outcome = ShowError | Respond | GoOn | ShowConsent


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit of the browser with a request that leads to a place where the app may be answered."""

    client: Client
    destination: Destination
    request: AuthorizationRequest | Answer
    params: Params
    asker: Asker
    began: Began
    waiting: tuple[str, Interaction] | None = None
    pushed: str | None = None  # the digest of the pushed request that the parameters come from

    def signed_out(self) -> Visit:
        """The same visit, after its session ended."""
        return replace(self, asker=replace(self.asker, session=None))


async def begin(room: OAuthRoom, params: Params, asker: Asker, *, cross_site: bool) -> Outcome:
    """A request that just arrived. ``cross_site`` is a form that may come from another site, without our cookies."""
    await room.limiter.check("authorize", asker.origin.neighbourhood, room.policy.authorizations)
    client_id = parse_client_id(params)
    if isinstance(client_id, Fault):
        return ShowError(client_id)
    pushed = await load_pushed(room, client_id, params)
    if isinstance(pushed, Fault):
        return ShowError(pushed)
    if pushed is not None:
        params = pushed.params  # nothing else counts: whoever holds the browser cannot change what was pushed
    began = Began(room.clock.now(), asker.session.digest if asker.session else None)
    visit = await _judge_visit(room, client_id, params, asker, began, pushed.digest if pushed else None)
    if isinstance(visit, Fault):
        return _show_error(visit, asker)
    if cross_site:
        interaction_id = await _open(room, visit, cross_site=True)
        return GoOn(interaction_path(interaction_id), login=False)
    return await _step(room, visit)


async def resume(room: OAuthRoom, interaction_id: str, asker: Asker) -> Outcome:
    """The browser comes back to a request that waited for it."""
    visit = await load_visit(room, interaction_id, asker)
    return _show_error(visit, asker) if isinstance(visit, Fault) else await _step(room, visit)


async def load_visit(room: OAuthRoom, interaction_id: str, asker: Asker) -> Visit | Fault:
    """The waiting request, judged again."""
    interaction = await load_interaction(room, interaction_id, asker)
    if isinstance(interaction, Fault):
        return interaction
    began = Began(interaction.created_at, interaction.session_id)
    visit = await _judge_visit(
        room, interaction.client_id, interaction.params, asker, began, interaction.pushed
    )
    return visit if isinstance(visit, Fault) else replace(visit, waiting=(interaction_id, interaction))


async def judge_who(room: OAuthRoom, visit: Visit, now: datetime) -> SignedIn | NeedsSignIn | Fault:
    """Checks C10 and C11: who is asking, and is the sign-in good enough?"""
    request = visit.request
    if isinstance(request, Answer):
        raise TypeError("a request that is refused has nobody to judge")
    hinted = None
    if request.id_token_hint is not None:
        judged = await judge_hint(room, request.id_token_hint, visit.client)
        if isinstance(judged, Fault):
            return judged
        hinted = judged
    login = await _login_of(room, visit.client, visit.asker.session)
    return judge_login(request, login, visit.began, now, hinted)


async def _judge_visit(
    room: OAuthRoom, client_id: str, params: Params, asker: Asker, began: Began, pushed: str | None
) -> Visit | Fault:
    """Checks A2 and A4 to B9."""
    async with room.db.read() as tx:
        client = await find_client(tx, client_id)
    destination = judge_destination(params, client)
    if isinstance(destination, Fault):
        log_destination_refused(client_id, destination)
    if isinstance(destination, Fault) or client is None:
        return destination if isinstance(destination, Fault) else BAD_HINT
    policy = room.policy
    request = judge_request(
        params,
        client,
        destination,
        pkce=policy.pkce,
        catalogue=policy.scopes,
        resources=policy.resources,
        pushed=pushed is not None,
    )
    return Visit(client, destination, request, params, asker, began, pushed=pushed)


async def _step(room: OAuthRoom, visit: Visit) -> Outcome:
    if visit.waiting is not None and visit.waiting[1].is_denied:
        return await _respond(room, visit, denied(visit.destination))
    request = visit.request
    if isinstance(request, Answer):
        if _must_sign_in_first(visit):
            return await _sign_in(room, visit)
        return await _respond(room, visit, request)
    now = room.clock.now()
    who = await judge_who(room, visit, now)
    if isinstance(who, Fault):
        return await _respond(room, visit, refuse(visit.destination, who))
    if isinstance(who, NeedsSignIn):
        return await _sign_in(room, visit)
    async with room.db.read() as tx:
        remembered = await store.find_consent(tx, who.login.user_id, request.client_id)
    agreed = judge_consent(request, visit.client, remembered, room.policy.foreign(request.resources))
    if isinstance(agreed, Fault):
        return await _respond(room, visit, refuse(visit.destination, agreed))
    if isinstance(agreed, Ask):
        return await _ask(room, visit, request, agreed)
    return await _issue(room, visit, request, who, agreed, now)


def _show_error(fault: Fault, asker: Asker) -> ShowError:
    """The error page; what is registered is shown to nobody but the app's owner."""
    owner = fault.client.owner_id if isinstance(fault, NotRegistered) and fault.client else None
    is_owner = owner is not None and asker.session is not None and asker.session.user_id == owner
    return ShowError(fault, fault if is_owner and isinstance(fault, NotRegistered) else None)


def _must_sign_in_first(visit: Visit) -> bool:
    """Nobody has looked at a self-registered client: its errors are no way to use us as a redirector (RFC 9700 §4.11.2)."""
    is_silent = list(visit.params.get("prompt", ())) == ["none"]
    return visit.client.is_self_registered and visit.asker.session is None and not is_silent


async def _wait(room: OAuthRoom, visit: Visit) -> str:
    return visit.waiting[0] if visit.waiting is not None else await _open(room, visit)


async def _open(room: OAuthRoom, visit: Visit, *, cross_site: bool = False) -> str:
    interaction_id, _ = await open_interaction(
        room, visit.client, visit.params, visit.asker, cross_site=cross_site, pushed=visit.pushed
    )
    return interaction_id


async def _sign_in(room: OAuthRoom, visit: Visit) -> Outcome:
    return GoOn(interaction_path(await _wait(room, visit)))


async def _ask(room: OAuthRoom, visit: Visit, request: AuthorizationRequest, ask: Ask) -> Outcome:
    session = visit.asker.session
    if session is None:
        return await _sign_in(room, visit)
    shown = show_client(room, visit.client, visit.destination.redirect_uri)
    scopes = tuple(room.policy.scopes[name] for name in request.scopes)
    claims = tuple(sorted(asked_names(request.claims)))
    asks_key = PROFILE_READ in request.scopes or "bitcoin_pubkey" in claims
    links_key = asks_key and visit.client.is_pairwise
    others = room.policy.foreign(request.resources)
    waiting = await _wait(room, visit)
    return ShowConsent(waiting, shown, scopes, ask.ticked, claims, links_key, session, others)


async def _issue(
    room: OAuthRoom,
    visit: Visit,
    request: AuthorizationRequest,
    who: SignedIn,
    agreed: Agreed,
    now: datetime,
) -> Outcome:
    # What was judged may have ended since: a grant that came after its end would be alive for ever.
    async with room.db.begin() as tx:
        is_signed_in = await hold_session(tx, who.login.session_id, now)
        if is_signed_in and await store.hold_consent(tx, who.login.user_id, request.client_id):
            if not await _spend(tx, visit, now):
                return ShowError(DONE)
            return Respond(await issue_code(room, tx, request, who, agreed.scopes, visit.asker.origin, now))
    return await _step(room, visit if is_signed_in else visit.signed_out())


async def _respond(room: OAuthRoom, visit: Visit, answer: Answer) -> Outcome:
    if visit.waiting is not None or visit.pushed is not None:
        async with room.db.begin() as tx:
            if not await _spend(tx, visit, room.clock.now()):
                return ShowError(DONE)
    return Respond(answer)


async def _spend(tx: Tx, visit: Visit, now: datetime) -> bool:
    """The gate of every answer: a request that waited or was pushed is answered once."""
    if visit.waiting is not None:
        return await store.spend_interaction(tx, visit.waiting[1], now)
    return visit.pushed is None or await spend_pushed(tx, visit.pushed, now)


async def _login_of(room: OAuthRoom, client: Client, session: Session | None) -> Login | None:
    if session is None:
        return None
    sub = None
    if client.is_pairwise:
        async with room.db.read() as tx:
            sub = await find_subject(room, tx, client, session.user_id)
    s = session
    return Login(s.user_id, s.digest, s.auth_time, s.acr, s.amr, s.key, sub)
