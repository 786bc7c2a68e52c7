"""ID tokens of ours: what signs them for a client, and reading those that come back (``id_token_hint``), however old."""

from __future__ import annotations

from hodlxxi.oauth import jws
from hodlxxi.oauth.keys import Held
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.claims import find_hint_subject
from hodlxxi.oauth.rules.clients import HMAC_ALG, Client
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.jose import split_compact

BAD_HINT = Fault(
    Word.INVALID_REQUEST, "id_token_hint is not an ID token that was issued here for this client."
)


async def judge_hint(room: OAuthRoom, token: str, client: Client) -> str | Fault:
    """The subject that a client's hint names (OpenID Connect Core §3.1.2.1)."""
    payload = await read_hint(room, token, client) or {}
    subject = find_hint_subject(payload, issuer=room.policy.issuer, client_id=client.client_id)
    return BAD_HINT if subject is None else subject


async def read_hint(room: OAuthRoom, token: str, client: Client | None) -> dict[str, object] | None:
    """The payload of an ID token that we signed, also with a key that is retired since; None for any other text.

    A token that is keyed with a client's secret is read only for that client.
    """
    payload = await room.keys.read_id_token(token)
    if payload is not None or client is None or client.metadata.id_token_alg != HMAC_ALG:
        return payload
    signer = client_signer(room, client)
    parts = split_compact(token)
    if signer is None or parts is None or parts[0] != signer.id_header:
        return None
    return jws.read_verified(signer, parts)


def client_signer(room: OAuthRoom, client: Client) -> jws.Signer | None:
    """The signer of a client whose ID tokens are keyed with its own secret (HS256)."""
    secret = room.sealer.unseal(client.secret_sealed) if client.secret_sealed else None
    return jws.hmac_signer(secret) if secret is not None else None


def id_token_signer(room: OAuthRoom, held: Held, client: Client) -> jws.Signer:
    """What signs for this client what it verifies as ID tokens: its own secret (HS256), else a key of ours."""
    alg = client.metadata.id_token_alg
    own = client_signer(room, client) if alg == HMAC_ALG else None
    return own or room.keys.id_signer(held, alg)


def claimed_audience(token: str) -> str | None:
    """The client that a token says it is for, unverified: only good for finding the key that verifies it."""
    parts = split_compact(token)
    payload = jws.read_unverified(parts[1]) if parts else None
    audience = payload.get("aud") if payload else None
    return audience if isinstance(audience, str) and "\x00" not in audience else None
