"""The first tables: identity, Lightning logins and the audit, which the database keeps append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_first_tables"
down_revision = None
branch_labels = None
depends_on = None

_POSTGRES_GUARD = """
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_logs is append-only';
END $$
"""
_POSTGRES_TRIGGERS = (
    "CREATE TRIGGER audit_logs_no_change BEFORE UPDATE OR DELETE ON audit_logs "
    "FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()",
    "CREATE TRIGGER audit_logs_no_truncate BEFORE TRUNCATE ON audit_logs "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()",
)
_SQLITE_TRIGGERS = (
    "CREATE TRIGGER audit_logs_no_update BEFORE UPDATE ON audit_logs "
    "BEGIN SELECT RAISE(ABORT, 'audit_logs is append-only'); END",
    "CREATE TRIGGER audit_logs_no_delete BEFORE DELETE ON audit_logs "
    "BEGIN SELECT RAISE(ABORT, 'audit_logs is append-only'); END",
)


def upgrade() -> None:
    """Apply."""
    _create_tables()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_POSTGRES_GUARD)
        for trigger in _POSTGRES_TRIGGERS:
            op.execute(trigger)
    else:
        for trigger in _SQLITE_TRIGGERS:
            op.execute(trigger)


def downgrade() -> None:
    """Take back. The audit goes with its table."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_logs_no_truncate ON audit_logs")
        op.execute("DROP TRIGGER audit_logs_no_change ON audit_logs")
        op.execute("DROP FUNCTION refuse_audit_change()")
    _drop_tables()


def _create_tables() -> None:
    op.create_table(
        "audit_logs",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("timestamp", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("ip_address", sa.Text(), nullable=True),
        sa.Column("success", sa.Boolean(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("details", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_logs")),
    )
    op.create_index(op.f("idx_audit_logs_timestamp"), "audit_logs", ["timestamp"], unique=False)
    op.create_index(op.f("idx_audit_logs_user_id"), "audit_logs", ["user_id"], unique=False)
    op.create_table(
        "login_challenges",
        sa.Column("challenge_id", sa.String(length=32), nullable=False),
        sa.Column("nonce", sa.String(length=32), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("browser", sa.String(length=64), nullable=True),
        sa.Column("claimed", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("challenge_id", name=op.f("pk_login_challenges")),
        sa.UniqueConstraint("nonce", name=op.f("uq_login_challenges_nonce")),
    )
    op.create_index(op.f("idx_login_challenges_expires_at"), "login_challenges", ["expires_at"], unique=False)
    op.create_table(
        "server_facts",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_server_facts")),
    )
    op.create_table(
        "spent_once",
        sa.Column("kind", sa.String(length=120), nullable=False),
        sa.Column("key_digest", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key_digest", name=op.f("pk_spent_once")),
    )
    op.create_index(op.f("idx_spent_once_expires_at"), "spent_once", ["expires_at"], unique=False)
    op.create_table(
        "users",
        sa.Column("pubkey", sa.String(length=66), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_login", sa.DateTime(timezone=True), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("pubkey", name=op.f("pk_users")),
    )
    op.create_index("idx_users_pubkey", "users", ["pubkey"], unique=True)
    op.create_table(
        "lnurl_challenges",
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("k1", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("pubkey", sa.String(length=66), nullable=True),
        sa.Column("user_id", sa.String(length=66), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claim_digest", sa.String(length=64), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("browser", sa.String(length=64), nullable=True),
        sa.Column("ip_address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("wallet_address", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.pubkey"], name=op.f("fk_lnurl_challenges_user_id")),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_lnurl_challenges")),
        sa.UniqueConstraint("k1", name=op.f("uq_lnurl_challenges_k1")),
    )
    op.create_index(op.f("idx_lnurl_challenges_browser"), "lnurl_challenges", ["browser"], unique=False)
    op.create_index(op.f("idx_lnurl_challenges_expires_at"), "lnurl_challenges", ["expires_at"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=66), nullable=False),
        sa.Column("key", sa.String(length=66), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("auth_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acr", sa.Text(), nullable=False),
        sa.Column("amr", sa.Text(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ip_address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.pubkey"], name=op.f("fk_sessions_user_id")),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("idx_sessions_expires_at"), "sessions", ["expires_at"], unique=False)
    op.create_index(op.f("idx_sessions_user_id"), "sessions", ["user_id"], unique=False)
    op.create_table(
        "user_keys",
        sa.Column("key", sa.String(length=66), nullable=False),
        sa.Column("user_id", sa.String(length=66), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.pubkey"], name=op.f("fk_user_keys_user_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_user_keys")),
    )
    op.create_index(op.f("idx_user_keys_user_id"), "user_keys", ["user_id"], unique=False)


def _drop_tables() -> None:
    op.drop_index(op.f("idx_user_keys_user_id"), table_name="user_keys")
    op.drop_table("user_keys")
    op.drop_index(op.f("idx_sessions_user_id"), table_name="sessions")
    op.drop_index(op.f("idx_sessions_expires_at"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index(op.f("idx_lnurl_challenges_expires_at"), table_name="lnurl_challenges")
    op.drop_index(op.f("idx_lnurl_challenges_browser"), table_name="lnurl_challenges")
    op.drop_table("lnurl_challenges")
    op.drop_index("idx_users_pubkey", table_name="users")
    op.drop_table("users")
    op.drop_index(op.f("idx_spent_once_expires_at"), table_name="spent_once")
    op.drop_table("spent_once")
    op.drop_table("server_facts")
    op.drop_index(op.f("idx_login_challenges_expires_at"), table_name="login_challenges")
    op.drop_table("login_challenges")
    op.drop_index(op.f("idx_audit_logs_user_id"), table_name="audit_logs")
    op.drop_index(op.f("idx_audit_logs_timestamp"), table_name="audit_logs")
    op.drop_table("audit_logs")
