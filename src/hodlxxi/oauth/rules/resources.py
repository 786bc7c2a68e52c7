"""Which API a token is for: its one audience (RFC 8707; reference oauth §6.4)."""

from __future__ import annotations

from collections.abc import Sequence

from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.errors import Fault, Word


def judge_resources(asked: Sequence[str], known: Sequence[str], client: Client) -> Fault | None:
    """Whether everything that is asked for exists here and is open to this client (RFC 8707 §2).

    ``known`` are the audiences of this server, its own API first; that one is open to everybody.
    """
    for resource in asked:
        if resource not in known:
            return Fault(Word.INVALID_TARGET, "resource names no API that this server gives tokens for.")
        if resource != known[0] and client.resources is not None and resource not in client.resources:
            return Fault(Word.INVALID_TARGET, "This client may not ask for tokens for that resource.")
    return None


def judge_audience(asked: Sequence[str], granted: Sequence[str], own: str, *, openid: bool) -> str | Fault:
    """The one audience of an access token out of those that were granted; ``own`` is our API.

    A sign-in may always have a token for our own API, as userinfo is there.
    """
    allowed: list[str] = [*(granted or (own,)), *((own,) if openid else ())]
    asked = tuple(dict.fromkeys(asked))
    if len(asked) > 1:
        return Fault(Word.INVALID_TARGET, "Ask for one resource at a time: an access token has one audience.")
    if not asked:
        return allowed[0]
    if asked[0] not in allowed:
        return Fault(Word.INVALID_TARGET, "resource was not granted.")
    return asked[0]
