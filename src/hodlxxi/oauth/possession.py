"""Proof of possession: a request that shows, by DPoP, that the caller holds a key (RFC 9449; reference oauth §6.1)."""

from __future__ import annotations

from dataclasses import dataclass

from hodlxxi.identity.store import spend_once
from hodlxxi.kit.db import Tx
from hodlxxi.kit.secret import digest_of
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.dpop import Proven, judge_proof, nonce_at, read_proof
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.jwt import OneUse

REPLAYED = Fault(
    Word.INVALID_DPOP_PROOF, "DPoP proof: this jti was used before. Sign a new one for each request."
)


@dataclass(frozen=True, slots=True)
class HttpCall:
    """What of a request a proof speaks about: its method, its path as it was sent, and its ``DPoP`` headers."""

    method: str
    path: str
    proofs: tuple[str, ...] = ()


NO_CALL = HttpCall("", "")


def judge_possession(
    room: OAuthRoom, call: HttpCall, access_token: str | None = None
) -> Proven | Fault | None:
    """The key that the caller holds, if the proof can be spent; None where there is no proof.

    ``access_token`` is the token that the request carries. The address is our configured one, whatever ``Host`` says.
    """
    proof = read_proof(call.proofs)
    if proof is None or isinstance(proof, Fault):
        return proof
    return judge_proof(
        proof,
        method=call.method,
        url=room.policy.issuer + call.path,
        now=room.clock.now(),
        nonce_key=room.dpop_key,
        access_token=access_token,
    )


async def take_proof(tx: Tx, proof: Proven | Fault | None) -> Fault | None:
    """The gate: whether this proof, and no copy of it before, was used. No proof is nothing to take."""
    if isinstance(proof, Proven):
        return None if await spend(tx, proof.once) else REPLAYED
    return proof


async def spend(tx: Tx, once: OneUse) -> bool:
    """Whether we, and nobody before us, used this value."""
    return await spend_once(tx, once.kind, digest_of(once.value), once.until)


def current_nonce(room: OAuthRoom) -> str:
    """The nonce for the next proof (``DPoP-Nonce``)."""
    return nonce_at(room.dpop_key, room.clock.now())
