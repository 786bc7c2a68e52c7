"""What is recorded stays as it was written, and stands or falls with what it tells of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from hodlxxi.audit.events import Entry, Event, Origin
from hodlxxi.audit.log import record
from hodlxxi.audit.tables import audit_logs
from hodlxxi.kit.db import Database

NOON = datetime(2042, 1, 5, 12, 0, 0, tzinfo=UTC)
ORIGIN = Origin("203.0.113.9", "req-12345")
USER = "02" + "ab" * 32


async def _rows(db: Database) -> list[dict[str, object]]:
    async with db.read() as tx:
        found = await tx.execute(sa.select(audit_logs).order_by(audit_logs.c.id))
        return [dict(row) for row in found.mappings()]


async def _record(db: Database, *entries: Entry, now: datetime = NOON) -> None:
    async with db.begin() as tx:
        await record(tx, now, *entries)


async def test_an_entry_is_kept_with_everything_that_it_says(db: Database) -> None:
    await _record(
        db,
        Entry(Event.LOGIN, True, ORIGIN, USER, "client-1", {"method": "message", "n": 2}),
        Entry(Event.LOGIN_ATTEMPT, False),
    )
    first, second = await _rows(db)
    assert second.pop("id") > first.pop("id")  # type: ignore[operator]
    assert first == {
        "timestamp": NOON,
        "event_type": "login",
        "user_id": USER,
        "ip_address": "203.0.113.9",
        "success": True,
        "client_id": "client-1",
        "request_id": "req-12345",
        "details": {"method": "message", "n": 2},
    }
    assert {name: value for name, value in second.items() if value is not None} == {
        "timestamp": NOON,
        "event_type": "login_attempt",
        "success": False,
    }


async def test_an_entry_goes_with_the_transaction_that_it_tells_of(db: Database) -> None:
    async def fail_after_recording() -> None:
        async with db.begin() as tx:
            await record(tx, NOON, Entry(Event.LOGIN, True))
            raise KeyError("a bug")

    with pytest.raises(KeyError):
        await fail_after_recording()
    assert await _rows(db) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_logs SET success = true",
        "UPDATE audit_logs SET user_id = 'x' WHERE id = 1",
        "DELETE FROM audit_logs",
        "DELETE FROM audit_logs WHERE id = 1",
        "INSERT INTO audit_logs (id, timestamp, event_type, success) VALUES (1, '2042-01-05', 'x', true)"
        " ON CONFLICT (id) DO UPDATE SET event_type = 'x'",
    ],
)
async def test_the_database_itself_refuses_to_change_or_remove_a_row(db: Database, statement: str) -> None:
    await _record(db, Entry(Event.LOGIN_ATTEMPT, False, ORIGIN, USER))
    before = await _rows(db)

    async def tamper() -> None:
        async with db.begin() as tx:
            await tx.exec_driver_sql(statement)

    with pytest.raises(DBAPIError, match="append-only"):
        await tamper()
    assert await _rows(db) == before


async def test_a_row_cannot_be_replaced_by_another(db: Database) -> None:
    """SQLite's REPLACE deletes without asking the delete trigger, unless recursive triggers are on."""
    await _record(db, Entry(Event.LOGIN_ATTEMPT, False, ORIGIN, USER))
    before = await _rows(db)
    statement = (
        "INSERT OR REPLACE INTO audit_logs (id, timestamp, event_type, success) VALUES (1, '2042-01-05', 'x', 1)"
        if db.is_sqlite
        else "TRUNCATE audit_logs"
    )

    async def tamper() -> None:
        async with db.begin() as tx:
            await tx.exec_driver_sql(statement)

    with pytest.raises(DBAPIError, match="append-only"):
        await tamper()
    assert await _rows(db) == before


async def test_the_operators_three_queries_run_unchanged(db: Database) -> None:
    """The seed's queries, word for word on PostgreSQL; SQLite has its own words for the time."""
    now = datetime.now(UTC)
    failed = [Entry(Event.LOGIN_ATTEMPT, False, ORIGIN, USER)] * 11
    await _record(db, *failed, now=now)
    await _record(db, *[Entry(Event.TOKEN_ISSUED, True, ORIGIN, USER)] * 3, now=now)
    await _record(db, Entry(Event.LOGIN, True, ORIGIN, "03" + "cd" * 32), now=now - timedelta(days=3))
    hour, day_ago = "DATE_TRUNC('hour', timestamp)", "NOW() - INTERVAL '24 hours'"
    if db.is_sqlite:
        hour, day_ago = "strftime('%Y-%m-%d %H', timestamp)", "datetime('now', '-24 hours')"
    queries = [
        """SELECT user_id, ip_address, COUNT(*)
FROM audit_logs
WHERE event_type = 'login_attempt' AND success = false
GROUP BY user_id, ip_address
HAVING COUNT(*) > 10;""",
        f"""SELECT {hour} as hour, COUNT(*)
FROM audit_logs
WHERE event_type = 'token_issued'
GROUP BY hour
ORDER BY hour DESC
LIMIT 24;""",
        f"""SELECT user_id, COUNT(*) as actions
FROM audit_logs
WHERE timestamp > {day_ago}
GROUP BY user_id
ORDER BY actions DESC
LIMIT 10;""",
    ]
    async with db.read() as tx:
        answers = [(await tx.exec_driver_sql(query)).all() for query in queries]
    assert answers[0] == [(USER, "203.0.113.9", 11)]
    assert [count for _, count in answers[1]] == [3]
    assert answers[2] == [(USER, 14)]


def test_the_words_for_what_happened_are_frozen() -> None:
    """Add at will; a name that operators query for is never changed or removed."""
    assert {
        "login_attempt", "login", "logout", "session_revoked", "user_created", "lnurl_verified", "client_registered",
        "client_changed", "consent_given", "consent_denied", "code_issued", "code_replayed", "token_issued",
        "token_refused", "refresh_reuse", "grant_revoked", "key_rotated",
    } <= {event.value for event in Event}  # fmt: skip
