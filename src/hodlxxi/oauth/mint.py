"""Making tokens: the answer for the client, and the row that we keep of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from hodlxxi.kit.db import Tx
from hodlxxi.kit.secret import digest_of, mint_token, tag_of
from hodlxxi.oauth import jws
from hodlxxi.oauth.hints import id_token_signer
from hodlxxi.oauth.keys import Held
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.claims import (
    Person,
    Proof,
    access_token_claims,
    id_token_claims,
    needs_id_token,
)
from hodlxxi.oauth.rules.clients import REFRESH_TOKEN, Client
from hodlxxi.oauth.rules.grants import Grant, refresh_expiry
from hodlxxi.oauth.store import tokens as store
from hodlxxi.oauth.store.tokens import NewToken
from hodlxxi.oauth.subjects import keep_subject

REFRESH_BYTES = 64  # the seed's random_urlsafe(64)
ID_BYTES = 16

Answer = dict[str, object]


@dataclass(frozen=True, slots=True)
class Order:
    """What to mint. ``token_id`` is the row's id and the access token's ``jti``, ``audience`` the access token's one.

    ``grant`` and ``person`` are None for a token that a client has for itself.
    """

    client: Client
    grant: Grant | None
    person: Person | None
    scopes: tuple[str, ...]
    now: datetime
    token_id: str
    audience: str
    nonce: str | None = None
    dpop_jkt: str | None = None
    with_refresh: bool = True


def mint_id() -> str:
    """A fresh id for a grant or a token row."""
    return mint_token(ID_BYTES)


async def mint_tokens(room: OAuthRoom, tx: Tx, held: Held, order: Order) -> Answer:
    """The token response (RFC 6749 §5.1, Core §3.1.3.3); its row is kept in the caller's transaction.

    Whoever calls this has passed the gate before.
    """
    client, grant, person = order.client, order.grant, order.person
    proof = None
    if grant is not None and person is not None:
        proof = grant.proof(session_name(room, grant, client))
        sub = await keep_subject(room, tx, client, grant.user_id, order.now)
        order = replace(order, person=replace(person, sub=sub, pubkey=grant.user_id))
    lifetime_s = int(room.policy.access_lifetime.total_seconds())
    access = _access_token(room, held, order, proof, lifetime_s)
    may_refresh = grant is not None and order.with_refresh and REFRESH_TOKEN in client.metadata.grant_types
    refresh = mint_token(REFRESH_BYTES) if may_refresh else None
    answer: Answer = {
        "access_token": access,
        "token_type": "DPoP" if order.dpop_jkt else "Bearer",
        "expires_in": lifetime_s,
    }
    if refresh is not None:
        answer["refresh_token"] = refresh
    answer["scope"] = " ".join(order.scopes)
    if proof is not None and needs_id_token(order.scopes):
        answer["id_token"] = _id_token(room, held, order, proof, access)
    await store.add_token(tx, _row(room, order, access, refresh))
    return answer


def session_name(room: OAuthRoom, grant: Grant, client: Client) -> str:
    """The ``sid`` of ID and logout tokens: the same for a session and a client, and useless elsewhere."""
    return name_session(room, grant.session_id or grant.grant_id, client.client_id)


def name_session(room: OAuthRoom, session_id: str, client_id: str) -> str:
    """What a session is called towards a client. A grant without a session stands for one of its own."""
    return tag_of(room.sid_key, session_id, client_id)


def _access_token(room: OAuthRoom, held: Held, order: Order, proof: Proof | None, lifetime_s: int) -> str:
    claims = access_token_claims(
        issuer=room.policy.issuer,
        client_id=order.client.client_id,
        sub=order.person.sub if order.person else order.client.client_id,
        scopes=order.scopes,
        proof=proof,
        audience=order.audience,
        dpop_jkt=order.dpop_jkt,
        jti=order.token_id,
        now=int(order.now.timestamp()),
        lifetime_s=lifetime_s,
    )
    return jws.render_access(room.keys.access_signer(held), claims)


def _id_token(room: OAuthRoom, held: Held, order: Order, proof: Proof, access: str) -> str:
    client, grant, person = order.client, order.grant, order.person
    if grant is None or person is None:
        raise TypeError("an ID token speaks about somebody")
    signer = id_token_signer(room, held, client)
    claims = id_token_claims(
        issuer=room.policy.issuer,
        client_id=client.client_id,
        person=person,
        proof=proof,
        asked=grant.claims,
        access_token=access,
        alg=signer.alg,
        nonce=order.nonce,
        now=int(order.now.timestamp()),
    )
    return jws.render_id_token(signer, claims)


def _row(room: OAuthRoom, order: Order, access: str, refresh: str | None) -> NewToken:
    grant, now = order.grant, order.now
    return NewToken(
        token_id=order.token_id,
        grant_id=grant.grant_id if grant else None,
        client_id=order.client.client_id,
        user_id=grant.user_id if grant else None,
        scopes=order.scopes,
        access_digest=digest_of(access),
        refresh_digest=digest_of(refresh) if refresh else None,
        issued_at=now,
        access_expires_at=now + room.policy.access_lifetime,
        refresh_expires_at=refresh_expiry(grant, now, room.policy.refresh_idle)
        if refresh and grant
        else None,
        audience=order.audience if order.audience != room.policy.issuer else None,
        dpop_jkt=order.dpop_jkt,
    )
