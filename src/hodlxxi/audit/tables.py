"""The audit table. UPDATE and DELETE are refused by the database itself (triggers in the migrations)."""

from __future__ import annotations

import sqlalchemy as sa

from hodlxxi.kit.db import Json, Moment, metadata

audit_logs = sa.Table(
    "audit_logs",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("timestamp", Moment, nullable=False, index=True),
    sa.Column("event_type", sa.Text, nullable=False),
    # No foreign key: a failed sign-in names a key that may have no account.
    sa.Column("user_id", sa.Text, index=True),
    sa.Column("ip_address", sa.Text),
    sa.Column("success", sa.Boolean, nullable=False),
    sa.Column("client_id", sa.Text),
    sa.Column("request_id", sa.Text),
    sa.Column("details", Json),
)
