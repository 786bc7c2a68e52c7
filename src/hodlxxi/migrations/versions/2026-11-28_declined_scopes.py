"""What people leave unticked on the consent page: for this grant, and for good."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_declined_scopes"
down_revision = "2026_11_27_one_pending_key"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    for table in ("oauth_consents", "oauth_grants"):
        op.add_column(table, sa.Column("declined", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take back."""
    for table in ("oauth_grants", "oauth_consents"):
        op.drop_column(table, "declined")
