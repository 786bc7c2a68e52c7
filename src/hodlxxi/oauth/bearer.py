"""Who calls with an access token: signed by us, and still standing in the database, with nothing against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.identity.caller import Caller
from hodlxxi.kit.errors import Forbidden, NotAuthenticated
from hodlxxi.kit.secret import digest_of
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.access import (
    BAD_TOKEN,
    NO_CREDENTIALS,
    NOBODYS_TOKEN,
    Access,
    judge_access,
    judge_access_claims,
    judge_class_of,
    judge_scope_of,
    parse_bearer,
    render_challenge,
)
from hodlxxi.oauth.rules.claims import Person
from hodlxxi.oauth.rules.errors import Fault, OAuthRefusal, Word
from hodlxxi.oauth.store.tokens import find_access


class TokenRefused(NotAuthenticated):
    """A token that opens nothing, or none. ``challenge`` is for ``WWW-Authenticate``."""

    def __init__(self, fault: Fault, challenge: str) -> None:
        super().__init__(fault.text, code=fault.word.value)
        self.challenge = challenge


class ScopeMissing(Forbidden):
    """A good token that was not given what this needs. ``challenge`` names the scope."""

    def __init__(self, fault: Fault, challenge: str) -> None:
        super().__init__(fault.text, code=fault.word.value)
        self.challenge = challenge


async def find_caller(room: OAuthRoom, headers: Sequence[str]) -> Caller | None:
    """The app that calls, on whose behalf; None when the request carries no bearer token.

    ``headers`` are the request's ``Authorization`` fields. Raises ``TokenRefused`` and ``OAuthRefusal``.
    """
    access = await _find_access(room, headers, None)
    if access is None:
        return None
    person = _person_of(room, access)
    # A scope that demands a stronger sign-in than this one was is as good as not given.
    demands = room.policy.scope_acr
    scopes = frozenset(s for s in access.scopes if judge_class_of(access, demands.get(s)) is None)
    return Caller(Pubkey(person.pubkey), scopes=scopes, client_id=access.client_id)


async def get_access(
    room: OAuthRoom, headers: Sequence[str], scope: str, form_token: str | None = None
) -> Access:
    """The access token of a call that needs one with ``scope``.

    Raises ``TokenRefused`` (401), ``ScopeMissing`` (403), ``OAuthRefusal`` (400, two places) and ``TooMany``.
    """
    access = await _find_access(room, headers, form_token)
    if access is None:
        raise _refused(room, NO_CREDENTIALS)
    fault = judge_scope_of(access, scope)
    if fault is not None:
        raise ScopeMissing(fault, render_challenge(fault, realm=room.policy.issuer, scope=scope))
    needed = room.policy.scope_acr.get(scope)
    fault = judge_class_of(access, needed)
    if fault is not None:
        raise TokenRefused(
            fault, f'{render_challenge(fault, realm=room.policy.issuer)}, acr_values="{needed}"'
        )
    limit = await room.limits.limit_of(access.client_id, "call", room.policy.calls)
    who = access.person.sub if access.person else ""
    await room.limiter.check("call", f"{access.client_id}:{who}", limit)
    return access


async def get_person(
    room: OAuthRoom, headers: Sequence[str], scope: str, form_token: str | None = None
) -> tuple[Access, Person]:
    """Like ``get_access``, for what needs a token that speaks for a person."""
    access = await get_access(room, headers, scope, form_token)
    return access, _person_of(room, access)


def _person_of(room: OAuthRoom, access: Access) -> Person:
    if access.person is None:
        raise ScopeMissing(NOBODYS_TOKEN, render_challenge(NOBODYS_TOKEN, realm=room.policy.issuer))
    return access.person


async def _find_access(room: OAuthRoom, headers: Sequence[str], form_token: str | None) -> Access | None:
    token = parse_bearer(headers, form_token)
    if token is None:
        return None
    if isinstance(token, Fault):
        if token.word is Word.INVALID_REQUEST:
            raise OAuthRefusal(token, challenge=render_challenge(token, realm=room.policy.issuer))
        raise _refused(room, token)
    now = room.clock.now()
    payload = await room.keys.read_access(token)
    if payload is None:
        raise _refused(room, BAD_TOKEN)
    fault = judge_access_claims(payload, issuer=room.policy.issuer, now=now)
    if fault is not None:
        raise _refused(room, fault)
    async with room.db.read() as tx:
        access = judge_access(await find_access(tx, digest_of(token)), now)
    if isinstance(access, Fault):
        raise _refused(room, access)
    if access.person is not None:
        # What this client calls the person stands in the token, which we signed.
        access = replace(access, person=replace(access.person, sub=str(payload["sub"])))
    return access


def _refused(room: OAuthRoom, fault: Fault) -> TokenRefused:
    return TokenRefused(fault, render_challenge(fault, realm=room.policy.issuer))
