"""Reading single members of client metadata: the right type and size, or a sentence that names the member."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.redirects import MAX_URIS, judge_redirect_uri

MAX_TEXT_CHARS = 255
MAX_LINK_CHARS = 2_000
MAX_LIST = 20
_LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")


class Wrong(Exception):  # noqa: N818 - never leaves the judging of metadata
    """What is wrong with the metadata."""

    def __init__(self, text: str, word: Word = Word.INVALID_CLIENT_METADATA) -> None:
        super().__init__(text)
        self.fault = Fault(word, text)


def flag(body: Mapping[str, object], name: str) -> bool:
    """True or false; absent is false."""
    value = body.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise Wrong(f"{name}: true or false is needed.")
    return value


def text(body: Mapping[str, object], name: str, max_chars: int = MAX_TEXT_CHARS) -> str | None:
    """A text without blanks around it; absent and empty are None."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > max_chars or "\x00" in value:
        raise Wrong(f"{name}: a text of at most {max_chars} characters is needed.")
    return value.strip() or None


def texts(body: Mapping[str, object], name: str) -> tuple[str, ...] | None:
    """A list of texts; absent is None."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > MAX_LIST:
        raise Wrong(f"{name}: a list of at most {MAX_LIST} texts is needed.")
    if not all(isinstance(t, str) and 0 < len(t) <= MAX_TEXT_CHARS and "\x00" not in t for t in value):
        raise Wrong(f"{name}: texts of 1 to {MAX_TEXT_CHARS} characters are needed.")
    return tuple(value)


def one_of(body: Mapping[str, object], name: str, offered: tuple[str, ...], usual: str) -> str:
    """A word out of a list; absent is ``usual``."""
    value = text(body, name) or usual
    if value not in offered:
        raise Wrong(f"{name}: one of {', '.join(offered)}.")
    return value


def seconds(body: Mapping[str, object], name: str) -> int | None:
    """A number of seconds, 0 or more."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 2**31 - 1:
        raise Wrong(f"{name}: a number of seconds, 0 or more.")
    return value


def redirect_uris(body: Mapping[str, object], name: str, *, needed: bool) -> tuple[str, ...]:
    """Addresses that a browser may be sent to, byte for byte and each once (reference oauth §6.8)."""
    word = Word.INVALID_REDIRECT_URI if name == "redirect_uris" else Word.INVALID_CLIENT_METADATA
    uris = body.get(name)
    if not needed and (uris is None or uris == []):
        return ()
    if not isinstance(uris, list) or not uris or len(uris) > MAX_URIS:
        raise Wrong(f"{name}: a list of 1 to {MAX_URIS} URIs is needed.", word)
    for uri in uris:
        if not isinstance(uri, str):
            raise Wrong(f"{name}: every redirect URI must be a text.", word)
        verdict = judge_redirect_uri(uri)
        if isinstance(verdict, Fault):
            raise Wrong(verdict.text.replace("redirect_uris:", f"{name}:"), word)
    return tuple(dict.fromkeys(uris))


def link(body: Mapping[str, object], name: str) -> str | None:
    """An https address that people may be shown."""
    value = text(body, name, MAX_LINK_CHARS)
    if value is not None and _split(name, value).scheme != "https":
        raise Wrong(f"{name}: an https URL is needed.")
    return value


def server_link(body: Mapping[str, object], name: str) -> str | None:
    """An address that this server calls: https, or for development http on the same machine.

    Whether it is called is for the guard of outgoing calls to decide (reference oauth §6.9).
    """
    value = text(body, name, MAX_LINK_CHARS)
    if value is None:
        return None
    parts = _split(name, value)
    is_local = parts.scheme == "http" and parts.hostname in _LOOPBACK_HOSTS
    if not (parts.scheme == "https" or is_local) or parts.fragment or value.endswith("#"):
        raise Wrong(f"{name}: an https URL without a fragment is needed.")
    return value


def _split(name: str, value: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        port_is_good = parts.port is None or parts.port > 0
    except ValueError:
        raise Wrong(f"{name}: not a URL.") from None
    printable = all("!" <= c <= "~" and c not in "\\\"'<>`;," for c in value)
    if not parts.hostname or "@" in parts.netloc or not printable or not port_is_good:
        raise Wrong(f"{name}: an https URL is needed.")
    return parts
