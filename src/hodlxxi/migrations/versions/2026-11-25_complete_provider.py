"""What a complete provider keeps: pushed requests, device codes, pairwise subjects, logouts to deliver, initial tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_complete_provider"
down_revision = "2026_11_23_oauth_tables"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    _widen()
    op.create_table(
        "oauth_pars",
        sa.Column("request_uri", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("dpop_jkt", sa.String(length=43), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT, nullable=True),
        _to_client("oauth_pars"),
        sa.PrimaryKeyConstraint("request_uri", name=op.f("pk_oauth_pars")),
    )
    op.create_table(
        "oauth_device_codes",
        sa.Column("device_code", sa.String(length=64), nullable=False),
        sa.Column("user_code", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=True),
        sa.Column("acr_values", sa.Text(), nullable=False),
        sa.Column("ip_address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("interval_s", sa.Integer(), nullable=False),
        sa.Column("last_polled_at", _MOMENT, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("grant_id", sa.String(length=64), nullable=True),
        sa.Column("approved_at", _MOMENT, nullable=True),
        sa.Column("denied_at", _MOMENT, nullable=True),
        sa.Column("used_at", _MOMENT, nullable=True),
        _to_client("oauth_device_codes"),
        sa.ForeignKeyConstraint(
            ["grant_id"],
            ["oauth_grants.grant_id"],
            name=op.f("fk_oauth_device_codes_grant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("device_code", name=op.f("pk_oauth_device_codes")),
        sa.UniqueConstraint("user_code", name=op.f("uq_oauth_device_codes_user_code")),
    )
    op.create_table(
        "pairwise_subjects",
        sa.Column("sub", sa.String(length=64), nullable=False),
        sa.Column("sector", sa.Text(), nullable=False),
        sa.Column("user_id", sa.String(length=66), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.pubkey"], name=op.f("fk_pairwise_subjects_user_id")),
        sa.PrimaryKeyConstraint("sub", name=op.f("pk_pairwise_subjects")),
        sa.UniqueConstraint("sector", "user_id", name="uq_pairwise_subjects_sector"),
    )
    op.create_table(
        "logout_outbox",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("sub", sa.Text(), nullable=False),
        sa.Column("sid", sa.String(length=64), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", _MOMENT, nullable=False),
        sa.Column("delivered_at", _MOMENT, nullable=True),
        sa.Column("given_up_at", _MOMENT, nullable=True),
        _to_client("logout_outbox"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logout_outbox")),
    )
    op.create_table(
        "registration_tokens",
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_registration_tokens")),
    )
    for table, column in _INDEXES:
        op.create_index(op.f(f"idx_{table}_{column}"), table, [column], unique=False)


def downgrade() -> None:
    """Take back. Tokens that a client has for itself go: the older schema has no place for them."""
    for table, column in reversed(_INDEXES):
        op.drop_index(op.f(f"idx_{table}_{column}"), table_name=table)
    for table in _NEW:
        op.drop_table(table)
    op.execute(sa.text("DELETE FROM oauth_tokens WHERE grant_id IS NULL"))
    with op.batch_alter_table("oauth_tokens") as batch:
        batch.alter_column("grant_id", existing_type=sa.String(length=64), nullable=False)
    op.drop_index(op.f("idx_oauth_grants_key"), table_name="oauth_grants")
    op.drop_index(op.f("idx_oauth_clients_owner_id"), table_name="oauth_clients")
    for table, column, _ in reversed(_ADDED):
        op.drop_column(table, column)


_NEW = ("registration_tokens", "logout_outbox", "pairwise_subjects", "oauth_device_codes", "oauth_pars")
_INDEXES = (
    ("oauth_pars", "client_id"),
    ("oauth_pars", "expires_at"),
    ("oauth_device_codes", "client_id"),
    ("oauth_device_codes", "expires_at"),
    ("pairwise_subjects", "user_id"),
    ("logout_outbox", "client_id"),
    ("logout_outbox", "expires_at"),
    ("logout_outbox", "next_at"),
    ("registration_tokens", "expires_at"),
)


_ADDED = (
    ("oauth_clients", "resources", sa.Text()),
    ("oauth_clients", "serves", sa.Text()),
    ("oauth_clients", "owner_id", sa.String(length=66)),
    ("oauth_interactions", "pushed", sa.String(length=64)),
    ("oauth_grants", "key", sa.String(length=66)),
)


def _widen() -> None:
    # Never "batch" for a table that others point to: SQLite would drop it on the way, and what points to it with it.
    for table, column, kind in _ADDED:
        op.add_column(table, sa.Column(column, kind, nullable=True))
    op.create_index(op.f("idx_oauth_clients_owner_id"), "oauth_clients", ["owner_id"], unique=False)
    op.create_index(op.f("idx_oauth_grants_key"), "oauth_grants", ["key"], unique=False)
    with op.batch_alter_table("oauth_tokens") as batch:
        batch.alter_column("grant_id", existing_type=sa.String(length=64), nullable=True)


def _to_client(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_client_id")
    return sa.ForeignKeyConstraint(["client_id"], ["oauth_clients.client_id"], name=name)
