"""Users, their keys, sessions and recovery codes, open challenges, notices, and what may be used only once."""

from __future__ import annotations

import sqlalchemy as sa

from hodlxxi.kit.db import Json, Moment, metadata

users = sa.Table(
    "users",
    metadata,
    # 33-byte compressed key in lower-case hex: the identity, never changed.
    sa.Column("pubkey", sa.String(66), primary_key=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("last_login", Moment),
    sa.Column("display_name", sa.Text),
    # When the name last changed; NULL while it never did.
    sa.Column("updated_at", Moment),
    sa.Column("disabled_at", Moment),
    sa.Column("closed_at", Moment),
    sa.Index("idx_users_pubkey", "pubkey", unique=True),
)

user_keys = sa.Table(
    "user_keys",
    metadata,
    sa.Column("key", sa.String(66), primary_key=True),
    sa.Column("user_id", sa.String(66), sa.ForeignKey("users.pubkey"), nullable=False, index=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("label", sa.Text),
    sa.Column("added_at", Moment, nullable=False),
    sa.Column("last_used_at", Moment),
)

sessions = sa.Table(
    "sessions",
    metadata,
    # SHA-256 of the cookie's value; the value itself is nowhere.
    sa.Column("session_id", sa.String(64), primary_key=True),
    sa.Column("user_id", sa.String(66), sa.ForeignKey("users.pubkey"), nullable=False, index=True),
    # The key that was proved; NULL when a recovery code opened it.
    sa.Column("key", sa.String(66)),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    sa.Column("auth_time", Moment, nullable=False),
    sa.Column("acr", sa.Text, nullable=False),
    sa.Column("amr", Json, nullable=False),
    sa.Column("last_used_at", Moment),
    sa.Column("revoked_at", Moment),
    # The first of the sessions that followed one another in this browser, each with a new proof of the same user.
    sa.Column("root", sa.String(64), index=True),
    # Digest of the cookie of the browser that opened it; NULL for a program without cookies.
    sa.Column("browser", sa.String(64)),
    sa.Column("ip_address", sa.Text),
    sa.Column("user_agent", sa.Text),
)

recovery_codes = sa.Table(
    "recovery_codes",
    metadata,
    # SHA-256 of a code of 100 random bits. Used ones stay until new ones are made.
    sa.Column("code", sa.String(64), primary_key=True),
    sa.Column("user_id", sa.String(66), sa.ForeignKey("users.pubkey"), nullable=False, index=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("used_at", Moment),
)

login_challenges = sa.Table(
    "login_challenges",
    metadata,
    sa.Column("challenge_id", sa.String(32), primary_key=True),
    sa.Column("nonce", sa.String(32), nullable=False, unique=True),
    sa.Column("message", sa.Text, nullable=False),
    # Digest of the browser's cookie; NULL for an API client, which is bound by knowing challenge_id.
    sa.Column("browser", sa.String(64)),
    sa.Column("claimed", sa.Text),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    sa.Column("used_at", Moment),
)

key_links = sa.Table(
    "key_links",
    metadata,
    # A key that is being added to an account: begun in one session, proved by the key, confirmed in that session.
    sa.Column("link_id", sa.String(32), primary_key=True),
    sa.Column("user_id", sa.String(66), sa.ForeignKey("users.pubkey"), nullable=False),
    # The lineage of the session that began it: no other can go on with it.
    sa.Column("root", sa.String(64), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("nonce", sa.String(32), nullable=False, unique=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    # What was proved, and when; the first valid proof wins.
    sa.Column("key", sa.String(66)),
    sa.Column("kind", sa.String(16)),
    sa.Column("proved_at", Moment),
    # When the person confirmed it.
    sa.Column("used_at", Moment),
)

notices = sa.Table(
    "notices",
    metadata,
    sa.Column("notice_id", sa.String(32), primary_key=True),
    sa.Column("user_id", sa.String(66), sa.ForeignKey("users.pubkey"), nullable=False, index=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("details", Json, nullable=False),
    # Who did it, and so is not told: a lineage of sessions, and its browser (NULL: a program without cookies).
    sa.Column("cause_root", sa.String(64), nullable=False),
    sa.Column("cause_browser", sa.String(64)),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
)

notice_reads = sa.Table(
    "notice_reads",
    metadata,
    # Each browser (a program: its lineage of sessions) reads for itself: what a thief has read is still told to the others.
    sa.Column(
        "notice_id", sa.String(32), sa.ForeignKey("notices.notice_id", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("reader", sa.String(64), primary_key=True),
    sa.Column("read_at", Moment, nullable=False),
)

spent_once = sa.Table(
    "spent_once",
    metadata,
    sa.Column("kind", sa.String(120), primary_key=True),
    sa.Column("key_digest", sa.String(64), primary_key=True),
    sa.Column("expires_at", Moment, nullable=False, index=True),
)

server_facts = sa.Table(
    "server_facts",
    metadata,
    # What must not change unnoticed between starts, such as the host that wallets derive keys from.
    sa.Column("name", sa.String(60), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("noted_at", Moment, nullable=False),
)
