"""One call of the token endpoint, as the grants see it, and the traces that it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hodlxxi.audit.events import Entry, Event
from hodlxxi.audit.log import record
from hodlxxi.kit.db import Tx
from hodlxxi.oauth.client_auth import ClientRequest
from hodlxxi.oauth.keys import Held
from hodlxxi.oauth.mint import Order
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.client_auth import Credentials
from hodlxxi.oauth.rules.dpop import Proven
from hodlxxi.oauth.rules.errors import Fault
from hodlxxi.oauth.rules.grants import Grant
from hodlxxi.oauth.rules.resources import judge_audience
from hodlxxi.oauth.rules.scopes import OPENID


@dataclass(frozen=True, slots=True)
class Call:
    """A request with everything that does not depend on its grant."""

    room: OAuthRoom
    held: Held
    request: ClientRequest
    credentials: Credentials
    now: datetime
    proof: Proven | Fault | None = None

    @property
    def grant_type(self) -> str:
        """As sent; empty when missing."""
        return self.request.form.get("grant_type", "")

    def sent(self, name: str) -> str | None:
        """A parameter of the form."""
        return self.request.sent(name)

    @property
    def jkt(self) -> str | None:
        """The thumbprint of the key that the caller proved to hold."""
        return self.proof.jkt if isinstance(self.proof, Proven) else None

    def judge_audience(self, grant: Grant) -> str | Fault:
        """The audience of the access token that this call asks for."""
        own = self.room.policy.issuer
        return judge_audience(self.request.resources, grant.resources, own, openid=OPENID in grant.scopes)


async def record_refusal(tx: Tx, call: Call, fault: Fault) -> Fault:
    """Leave the trace of a refusal; returns the fault, to be raised after the transaction."""
    details = {"error": fault.word.value, "grant_type": call.grant_type[:40]}
    client_id = call.credentials.client_id[:64]
    entry = Entry(Event.TOKEN_REFUSED, False, call.request.origin, None, client_id, details)
    await record(tx, call.now, entry)
    return fault


async def record_issue(tx: Tx, call: Call, order: Order) -> None:
    """Leave the trace of issued tokens."""
    details = {"grant_type": call.grant_type, "scope": " ".join(order.scopes), "token": order.token_id}
    client_id = order.client.client_id
    user_id = order.grant.user_id if order.grant else None
    entry = Entry(Event.TOKEN_ISSUED, True, call.request.origin, user_id, client_id, details)
    await record(tx, call.now, entry)


async def record_misuse(tx: Tx, call: Call, event: Event, user_id: str, grant_id: str) -> None:
    """Leave the trace of a secret that was used twice, for which a grant ended."""
    client_id = call.credentials.client_id
    entry = Entry(event, False, call.request.origin, user_id, client_id, {"grant": grant_id})
    await record(tx, call.now, entry)
