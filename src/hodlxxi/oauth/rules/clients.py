"""An app as we know it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hodlxxi.oauth.rules.pkce import PkcePolicy
from hodlxxi.oauth.rules.redirects import find_match, is_claimable, origin_shown

AUTHORIZATION_CODE = "authorization_code"
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - a name on the wire
GRANT_TYPES = (AUTHORIZATION_CODE, REFRESH_TOKEN)

SECRET_BASIC = "client_secret_basic"  # noqa: S105 - a name on the wire
SECRET_POST = "client_secret_post"  # noqa: S105 - a name on the wire
PUBLIC = "none"
AUTH_METHODS = (SECRET_BASIC, SECRET_POST, PUBLIC)


class Trust(StrEnum):
    """Who vouches for a client."""

    OPERATOR = "operator"
    SELF_REGISTERED = "self_registered"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a client says about itself, judged (RFC 7591 §2). ``redirect_uris`` are kept byte for byte."""

    name: str
    redirect_uris: tuple[str, ...]
    grant_types: tuple[str, ...] = GRANT_TYPES
    scopes: tuple[str, ...] = ()
    auth_method: str = SECRET_BASIC
    application_type: str = "web"
    id_token_alg: str = "RS256"  # noqa: S105 - an algorithm
    default_max_age_s: int | None = None
    require_auth_time: bool = False
    default_acr_values: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    client_uri: str | None = None
    logo_uri: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None
    software_id: str | None = None
    software_version: str | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """A registered app. Secrets are here as SHA-256 digests only."""

    client_id: str
    secret_digest: str | None
    metadata: Metadata
    trust: Trust
    created_at: datetime
    registration_digest: str | None = None
    pkce_policy: PkcePolicy | None = None  # the operator's exception for this client
    disabled_at: datetime | None = None

    @property
    def is_public(self) -> bool:
        """Whether the app can keep no secret (SPA, native)."""
        return self.metadata.auth_method == PUBLIC

    @property
    def is_native(self) -> bool:
        """Whether loopback ports are free (RFC 8252 §7.3)."""
        return self.metadata.application_type == "native"

    @property
    def is_self_registered(self) -> bool:
        """Whether nobody has looked at this client yet."""
        return self.trust is Trust.SELF_REGISTERED

    def find_redirect_uri(self, asked: str) -> str | None:
        """The asked redirect URI when it is one of ours."""
        return find_match(self.metadata.redirect_uris, asked, native=self.is_native)

    def is_claimable_at(self, uri: str) -> bool:
        """Whether another app on the user's device could pose as this client at that address."""
        return self.is_public and is_claimable(uri)

    def host(self, uri: str | None = None) -> str:
        """Where this client leads, as shown to people."""
        return origin_shown(uri or self.metadata.redirect_uris[0])


def render_metadata(client: Client) -> dict[str, object]:
    """The registered metadata on the wire (RFC 7591 §3.2.1), without secrets; what was not given is left out."""
    it = client.metadata
    members: dict[str, object] = {
        "client_id": client.client_id,
        "client_id_issued_at": int(client.created_at.timestamp()),
        "client_name": it.name,
        "redirect_uris": list(it.redirect_uris),
        "grant_types": list(it.grant_types),
        "response_types": ["code"],
        "scope": " ".join(it.scopes),
        "token_endpoint_auth_method": it.auth_method,
        "application_type": it.application_type,
        "subject_type": "public",
        "id_token_signed_response_alg": it.id_token_alg,
        "require_auth_time": it.require_auth_time,
    }
    optional: dict[str, object] = {
        "default_max_age": it.default_max_age_s,
        "default_acr_values": list(it.default_acr_values) or None,
        "contacts": list(it.contacts) or None,
        "client_uri": it.client_uri,
        "logo_uri": it.logo_uri,
        "policy_uri": it.policy_uri,
        "tos_uri": it.tos_uri,
        "software_id": it.software_id,
        "software_version": it.software_version,
    }
    return members | {name: value for name, value in optional.items() if value is not None}
