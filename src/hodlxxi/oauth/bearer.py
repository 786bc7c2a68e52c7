"""Who calls with an access token: signed by us, and still standing in the database, with nothing against it.

A token that is bound to a key opens nothing without a proof by that key, made for this call, once (DPoP).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.identity.caller import Caller
from hodlxxi.kit.errors import Forbidden, NotAuthenticated
from hodlxxi.kit.secret import digest_of
from hodlxxi.oauth.possession import NO_CALL, HttpCall, judge_possession, take_proof
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.access import (
    BAD_TOKEN,
    NO_CREDENTIALS,
    NOBODYS_TOKEN,
    Access,
    Presented,
    judge_access,
    judge_access_claims,
    judge_class_of,
    judge_key_of,
    judge_scope_of,
    parse_authorization,
    render_challenge,
)
from hodlxxi.oauth.rules.claims import Person
from hodlxxi.oauth.rules.dpop import Proven
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


@dataclass(frozen=True, slots=True)
class ApiCall:
    """What a call with an access token brings: its ``Authorization`` fields, a token in the form, and its proof."""

    authorizations: Sequence[str]
    http: HttpCall = NO_CALL
    form_token: str | None = None

    @property
    def by_dpop(self) -> bool:
        """Whether the caller speaks the scheme ``DPoP``, so that it is answered in it."""
        return any(field.strip()[:5].lower() == "dpop " for field in self.authorizations)


async def find_caller(room: OAuthRoom, call: ApiCall) -> Caller | None:
    """The app that calls, on whose behalf; None when the request carries no access token.

    Raises ``TokenRefused`` and ``OAuthRefusal``.
    """
    access = await _find_access(room, call)
    if access is None:
        return None
    person = _person_of(room, call, access)
    # A scope that demands a stronger sign-in than this one was is as good as not given.
    demands = room.policy.scope_acr
    scopes = frozenset(s for s in access.scopes if judge_class_of(access, demands.get(s)) is None)
    return Caller(Pubkey(person.pubkey), scopes=scopes, client_id=access.client_id)


async def get_access(room: OAuthRoom, call: ApiCall, scope: str) -> Access:
    """The access token of a call that needs one with ``scope``.

    Raises ``TokenRefused`` (401), ``ScopeMissing`` (403), ``OAuthRefusal`` (400, two places) and ``TooMany``.
    """
    access = await _find_access(room, call)
    if access is None:
        raise _refused(room, call, NO_CREDENTIALS)
    fault = judge_scope_of(access, scope)
    if fault is not None:
        raise ScopeMissing(fault, _challenge(room, call, fault, scope))
    needed = room.policy.scope_acr.get(scope)
    fault = judge_class_of(access, needed)
    if fault is not None:
        raise TokenRefused(fault, f'{_challenge(room, call, fault)}, acr_values="{needed}"')
    limit = await room.limits.limit_of(access.client_id, "call", room.policy.calls)
    who = access.person.sub if access.person else ""
    await room.limiter.check("call", f"{access.client_id}:{who}", limit)
    return access


async def get_person(room: OAuthRoom, call: ApiCall, scope: str) -> tuple[Access, Person]:
    """Like ``get_access``, for what needs a token that speaks for a person."""
    access = await get_access(room, call, scope)
    return access, _person_of(room, call, access)


def _person_of(room: OAuthRoom, call: ApiCall, access: Access) -> Person:
    if access.person is None:
        raise ScopeMissing(NOBODYS_TOKEN, _challenge(room, call, NOBODYS_TOKEN))
    return access.person


async def _find_access(room: OAuthRoom, call: ApiCall) -> Access | None:
    sent = parse_authorization(call.authorizations, call.form_token)
    if sent is None:
        return None
    if isinstance(sent, Fault):
        if sent.word is Word.INVALID_REQUEST:
            raise OAuthRefusal(sent, challenge=_challenge(room, call, sent))
        raise _refused(room, call, sent)
    now = room.clock.now()
    payload = await room.keys.read_access(sent.token)
    if payload is None:
        raise _refused(room, call, BAD_TOKEN)
    fault = judge_access_claims(payload, issuer=room.policy.issuer, now=now)
    if fault is not None:
        raise _refused(room, call, fault)
    async with room.db.read() as tx:
        access = judge_access(await find_access(tx, digest_of(sent.token)), now)
    if isinstance(access, Fault):
        raise _refused(room, call, access)
    fault = await _judge_key(room, call, access, sent)
    if fault is not None:
        raise _refused(room, call, fault)
    if access.person is not None:
        # What this client calls the person stands in the token, which we signed.
        access = replace(access, person=replace(access.person, sub=str(payload["sub"])))
    return access


async def _judge_key(room: OAuthRoom, call: ApiCall, access: Access, sent: Presented) -> Fault | None:
    proof = judge_possession(room, call.http, sent.token) if sent.by_dpop else None
    fault = judge_key_of(access, sent, proof)
    if fault is not None or not isinstance(proof, Proven):
        return fault
    async with room.db.begin() as tx:
        return await take_proof(tx, proof)


def _challenge(room: OAuthRoom, call: ApiCall, fault: Fault, scope: str | None = None) -> str:
    return render_challenge(fault, issuer=room.policy.issuer, scope=scope, by_dpop=call.by_dpop)


def _refused(room: OAuthRoom, call: ApiCall, fault: Fault) -> TokenRefused:
    return TokenRefused(fault, _challenge(room, call, fault))
