"""Lightning logins keep what people compare before a session opens: the app, the wallet's own words, and a refusal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026_12_01_relayed_logins"
down_revision = "2026_11_30_consented_resources"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("app", sa.Text()),
    ("app_host", sa.Text()),
    ("wallet_agent", sa.Text()),
    ("rejected_at", sa.DateTime(timezone=True)),
    ("link_id", sa.String(length=64)),
)


def upgrade() -> None:
    """Apply."""
    for name, kind in _COLUMNS:
        op.add_column("lnurl_challenges", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    """Take back."""
    for name, _kind in _COLUMNS:
        op.drop_column("lnurl_challenges", name)
