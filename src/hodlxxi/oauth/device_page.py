"""The device flow on the person's side: they type the code that a device shows, see who asks for what, and answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hodlxxi.audit.events import Entry, Event, Origin
from hodlxxi.audit.log import record
from hodlxxi.identity.room import LoginClient
from hodlxxi.identity.session import Session
from hodlxxi.identity.store import hold_session
from hodlxxi.kit.db import Tx
from hodlxxi.kit.ratelimit import Limit
from hodlxxi.kit.secret import digest_of
from hodlxxi.oauth.consent import remember
from hodlxxi.oauth.grant import last_moment, new_grant
from hodlxxi.oauth.interaction import show_client
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.consent import judge_choice, propose
from hodlxxi.oauth.rules.device import (
    ANSWERED,
    UNKNOWN,
    Device,
    is_strong_enough,
    judge_answerable,
    judge_approver,
    parse_user_code,
    render_user_code,
)
from hodlxxi.oauth.rules.errors import Fault
from hodlxxi.oauth.rules.login import Login, NeedsSignIn, SignedIn
from hodlxxi.oauth.rules.scopes import PROFILE_READ, Scope
from hodlxxi.oauth.store import devices as store
from hodlxxi.oauth.store.asking import find_consent
from hodlxxi.oauth.store.clients import touch_client
from hodlxxi.oauth.store.grants import add_grant

# Guesses, as the code is short (RFC 8628 §5.1): five wrong ones of a session, twenty of an address, in ten minutes.
WRONG_OF_SESSION = Limit(5, 600)
WRONG_OF_ADDRESS = Limit(20, 600)


@dataclass(frozen=True, slots=True)
class Person:
    """Who answers: somebody who is signed in, and from where."""

    session: Session
    origin: Origin

    @property
    def login(self) -> Login:
        """Their sign-in as the rules see it."""
        s = self.session
        return Login(s.user_id, s.digest, s.auth_time, s.acr, s.amr, s.key)


@dataclass(frozen=True, slots=True)
class Asked:
    """A device that waits for an answer. ``ticked`` are the scopes that the page proposes.

    ``is_weak``: it wished for a stronger sign-in than this one. ``links_key``: the app knows people by a name of its own, and
    asks for their key.
    """

    code: str
    client: LoginClient
    scopes: tuple[Scope, ...]
    ticked: frozenset[str]
    ip_address: str
    user_agent: str
    asked_at: datetime
    is_weak: bool
    links_key: bool
    resources: tuple[str, ...] = ()  # the other APIs that it asks tokens for


@dataclass(frozen=True, slots=True)
class Answered:
    """The device will learn of it at its next poll."""

    client_name: str
    allowed: bool


async def look_up(room: OAuthRoom, person: Person, typed: str) -> Asked | NeedsSignIn | Fault:
    """The device that shows this code, to be confirmed. Raises ``TooMany`` after too many wrong ones."""
    async with _Guess(room, person) as guess:
        async with room.db.read() as tx:
            found = await _find(tx, typed, room.clock.now())
            before = None
            if not isinstance(found, Fault):
                before = await find_consent(tx, person.session.user_id, found[0].client_id)
        guess.is_wrong = found is UNKNOWN
    if isinstance(found, Fault):
        return found
    client, device = found
    if isinstance(judge_approver(device, person.login), NeedsSignIn):
        return NeedsSignIn()
    return _show(room, client, device, typed, person, propose(device.scopes, before))


async def answer_device(
    room: OAuthRoom, person: Person, typed: str, *, agrees: bool, chosen: frozenset[str] | None = None
) -> Answered | NeedsSignIn | Fault:
    """The person's yes to what was ``chosen`` (None: to all) or no, once; yes to nothing is no. Raises ``TooMany``."""
    now = room.clock.now()
    async with _Guess(room, person) as guess, room.db.begin() as tx:
        if not await hold_session(tx, person.session.digest, now):
            guess.is_wrong = False
            return NeedsSignIn()
        found = await _find(tx, typed, now)
        guess.is_wrong = found is UNKNOWN
        if isinstance(found, Fault):
            return found
        client, device = found
        who = judge_approver(device, person.login)
        if isinstance(who, NeedsSignIn):
            return who
        granted = judge_choice(device.scopes, chosen) if agrees else ()
        if granted:
            answered = await _allow(room, tx, device, granted, who, person.origin, now)
        else:
            answered = await _deny(tx, device, person, now)
    return Answered(client.metadata.name, bool(granted)) if answered else ANSWERED


class _Guess:
    """One try with a code. It is counted before the look, so that no crowd slips through, and taken back if it was right."""

    def __init__(self, room: OAuthRoom, person: Person) -> None:
        self._limiter = room.limiter
        self._keys = (
            ("device_session", person.session.digest, WRONG_OF_SESSION),
            ("device_address", person.origin.neighbourhood, WRONG_OF_ADDRESS),
        )
        self.is_wrong = True

    async def __aenter__(self) -> _Guess:
        for bucket, key, limit in self._keys:
            await self._limiter.check(bucket, key, limit)
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self.is_wrong:
            for bucket, key, limit in self._keys:
                await self._limiter.give_back(bucket, key, limit)


async def _find(tx: Tx, typed: str, now: datetime) -> tuple[Client, Device] | Fault:
    code = parse_user_code(typed)
    found = await store.find_waiting(tx, digest_of(code)) if code is not None else None
    if found is None or found[0].disabled_at is not None:
        return UNKNOWN
    verdict = judge_answerable(found[1], now)
    return verdict if isinstance(verdict, Fault) else found


async def _allow(
    room: OAuthRoom,
    tx: Tx,
    device: Device,
    granted: tuple[str, ...],
    who: SignedIn,
    origin: Origin,
    now: datetime,
) -> bool:
    if not await store.approve_device(tx, device.digest, now):
        return False
    user_id, client_id, asked = who.login.user_id, device.client_id, device.scopes
    grant = new_grant(room, who, client_id, asked, granted, now, resources=device.resources)
    await remember(room, tx, user_id, client_id, asked, granted, origin, resources=device.resources)
    await add_grant(tx, grant, now, last_moment(room, device.expires_at))
    await store.attach_grant(tx, device.digest, grant.grant_id)
    await touch_client(tx, client_id, now)
    details = {"grant": grant.grant_id, "scope": " ".join(granted)}
    await record(tx, now, Entry(Event.DEVICE_APPROVED, True, origin, user_id, client_id, details))
    return True


async def _deny(tx: Tx, device: Device, person: Person, now: datetime) -> bool:
    if not await store.deny_device(tx, device.digest, now):
        return False
    user_id, details = person.session.user_id, {"by": "device"}
    entry = Entry(Event.CONSENT_DENIED, True, person.origin, user_id, device.client_id, details)
    await record(tx, now, entry)
    return True


def _show(
    room: OAuthRoom, client: Client, device: Device, typed: str, person: Person, ticked: frozenset[str]
) -> Asked:
    return Asked(
        code=render_user_code(parse_user_code(typed) or ""),
        client=show_client(room, client, None),
        scopes=tuple(room.policy.scopes[name] for name in device.scopes if name in room.policy.scopes),
        ticked=ticked,
        ip_address=device.ip_address or "",
        user_agent=device.user_agent or "",
        asked_at=device.created_at,
        is_weak=not is_strong_enough(device, person.session.acr),
        links_key=PROFILE_READ in device.scopes and client.is_pairwise,
        resources=room.policy.foreign(device.resources),
    )
