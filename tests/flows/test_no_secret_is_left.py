"""Every secret that people and apps use, and where it must not be found afterwards: logs, audit, database."""

from __future__ import annotations

import asyncio
import base64
import re
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from hodlxxi.kit.db import Database
from hodlxxi.schema import all_tables
from tests.flows.secrets_in_use import Used, use_everything
from tests.support.postgres import Postgres
from tests.support.redis import Redis
from tests.support.server import Server

SERVER_SECRETS = {
    "SECRET_KEY": "0a-secret-key-that-only-this-server-has-1",
    "JWT_SECRET": "0a-jwt-secret-that-only-this-server-has-2",
    "METRICS_TOKEN": "0a-metrics-token-of-this-server-3",
}


@pytest.fixture(scope="session", params=["embedded", "full"])
async def used(request: pytest.FixtureRequest, serve: object) -> Used:
    """All of them used, on both set-ups, with the most talkative log."""
    options: dict[str, object] = {"LOG_LEVEL": "DEBUG", "BITCOIN_NETWORK": "regtest", **SERVER_SECRETS}
    if request.param == "full":
        postgres: Postgres = request.getfixturevalue("postgres")
        redis: Redis = request.getfixturevalue("redis")
        options |= {"database_url": postgres.fresh_database(), "redis_url": redis.url, "workers": 2}
    server: Server = serve(**options)  # type: ignore[operator]
    found = await use_everything(server)
    for name, secret in SERVER_SECRETS.items():
        found[name] = secret
    await asyncio.sleep(0.2)  # the last line of the log
    return found


def data_folder(used: Used) -> Path:
    return Path(used.server.env["HODLXXI_DATA_DIR"])


def database_of(used: Used) -> Database:
    return Database(used.server.env.get("DATABASE_URL") or f"sqlite:///{data_folder(used) / 'hodlxxi.db'}")


def found_in(used: Used, text: str) -> list[str]:
    """The names of the secrets that stand in a text, as they are or as a URL or a form has them."""
    return [
        name
        for name, secret in used.secrets.items()
        if secret in text or quote(secret, safe="") in text or quote(secret) in text
    ]


async def test_no_log_has_a_secret(used: Used) -> None:
    """MUST 30: no code, token, secret, signature, verifier, assertion or cookie in the logs."""
    logs = used.server.log_text()
    file = data_folder(used) / "logs" / "app.log"
    logs += file.read_text() if file.exists() else ""
    assert logs.count("/oauth/token") >= 10, "the log was looked at"
    assert found_in(used, logs) == []
    # The search would have found them.
    assert found_in(used, logs + used.secrets["signature"]) == ["signature"]


async def test_no_audit_row_has_a_secret(used: Used) -> None:
    """MUST 30: nor in the audit."""
    db = database_of(used)
    async with db.read() as tx:
        rows = [tuple(row) for row in (await tx.execute(sa.text("SELECT * FROM audit_logs"))).all()]
    await db.close()
    kinds = {event for row in rows for event in row if isinstance(event, str)}
    assert {
        "login",
        "login_attempt",
        "code_issued",
        "token_issued",
        "token_refused",
        "grant_revoked",
    } <= kinds
    assert found_in(used, repr(rows)) == []


async def test_the_database_has_only_digests(used: Used) -> None:
    """MUST 20: a dump of every table opens nothing; nor do the bytes of an SQLite file and its journal."""
    db = database_of(used)
    dump = ""
    async with db.read() as tx:
        for table in all_tables().sorted_tables:
            rows = (await tx.execute(sa.select(sa.text("*")).select_from(table))).all()
            dump += f"{table.name}: {[tuple(row) for row in rows]!r}\n"
    await db.close()
    for name in (
        "oauth_codes",
        "oauth_tokens",
        "oauth_pars",
        "sessions",
        "recovery_codes",
        "oauth_signing_keys",
    ):
        assert not re.search(rf"^{name}: \[\]$", dump, re.MULTILINE), f"{name} is empty"
    assert found_in(used, dump) == []
    if db.is_sqlite:
        files = [path for path in data_folder(used).iterdir() if path.name.startswith("hodlxxi.db")]
        raw = b"".join(path.read_bytes() for path in files)
        assert len(raw) > 100_000
        assert [name for name, secret in used.secrets.items() if secret.encode() in raw] == []
        assert b"PRIVATE KEY" not in raw


async def test_no_private_key_of_ours_is_in_the_dump(used: Used) -> None:
    """MUST 20: signing keys rest sealed."""
    db = database_of(used)
    async with db.read() as tx:
        rows = (await tx.execute(sa.text("SELECT private_sealed FROM oauth_signing_keys"))).all()
    await db.close()
    assert len(rows) >= 3
    for (sealed,) in rows:
        raw = base64.urlsafe_b64decode(sealed + "==")
        assert b"\x30\x82" not in raw[:4], "no DER"
        assert b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01" not in raw, "no object identifier of RSA"
