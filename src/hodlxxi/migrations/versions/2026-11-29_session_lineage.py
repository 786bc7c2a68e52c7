"""Sessions know the first one of their lineage: signing in anew in the same browser is no signing out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026_11_29_session_lineage"
down_revision = "2026_11_28_declined_scopes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. NULL is a session that stands for itself."""
    op.add_column("sessions", sa.Column("root", sa.String(length=64), nullable=True))
    op.create_index(op.f("idx_sessions_root"), "sessions", ["root"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("idx_sessions_root"), table_name="sessions")
    op.drop_column("sessions", "root")
