"""What we tell clients about ourselves: only what exists here (OpenID Connect Discovery 1.0, RFC 8414).

A test holds this document against the routes and the rules.
"""

from __future__ import annotations

from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.authorization import PROMPTS, ResponseMode
from hodlxxi.oauth.rules.claims import ACR_CLASSES, CLAIMS_SUPPORTED
from hodlxxi.oauth.rules.clients import AUTH_METHODS, GRANT_TYPES, HMAC_ALG, PUBLIC, SUBJECT_TYPES
from hodlxxi.oauth.rules.dpop import DPOP_ALGS
from hodlxxi.oauth.rules.jwt import SIGNING_ALGS


def discovery_document(room: OAuthRoom) -> dict[str, object]:
    """The metadata, the same at both well-known places."""
    policy = room.policy
    issuer = policy.issuer
    document: dict[str, object] = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "device_authorization_endpoint": f"{issuer}/oauth/device_authorization",
        "pushed_authorization_request_endpoint": f"{issuer}/oauth/par",
        "userinfo_endpoint": f"{issuer}/oauth/userinfo",
        "end_session_endpoint": f"{issuer}/oauth/logout",
        "jwks_uri": f"{issuer}/oauth/jwks.json",
        "scopes_supported": list(policy.scopes),
        "response_types_supported": ["code"],
        "response_modes_supported": [mode.value for mode in ResponseMode],
        "grant_types_supported": list(GRANT_TYPES),
        "subject_types_supported": list(SUBJECT_TYPES),
        "id_token_signing_alg_values_supported": list(policy.id_token_algs),
        "userinfo_signing_alg_values_supported": [a for a in policy.id_token_algs if a != HMAC_ALG],
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(SIGNING_ALGS),
        "revocation_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": list(SIGNING_ALGS),
        "introspection_endpoint_auth_methods_supported": [m for m in AUTH_METHODS if m != PUBLIC],
        "introspection_endpoint_auth_signing_alg_values_supported": list(SIGNING_ALGS),
        "dpop_signing_alg_values_supported": list(DPOP_ALGS),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "require_pushed_authorization_requests": False,
        "claim_types_supported": ["normal"],
        "claims_supported": list(CLAIMS_SUPPORTED),
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        # Must be written out: absent means true (Discovery §3).
        "request_uri_parameter_supported": False,
        "prompt_values_supported": list(PROMPTS),
        "acr_values_supported": list(ACR_CLASSES),
        "display_values_supported": ["page"],
        "ui_locales_supported": ["en"],
        "service_documentation": f"{issuer}/developers",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }
    if policy.registration != "closed":
        document["registration_endpoint"] = f"{issuer}/oauth/register"
    return document


def resource_document(room: OAuthRoom) -> dict[str, object]:
    """Our own API as a protected resource (RFC 9728 §2), for clients that meet it before they meet the provider."""
    issuer = room.policy.issuer
    return {
        "resource": issuer,
        "authorization_servers": [issuer],
        "scopes_supported": list(room.policy.scopes),
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": list(DPOP_ALGS),
    }
