"""Making the tokens of a grant: the answer for the client, and the row that we keep of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hodlxxi.kit.db import Tx
from hodlxxi.kit.secret import digest_of, mint_token, tag_of
from hodlxxi.oauth import jws
from hodlxxi.oauth.keys import Held
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.claims import (
    Person,
    access_token_claims,
    id_token_claims,
    needs_id_token,
)
from hodlxxi.oauth.rules.clients import REFRESH_TOKEN, Client
from hodlxxi.oauth.rules.grants import Grant, refresh_expiry
from hodlxxi.oauth.store import tokens as store
from hodlxxi.oauth.store.tokens import NewToken

REFRESH_BYTES = 64  # the seed's random_urlsafe(64)
ID_BYTES = 16

Answer = dict[str, object]


@dataclass(frozen=True, slots=True)
class Order:
    """What to mint. ``token_id`` is the row's id and the access token's ``jti``."""

    client: Client
    grant: Grant
    person: Person
    scopes: tuple[str, ...]
    now: datetime
    token_id: str
    nonce: str | None = None


def mint_id() -> str:
    """A fresh id for a grant or a token row."""
    return mint_token(ID_BYTES)


async def mint_tokens(room: OAuthRoom, tx: Tx, held: Held, order: Order) -> Answer:
    """The token response (RFC 6749 §5.1, Core §3.1.3.3); its row is kept in the caller's transaction.

    Whoever calls this has passed the gate before.
    """
    policy, client, grant, now = room.policy, order.client, order.grant, order.now
    second = int(now.timestamp())
    lifetime_s = int(policy.access_lifetime.total_seconds())
    proof = grant.proof(tag_of(room.sid_key, grant.session_id or grant.grant_id, client.client_id))
    access = jws.render_access(
        room.keys.access_signer(held),
        access_token_claims(
            issuer=policy.issuer,
            client_id=client.client_id,
            sub=order.person.sub,
            scopes=order.scopes,
            proof=proof,
            jti=order.token_id,
            now=second,
            lifetime_s=lifetime_s,
        ),
    )
    refresh = mint_token(REFRESH_BYTES) if REFRESH_TOKEN in client.metadata.grant_types else None
    answer: Answer = {"access_token": access, "token_type": "Bearer", "expires_in": lifetime_s}
    if refresh is not None:
        answer["refresh_token"] = refresh
    answer["scope"] = " ".join(order.scopes)
    if needs_id_token(order.scopes):
        signer = room.keys.id_signer(held, client.metadata.id_token_alg)
        claims = id_token_claims(
            issuer=policy.issuer,
            client_id=client.client_id,
            person=order.person,
            proof=proof,
            asked=grant.claims,
            access_token=access,
            alg=signer.alg,
            nonce=order.nonce,
            now=second,
        )
        answer["id_token"] = jws.render_id_token(signer, claims)
    await store.add_token(tx, _row(room, order, access, refresh))
    return answer


def _row(room: OAuthRoom, order: Order, access: str, refresh: str | None) -> NewToken:
    grant, now = order.grant, order.now
    return NewToken(
        token_id=order.token_id,
        grant_id=grant.grant_id,
        client_id=order.client.client_id,
        user_id=grant.user_id,
        scopes=order.scopes,
        access_digest=digest_of(access),
        refresh_digest=digest_of(refresh) if refresh else None,
        issued_at=now,
        access_expires_at=now + room.policy.access_lifetime,
        refresh_expires_at=refresh_expiry(grant, now, room.policy.refresh_idle) if refresh else None,
    )
