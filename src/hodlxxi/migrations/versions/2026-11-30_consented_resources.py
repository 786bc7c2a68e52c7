"""Which other APIs people allowed an app to get tokens for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026_11_30_consented_resources"
down_revision = "2026_11_29_session_lineage"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("oauth_consents", sa.Column("resources", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("oauth_consents", "resources")
