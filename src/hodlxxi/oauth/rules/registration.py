"""Dynamic registration: is this metadata a client that we would serve? (RFC 7591, reference oauth §6.8)

An optional wish that we cannot meet is replaced, and the answer says what was registered. Where silence would make the
app less safe than it believes (an unsigned ID token, certificate-bound tokens) the registration fails.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from hodlxxi.oauth.rules import metadata_values as v
from hodlxxi.oauth.rules.claims import ACR_CLASSES
from hodlxxi.oauth.rules.clients import (
    AUTH_METHODS,
    AUTHORIZATION_CODE,
    CLIENT_CREDENTIALS,
    GRANT_TYPES,
    HMAC_ALG,
    PAIRWISE,
    PRIVATE_KEY_JWT,
    PUBLIC,
    SECRET_BASIC,
    SUBJECT_TYPES,
    USUAL_GRANT_TYPES,
    Metadata,
)
from hodlxxi.oauth.rules.errors import Fault
from hodlxxi.oauth.rules.jwk import judge_key_set
from hodlxxi.oauth.rules.jwt import SIGNING_ALGS
from hodlxxi.oauth.rules.metadata_values import Wrong
from hodlxxi.oauth.rules.redirects import host_of, is_claimable, origin_shown
from hodlxxi.oauth.rules.scopes import Catalogue, parse_scope, usual_scopes

MAX_NAME_CHARS = 100

# Ours to decide, never the client's (MUST 19).
_OURS = (
    "client_id",
    "client_secret",
    "client_id_issued_at",
    "client_secret_expires_at",
    "trust",
    "profile",
    "sub",
    "owner_id",
    "serves",
    "resources",
)
# Promises of protection that this server does not keep: better refused than silently dropped.
_UNKEPT = ("require_signed_request_object", "tls_client_certificate_bound_access_tokens")
_UNKEPT_ALGS = (
    "id_token_encrypted_response_alg",
    "id_token_encrypted_response_enc",
    "userinfo_encrypted_response_alg",
    "userinfo_encrypted_response_enc",
    "introspection_encrypted_response_alg",
)
_LINKS = ("client_uri", "logo_uri", "policy_uri", "tos_uri")


@dataclass(frozen=True, slots=True)
class Terms:
    """What an operator offers to those who register. ``allowed`` None is every scope of the catalogue."""

    catalogue: Catalogue
    id_token_algs: tuple[str, ...]
    allowed: frozenset[str] | None = None
    subject_type: str = "public"

    def may_have(self, scope: str) -> bool:
        """Whether a client may be registered for this scope."""
        return scope in self.catalogue and (self.allowed is None or scope in self.allowed)


def judge_metadata(body: Mapping[str, object], terms: Terms) -> Metadata | Fault:
    """The metadata that will be registered, or the first thing that is wrong with what was sent.

    ``name`` is taken as an alias of ``client_name`` (seed). Members that nobody knows are ignored. Whether a
    ``sector_identifier_uri`` lists every redirect URI is for the caller to find out.
    """
    try:
        _check_unkept(body)
        grant_types = _parse_grant_types(body)
        redirect_uris = v.redirect_uris(body, "redirect_uris", needed=AUTHORIZATION_CODE in grant_types)
        metadata = Metadata(
            name=_parse_name(body, redirect_uris),
            redirect_uris=redirect_uris,
            grant_types=grant_types,
            scopes=_parse_scopes(body, terms),
            auth_method=v.one_of(body, "token_endpoint_auth_method", AUTH_METHODS, SECRET_BASIC),
            application_type=_parse_application_type(body, redirect_uris),
            id_token_alg=v.one_of(body, "id_token_signed_response_alg", terms.id_token_algs, "RS256"),
            default_max_age_s=v.seconds(body, "default_max_age"),
            require_auth_time=v.flag(body, "require_auth_time"),
            default_acr_values=tuple(
                acr for acr in v.texts(body, "default_acr_values") or () if acr in ACR_CLASSES
            ),
            contacts=v.texts(body, "contacts") or (),
            software_id=v.text(body, "software_id"),
            software_version=v.text(body, "software_version"),
            post_logout_redirect_uris=v.redirect_uris(body, "post_logout_redirect_uris", needed=False),
            auth_signing_alg=_parse_auth_alg(body),
            jwks=_parse_jwks(body),
            jwks_uri=v.server_link(body, "jwks_uri"),
            subject_type=v.one_of(body, "subject_type", SUBJECT_TYPES, terms.subject_type),
            sector_identifier_uri=v.server_link(body, "sector_identifier_uri"),
            userinfo_alg=_parse_userinfo_alg(body, terms.id_token_algs),
            backchannel_logout_uri=v.server_link(body, "backchannel_logout_uri"),
            backchannel_logout_session_required=v.flag(body, "backchannel_logout_session_required"),
            require_pushed=v.flag(body, "require_pushed_authorization_requests"),
            dpop_bound=v.flag(body, "dpop_bound_access_tokens"),
            **{name: v.link(body, name) for name in _LINKS},
        )
        _check_together(metadata)
    except Wrong as wrong:
        return wrong.fault
    return metadata


def judge_sector(redirect_uris: tuple[str, ...], listed: object) -> Fault | None:
    """Whether the document behind a ``sector_identifier_uri`` lists every redirect URI (Core §8.1)."""
    if isinstance(listed, list) and set(redirect_uris) <= {uri for uri in listed if isinstance(uri, str)}:
        return None
    text = "sector_identifier_uri: its document must be a JSON array that lists every redirect URI."
    return Wrong(text).fault


def _check_unkept(body: Mapping[str, object]) -> None:
    for name in _OURS:
        if body.get(name) is not None:
            raise Wrong(f"{name}: this is ours to choose; leave it out.")
    for name in _UNKEPT:
        if v.flag(body, name):
            raise Wrong(f"{name}: not supported by this server.")
    for name in _UNKEPT_ALGS:
        if body.get(name) is not None:
            raise Wrong(f"{name}: encrypted responses are not supported.")
    if body.get("jwks") is not None and body.get("jwks_uri") is not None:
        raise Wrong("jwks, jwks_uri: only one of the two may be sent.")


def _check_together(metadata: Metadata) -> None:
    """What single members cannot know."""
    is_public = metadata.auth_method == PUBLIC
    has_keys = metadata.jwks is not None or metadata.jwks_uri is not None
    if metadata.auth_method == PRIVATE_KEY_JWT and not has_keys:
        raise Wrong("token_endpoint_auth_method: private_key_jwt needs jwks or jwks_uri.")
    if metadata.auth_method == PRIVATE_KEY_JWT and metadata.jwks is not None:
        _check_keys(metadata)
    if is_public and CLIENT_CREDENTIALS in metadata.grant_types:
        raise Wrong("grant_types: client_credentials needs a client that can authenticate.")
    if metadata.id_token_alg == HMAC_ALG and (is_public or metadata.auth_method == PRIVATE_KEY_JWT):
        raise Wrong("id_token_signed_response_alg: HS256 needs a client secret.")
    hosts = {host_of(uri) for uri in metadata.redirect_uris}
    if metadata.subject_type == PAIRWISE and metadata.sector_identifier_uri is None and len(hosts) > 1:
        raise Wrong("sector_identifier_uri: pairwise subjects with redirect URIs on several hosts need it.")


def _check_keys(metadata: Metadata) -> None:
    """An app that could never sign what it is to sign would find out much later."""
    keys = judge_key_set(metadata.jwks)
    algs = {alg for key in keys for alg in key.verifiers} if not isinstance(keys, Fault) else set()
    if not algs:
        raise Wrong("jwks: no key in it can sign: RSA of 2048 bits or more, EC P-256 or Ed25519 is needed.")
    if metadata.auth_signing_alg not in (None, *algs):
        raise Wrong("token_endpoint_auth_signing_alg: no key in jwks is of that kind.")


def _parse_name(body: Mapping[str, object], redirect_uris: tuple[str, ...]) -> str:
    name = v.text(body, "client_name", MAX_NAME_CHARS) or v.text(body, "name", MAX_NAME_CHARS)
    if name is None:
        return origin_shown(redirect_uris[0])[:MAX_NAME_CHARS] if redirect_uris else "A nameless app"
    # Control and direction characters could make one name look like another on the consent page.
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for c in name):
        raise Wrong("client_name: control and direction characters are not allowed.")
    return name


def _parse_grant_types(body: Mapping[str, object]) -> tuple[str, ...]:
    asked = v.texts(body, "grant_types")
    grants = USUAL_GRANT_TYPES if asked is None else tuple(g for g in GRANT_TYPES if g in asked)
    if not set(grants) - {"refresh_token"}:
        raise Wrong(
            f"grant_types: one of {', '.join(g for g in GRANT_TYPES if g != 'refresh_token')} is needed."
        )
    response_types = v.texts(body, "response_types")
    if response_types is not None and AUTHORIZATION_CODE in grants and "code" not in response_types:
        raise Wrong("response_types: only code is supported.")
    return grants


def _parse_scopes(body: Mapping[str, object], terms: Terms) -> tuple[str, ...]:
    wish = v.text(body, "scope", v.MAX_LINK_CHARS)
    names = parse_scope(wish) if wish else ()
    if isinstance(names, Fault):
        raise Wrong(names.text)
    chosen = tuple(name for name in names if terms.may_have(name))
    return chosen or tuple(name for name in usual_scopes(terms.catalogue) if terms.may_have(name))


def _parse_application_type(body: Mapping[str, object], uris: tuple[str, ...]) -> str:
    asked = v.one_of(body, "application_type", ("web", "native"), "web")
    return "native" if uris and all(is_claimable(uri) for uri in uris) else asked


def _parse_auth_alg(body: Mapping[str, object]) -> str | None:
    if body.get("token_endpoint_auth_signing_alg") is None:
        return None
    return v.one_of(body, "token_endpoint_auth_signing_alg", SIGNING_ALGS, "")


def _parse_userinfo_alg(body: Mapping[str, object], offered: tuple[str, ...]) -> str | None:
    if body.get("userinfo_signed_response_alg") is None:
        return None
    asymmetric = tuple(alg for alg in offered if alg != HMAC_ALG)
    return v.one_of(body, "userinfo_signed_response_alg", asymmetric, "")


def _parse_jwks(body: Mapping[str, object]) -> Mapping[str, object] | None:
    jwks = body.get("jwks")
    if not isinstance(jwks, dict):
        if jwks is not None:
            raise Wrong("jwks: a JSON object with a list of keys is needed.")
        return None
    keys = judge_key_set(jwks)
    if isinstance(keys, Fault):
        raise Wrong(keys.text)
    return jwks
