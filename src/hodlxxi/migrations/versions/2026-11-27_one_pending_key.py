"""One pending signing key for each algorithm, as there is one active: two workers may tend the keys at one moment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_one_pending_key"
down_revision = "2026_11_26_accounts"
branch_labels = None
depends_on = None

_TABLE = "oauth_signing_keys"
# Pending keys have signed nothing: only the newest is needed.
_KEEP_NEWEST = (
    "DELETE FROM oauth_signing_keys WHERE state = 'pending' AND EXISTS (SELECT 1 FROM oauth_signing_keys AS newer "
    "WHERE newer.state = 'pending' AND newer.alg = oauth_signing_keys.alg AND (newer.created_at > "
    "oauth_signing_keys.created_at OR (newer.created_at = oauth_signing_keys.created_at AND newer.kid > "
    "oauth_signing_keys.kid)))"
)


def upgrade() -> None:
    """Apply."""
    op.execute(_KEEP_NEWEST)
    op.drop_index("uq_oauth_signing_keys_active", table_name=_TABLE)
    _index("uq_oauth_signing_keys_live", ["alg", "state"], "state <> 'retired'")


def downgrade() -> None:
    """Revert."""
    op.drop_index("uq_oauth_signing_keys_live", table_name=_TABLE)
    _index("uq_oauth_signing_keys_active", ["alg"], "state = 'active'")


def _index(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, _TABLE, columns, unique=True, postgresql_where=condition, sqlite_where=condition)
