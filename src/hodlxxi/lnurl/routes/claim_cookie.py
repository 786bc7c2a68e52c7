"""The claim secret on its way to and from the browser: the one thing that ends a login which a QR code began."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hodlxxi.lnurl.room import LnurlRoom
from hodlxxi.lnurl.rules import CHALLENGE_LIFE

CLAIM_COOKIE = "lnurl_claim"
# The page's own form posts to the second one.
CLAIM_PATHS = ("/api/lnurl-auth", "/login/lnurl")
CLAIM_LIFE_S = 2 * round(CHALLENGE_LIFE.total_seconds())


def claim_token_of(request: Request) -> str | None:
    """The claim secret: ``Authorization: Bearer`` of a client without cookies, else the cookie; never the query."""
    header = request.headers.get("authorization", "")
    token = header[7:].strip() if header[:7].lower() == "bearer " else request.cookies.get(CLAIM_COOKIE, "")
    return token if 20 <= len(token) <= 100 else None


def claim_cookies(claim_token: str) -> tuple[tuple[str, str, str, int], ...]:
    """Name, value, path and life of each."""
    return tuple((CLAIM_COOKIE, claim_token, path, CLAIM_LIFE_S) for path in CLAIM_PATHS)


def set_claim(room: LnurlRoom, answer: Response, claim_token: str) -> None:
    """Hand the claim secret to the browser that asked."""
    for _name, value, path, life_s in claim_cookies(claim_token):
        _set(room, answer, value, path, life_s)


def drop_claim(room: LnurlRoom, answer: Response) -> None:
    """It has served."""
    for path in CLAIM_PATHS:
        _set(room, answer, "", path, 0)


def _set(room: LnurlRoom, answer: Response, value: str, path: str, life_s: int) -> None:
    secure = room.identity.policy.secure_cookies
    answer.set_cookie(
        CLAIM_COOKIE, value, max_age=life_s, path=path, secure=secure, httponly=True, samesite="strict"
    )
