"""``hodlxxi serve`` as an operator meets it: starts, refuses to start and says why, stops, and keeps its workers alive."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest

from tests.support.bitcoind import Bitcoind
from tests.support.postgres import Postgres
from tests.support.processes import free_port, wait_until
from tests.support.redis import Redis
from tests.support.server import Server


def ask(port: int, raw: bytes) -> bytes:
    """Send bytes and read all that comes until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            connection.sendall(raw)
        connection.settimeout(20)
        received = b""
        # A server that closes before it has read everything makes the kernel reset the connection.
        with contextlib.suppress(ConnectionResetError):
            while chunk := connection.recv(65536):
                received += chunk
    return received


def test_it_starts_from_nothing_and_makes_its_secrets_unreadable_to_others(embedded_server: Server) -> None:
    secrets = embedded_server.folder / "data" / "secrets.env"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    assert (embedded_server.folder / "data" / "hodlxxi.db").exists()
    with urllib.request.urlopen(f"{embedded_server.url}/health") as answer:
        assert b'"status":"healthy"' in answer.read()


def refused(server: Server, *words: str, **env: str) -> tuple[int, str]:
    """Try to serve with other settings; the exit code and what was said."""
    before = dict(server.env)
    server.env |= env
    try:
        done = server.command("serve", *words)
    finally:
        server.env = before
    return done.returncode, done.stdout + done.stderr


def test_a_taken_port_is_named(embedded_server: Server) -> None:
    code, said = refused(embedded_server, "--bind", f"127.0.0.1:{embedded_server.port}")
    assert code != 0
    assert f"Port {embedded_server.port}" in said
    assert "running already" in said


def test_an_unreachable_database_is_named_without_its_password(embedded_server: Server) -> None:
    url = f"postgresql://me:verysecret@127.0.0.1:{free_port()}/nothing"
    code, said = refused(embedded_server, "--bind", f"127.0.0.1:{free_port()}", DATABASE_URL=url)
    assert code != 0
    assert "does not answer" in said
    assert "verysecret" not in said


def test_a_database_without_tables_asks_for_a_migration(embedded_server: Server, postgres: Postgres) -> None:
    url = postgres.fresh_database()
    code, said = refused(embedded_server, "--bind", f"127.0.0.1:{free_port()}", DATABASE_URL=url)
    assert code != 0
    assert "hodlxxi migrate" in said


def test_every_mistake_is_reported_at_once(embedded_server: Server) -> None:
    code, said = refused(
        embedded_server, HODLXXI_ENV="production", JWT_ALGORITHM="none", RPC_PORT="x", REDIS_URL="oops"
    )
    assert code == 78
    for name in ("JWT_ALGORITHM", "RPC_PORT", "REDIS_URL", "SECRET_KEY", "DATABASE_URL", "PUBLIC_URL"):
        assert name in said


@pytest.mark.parametrize(
    ("bind", "url", "named"),
    [
        pytest.param("0.0.0.0", "http://localhost:5000", "--bind 0.0.0.0", id="listens-to-all"),
        pytest.param("", "http://localhost:5000", "--bind", id="listens-to-all-by-silence"),
        pytest.param("[::]", "http://localhost:5000", "--bind ::", id="listens-to-all-in-ipv6"),
        pytest.param("127.0.0.1", "https://login.example.org", "PUBLIC_URL", id="has-a-public-issuer"),
        pytest.param("127.0.0.1", "http://localhost.example.org", "PUBLIC_URL", id="looks-local"),
    ],
)
def test_the_test_signer_needs_a_listener_and_an_issuer_of_this_machine(
    embedded_server: Server, bind: str, url: str, named: str
) -> None:
    words = ("--bind", f"{bind}:{free_port()}")
    code, said = refused(embedded_server, *words, HODLXXI_DEV_TEST_SIGNER="1", PUBLIC_URL=url)
    said = " ".join(said.split())
    assert code != 0
    assert "HODLXXI_DEV_TEST_SIGNER" in said
    assert named in said


def test_several_workers_need_something_to_share(embedded_server: Server) -> None:
    code, said = refused(embedded_server, "--workers", "4", "--bind", f"127.0.0.1:{free_port()}")
    assert code != 0
    assert "REDIS_URL" in said


def test_a_killed_worker_is_replaced_and_the_others_go_on(full_server: Server) -> None:
    before = set(full_server.worker_pids())
    victim = max(before)
    os.kill(victim, signal.SIGKILL)

    def is_replaced() -> bool:
        urllib.request.urlopen(f"{full_server.url}/health/live", timeout=5).read()
        now = set(full_server.worker_pids())
        return victim not in now and len(now) == len(before)

    wait_until(is_replaced, seconds=20, what="the replacement")


