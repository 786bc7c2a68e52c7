"""Lightning logins: the seed's columns, then ours."""

from __future__ import annotations

import sqlalchemy as sa

from hodlxxi.kit.db import Moment, metadata

lnurl_challenges = sa.Table(
    "lnurl_challenges",
    metadata,
    sa.Column("session_id", sa.String(36), primary_key=True),
    sa.Column("k1", sa.String(64), nullable=False, unique=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    sa.Column("verified", sa.Boolean, nullable=False, default=False),
    sa.Column("pubkey", sa.String(66)),
    sa.Column("user_id", sa.String(66), sa.ForeignKey("users.pubkey")),
    sa.Column("verified_at", Moment),
    # SHA-256 of the claim secret, which only the browser has.
    sa.Column("claim_digest", sa.String(64), nullable=False),
    sa.Column("claimed_at", Moment),
    sa.Column("action", sa.String(8), nullable=False),
    sa.Column("browser", sa.String(64), index=True),
    sa.Column("ip_address", sa.Text),
    sa.Column("user_agent", sa.Text),
    sa.Column("wallet_address", sa.Text),
    sa.Column("wallet_agent", sa.Text),
    # The app that the browser was on its way to when it asked; NULL: none, or a program.
    sa.Column("app", sa.Text),
    sa.Column("app_host", sa.Text),
    # When the browser's person said that the key which answered is not theirs.
    sa.Column("rejected_at", Moment),
    # The link that this answer proves a key for; it admits nobody then.
    sa.Column("link_id", sa.String(64)),
)
