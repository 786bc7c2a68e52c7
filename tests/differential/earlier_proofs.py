"""Assertions, proofs and what is bound to their keys, made fresh for a case."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import httpx

from tests.differential.case import PAR, TOKEN, USERINFO, VERIFIER
from tests.differential.parties import Party
from tests.differential.proofs import ASSERTIONS, PROOFS, Twist, b64, make_assertion, make_proof, public_jwk

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def _assertion(name: str) -> Callable[[Party, str], str]:
    return lambda party, role: make_assertion(party.apps[role].client_id, party.url, ASSERTIONS[name])


def _spent_assertion(party: Party, role: str) -> str:
    assertion = _assertion("right")(party, role)
    with httpx.Client(base_url=party.url) as http:
        form = {"token": "x", "client_assertion": assertion, "client_assertion_type": JWT_BEARER}
        http.post("/oauth/revoke", data=form).raise_for_status()
    return assertion


def _proof(
    name: str, path: str = TOKEN, method: str = "POST", memory: str | None = None
) -> Callable[[Party, str], str]:
    """A proof; at a resource for the token that the case got before."""

    def obtain(party: Party, _role: str) -> str:
        return make_proof(party.url, path, method, PROOFS[name], party.memory[memory] if memory else None)

    return obtain


def _bound_tokens(party: Party, role: str, proof: str) -> dict[str, str]:
    form = {
        "grant_type": "authorization_code",
        "redirect_uri": party.apps[role].uri,
        "code_verifier": VERIFIER,
    }
    code = party.authorize(party.browsers["holder"], role)
    answer = party.post(TOKEN, role, headers={"DPoP": proof}, **form, code=code)
    tokens: dict[str, str] = answer.raise_for_status().json()
    return tokens


def _bound(member: str) -> Callable[[Party, str], str]:
    def obtain(party: Party, role: str) -> str:
        party.memory[member] = _bound_tokens(party, role, _proof("right")(party, role))[member]
        return party.memory[member]

    return obtain


def _spent_proof(party: Party, role: str) -> str:
    proof = _proof("right")(party, role)
    _bound_tokens(party, role, proof)
    return proof


def _proof_with_nonce(party: Party, role: str) -> str:
    """An old proof with the nonce that such a proof is answered with."""
    form = {"grant_type": "authorization_code", "code": "x", "redirect_uri": party.apps[role].uri}
    stale = _proof("an-hour-old")(party, role)
    answer = party.post(TOKEN, role, headers={"DPoP": stale}, **form, code_verifier=VERIFIER)
    twist = Twist({"iat": -3600, "nonce": answer.headers["dpop-nonce"]})
    return make_proof(party.url, TOKEN, "POST", twist)


def _code_for_key(party: Party, role: str) -> str:
    point = public_jwk("ES256")
    named = {name: point[name] for name in ("crv", "kty", "x", "y")}
    digest = hashlib.sha256(json.dumps(named, separators=(",", ":")).encode()).digest()
    return party.authorize(party.browsers["holder"], role, dpop_jkt=b64(digest))


def _unbound_call_proof(party: Party, role: str) -> str:
    # Whose hash it is does not matter: the token is bound to no key.
    return make_proof(party.url, USERINFO, "GET", PROOFS["right"], "x")


PROOF_RECIPES: dict[str, Callable[[Party, str], str]] = {
    **{f"assertion-{name}": _assertion(name) for name in ASSERTIONS},
    "spent-assertion": _spent_assertion,
    **{f"proof-{name}": _proof(name) for name in PROOFS},
    **{f"push-proof-{name}": _proof(name, PAR) for name in PROOFS},
    **{f"call-proof-{name}": _proof(name, USERINFO, "GET", "access_token") for name in PROOFS},
    "call-proof-without-ath": _proof("right", USERINFO, "GET"),
    "unbound-call-proof": _unbound_call_proof,
    "spent-proof": _spent_proof,
    "proof-with-nonce": _proof_with_nonce,
    "code-for-key": _code_for_key,
    "bound-access": _bound("access_token"),
    "bound-refresh": _bound("refresh_token"),
}
