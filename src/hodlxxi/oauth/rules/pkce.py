"""Proof Key for Code Exchange, S256 only (RFC 7636, RFC 9700 §2.1.1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from enum import StrEnum

from hodlxxi.oauth.rules.errors import Fault, Word

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class PkcePolicy(StrEnum):
    """Who must prove that it is the one who asked. Public clients always must."""

    ALWAYS = "always"
    NONCE_OR_PKCE = (
        "nonce_or_pkce"  # OAuth 2.1's exception: a confidential OpenID client whose nonce binds the code
    )
    PUBLIC_ONLY = "public_only"  # compatibility with older relying parties


def judge_challenge(
    challenge: str | None,
    method: str | None,
    *,
    policy: PkcePolicy,
    public: bool,
    openid: bool,
    nonce: str | None,
) -> str | Fault | None:
    """The challenge to keep with the code, None where the policy lets the client go without, or what is wrong."""
    if challenge is None:
        if method is not None:
            return _refused("code_challenge_method was sent without a code_challenge.")
        if _may_go_without(policy, public=public, openid=openid, nonce=nonce):
            return None
        return _refused("PKCE is required: send a code_challenge with code_challenge_method=S256.")
    if method != "S256":
        return _refused(
            "Only S256 is supported: send code_challenge_method=S256 and the SHA-256 of the verifier."
        )
    if not _CHALLENGE.fullmatch(challenge):
        return _refused(
            "code_challenge must be 43 base64url characters: the SHA-256 of the verifier, unpadded."
        )
    return challenge


def proves(verifier: str, challenge: str) -> bool:
    """Whether the verifier is of the right shape and hashes to the challenge; constant time."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    return hmac.compare_digest(challenge_of(verifier).encode(), challenge.encode())


def challenge_of(verifier: str) -> str:
    """S256: base64url(SHA-256(verifier)), unpadded (RFC 7636 §4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode()


def _may_go_without(policy: PkcePolicy, *, public: bool, openid: bool, nonce: str | None) -> bool:
    if public or policy is PkcePolicy.ALWAYS:
        return False
    return policy is PkcePolicy.PUBLIC_ONLY or (openid and nonce is not None)


def _refused(text: str) -> Fault:
    return Fault(Word.INVALID_REQUEST, text)
