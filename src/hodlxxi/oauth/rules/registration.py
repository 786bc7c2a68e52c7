"""Dynamic registration: is this metadata a client that we would serve? (RFC 7591, reference oauth §6.8)

An optional wish that we cannot meet is replaced, and the answer says what was registered. Where silence would make the
app less safe than it believes (an unsigned ID token, sender-bound tokens, pairwise subjects) the registration fails.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from urllib.parse import urlsplit

from hodlxxi.oauth.rules.claims import ACR_CLASSES
from hodlxxi.oauth.rules.clients import AUTH_METHODS, AUTHORIZATION_CODE, GRANT_TYPES, SECRET_BASIC, Metadata
from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.redirects import MAX_URIS, is_claimable, judge_redirect_uri, origin_shown
from hodlxxi.oauth.rules.scopes import Catalogue, parse_scope, usual_scopes

MAX_NAME_CHARS = 100
MAX_TEXT_CHARS = 255
MAX_LINK_CHARS = 2_000
MAX_LIST = 20

# Ours to decide, never the client's (MUST 19).
_OURS = (
    "client_id",
    "client_secret",
    "client_id_issued_at",
    "client_secret_expires_at",
    "trust",
    "profile",
    "sub",
)
# Promises of protection that this server does not keep (yet): better refused than silently dropped.
_UNKEPT = (
    "dpop_bound_access_tokens",
    "require_pushed_authorization_requests",
    "require_signed_request_object",
    "tls_client_certificate_bound_access_tokens",
)
_UNKEPT_ALGS = (
    "id_token_encrypted_response_alg",
    "id_token_encrypted_response_enc",
    "userinfo_encrypted_response_alg",
    "userinfo_encrypted_response_enc",
)
_LINKS = ("client_uri", "logo_uri", "policy_uri", "tos_uri")


class _Wrong(Exception):  # noqa: N818 - never leaves this module
    """What is wrong with the metadata."""

    def __init__(self, text: str, word: Word = Word.INVALID_CLIENT_METADATA) -> None:
        super().__init__(text)
        self.fault = Fault(word, text)


def judge_metadata(
    body: Mapping[str, object], *, catalogue: Catalogue, id_token_algs: tuple[str, ...]
) -> Metadata | Fault:
    """The metadata that will be registered, or the first thing that is wrong with what was sent.

    ``name`` is taken as an alias of ``client_name`` (seed). Members that nobody knows are ignored.
    """
    try:
        _check_unkept(body)
        redirect_uris = _parse_redirect_uris(body)
        return Metadata(
            name=_parse_name(body, redirect_uris[0]),
            redirect_uris=redirect_uris,
            grant_types=_parse_grant_types(body),
            scopes=_parse_scopes(body, catalogue),
            auth_method=_parse_auth_method(body),
            application_type=_parse_application_type(body, redirect_uris),
            id_token_alg=_parse_id_token_alg(body, id_token_algs),
            default_max_age_s=_parse_max_age(body),
            require_auth_time=_flag(body, "require_auth_time"),
            default_acr_values=tuple(v for v in _texts(body, "default_acr_values") or () if v in ACR_CLASSES),
            contacts=_texts(body, "contacts") or (),
            software_id=_text(body, "software_id"),
            software_version=_text(body, "software_version"),
            **{name: _parse_link(body, name) for name in _LINKS},
        )
    except _Wrong as wrong:
        return wrong.fault


def _check_unkept(body: Mapping[str, object]) -> None:
    for name in _OURS:
        if body.get(name) is not None:
            raise _Wrong(f"{name}: this is ours to choose; leave it out.")
    for name in _UNKEPT:
        if _flag(body, name):
            raise _Wrong(f"{name}: not supported by this server.")
    for name in _UNKEPT_ALGS:
        if body.get(name) is not None:
            raise _Wrong(f"{name}: encrypted responses are not supported.")
    if body.get("subject_type") not in (None, "", "public"):
        raise _Wrong("subject_type: only public is supported.")
    if body.get("jwks") is not None and body.get("jwks_uri") is not None:
        raise _Wrong("jwks, jwks_uri: only one of the two may be sent.")


def _parse_redirect_uris(body: Mapping[str, object]) -> tuple[str, ...]:
    uris = body.get("redirect_uris")
    if not isinstance(uris, list) or not uris or len(uris) > MAX_URIS:
        raise _Wrong(f"redirect_uris: a list of 1 to {MAX_URIS} URIs is needed.", Word.INVALID_REDIRECT_URI)
    for uri in uris:
        if not isinstance(uri, str):
            raise _Wrong("redirect_uris: every redirect URI must be a text.", Word.INVALID_REDIRECT_URI)
        verdict = judge_redirect_uri(uri)
        if isinstance(verdict, Fault):
            raise _Wrong(verdict.text, verdict.word)
    return tuple(dict.fromkeys(uris))


def _parse_name(body: Mapping[str, object], first_uri: str) -> str:
    name = _text(body, "client_name", MAX_NAME_CHARS) or _text(body, "name", MAX_NAME_CHARS)
    if name is None:
        return origin_shown(first_uri)
    # Control and direction characters could make one name look like another on the consent page.
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for c in name):
        raise _Wrong("client_name: control and direction characters are not allowed.")
    return name


def _parse_grant_types(body: Mapping[str, object]) -> tuple[str, ...]:
    response_types = _texts(body, "response_types")
    if response_types is not None and "code" not in response_types:
        raise _Wrong("response_types: only code is supported.")
    asked = _texts(body, "grant_types")
    if asked is None:
        return GRANT_TYPES
    if AUTHORIZATION_CODE not in asked:
        raise _Wrong("grant_types: authorization_code is needed; refresh_token may be added.")
    return tuple(grant for grant in GRANT_TYPES if grant in asked)


def _parse_scopes(body: Mapping[str, object], catalogue: Catalogue) -> tuple[str, ...]:
    text = _text(body, "scope", MAX_LINK_CHARS)
    names = parse_scope(text) if text else ()
    if isinstance(names, Fault):
        raise _Wrong(names.text)
    return tuple(name for name in names if name in catalogue) or usual_scopes(catalogue)


def _parse_auth_method(body: Mapping[str, object]) -> str:
    method = _text(body, "token_endpoint_auth_method") or SECRET_BASIC
    if method not in AUTH_METHODS:
        raise _Wrong(f"token_endpoint_auth_method: one of {', '.join(AUTH_METHODS)}.")
    return method


def _parse_application_type(body: Mapping[str, object], uris: tuple[str, ...]) -> str:
    asked = _text(body, "application_type") or "web"
    if asked not in ("web", "native"):
        raise _Wrong("application_type: web or native.")
    return "native" if all(is_claimable(uri) for uri in uris) else asked


def _parse_id_token_alg(body: Mapping[str, object], offered: tuple[str, ...]) -> str:
    alg = _text(body, "id_token_signed_response_alg") or "RS256"
    if alg not in offered:
        raise _Wrong(f"id_token_signed_response_alg: one of {', '.join(offered)}.")
    return alg


def _parse_max_age(body: Mapping[str, object]) -> int | None:
    value = body.get("default_max_age")
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 2**31 - 1:
        raise _Wrong("default_max_age: a number of seconds, 0 or more.")
    return value


def _parse_link(body: Mapping[str, object], name: str) -> str | None:
    link = _text(body, name, MAX_LINK_CHARS)
    if link is None:
        return None
    try:
        parts = urlsplit(link)
        port_is_good = parts.port is None or parts.port > 0
    except ValueError:
        raise _Wrong(f"{name}: not a URL.") from None
    printable = all("!" <= c <= "~" and c not in "\\\"'<>`;," for c in link)
    if (
        parts.scheme != "https"
        or not parts.hostname
        or "@" in parts.netloc
        or not printable
        or not port_is_good
    ):
        raise _Wrong(f"{name}: an https URL is needed.")
    return link


def _flag(body: Mapping[str, object], name: str) -> bool:
    value = body.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise _Wrong(f"{name}: true or false is needed.")
    return value


def _text(body: Mapping[str, object], name: str, max_chars: int = MAX_TEXT_CHARS) -> str | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > max_chars or "\x00" in value:
        raise _Wrong(f"{name}: a text of at most {max_chars} characters is needed.")
    return value.strip() or None


def _texts(body: Mapping[str, object], name: str) -> tuple[str, ...] | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > MAX_LIST:
        raise _Wrong(f"{name}: a list of at most {MAX_LIST} texts is needed.")
    if not all(
        isinstance(text, str) and 0 < len(text) <= MAX_TEXT_CHARS and "\x00" not in text for text in value
    ):
        raise _Wrong(f"{name}: texts of 1 to {MAX_TEXT_CHARS} characters are needed.")
    return tuple(value)
