"""Codes and refresh tokens: who may redeem them, and what a second use means (reference oauth §4.4, §4.5).

The verdicts are the reading of rows; the *gate*, one conditional UPDATE, decides races afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hodlxxi.oauth.rules.claims import AskedClaims, Proof
from hodlxxi.oauth.rules.dpop import NEEDS_PROOF
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.pkce import proves
from hodlxxi.oauth.rules.scopes import Catalogue, judge_narrowing

MAX_BAD_VERIFIERS = 5

BAD_CODE = Fault(
    Word.INVALID_GRANT,
    "The code is unknown, expired, used before, or was issued for another client, redirect_uri, code_verifier or DPoP key. "
    "Codes work once: if your callback runs twice (React StrictMode does that), the second run ends the session.",
)
BAD_REFRESH = Fault(
    Word.INVALID_GRANT,
    "The refresh token is unknown, expired, revoked, used before or not yours, or bound to another DPoP key.",
)
BAD_DEVICE_CODE = Fault(Word.INVALID_GRANT, "The device_code is unknown, used before or not yours.")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a user allowed a client at one moment: the root of a family of tokens."""

    grant_id: str
    client_id: str
    user_id: str
    scopes: tuple[str, ...]
    auth_time: datetime
    acr: str
    amr: tuple[str, ...]
    session_id: str | None
    claims: AskedClaims
    absolute_expires_at: datetime | None
    revoked_at: datetime | None = None
    resources: tuple[str, ...] = ()  # the audiences that were granted; none is our own API
    key: str | None = None  # the key that was proved
    declined: tuple[str, ...] = ()  # the scopes that were asked for and not given

    def proof(self, sid: str) -> Proof:
        """How the user signed in, for the tokens."""
        return Proof(self.auth_time, self.acr, self.amr, sid)


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code, by digest, with its grant. ``user_enabled`` is the account's state now."""

    digest: str
    client_id: str
    redirect_uri: str
    code_challenge: str | None
    nonce: str | None
    expires_at: datetime
    used: bool
    bad_attempts: int
    grant: Grant
    user_enabled: bool = True
    dpop_jkt: str | None = None  # the key that the request was bound to


@dataclass(frozen=True, slots=True)
class CodePresented:
    """What the client sent beside the code."""

    client_id: str
    redirect_uri: str | None
    verifier: str | None
    jkt: str | None = None  # of the key that was proved


@dataclass(frozen=True, slots=True)
class Redeem:
    """Right in everything: now try the gate."""

    code: Code


@dataclass(frozen=True, slots=True)
class Refused:
    """No, and nothing else happens."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class WrongVerifier:
    """No; the attempt is counted. ``spend`` when it was one too many."""

    fault: Fault
    spend: bool


@dataclass(frozen=True, slots=True)
class Replay:
    """No, and all tokens of the grant end: the one who had the right to it used it before."""

    fault: Fault


def judge_code(
    code: Code | None, sent: CodePresented, now: datetime
) -> Redeem | Refused | WrongVerifier | Replay:
    """May this client redeem this code? (RFC 6749 §4.1.3, OAuth 2.1 §4.1.3)

    A used code is a replay only if everything else in the request is right; otherwise whoever sees a code in a log
    could end the victim's session with it. All refusals but one look alike; the exception tells an honest developer
    about a verifier that nobody asked for.
    """
    if code is None or code.client_id != sent.client_id:
        return Refused(BAD_CODE)
    if sent.redirect_uri is None:
        # OAuth 2.1 clients no longer send it: there the verifier binds the request.
        if code.code_challenge is None:
            return Refused(BAD_CODE)
    elif sent.redirect_uri != code.redirect_uri:
        return Refused(BAD_CODE)
    if code.code_challenge is None:
        if sent.verifier is not None:
            text = "code_verifier was sent, but the authorization request had no code_challenge."
            return Refused(Fault(Word.INVALID_REQUEST, text))
    elif sent.verifier is None or not proves(sent.verifier, code.code_challenge):
        return WrongVerifier(BAD_CODE, spend=code.bad_attempts + 1 >= MAX_BAD_VERIFIERS)
    if code.dpop_jkt is not None and code.dpop_jkt != sent.jkt:
        return Refused(BAD_CODE if sent.jkt else NEEDS_PROOF)
    if code.used:
        return Replay(BAD_CODE)
    if code.expires_at <= now or code.grant.revoked_at is not None or not code.user_enabled:
        return Refused(BAD_CODE)
    return Redeem(code)


@dataclass(frozen=True, slots=True)
class Successor:
    """The token row that came out of a refresh."""

    used: bool
    revoked: bool
    scopes: tuple[str, ...]
    audience: str | None = None  # None is our own API
    dpop_jkt: str | None = None


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh token, by digest, with its grant and, once used, its successor."""

    token_id: str
    client_id: str
    expires_at: datetime
    used_at: datetime | None
    revoked: bool
    grant: Grant
    user_enabled: bool = True
    successor: Successor | None = None
    grace_until: datetime | None = None
    grace_sealed: str | None = None
    dpop_jkt: str | None = None  # the key that its tokens are bound to


