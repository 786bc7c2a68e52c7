"""Is somebody signed in, recently and strongly enough for this request? (reference oauth §3.2)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hodlxxi.oauth.rules.authorization import AuthorizationRequest
from hodlxxi.oauth.rules.claims import judge_acr, satisfies
from hodlxxi.oauth.rules.errors import Fault, Word

_FRESH_PROMPTS = frozenset({"login", "select_account", "create"})


@dataclass(frozen=True, slots=True)
class Login:
    """The session as this room sees it. ``session_id`` is a digest; it changes with every sign-in."""

    user_id: str
    session_id: str
    auth_time: datetime
    acr: str
    amr: tuple[str, ...]
    key: str | None = None  # the key that was proved
    sub: str | None = None  # what the client calls this user; None: as everybody does

    @property
    def subject(self) -> str:
        """The subject for the client that asks."""
        return self.sub or self.user_id


@dataclass(frozen=True, slots=True)
class Began:
    """When the request began and which session the browser had then: what came later is a fresh proof."""

    at: datetime
    session_id: str | None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Good enough. ``acr`` is the class to report."""

    login: Login
    acr: str


@dataclass(frozen=True, slots=True)
class NeedsSignIn:
    """The user has to prove a key (again)."""


def judge_login(
    request: AuthorizationRequest, login: Login | None, began: Began, now: datetime, hinted: str | None
) -> SignedIn | NeedsSignIn | Fault:
    """Check C11. ``hinted`` is the subject that ``id_token_hint`` names.

    A sign-in that happened after the request began satisfies ``prompt=login`` and any ``max_age``, so nobody is sent
    round in circles. Somebody who then still is the wrong person, or too weakly signed in, is told so.
    """
    hinted = hinted or request.claims.sub
    if login is None:
        return _sign_in(request)
    fresh = login.session_id != began.session_id and login.auth_time >= began.at.replace(microsecond=0)
    if hinted is not None and login.subject != hinted:
        return Fault(Word.LOGIN_REQUIRED, "Another account is signed in.") if fresh else _sign_in(request)
    if not fresh and _is_stale(request, login, now):
        return _sign_in(request)
    essential = request.claims.essential_acr
    if essential is not None and not any(satisfies(login.acr, wanted) for wanted in essential):
        if fresh or not essential:
            return Fault(
                Word.UNMET_AUTHENTICATION_REQUIREMENTS, "The sign-in is not of the class that was asked for."
            )
        return _sign_in(request)
    return SignedIn(login, judge_acr(login.acr, (*(essential or ()), *request.acr_values)))


def _is_stale(request: AuthorizationRequest, login: Login, now: datetime) -> bool:
    if request.prompt & _FRESH_PROMPTS:
        return True
    if request.max_age_s is None:
        return False
    return request.max_age_s == 0 or now - login.auth_time > timedelta(seconds=request.max_age_s)


def _sign_in(request: AuthorizationRequest) -> NeedsSignIn | Fault:
    if request.is_silent:
        return Fault(Word.LOGIN_REQUIRED, "The user has to sign in, and prompt=none forbids to ask.")
    return NeedsSignIn()