def test_hup_replaces_every_worker_while_requests_go_on(full_server: Server) -> None:
    before = set(full_server.worker_pids())
    os.kill(full_server.pid, signal.SIGHUP)

    def are_replaced() -> bool:
        with urllib.request.urlopen(f"{full_server.url}/health/live", timeout=10) as answer:
            assert answer.status == 200
        now = set(full_server.worker_pids())
        return not now & before and len(now) == len(before)

    wait_until(are_replaced, seconds=60, what="the new workers")


def test_a_log_file_that_cannot_be_written_is_named(embedded_server: Server) -> None:
    code, said = refused(
        embedded_server, "--bind", f"127.0.0.1:{free_port()}", LOG_FILE="/proc/nowhere/app.log"
    )
    assert code != 0
    assert "/proc/nowhere" in said


@pytest.fixture
def own_server(serve: Callable[..., Server]) -> Server:
    """A server that a test may stop."""
    return serve()


def test_it_stops_in_good_order(own_server: Server) -> None:
    assert own_server.stop(signal.SIGTERM) in (0, -signal.SIGTERM)
    assert "Application shutdown complete" in own_server.log_text()
    assert "Traceback" not in own_server.log_text()


def test_a_worker_starts_although_the_database_is_away_and_recovers(
    serve: Callable[..., Server], redis: Redis
) -> None:
    cluster = Postgres()
    try:
        server = serve(database_url=cluster.fresh_database(), redis_url=redis.url, workers=2)
        cluster.stop()
        for pid in server.worker_pids():
            os.kill(pid, signal.SIGKILL)
        wait_until(
            lambda: _health_status(server) == 503, seconds=20, what="a health answer without the database"
        )
        cluster.start()
        wait_until(lambda: _health_status(server) == 200, seconds=20, what="recovery")
        server.stop()
    finally:
        cluster.close()


def _health_status(server: Server) -> int:
    try:
        with urllib.request.urlopen(f"{server.url}/health/ready", timeout=3) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: " + b"b" * 70_000 + b"\r\n\r\n", id="one-huge-field"
        ),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 150 + b"\r\n", id="many-fields"),
        pytest.param(b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", id="huge-target"),
    ],
)
def test_a_huge_head_is_refused(embedded_server: Server, raw: bytes) -> None:
    assert ask(embedded_server.port, raw)[9:12] in (b"431", b"400", b"")


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(
            b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nabcd", id="both-lengths"
        ),
        pytest.param(b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", id="two-lengths"),
        pytest.param(b"Content-Length: -1\r\n\r\n", id="negative-length"),
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", id="bad-chunk"),
    ],
)
def test_a_request_that_could_smuggle_another_is_refused(embedded_server: Server, raw: bytes) -> None:
    head = b"POST /api/auth/challenge HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
    assert ask(embedded_server.port, head + raw).split(b" ")[1] == b"400"


def test_the_answer_names_no_server_software(embedded_server: Server) -> None:
    head = ask(
        embedded_server.port, b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    ).lower()
    assert b"\r\nserver:" not in head
    assert b"\r\ndate:" in head


def test_doctor_finds_nothing_wrong_with_the_default(embedded_server: Server) -> None:
    done = embedded_server.command("doctor")
    assert "Database" in done.stdout
    assert "✗" not in done.stdout
    assert done.returncode == 0


def test_logs_of_the_server_are_kept_in_the_data_folder(embedded_server: Server) -> None:
    assert "ready" in (embedded_server.folder / "data" / "logs" / "app.log").read_text()


def test_doctor_looks_at_the_node(embedded_server: Server, bitcoind: Bitcoind) -> None:
    user, _, password = bitcoind.cookie.partition(":")
    before = dict(embedded_server.env)
    embedded_server.env |= {"RPC_HOST": "127.0.0.1", "RPC_PORT": str(bitcoind.port), "RPC_USER": user}
    try:
        embedded_server.env["RPC_PASSWORD"] = password
        assert f"127.0.0.1:{bitcoind.port}" in embedded_server.command("doctor", check=True).stdout
        embedded_server.env["RPC_PASSWORD"] = "wrong"
        done = embedded_server.command("doctor", check=True)
        assert "does not answer" in done.stdout
        assert password not in done.stdout
    finally:
        embedded_server.env = before
