"""``POST /oauth/par``: an app sends its authorization request to us instead of through the browser (RFC 9126, oauth §6.2).

What it gets for it, a ``request_uri``, stays good until the request is answered, not just until the first visit: a reload
or a link preview before sign-in must not burn it (FAPI 2.0 Security Profile §5.3.2.2, note 3).
"""

from __future__ import annotations

from datetime import datetime

from hodlxxi.kit.db import Tx
from hodlxxi.kit.secret import digest_of, mint_token
from hodlxxi.oauth.client_auth import ClientRequest, authenticate, client_refusal, read_credentials
from hodlxxi.oauth.hints import judge_hint
from hodlxxi.oauth.possession import judge_possession, take_proof
from hodlxxi.oauth.refusals import log_destination_refused
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.authorization import (
    PAR_PREFIX,
    Params,
    judge_content,
    judge_destination,
    kept_params,
    pushed_id,
)
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.dpop import Proven
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.store import pushed as store
from hodlxxi.oauth.store.pushed import Pushed

NESTED = Fault(Word.INVALID_REQUEST, "request_uri cannot be pushed: send the parameters themselves.")
OTHER_KEY = Fault(Word.INVALID_DPOP_PROOF, "dpop_jkt is not the thumbprint of the key in the DPoP proof.")
BAD_PUSHED = Fault(
    Word.INVALID_REQUEST_URI,
    "This request_uri is unknown, expired, used before or another app's. Go back to the app and start again.",
)


async def push_request(room: OAuthRoom, request: ClientRequest) -> dict[str, object]:
    """Judge an authorization request and keep it: its ``request_uri``, and for how many seconds a browser may bring it.

    Everything is judged that can be without the user, so that mistakes show here and not in somebody's browser.
    Raises ``OAuthRefusal``, ``TooMany`` and ``Unavailable``.
    """
    credentials = await read_credentials(room, request)
    now = room.clock.now()
    secret = mint_token()
    async with room.db.begin() as tx:
        client = await authenticate(tx, credentials)
        fault = client if isinstance(client, Fault) else await _keep(room, tx, client, request, secret, now)
    if fault is not None:
        raise client_refusal(fault, by_header=credentials.by_header)
    lifetime_s = int(room.policy.pushed_lifetime.total_seconds())
    return {"request_uri": PAR_PREFIX + secret, "expires_in": lifetime_s}


async def load_pushed(room: OAuthRoom, client_id: str, params: Params) -> Pushed | Fault | None:
    """The pushed request that a browser brings; None when what it brings was not pushed. A fault is a page (check A3)."""
    secret = pushed_id(params)
    if secret is None:
        return None
    async with room.db.read() as tx:
        pushed = await store.find_pushed(tx, digest_of(secret))
    if pushed is None or pushed.client_id != client_id or pushed.is_used:
        return BAD_PUSHED
    return BAD_PUSHED if pushed.expires_at <= room.clock.now() else pushed


async def _keep(
    room: OAuthRoom, tx: Tx, client: Client, request: ClientRequest, secret: str, now: datetime
) -> Fault | None:
    params = _params(client, request)
    if "request_uri" in params:
        return NESTED
    fault = await _bind(room, tx, request, params)
    if fault is not None:
        return fault
    destination = judge_destination(params, client)
    if isinstance(destination, Fault):
        log_destination_refused(client.client_id, destination)
        return destination
    policy = room.policy
    judged = judge_content(
        params, client, destination, pkce=policy.pkce, catalogue=policy.scopes, resources=policy.resources
    )
    if isinstance(judged, Fault):
        return judged
    if judged.id_token_hint is not None:
        hinted = await judge_hint(room, judged.id_token_hint, client)
        if isinstance(hinted, Fault):
            return hinted
    pushed = Pushed(
        digest=digest_of(secret),
        client_id=client.client_id,
        params=kept_params(params),
        created_at=now,
        expires_at=now + policy.pushed_lifetime,
        dpop_jkt=judged.dpop_jkt,
    )
    await store.add_pushed(tx, pushed)
    return None


async def _bind(
    room: OAuthRoom, tx: Tx, request: ClientRequest, params: dict[str, list[str]]
) -> Fault | None:
    """A proof here is as good as ``dpop_jkt`` (RFC 9449 §10.1): the code will be of use to its key only."""
    proof = judge_possession(room, request.call)
    fault = await take_proof(tx, proof)
    if fault is None and isinstance(proof, Proven):
        fault = None if params.setdefault("dpop_jkt", [proof.jkt]) == [proof.jkt] else OTHER_KEY
    return fault


def _params(client: Client, request: ClientRequest) -> dict[str, list[str]]:
    """The request without the client's proof of itself; a client that proved itself by a header need not repeat its id."""
    params = {name: [value] for name, value in request.form.items()}
    params["client_id"] = [client.client_id]
    if request.resources:
        params["resource"] = list(request.resources)
    return params
