"""An app as we know it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hodlxxi.oauth.rules.pkce import PkcePolicy
from hodlxxi.oauth.rules.redirects import find_match, host_of, is_claimable, origin_shown
from hodlxxi.oauth.rules.scopes import OFFLINE_ACCESS

AUTHORIZATION_CODE = "authorization_code"
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - a name on the wire
CLIENT_CREDENTIALS = "client_credentials"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
GRANT_TYPES = (AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS, DEVICE_CODE)
USUAL_GRANT_TYPES = (AUTHORIZATION_CODE, REFRESH_TOKEN)  # of a client that registers without naming any

SECRET_BASIC = "client_secret_basic"  # noqa: S105 - a name on the wire
SECRET_POST = "client_secret_post"  # noqa: S105 - a name on the wire
PRIVATE_KEY_JWT = "private_key_jwt"
PUBLIC = "none"
SECRET_METHODS = (SECRET_BASIC, SECRET_POST)
AUTH_METHODS = (SECRET_BASIC, SECRET_POST, PRIVATE_KEY_JWT, PUBLIC)

HMAC_ALG = "HS256"
MAX_ACR_VALUES = 20
PAIRWISE = "pairwise"
SUBJECT_TYPES = ("public", PAIRWISE)


class Trust(StrEnum):
    """Who vouches for a client."""

    OPERATOR = "operator"
    SELF_REGISTERED = "self_registered"


class Profile(StrEnum):
    """How strictly a client is held; the operator decides."""

    DEFAULT = "default"
    FAPI2 = "fapi2"  # FAPI 2.0 Security Profile: PAR, sender-constrained tokens, short codes, asymmetric keys


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
    post_logout_redirect_uris: tuple[str, ...] = ()
    auth_signing_alg: str | None = None
    jwks: Mapping[str, object] | None = None
    jwks_uri: str | None = None
    subject_type: str = "public"
    sector_identifier_uri: str | None = None
    userinfo_alg: str | None = None
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False
    require_pushed: bool = False
    dpop_bound: bool = False


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
    secret_sealed: str | None = None  # only where ID tokens are keyed with the secret itself
    profile: Profile = Profile.DEFAULT
    resources: tuple[str, ...] | None = None  # the audiences that it may ask for; None: all
    serves: tuple[str, ...] = ()  # the audiences that it is the resource server of
    owner_id: str | None = None

    @property
    def is_public(self) -> bool:
        """Whether the app can keep no secret (SPA, native)."""
        return self.metadata.auth_method == PUBLIC

    @property
    def has_secret(self) -> bool:
        """Whether it proves itself with a secret that we minted."""
        return self.metadata.auth_method in SECRET_METHODS

    @property
    def signs_assertions(self) -> bool:
        """Whether it proves itself with a key of its own."""
        return self.metadata.auth_method == PRIVATE_KEY_JWT

    @property
    def is_fapi2(self) -> bool:
        """Whether the operator holds it to the FAPI 2.0 Security Profile."""
        return self.profile is Profile.FAPI2

    @property
    def needs_pushed_requests(self) -> bool:
        """Whether its authorization requests have to come by PAR."""
        return self.metadata.require_pushed or self.is_fapi2

    def pkce_under(self, usual: PkcePolicy) -> PkcePolicy:
        """When its requests need PKCE, where the server's policy is ``usual``. FAPI 2.0 knows no exception (§5.3.2.2)."""
        return PkcePolicy.ALWAYS if self.is_fapi2 else self.pkce_policy or usual

    @property
    def needs_dpop(self) -> bool:
        """Whether its tokens are always bound to a key."""
        return self.metadata.dpop_bound or self.is_fapi2

    @property
    def is_pairwise(self) -> bool:
        """Whether it knows its users by names of its own, and not by their keys."""
        return self.metadata.subject_type == PAIRWISE

    def usable(self, scopes: Iterable[str]) -> tuple[str, ...]:
        """The scopes without ``offline_access`` where the client could not refresh anyway (Core §11)."""
        can_refresh = REFRESH_TOKEN in self.metadata.grant_types
        return tuple(name for name in scopes if can_refresh or name != OFFLINE_ACCESS)

    def wished_acr(self, acr_values: str | None) -> tuple[str, ...]:
        """The classes of sign-in that a request wishes for, else those of the registration; best first."""
        return tuple((acr_values or "").split())[:MAX_ACR_VALUES] or self.metadata.default_acr_values

    @property
    def has_ended(self) -> bool:
        """Whether it was removed, and not merely disabled for a while: then its secrets are erased."""
        return self.disabled_at is not None and self.registration_digest is None

    @property
    def sector(self) -> str:
        """Whose users are told apart together: the host that pairwise subjects are made for (Core §8.1).

        A host counts only where it takes part in each sign-in, by being where the code goes. Anybody can name somebody
        else's, and a device is given its tokens without it; a loopback address or private scheme is nobody's.
        """
        uri = next(iter(self.metadata.redirect_uris), None)
        if uri is None or DEVICE_CODE in self.metadata.grant_types:
            return self.client_id
        shared = self.metadata.sector_identifier_uri
        if shared is None and is_claimable(uri):
            return self.client_id
        return host_of(shared or uri)

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
        if uri is None:
            uri = next(iter(self.metadata.redirect_uris), None)
        return origin_shown(uri) if uri else self.client_id


def renames_users(before: Client, after: Client) -> bool:
    """Whether a change of its metadata would give the users of a client other subjects, in what it holds already too.

    It could then learn how another app calls the same people, or their key, which they never showed it.
    """
    kinds = (before.metadata.subject_type, after.metadata.subject_type)
    return kinds[0] != kinds[1] or (PAIRWISE in kinds and before.sector != after.sector)


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
        "subject_type": it.subject_type,
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
        "post_logout_redirect_uris": list(it.post_logout_redirect_uris) or None,
        "token_endpoint_auth_signing_alg": it.auth_signing_alg,
        "jwks": it.jwks,
        "jwks_uri": it.jwks_uri,
        "sector_identifier_uri": it.sector_identifier_uri,
        "userinfo_signed_response_alg": it.userinfo_alg,
        "backchannel_logout_uri": it.backchannel_logout_uri,
        "backchannel_logout_session_required": it.backchannel_logout_session_required or None,
        "require_pushed_authorization_requests": it.require_pushed or None,
        "dpop_bound_access_tokens": it.dpop_bound or None,
    }
    return members | {name: value for name, value in optional.items() if value is not None}
