"""One request that both providers get, as data, and how ours answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# None leaves a parameter out, a list sends it several times. ``@code@`` and the like stand for what was got before.
Value = str | list[str] | None

AUTHORIZE, TOKEN, REVOKE, USERINFO = "/oauth/authorize", "/oauth/token", "/oauth/revoke", "/oauth/userinfo"
PAR, INTROSPECT, DEVICE = "/oauth/par", "/oauth/introspect", "/oauth/device_authorization"
LOGOUT = "/oauth/logout"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"

CALLBACK = "https://app.example/cb"
SECOND = "https://two.example/cb?from=hodlxxi"
BYE = "https://app.example/bye?from=hodlxxi"
LOOPBACK = "http://127.0.0.1/cb"
API, OTHER_API = "https://api.example/one", "https://api.example/two"  # resources that tokens may be for
SCOPE, STATE = "openid profile:read", "st-1"
VERIFIER = "a-verifier-that-is-long-enough-to-be-one-0123456789"
CHALLENGE = "IdFsue1MJJJtybEPX0invmHHuW1I7Ai5LXVlXpENjsk"  # its SHA-256


@dataclass(frozen=True)
class Case:
    """A request and our answer in the words of ``outcome``.

    ``role`` is the app (``roles``), ``who`` the browser: signed ``out``, signed ``in``, or ``agreed`` (signed in, and its
    user allowed the app ``SCOPE``). ``auth`` is how the app proves who it is (``play``).
    """

    name: str
    ours: str
    path: str
    role: str = "web"
    method: str = "GET"
    start: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, Value] = field(default_factory=dict)
    who: str = "out"
    auth: str = "own"
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: str = ""

    def pairs(self, own: Mapping[str, str]) -> list[tuple[str, str]]:
        """The parameters, in order. ``own`` is what every request of this kind by this app has."""
        merged: dict[str, Value] = {**own, **self.start, **self.changes}
        return [
            (name, one)
            for name, value in merged.items()
            if value is not None
            for one in (value if isinstance(value, list) else [value])
        ]


def asks(
    name: str,
    ours: str,
    *,
    role: str = "web",
    who: str = "out",
    method: str = "GET",
    raw: str = "",
    headers: Mapping[str, str] | None = None,
    **changes: Value,
) -> Case:
    """An authorization request: a good one but for what is changed."""
    title = f"authorize: {name}"
    return Case(title, ours, AUTHORIZE, role, method, {}, changes, who, "own", headers or {}, raw)


def _form(path: str, start: Mapping[str, str], name: str, ours: str, options: dict[str, object]) -> Case:
    role, auth = str(options.pop("role", "web")), str(options.pop("auth", "own"))
    method, raw = str(options.pop("method", "POST")), str(options.pop("raw", ""))
    headers = options.pop("headers", {})
    title = f"{path.rpartition('/')[2]}: {name}"
    return Case(title, ours, path, role, method, start, options, "out", auth, headers, raw)  # type: ignore[arg-type]


def pushes(name: str, ours: str, **options: object) -> Case:
    """A pushed authorization request."""
    start = {
        **{
            "client_id": "@id@",
            "redirect_uri": "@uri@",
            "response_type": "code",
            "scope": SCOPE,
            "state": STATE,
        },
        **{"code_challenge": CHALLENGE, "code_challenge_method": "S256"},
    }
    return _form(PAR, start, name, ours, options)


def brings(
    name: str,
    ours: str,
    pushed: str = "@pushed@",
    *,
    role: str = "web",
    who: str = "agreed",
    **changes: Value,
) -> Case:
    """An authorization request that was pushed before."""
    nothing: dict[str, Value] = dict.fromkeys(
        ("redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method")
    )
    return asks(f"pushed, {name}", ours, role=role, who=who, **{**nothing, "request_uri": pushed, **changes})


def redeems(name: str, ours: str, **options: object) -> Case:
    """A token request for a fresh code."""
    start = {"grant_type": "authorization_code", "code": "@code@", "redirect_uri": "@uri@"}
    return _form(TOKEN, start | {"code_verifier": VERIFIER}, f"code, {name}", ours, options)


def refreshes(name: str, ours: str, **options: object) -> Case:
    """A token request with a fresh refresh token."""
    start = {"grant_type": "refresh_token", "refresh_token": "@refresh@"}
    return _form(TOKEN, start, f"refresh, {name}", ours, options)


def credits_itself(name: str, ours: str, **options: object) -> Case:
    """A token request of a client for itself."""
    options.setdefault("role", "service")
    return _form(TOKEN, {"grant_type": "client_credentials"}, f"client, {name}", ours, options)


def revokes(name: str, ours: str, **options: object) -> Case:
    """A revocation of a fresh refresh token."""
    return _form(REVOKE, {"token": "@refresh@"}, name, ours, options)


def introspects(name: str, ours: str, **options: object) -> Case:
    """A question about a fresh access token."""
    return _form(INTROSPECT, {"token": "@access@"}, name, ours, options)


def starts(name: str, ours: str, **options: object) -> Case:
    """A device that asks for a code."""
    options.setdefault("role", "tv")
    return _form(DEVICE, {"scope": SCOPE}, name, ours, options)


def polls(name: str, ours: str, **options: object) -> Case:
    """A device that asks whether it may."""
    options.setdefault("role", "tv")
    start = {"grant_type": DEVICE_GRANT, "device_code": "@device-code@"}
    return _form(TOKEN, start, f"device, {name}", ours, options)


def leaves(name: str, ours: str, *, who: str = "fresh", method: str = "GET", **changes: Value) -> Case:
    """Somebody who has just signed in for the app, and is sent to be signed out."""
    return Case(f"logout: {name}", ours, LOGOUT, "web", method, {}, changes, who)


def calls(name: str, ours: str, **options: object) -> Case:
    """A call of userinfo; the header is the case's."""
    options.setdefault("method", "GET")
    options.setdefault("auth", "nothing")
    return _form(USERINFO, {}, name, ours, options)