@dataclass(frozen=True, slots=True)
class Rotate:
    """Right in everything: try the gate. ``scopes`` and ``audience`` (None: our API) are those of the new access token."""

    refresh: Refresh
    scopes: tuple[str, ...]
    audience: str | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """The answer got lost on its way: give the same one again."""

    sealed: str


@dataclass(frozen=True, slots=True)
class Reuse:
    """Two hold this token, and one of them stole it: the whole grant ends (RFC 9700 §4.14.2)."""

    fault: Fault


RefreshVerdict = Rotate | Repeat | Reuse | Refused


def judge_refresh(
    refresh: Refresh | None,
    *,
    client_id: str,
    scope: str | None,
    now: datetime,
    catalogue: Catalogue,
    audience: str | Fault | None = None,
    jkt: str | None = None,
    is_public: bool = False,
) -> RefreshVerdict:
    """May this client refresh with this token? A used one is a repetition within the grace, else a reuse.

    ``audience`` is what the new access token is wanted for (None: our own API), or why it cannot be had. ``jkt`` is the
    key that was proved: a public client's refresh token is bound to it, as nothing else binds it (RFC 9449 §5).
    """
    if refresh is None or refresh.client_id != client_id:
        return Refused(BAD_REFRESH)
    grant = refresh.grant
    if grant.revoked_at is not None or refresh.revoked or not refresh.user_enabled:
        return Refused(BAD_REFRESH)
    if is_public and refresh.dpop_jkt is not None and refresh.dpop_jkt != jkt:
        return Refused(BAD_REFRESH if jkt else NEEDS_PROOF)
    scopes = judge_narrowing(scope, granted=grant.scopes, catalogue=catalogue, declined=grant.declined)
    if refresh.used_at is not None:
        sealed = None
        if not isinstance(scopes, Fault) and not isinstance(audience, Fault):
            sealed = _find_repetition(refresh, scopes, audience, jkt, now)
        return Repeat(sealed) if sealed is not None else Reuse(BAD_REFRESH)
    if refresh.expires_at <= now:
        return Refused(BAD_REFRESH)
    if grant.absolute_expires_at is not None and grant.absolute_expires_at <= now:
        return Refused(BAD_REFRESH)
    if isinstance(audience, Fault):
        return Refused(audience)
    return Refused(scopes) if isinstance(scopes, Fault) else Rotate(refresh, scopes, audience)


def refresh_expiry(grant: Grant, now: datetime, idle: timedelta) -> datetime:
    """When a fresh refresh token ends: idle for too long, or with the grant, whichever comes first."""
    idle_end = now + idle
    return idle_end if grant.absolute_expires_at is None else min(idle_end, grant.absolute_expires_at)


def _find_repetition(
    refresh: Refresh, scopes: tuple[str, ...], audience: str | None, jkt: str | None, now: datetime
) -> str | None:
    successor = refresh.successor
    if successor is None or successor.used or successor.revoked:
        return None
    if set(successor.scopes) != set(scopes) or (successor.audience, successor.dpop_jkt) != (audience, jkt):
        return None
    in_time = refresh.grace_until is not None and now <= refresh.grace_until
    return refresh.grace_sealed if in_time else None
