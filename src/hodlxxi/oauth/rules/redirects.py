"""Redirect URIs: which may be registered, which match, and what a response appended to one looks like.

Registered strings are kept byte for byte and compared byte for byte; there is no normalisation, no prefix and no
wildcard (RFC 9700 §2.1, §4.1). So nothing here depends on how some URL parser reads a hostile string: what is not of
the narrow shape below is refused when it is registered, and what is not registered never matches.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import unquote, urlencode

from hodlxxi.oauth.rules.errors import Fault, Word

MAX_URI_CHARS = 2_000
MAX_URIS = 20

# RFC 3986's characters without '#' (no fragment), '*' (no wildcard) and '@' (no user information, nor its disguises).
_ALPHABET = re.compile(r"[A-Za-z0-9._~:/?\[\]!$&'()+,;=%-]+")
_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):(.*)", re.DOTALL)
_WEB = re.compile(r"//([^/?]*)([/?].*)?", re.DOTALL)
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([1-9][0-9]{0,4}))?")
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_NUMBER_LIKE = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\]|localhost)(?::([1-9][0-9]{0,4}))?([/?].*)?", re.DOTALL)
_PRIVATE = re.compile(r"/{1,3}[^/].*", re.DOTALL)
_MAX_PORT = 65_535
_DECODINGS = 4


class UriKind(StrEnum):
    """Where a redirect URI leads."""

    WEB = "web"  # https, somebody's server
    LOOPBACK = "loopback"  # http on this device, any port
    PRIVATE = "private"  # a scheme that an app claims on this device

    @property
    def is_claimable(self) -> bool:
        """Whether any app on the user's device could receive what is sent there."""
        return self is not UriKind.WEB


def judge_redirect_uri(uri: str) -> UriKind | Fault:
    """May this string be registered? (RFC 9700 §4.1, RFC 8252 §7; reference oauth §6.8)"""
    if not uri or len(uri) > MAX_URI_CHARS:
        return _refused(f"must have 1 to {MAX_URI_CHARS} characters")
    if not _ALPHABET.fullmatch(uri):
        if "#" in uri:
            return _refused("must not have a fragment (#)")
        return _refused("must be ASCII without spaces, controls, backslash, wildcard or user information (@)")
    if _BROKEN_PERCENT.search(uri):
        return _refused("has a percent sign without two hex digits")
    if _hides_something(uri):
        return _refused("must not have dot segments, backslashes or control characters, encoded or not")
    parts = _SCHEME.fullmatch(uri)
    if parts is None:
        return _refused("must be absolute, with the scheme in lower case")
    scheme, rest = parts[1], parts[2]
    if scheme == "https":
        return UriKind.WEB if _has_good_host(rest) else _refused("needs a host after https://")
    if scheme == "http":
        return (
            UriKind.LOOPBACK
            if _port_is_good(_LOOPBACK.fullmatch(uri))
            else _refused(
                "may use http only for 127.0.0.1, [::1] or localhost; everywhere else https is needed"
            )
        )
    if "." not in scheme:
        return _refused("may use https, or a private scheme with a dot such as com.example.app:/callback")
    return (
        UriKind.PRIVATE
        if _PRIVATE.fullmatch(rest)
        else _refused("needs a path, such as com.example.app:/callback")
    )


def is_claimable(uri: str) -> bool:
    """Whether a registered URI leads to whatever app claims it on the user's device (loopback, private scheme)."""
    return not uri.startswith("https://")


def find_match(registered: Iterable[str], asked: str, *, native: bool) -> str | None:
    """The asked URI when it is registered, byte for byte, else None.

    The one exception: for a native client the port of a loopback URI is free, as the app gets it from the operating
    system when it starts to listen (RFC 8252 §7.3). Host, path and query stay equal.
    """
    loopback = _LOOPBACK.fullmatch(asked) if native and len(asked) <= MAX_URI_CHARS else None
    if loopback is not None and not (_port_is_good(loopback) and _ALPHABET.fullmatch(asked)):
        loopback = None
    for uri in registered:
        if uri == asked:
            return asked
        if loopback is not None:
            ours = _LOOPBACK.fullmatch(uri)
            if ours is not None and ours[1] == loopback[1] and (ours[3] or "") == (loopback[3] or ""):
                return asked
    return None


def render_redirect(uri: str, pairs: list[tuple[str, str]], *, fragment: bool = False) -> str:
    """The URI with the response's parameters behind what it has already."""
    if fragment:
        return f"{uri}#{urlencode(pairs)}"
    separator = "?" if "?" not in uri else "" if uri.endswith(("?", "&")) else "&"
    return f"{uri}{separator}{urlencode(pairs)}"


def origin_shown(uri: str) -> str:
    """What a person should read about where a URI leads: the host, or the private scheme."""
    parts = _SCHEME.fullmatch(uri)
    if parts is None:
        return uri
    web = _WEB.fullmatch(parts[2])
    return web[1] if parts[1] in ("https", "http") and web else parts[1]


def host_of(uri: str) -> str:
    """The host of a registered URI without its port, or the private scheme."""
    shown = origin_shown(uri)
    matched = _AUTHORITY.fullmatch(shown)
    return matched[1].lower() if matched else shown


def nearest(registered: Iterable[str], asked: str, count: int) -> list[str]:
    """The registered URIs that look most like the asked one: those that begin alike, longest first."""
    return sorted(registered, key=lambda uri: -alike_chars(uri, asked))[:count]


def alike_chars(one: str, other: str) -> int:
    """How many characters two texts have in common at their beginning."""
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _refused(why: str) -> Fault:
    return Fault(Word.INVALID_REDIRECT_URI, f"redirect_uris: a redirect URI {why}.")


def _hides_something(uri: str) -> bool:
    """Whether, decoded often enough, a dot segment, a backslash, a control or a second authority comes to light."""
    text = uri
    for _ in range(_DECODINGS):
        path = text.split("?", 1)[0]
        segments = [segment.split(";", 1)[0] for segment in path.split("/")]
        if ".." in segments or "." in segments or "@" in path:
            return True
        if any(c < " " or c in "\\\x7f" for c in text):
            return True
        decoded = unquote(text, errors="replace")
        if decoded == text:
            return False
        text = decoded
    return True  # nobody encodes that often who has nothing to hide


def _has_good_host(rest: str) -> bool:
    web = _WEB.fullmatch(rest)
    authority = _AUTHORITY.fullmatch(web[1]) if web else None
    if authority is None or (authority[2] and int(authority[2]) > _MAX_PORT):
        return False
    host = authority[1]
    try:
        if host.startswith("["):
            IPv6Address(host[1:-1])
            return True
        labels = host.split(".")
        if _NUMBER_LIKE.fullmatch(labels[-1]):
            # Browsers read 2130706433, 0x7f.1 and 127.1 as addresses: only the usual form of one is taken.
            IPv4Address(host)
            return True
    except AddressValueError:
        return False
    return len(host) <= 253 and all(_LABEL.fullmatch(label) for label in labels)


def _port_is_good(match: re.Match[str] | None) -> bool:
    return match is not None and (match[2] is None or int(match[2]) <= _MAX_PORT)
