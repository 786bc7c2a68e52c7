"""What people manage themselves: recovery codes, sessions without a key, when a name changed, and warnings they have read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_accounts"
down_revision = "2026_11_25_complete_provider"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "recovery_codes",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=66), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.pubkey"], name=op.f("fk_recovery_codes_user_id")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_recovery_codes")),
    )
    op.create_index(op.f("idx_recovery_codes_user_id"), "recovery_codes", ["user_id"], unique=False)
    op.add_column("users", sa.Column("updated_at", _MOMENT, nullable=True))
    op.add_column("oauth_grants", sa.Column("warning_read_at", _MOMENT, nullable=True))
    # Nothing points to sessions, so SQLite may make the table anew.
    with op.batch_alter_table("sessions") as batch:
        batch.alter_column("key", existing_type=sa.String(length=66), nullable=True)


def downgrade() -> None:
    """Take back. Sessions that a recovery code opened end: the older schema has no place for them."""
    op.execute(sa.text("DELETE FROM sessions WHERE key IS NULL"))
    with op.batch_alter_table("sessions") as batch:
        batch.alter_column("key", existing_type=sa.String(length=66), nullable=False)
    op.drop_column("oauth_grants", "warning_read_at")
    op.drop_column("users", "updated_at")
    op.drop_index(op.f("idx_recovery_codes_user_id"), table_name="recovery_codes")
    op.drop_table("recovery_codes")
