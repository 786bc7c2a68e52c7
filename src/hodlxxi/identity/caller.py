"""Who is asking, whatever proved it: a session cookie, or a bearer token of an app."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request

from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.identity.session import Session
from hodlxxi.kit.errors import Forbidden, NotAuthenticated


@dataclass(frozen=True, slots=True)
class Caller:
    """A person, or an app on a person's behalf.

    ``scopes`` None means a session: full access. Otherwise only what the token's scopes allow.
    """

    user_id: Pubkey
    scopes: frozenset[str] | None = None
    session: Session | None = None
    client_id: str | None = None

    def may(self, scope: str) -> bool:
        """Whether this caller may do what ``scope`` names."""
        return self.scopes is None or scope in self.scopes


Authenticate = Callable[[Request], Awaitable[Caller | None]]


def check_session(caller: Caller | None) -> Session:
    """The caller's session. Raises ``NotAuthenticated`` for nobody and ``Forbidden`` for an app."""
    if caller is None:
        raise NotAuthenticated("Sign in first.")
    if caller.session is None:
        raise Forbidden("Only the signed-in person can do this, not an app.")
    return caller.session
