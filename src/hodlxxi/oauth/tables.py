"""Clients, what they ask, what users granted, and the tokens that came of it. Secrets are digests (reference oauth §2.4)."""

from __future__ import annotations

import sqlalchemy as sa

from hodlxxi.kit.db import Json, Moment, metadata

_ID = sa.String(64)  # a SHA-256 in hex, or an id that we minted
_KEY = sa.String(66)


def _client_id() -> sa.Column[str]:
    return sa.Column("client_id", _ID, sa.ForeignKey("oauth_clients.client_id"), nullable=False, index=True)


def _user_id(*, nullable: bool = False) -> sa.Column[str]:
    return sa.Column("user_id", _KEY, sa.ForeignKey("users.pubkey"), nullable=nullable, index=True)


def _grant_id(*, index: bool = False, primary: bool = False, nullable: bool = False) -> sa.Column[str]:
    key = sa.ForeignKey("oauth_grants.grant_id", ondelete="CASCADE")
    return sa.Column("grant_id", _ID, key, nullable=nullable, index=index, primary_key=primary)


oauth_clients = sa.Table(
    "oauth_clients",
    metadata,
    sa.Column("client_id", _ID, primary_key=True),
    sa.Column("client_name", sa.Text, nullable=False),
    sa.Column("client_secret", sa.String(64)),
    sa.Column("redirect_uris", Json, nullable=False),
    sa.Column("grant_types", Json, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("token_endpoint_auth_method", sa.String(32), nullable=False),
    sa.Column("application_type", sa.String(16), nullable=False),
    sa.Column("id_token_signed_response_alg", sa.String(16), nullable=False),
    sa.Column("default_max_age", sa.Integer),
    sa.Column("require_auth_time", sa.Boolean, nullable=False),
    sa.Column("default_acr_values", Json, nullable=False),
    sa.Column("contacts", Json, nullable=False),
    sa.Column("client_uri", sa.Text),
    sa.Column("logo_uri", sa.Text),
    sa.Column("policy_uri", sa.Text),
    sa.Column("tos_uri", sa.Text),
    sa.Column("software_id", sa.Text),
    sa.Column("software_version", sa.Text),
    sa.Column("trust", sa.String(16), nullable=False),
    sa.Column("pkce_policy", sa.String(16)),
    sa.Column("registration_token", sa.String(64)),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("last_used_at", Moment),
    sa.Column("disabled_at", Moment),
    # Only for a client whose ID tokens are keyed with its own secret (HS256): there a digest is not enough.
    sa.Column("client_secret_sealed", sa.Text),
    sa.Column("post_logout_redirect_uris", Json),
    sa.Column("token_endpoint_auth_signing_alg", sa.String(16)),
    sa.Column("jwks", Json),
    sa.Column("jwks_uri", sa.Text),
    sa.Column("subject_type", sa.String(16)),
    sa.Column("sector_identifier_uri", sa.Text),
    sa.Column("userinfo_signed_response_alg", sa.String(16)),
    sa.Column("backchannel_logout_uri", sa.Text),
    sa.Column("backchannel_logout_session_required", sa.Boolean),
    sa.Column("require_pushed_authorization_requests", sa.Boolean),
    sa.Column("dpop_bound_access_tokens", sa.Boolean),
    # ``fapi2`` for clients that the operator holds to the FAPI 2.0 Security Profile.
    sa.Column("profile", sa.String(16)),
    # The audiences that it may ask tokens for, and those that it serves and so may introspect; NULL is all, or none.
    sa.Column("resources", Json),
    sa.Column("serves", Json),
    # Who registered it at /developers; NULL when it registered itself, or the operator did.
    sa.Column("owner_id", _KEY, index=True),
    sa.Index("idx_oauth_clients_trust", "trust", "last_used_at"),
)

oauth_grants = sa.Table(
    "oauth_grants",
    metadata,
    # The family root: revoking is one UPDATE here and one on its token rows, in one transaction.
    sa.Column("grant_id", _ID, primary_key=True),
    _client_id(),
    _user_id(),
    sa.Column("session_id", sa.String(64), index=True),
    # The key that was proved: when it is removed from the account, what it allowed ends.
    sa.Column("key", _KEY, index=True),
    sa.Column("scope", sa.Text, nullable=False),
    # What was asked for too, and left unticked.
    sa.Column("declined", sa.Text),
    # The audiences that were granted; NULL is our own API.
    sa.Column("resource", Json),
    sa.Column("offline", sa.Boolean, nullable=False),
    sa.Column("auth_time", Moment, nullable=False),
    sa.Column("acr", sa.Text, nullable=False),
    sa.Column("amr", Json, nullable=False),
    sa.Column("claims", Json),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("absolute_expires_at", Moment),
    # When nothing of it can be alive any more; only the sweeper reads it.
    sa.Column("expires_at", Moment, nullable=False, index=True),
    sa.Column("last_used_at", Moment),
    sa.Column("revoked_at", Moment),
    sa.Column("revoke_reason", sa.Text),
    # When the user saw why we ended it (a stolen refresh token), and does not want to see it again.
    sa.Column("warning_read_at", Moment),
)

oauth_codes = sa.Table(
    "oauth_codes",
    metadata,
    _grant_id(primary=True),
    sa.Column("code", sa.String(64), nullable=False),
    _client_id(),
    _user_id(),
    sa.Column("redirect_uri", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("code_challenge", sa.String(43)),
    sa.Column("nonce", sa.Text),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    sa.Column("used", sa.Boolean, nullable=False),
    sa.Column("used_at", Moment),
    sa.Column("bad_attempts", sa.Integer, nullable=False),
    sa.Column("dpop_jkt", sa.String(43)),
    sa.Index("idx_oauth_codes_code", "code", unique=True),
)

oauth_tokens = sa.Table(
    "oauth_tokens",
    metadata,
    # Also the access token's ``jti``.
    sa.Column("id", _ID, primary_key=True),
    sa.Column("access_token", sa.String(64), nullable=False),
    sa.Column("refresh_token", sa.String(64), unique=True),
    _client_id(),
    # Both NULL for a token that a client has for itself (client_credentials).
    _user_id(nullable=True),
    _grant_id(index=True, nullable=True),
    sa.Column("scope", sa.Text, nullable=False),
    # The one audience; NULL is our own API.
    sa.Column("resource", Json),
    sa.Column("issued_at", Moment, nullable=False),
    sa.Column("access_expires_at", Moment, nullable=False, index=True),
    sa.Column("refresh_expires_at", Moment),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    sa.Column("revoked", sa.Boolean, nullable=False),
    sa.Column("revoked_at", Moment),
    sa.Column("refresh_used_at", Moment),
    sa.Column("successor_id", _ID),
    sa.Column("grace_until", Moment),
    # The response to a refresh, sealed under a key that only the holder of the old refresh token can derive.
    sa.Column("grace_sealed", sa.Text),
    sa.Column("dpop_jkt", sa.String(43)),
    sa.Index("idx_oauth_tokens_access_token", "access_token", unique=True),
    sa.Index(
        "idx_oauth_tokens_grace",
        "grace_until",
        postgresql_where=sa.text("grace_sealed IS NOT NULL"),
        sqlite_where=sa.text("grace_sealed IS NOT NULL"),
    ),
)

oauth_consents = sa.Table(
    "oauth_consents",
    metadata,
    sa.Column("user_id", _KEY, sa.ForeignKey("users.pubkey"), primary_key=True),
    sa.Column("client_id", _ID, sa.ForeignKey("oauth_clients.client_id"), primary_key=True, index=True),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("claims", Json, nullable=False),
    # What was left unticked, without the wish to be asked again.
    sa.Column("declined", sa.Text),
    # The audiences that were allowed beside our own API; NULL is none.
    sa.Column("resources", Json),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
)

oauth_interactions = sa.Table(
    "oauth_interactions",
    metadata,
    # A request that waits for its user: the digest of the id in the URL, and the parameters, judged again at every step.
    sa.Column("interaction", sa.String(64), primary_key=True),
    _client_id(),
    sa.Column("params", Json, nullable=False),
    # Digest of the browser's cookie; NULL until the browser first shows it (a POST from another site carries none).
    sa.Column("browser", sa.String(64)),
    sa.Column("session_id", sa.String(64)),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    sa.Column("denied_at", Moment),
    sa.Column("used_at", Moment),
    # The pushed request that it began with: spent when the interaction is answered.
    sa.Column("pushed", sa.String(64)),
)

oauth_pars = sa.Table(
    "oauth_pars",
    metadata,
    # A pushed authorization request (RFC 9126), by the digest of the random part of its ``request_uri``.
    sa.Column("request_uri", sa.String(64), primary_key=True),
    _client_id(),
    sa.Column("params", Json, nullable=False),
    sa.Column("dpop_jkt", sa.String(43)),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    sa.Column("used_at", Moment),
)

oauth_device_codes = sa.Table(
    "oauth_device_codes",
    metadata,
    # A device that waits for its user (RFC 8628): digests of what it polls with and of what the user types.
    sa.Column("device_code", sa.String(64), primary_key=True),
    sa.Column("user_code", sa.String(64), nullable=False, unique=True),
    _client_id(),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("resource", Json),
    sa.Column("acr_values", Json, nullable=False),
    # Where the device asked from, for the person who is asked to allow it.
    sa.Column("ip_address", sa.Text),
    sa.Column("user_agent", sa.Text),
    sa.Column("interval_s", sa.Integer, nullable=False),
    sa.Column("last_polled_at", Moment),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    _grant_id(nullable=True),
    sa.Column("approved_at", Moment),
    sa.Column("denied_at", Moment),
    sa.Column("used_at", Moment),
)

pairwise_subjects = sa.Table(
    "pairwise_subjects",
    metadata,
    # What an app with pairwise subjects calls a user. Kept, so that it stays the same whatever happens to the salt.
    sa.Column("sub", sa.String(64), primary_key=True),
    sa.Column("sector", sa.Text, nullable=False),
    _user_id(),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("sector", "user_id", name="uq_pairwise_subjects_sector"),
)

logout_outbox = sa.Table(
    "logout_outbox",
    metadata,
    # A logout that an app's server has to be told of (OpenID Connect Back-Channel Logout 1.0).
    sa.Column("id", _ID, primary_key=True),
    _client_id(),
    sa.Column("sub", sa.Text, nullable=False),
    sa.Column("sid", sa.String(64), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    # When to try (again); a worker that takes a row moves this ahead, so that a killed one loses it in time.
    sa.Column("next_at", Moment, nullable=False, index=True),
    sa.Column("delivered_at", Moment),
    sa.Column("given_up_at", Moment),
)

registration_tokens = sa.Table(
    "registration_tokens",
    metadata,
    # Initial access tokens (RFC 7591 §3): who holds one may register apps where registration is not open.
    sa.Column("token", sa.String(64), primary_key=True),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    sa.Column("uses_left", sa.Integer, nullable=False),
)

oauth_signing_keys = sa.Table(
    "oauth_signing_keys",
    metadata,
    sa.Column("kid", _ID, primary_key=True),
    sa.Column("alg", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("private_sealed", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("activated_at", Moment),
    sa.Column("retired_at", Moment),
    # Two workers that start together make one key, not two; nor do they publish two successors.
    sa.Index(
        "uq_oauth_signing_keys_live",
        "alg",
        "state",
        unique=True,
        postgresql_where=sa.text("state <> 'retired'"),
        sqlite_where=sa.text("state <> 'retired'"),
    ),
)

rate_limits = sa.Table(
    "rate_limits",
    metadata,
    # An operator's exception for one client: at most ``max_count`` in ``window_s`` seconds, instead of the policy's.
    sa.Column("client_id", sa.String(64), sa.ForeignKey("oauth_clients.client_id"), primary_key=True),
    sa.Column("bucket", sa.String(32), primary_key=True),
    sa.Column("max_count", sa.Integer, nullable=False),
    sa.Column("window_s", sa.Integer, nullable=False),
)
