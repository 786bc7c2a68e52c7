"""A migration keeps the rows that are there: also those that point to a table that it changes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from hodlxxi.kit.db import Database
from hodlxxi.migrations import run

_CLIENT = (
    "INSERT INTO oauth_clients (client_id, client_name, redirect_uris, grant_types, scope, trust, "
    "token_endpoint_auth_method, application_type, id_token_signed_response_alg, require_auth_time, "
    "default_acr_values, contacts, created_at) VALUES ('app_1', 'A', '[]', '[]', '', 'operator', 'none', 'web', "
    "'RS256', false, '[]', '[]', '2026-01-01')"
)
_GRANT = (
    "INSERT INTO oauth_grants (grant_id, client_id, user_id, scope, offline, auth_time, acr, amr, created_at, expires_at) "
    "VALUES ('g', 'app_1', '02', '', false, '2026-01-01', 'a', '[]', '2026-01-01', '2027-01-01')"
)
_TOKEN = (
    "INSERT INTO oauth_tokens (id, access_token, client_id, user_id, grant_id, scope, issued_at, access_expires_at, "
    "expires_at, revoked) VALUES ('t', 'd', 'app_1', '02', 'g', '', '2026-01-01', '2027-01-01', '2027-01-01', false)"
)


async def _count(db: Database, table: str) -> Any:
    async with db.read() as tx:
        return (await tx.execute(sa.text(f"SELECT count(*) FROM {table}"))).scalar()


async def test_clients_grants_and_tokens_outlive_the_way_up_and_down(database_url: str) -> None:
    db = Database(database_url)
    await run.upgrade(db)
    await run.downgrade(db, "2026_11_23_oauth_tables")
    async with db.begin() as tx:
        await tx.execute(sa.text("INSERT INTO users (pubkey, created_at) VALUES ('02', '2026-01-01')"))
        for statement in (_CLIENT, _GRANT, _TOKEN):
            await tx.execute(sa.text(statement))
    for _ in range(2):
        await run.upgrade(db)
        assert [await _count(db, f"oauth_{t}") for t in ("clients", "grants", "tokens")] == [1, 1, 1]
        await run.downgrade(db, "2026_11_23_oauth_tables")
        assert [await _count(db, f"oauth_{t}") for t in ("clients", "grants", "tokens")] == [1, 1, 1]
    await db.close()


async def test_the_partial_index_of_the_tokens_is_still_partial(database_url: str) -> None:
    db = Database(database_url)
    await run.upgrade(db)
    where = (
        "SELECT sql FROM sqlite_master WHERE name = 'idx_oauth_tokens_grace'"
        if db.is_sqlite
        else "SELECT indexdef FROM pg_indexes WHERE indexname = 'idx_oauth_tokens_grace'"
    )
    async with db.read() as tx:
        assert "WHERE" in str((await tx.execute(sa.text(where))).scalar()).upper()
    await db.close()
