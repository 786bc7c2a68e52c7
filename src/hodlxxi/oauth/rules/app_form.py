"""The form at /developers: between its fields and client metadata (RFC 7591), and the kinds of app that it knows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hodlxxi.oauth.rules.clients import (
    AUTHORIZATION_CODE,
    CLIENT_CREDENTIALS,
    DEVICE_CODE,
    PAIRWISE,
    PRIVATE_KEY_JWT,
    PUBLIC,
    REFRESH_TOKEN,
    SECRET_BASIC,
    SECRET_METHODS,
    Metadata,
)
from hodlxxi.oauth.rules.errors import Fault, Word

Fields = Mapping[str, Sequence[str]]  # as a form sends them: every value a text, empty ones left out

_LISTS = ("redirect_uris", "post_logout_redirect_uris", "contacts")
_TEXTS = ("backchannel_logout_uri", "client_uri", "logo_uri", "policy_uri", "tos_uri")
_FLAGS = ("dpop_bound_access_tokens", "require_pushed_authorization_requests")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of app: how it proves itself, and how it gets tokens."""

    name: str
    title: str
    text: str
    auth_method: str
    grant_types: tuple[str, ...]

    @property
    def has_redirects(self) -> bool:
        """Whether people are sent back to it in their browser."""
        return AUTHORIZATION_CODE in self.grant_types

    def fits(self, metadata: Metadata) -> bool:
        """Whether an app is of this kind. One without refresh tokens is no other kind."""
        is_secret = self.auth_method in SECRET_METHODS and metadata.auth_method in SECRET_METHODS
        grants = (set(self.grant_types) - {REFRESH_TOKEN}, set(metadata.grant_types) - {REFRESH_TOKEN})
        return (is_secret or metadata.auth_method == self.auth_method) and grants[0] == grants[1]


_CODE = (AUTHORIZATION_CODE, REFRESH_TOKEN)
KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "web",
            "Web server",
            "Runs on a server of yours and keeps a secret. Most frameworks, Grafana, oauth2-proxy.",
            SECRET_BASIC,
            _CODE,
        ),
        Kind(
            "browser",
            "Browser, phone or desktop app",
            "Runs on its user's device, so it has no secret: PKCE protects it.",
            PUBLIC,
            _CODE,
        ),
        Kind(
            "device",
            "Command line or device",
            "Has no browser: shows a short code that its user types in here.",
            PUBLIC,
            (DEVICE_CODE, REFRESH_TOKEN),
        ),
        Kind(
            "machine",
            "Machine",
            "Speaks for itself and for no person (client_credentials).",
            SECRET_BASIC,
            (CLIENT_CREDENTIALS,),
        ),
        Kind(
            "key",
            "Web server with its own key",
            "Signs with its own private key instead of sharing a secret (private_key_jwt).",
            PRIVATE_KEY_JWT,
            _CODE,
        ),
    )
}
OTHER = "other"  # what was registered with more than the form can say; it stays as it is


def kind_of(metadata: Metadata) -> str:
    """The kind of a registered app."""
    return next((name for name, kind in KINDS.items() if kind.fits(metadata)), OTHER)


def read_form(
    fields: Fields, keys: object, current: Metadata | None, members: Mapping[str, object]
) -> dict[str, object] | Fault:
    """The metadata that the form asks for, yet to be judged.

    ``keys`` is what its field ``jwks`` holds, parsed: a JWK Set, or one JWK. ``members`` is what is registered now, if
    anything is (``current``): what the form does not know stays.
    """
    kind = KINDS.get(_first(fields, "kind"))
    if kind is None and (current is None or kind_of(current) != OTHER):
        return _fault("kind: choose what kind of app it is.")
    if not fields.get("scope"):
        return _fault("scope: choose at least one.")
    body = dict(members)
    body |= {"client_name": _first(fields, "client_name"), "scope": " ".join(fields["scope"])}
    body |= {name: _lines(fields, name) for name in _LISTS}
    body |= {name: _first(fields, name) or None for name in _TEXTS}
    body |= {name: bool(fields.get(name)) for name in _FLAGS}
    body["subject_type"] = PAIRWISE if fields.get("pairwise") else "public"
    if _first(fields, "id_token_signed_response_alg"):
        body["id_token_signed_response_alg"] = _first(fields, "id_token_signed_response_alg")
    if kind is None:
        return body
    if current is None or not kind.fits(current):
        body |= {"token_endpoint_auth_method": kind.auth_method, "grant_types": list(kind.grant_types)}
    if not kind.has_redirects:
        body["redirect_uris"] = []
    if kind.auth_method != PRIVATE_KEY_JWT:
        return body | {"jwks": None, "jwks_uri": None}
    is_one = isinstance(keys, dict) and "kty" in keys
    return body | {
        "jwks": {"keys": [keys]} if is_one else keys,
        "jwks_uri": _first(fields, "jwks_uri") or None,
    }


def fill_form(metadata: Metadata) -> dict[str, list[str]]:
    """The fields as they stand for a registered app."""
    texts = {
        "client_name": metadata.name,
        "kind": kind_of(metadata),
        "backchannel_logout_uri": metadata.backchannel_logout_uri,
        "client_uri": metadata.client_uri,
        "logo_uri": metadata.logo_uri,
        "policy_uri": metadata.policy_uri,
        "tos_uri": metadata.tos_uri,
        "jwks_uri": metadata.jwks_uri,
        "jwks": json.dumps(metadata.jwks, indent=2) if metadata.jwks else None,
        "id_token_signed_response_alg": metadata.id_token_alg,
        "redirect_uris": "\n".join(metadata.redirect_uris),
        "post_logout_redirect_uris": "\n".join(metadata.post_logout_redirect_uris),
        "contacts": "\n".join(metadata.contacts),
        "pairwise": "yes" if metadata.subject_type == PAIRWISE else None,
        "dpop_bound_access_tokens": "yes" if metadata.dpop_bound else None,
        "require_pushed_authorization_requests": "yes" if metadata.require_pushed else None,
    }
    return {name: [text] for name, text in texts.items() if text} | {"scope": list(metadata.scopes)}


def _first(fields: Fields, name: str) -> str:
    return next(iter(fields.get(name, ())), "")


def _lines(fields: Fields, name: str) -> list[str]:
    """One entry a line; blanks around it come from copying."""
    return [line.strip() for line in _first(fields, name).splitlines() if line.strip()]


def _fault(text: str) -> Fault:
    return Fault(Word.INVALID_CLIENT_METADATA, text)
