"""The OAuth provider's tables: clients, grants, codes, tokens, consents, requests that wait, and signing keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_oauth_tables"
down_revision = "2026_11_23_first_tables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "oauth_clients",
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("client_name", sa.Text(), nullable=False),
        sa.Column("client_secret", sa.String(length=64), nullable=True),
        sa.Column("redirect_uris", sa.Text(), nullable=False),
        sa.Column("grant_types", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("token_endpoint_auth_method", sa.String(length=32), nullable=False),
        sa.Column("application_type", sa.String(length=16), nullable=False),
        sa.Column("id_token_signed_response_alg", sa.String(length=16), nullable=False),
        sa.Column("default_max_age", sa.Integer(), nullable=True),
        sa.Column("require_auth_time", sa.Boolean(), nullable=False),
        sa.Column("default_acr_values", sa.Text(), nullable=False),
        sa.Column("contacts", sa.Text(), nullable=False),
        sa.Column("client_uri", sa.Text(), nullable=True),
        sa.Column("logo_uri", sa.Text(), nullable=True),
        sa.Column("policy_uri", sa.Text(), nullable=True),
        sa.Column("tos_uri", sa.Text(), nullable=True),
        sa.Column("software_id", sa.Text(), nullable=True),
        sa.Column("software_version", sa.Text(), nullable=True),
        sa.Column("trust", sa.String(length=16), nullable=False),
        sa.Column("pkce_policy", sa.String(length=16), nullable=True),
        sa.Column("registration_token", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("client_secret_sealed", sa.Text(), nullable=True),
        sa.Column("post_logout_redirect_uris", sa.Text(), nullable=True),
        sa.Column("token_endpoint_auth_signing_alg", sa.String(length=16), nullable=True),
        sa.Column("jwks", sa.Text(), nullable=True),
        sa.Column("jwks_uri", sa.Text(), nullable=True),
        sa.Column("subject_type", sa.String(length=16), nullable=True),
        sa.Column("sector_identifier_uri", sa.Text(), nullable=True),
        sa.Column("userinfo_signed_response_alg", sa.String(length=16), nullable=True),
        sa.Column("backchannel_logout_uri", sa.Text(), nullable=True),
        sa.Column("backchannel_logout_session_required", sa.Boolean(), nullable=True),
        sa.Column("require_pushed_authorization_requests", sa.Boolean(), nullable=True),
        sa.Column("dpop_bound_access_tokens", sa.Boolean(), nullable=True),
        sa.Column("profile", sa.String(length=16), nullable=True),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_oauth_clients")),
    )
    op.create_index("idx_oauth_clients_trust", "oauth_clients", ["trust", "last_used_at"], unique=False)
    op.create_table(
        "oauth_signing_keys",
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("alg", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("private_sealed", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_oauth_signing_keys")),
    )
    op.create_index(
        "uq_oauth_signing_keys_active",
        "oauth_signing_keys",
        ["alg"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
        sqlite_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "oauth_consents",
        sa.Column("user_id", sa.String(length=66), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("claims", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["oauth_clients.client_id"], name=op.f("fk_oauth_consents_client_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.pubkey"], name=op.f("fk_oauth_consents_user_id")),
        sa.PrimaryKeyConstraint("user_id", "client_id", name=op.f("pk_oauth_consents")),
    )
    op.create_index(op.f("idx_oauth_consents_client_id"), "oauth_consents", ["client_id"], unique=False)
    op.create_table(
        "oauth_grants",
        sa.Column("grant_id", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=66), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=True),
        sa.Column("offline", sa.Boolean(), nullable=False),
        sa.Column("auth_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acr", sa.Text(), nullable=False),
        sa.Column("amr", sa.Text(), nullable=False),
        sa.Column("claims", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("absolute_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoke_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["oauth_clients.client_id"], name=op.f("fk_oauth_grants_client_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.pubkey"], name=op.f("fk_oauth_grants_user_id")),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_oauth_grants")),
    )
    op.create_index(op.f("idx_oauth_grants_client_id"), "oauth_grants", ["client_id"], unique=False)
    op.create_index(op.f("idx_oauth_grants_expires_at"), "oauth_grants", ["expires_at"], unique=False)
    op.create_index(op.f("idx_oauth_grants_session_id"), "oauth_grants", ["session_id"], unique=False)
    op.create_index(op.f("idx_oauth_grants_user_id"), "oauth_grants", ["user_id"], unique=False)
    op.create_table(
        "oauth_interactions",
        sa.Column("interaction", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("browser", sa.String(length=64), nullable=True),
        sa.Column("session_id", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("denied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["oauth_clients.client_id"], name=op.f("fk_oauth_interactions_client_id")
        ),
        sa.PrimaryKeyConstraint("interaction", name=op.f("pk_oauth_interactions")),
    )
    op.create_index(
        op.f("idx_oauth_interactions_client_id"), "oauth_interactions", ["client_id"], unique=False
    )
    op.create_index(
        op.f("idx_oauth_interactions_expires_at"), "oauth_interactions", ["expires_at"], unique=False
    )
    op.create_table(
        "rate_limits",
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("bucket", sa.String(length=32), nullable=False),
        sa.Column("max_count", sa.Integer(), nullable=False),
        sa.Column("window_s", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["oauth_clients.client_id"], name=op.f("fk_rate_limits_client_id")
        ),
        sa.PrimaryKeyConstraint("client_id", "bucket", name=op.f("pk_rate_limits")),
    )
    op.create_table(
        "oauth_codes",
        sa.Column("grant_id", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=66), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("code_challenge", sa.String(length=43), nullable=True),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.Boolean(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bad_attempts", sa.Integer(), nullable=False),
        sa.Column("dpop_jkt", sa.String(length=43), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["oauth_clients.client_id"], name=op.f("fk_oauth_codes_client_id")
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["oauth_grants.grant_id"], name=op.f("fk_oauth_codes_grant_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.pubkey"], name=op.f("fk_oauth_codes_user_id")),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_oauth_codes")),
    )
    op.create_index(op.f("idx_oauth_codes_client_id"), "oauth_codes", ["client_id"], unique=False)
    op.create_index("idx_oauth_codes_code", "oauth_codes", ["code"], unique=True)
    op.create_index(op.f("idx_oauth_codes_expires_at"), "oauth_codes", ["expires_at"], unique=False)
    op.create_index(op.f("idx_oauth_codes_user_id"), "oauth_codes", ["user_id"], unique=False)
    op.create_table(
        "oauth_tokens",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("access_token", sa.String(length=64), nullable=False),
        sa.Column("refresh_token", sa.String(length=64), nullable=True),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=66), nullable=True),
        sa.Column("grant_id", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("access_expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refresh_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refresh_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("successor_id", sa.String(length=64), nullable=True),
        sa.Column("grace_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("grace_sealed", sa.Text(), nullable=True),
        sa.Column("dpop_jkt", sa.String(length=43), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["oauth_clients.client_id"], name=op.f("fk_oauth_tokens_client_id")
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["oauth_grants.grant_id"], name=op.f("fk_oauth_tokens_grant_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.pubkey"], name=op.f("fk_oauth_tokens_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oauth_tokens")),
        sa.UniqueConstraint("refresh_token", name=op.f("uq_oauth_tokens_refresh_token")),
    )
    op.create_index(
        op.f("idx_oauth_tokens_access_expires_at"), "oauth_tokens", ["access_expires_at"], unique=False
    )
    op.create_index("idx_oauth_tokens_access_token", "oauth_tokens", ["access_token"], unique=True)
    op.create_index(op.f("idx_oauth_tokens_client_id"), "oauth_tokens", ["client_id"], unique=False)
    op.create_index(op.f("idx_oauth_tokens_expires_at"), "oauth_tokens", ["expires_at"], unique=False)
    op.create_index(
        "idx_oauth_tokens_grace",
        "oauth_tokens",
        ["grace_until"],
        unique=False,
        postgresql_where=sa.text("grace_sealed IS NOT NULL"),
        sqlite_where=sa.text("grace_sealed IS NOT NULL"),
    )
    op.create_index(op.f("idx_oauth_tokens_grant_id"), "oauth_tokens", ["grant_id"], unique=False)
    op.create_index(op.f("idx_oauth_tokens_user_id"), "oauth_tokens", ["user_id"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("idx_oauth_tokens_user_id"), table_name="oauth_tokens")
    op.drop_index(op.f("idx_oauth_tokens_grant_id"), table_name="oauth_tokens")
    op.drop_index(
        "idx_oauth_tokens_grace",
        table_name="oauth_tokens",
        postgresql_where=sa.text("grace_sealed IS NOT NULL"),
        sqlite_where=sa.text("grace_sealed IS NOT NULL"),
    )
    op.drop_index(op.f("idx_oauth_tokens_expires_at"), table_name="oauth_tokens")
    op.drop_index(op.f("idx_oauth_tokens_client_id"), table_name="oauth_tokens")
    op.drop_index("idx_oauth_tokens_access_token", table_name="oauth_tokens")
    op.drop_index(op.f("idx_oauth_tokens_access_expires_at"), table_name="oauth_tokens")
    op.drop_table("oauth_tokens")
    op.drop_index(op.f("idx_oauth_codes_user_id"), table_name="oauth_codes")
    op.drop_index(op.f("idx_oauth_codes_expires_at"), table_name="oauth_codes")
    op.drop_index("idx_oauth_codes_code", table_name="oauth_codes")
    op.drop_index(op.f("idx_oauth_codes_client_id"), table_name="oauth_codes")
    op.drop_table("oauth_codes")
    op.drop_table("rate_limits")
    op.drop_index(op.f("idx_oauth_interactions_expires_at"), table_name="oauth_interactions")
    op.drop_index(op.f("idx_oauth_interactions_client_id"), table_name="oauth_interactions")
    op.drop_table("oauth_interactions")
    op.drop_index(op.f("idx_oauth_grants_user_id"), table_name="oauth_grants")
    op.drop_index(op.f("idx_oauth_grants_session_id"), table_name="oauth_grants")
    op.drop_index(op.f("idx_oauth_grants_expires_at"), table_name="oauth_grants")
    op.drop_index(op.f("idx_oauth_grants_client_id"), table_name="oauth_grants")
    op.drop_table("oauth_grants")
    op.drop_index(op.f("idx_oauth_consents_client_id"), table_name="oauth_consents")
    op.drop_table("oauth_consents")
    op.drop_index(
        "uq_oauth_signing_keys_active",
        table_name="oauth_signing_keys",
        postgresql_where=sa.text("state = 'active'"),
        sqlite_where=sa.text("state = 'active'"),
    )
    op.drop_table("oauth_signing_keys")
    op.drop_index("idx_oauth_clients_trust", table_name="oauth_clients")
    op.drop_table("oauth_clients")
