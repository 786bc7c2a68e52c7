"""Which client calls, and does it prove it? The first two phases of every endpoint for clients (reference oauth §4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hodlxxi.audit.events import Origin
from hodlxxi.kit.db import Tx
from hodlxxi.oauth.client_keys import judge_signed
from hodlxxi.oauth.possession import NO_CALL, HttpCall, spend
from hodlxxi.oauth.refusals import log_client_refused
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.client_auth import REPLAYED, Credentials, judge_client, parse_credentials
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.errors import Fault, OAuthRefusal, Word
from hodlxxi.oauth.rules.jwt import OneUse
from hodlxxi.oauth.store.clients import find_client

BASIC_CHALLENGE = 'Basic realm="oauth"'


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """What arrived: the ``Authorization`` header and the form, each parameter once but for ``resource``."""

    authorization: str | None
    form: Mapping[str, str]
    resources: tuple[str, ...]
    origin: Origin
    user_agent: str = ""
    call: HttpCall = NO_CALL

    def sent(self, name: str) -> str | None:
        """A parameter of the form."""
        return self.form.get(name)


async def read_credentials(room: OAuthRoom, request: ClientRequest) -> Credentials:
    """Who the client says it is, counted against its limit. Raises ``OAuthRefusal`` and ``TooMany``.

    An assertion is compared with the client's keys here, before there is a transaction: they may be elsewhere.
    """
    credentials = parse_credentials(request.authorization, request.form)
    if isinstance(credentials, Fault):
        log_client_refused(request.sent("client_id"), credentials)
        raise client_refusal(credentials, by_header=request.authorization is not None)
    # Client and address: a misconfigured app must not lock out its neighbours behind one NAT.
    key = f"{credentials.client_id[:64]}:{request.origin.neighbourhood}"
    limit = await room.limits.limit_of(credentials.client_id, "token", room.policy.tokens)
    await room.limiter.check("token", key, limit)
    if credentials.assertion is None:
        return credentials
    return replace(credentials, verdict=await judge_signed(room, credentials.assertion))


async def authenticate(tx: Tx, credentials: Credentials) -> Client | Fault:
    """The client, if it proved itself."""
    return await admit(tx, await find_client(tx, credentials.client_id), credentials)


async def admit(tx: Tx, client: Client | None, credentials: Credentials) -> Client | Fault:
    """The client, if it proved itself. The gate: an assertion counts once, whatever comes of the request."""
    fault = judge_client(client, credentials)
    once = credentials.verdict
    if fault is None and isinstance(once, OneUse):
        fault = None if await spend(tx, once) else REPLAYED
    if fault is not None:
        log_client_refused(credentials.client_id, fault)
    return fault or client or NOBODY


# ``judge_client`` refuses where there is no client; the type checker cannot know.
NOBODY = Fault(Word.INVALID_CLIENT, "The request could not be judged.")


def client_refusal(fault: Fault, *, by_header: bool) -> OAuthRefusal:
    """A refusal to the client, with a challenge where a client failed by the ``Authorization`` header (RFC 6749 §5.2)."""
    is_auth = fault.word is Word.INVALID_CLIENT and by_header
    return OAuthRefusal(fault, challenge=BASIC_CHALLENGE if is_auth else None)
