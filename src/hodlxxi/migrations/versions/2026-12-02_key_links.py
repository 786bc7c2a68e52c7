"""Keys that are being added to an account, notices to an account's other sessions, and the browser of a session."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026_12_02_key_links"
down_revision = "2026_12_01_relayed_logins"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.add_column("sessions", sa.Column("browser", sa.String(length=64), nullable=True))
    op.create_table(
        "key_links",
        sa.Column("link_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=66), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("nonce", sa.String(length=32), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("key", sa.String(length=66), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=True),
        sa.Column("proved_at", _MOMENT, nullable=True),
        sa.Column("used_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.pubkey"], name=op.f("fk_key_links_user_id")),
        sa.PrimaryKeyConstraint("link_id", name=op.f("pk_key_links")),
        sa.UniqueConstraint("nonce", name=op.f("uq_key_links_nonce")),
    )
    op.create_index(op.f("idx_key_links_expires_at"), "key_links", ["expires_at"], unique=False)
    _notices()


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("notice_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=66), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("cause_root", sa.String(length=64), nullable=False),
        sa.Column("cause_browser", sa.String(length=64), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.pubkey"], name=op.f("fk_notices_user_id")),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_notices")),
    )
    op.create_index(op.f("idx_notices_user_id"), "notices", ["user_id"], unique=False)
    op.create_index(op.f("idx_notices_expires_at"), "notices", ["expires_at"], unique=False)
    op.create_table(
        "notice_reads",
        sa.Column("notice_id", sa.String(length=32), nullable=False),
        sa.Column("reader", sa.String(length=64), nullable=False),
        sa.Column("read_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notices.notice_id"], name=op.f("fk_notice_reads_notice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("notice_id", "reader", name=op.f("pk_notice_reads")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("notice_reads")
    op.drop_index(op.f("idx_notices_expires_at"), table_name="notices")
    op.drop_index(op.f("idx_notices_user_id"), table_name="notices")
    op.drop_table("notices")
    op.drop_index(op.f("idx_key_links_expires_at"), table_name="key_links")
    op.drop_table("key_links")
    op.drop_column("sessions", "browser")
