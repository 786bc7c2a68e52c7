"""The environment, read once: every mistake at once, no secret in the words, and secrets made only where they may be."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from hodlxxi.settings import ConfigurationError, Settings, load_settings

SECRET = "a-secret-of-more-than-32-characters-for-tests"
GOOD_PRODUCTION = {
    "HODLXXI_ENV": "production",
    "PUBLIC_URL": "https://login.example.org",
    "DATABASE_URL": "postgresql://hodlxxi:hunter2@db.example.org/hodlxxi",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "SECRET_KEY": SECRET,
}


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Settings from these names and nothing else."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HODLXXI_DATA_DIR", str(tmp_path / "data"))

    def load_with(**names: str) -> Settings:
        for name, value in names.items():
            monkeypatch.setenv(name, value)
        return load_settings()

    return load_with


def _problems(load: Any, **names: str) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        load(**names)
    assert str(refused.value) == "; ".join(refused.value.problems)
    return refused.value.problems


# -- the embedded default


def test_nothing_set_is_a_laptop_that_works(load: Any, tmp_path: Path) -> None:
    settings = load()
    assert (settings.is_production, settings.is_embedded) == (False, True)
    assert settings.public_url == "http://localhost:5000"
    assert settings.database() == f"sqlite:///{tmp_path}/data/hodlxxi.db"
    assert settings.log_path() == tmp_path / "data" / "logs" / "app.log"
    assert not settings.logs_json()
    assert (settings.db_pool_size, settings.db_pool_overflow) == (10, 20)
    assert (
        settings.oauth_code_lifetime_s,
        settings.oauth_access_lifetime_s,
        settings.oauth_refresh_idle_days,
    ) == (
        600,
        3600,
        30,
    )
    assert (settings.networks(), settings.origins()) == ((), ())


def test_secrets_are_made_once_and_only_their_owner_may_read_them(load: Any, tmp_path: Path) -> None:
    first, second = load(), load()
    path = tmp_path / "data" / "secrets.env"
    assert first.secret() == second.secret()
    assert len(first.secret()) >= 32
    assert first.jwt_secret != first.secret_key
    assert path.stat().st_mode & 0o777 == 0o600
    assert first.secret().decode() in path.read_text()
    assert [file.name for file in path.parent.iterdir()] == ["secrets.env"]


def test_of_several_first_starts_at_once_all_have_the_same_secret(load: Any) -> None:
    settings = Settings()
    found: list[bytes] = []
    barrier = threading.Barrier(16)

    def start() -> None:
        barrier.wait()
        found.append(settings.with_made_secrets().secret())

    threads = [threading.Thread(target=start) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(found)) == 1


def test_a_secret_that_was_given_is_not_replaced(load: Any) -> None:
    settings = load(SECRET_KEY=SECRET)
    assert settings.secret() == SECRET.encode()
    assert settings.jwt_secret is not None


def test_where_no_secret_is_made_the_folder_of_the_database_is_made_all_the_same(
    load: Any, tmp_path: Path
) -> None:
    load(SECRET_KEY=SECRET, JWT_SECRET=SECRET)
    assert list((tmp_path / "data").iterdir()) == []


@pytest.mark.parametrize("content", ["", "SECRET_KEY=\n", "JWT_SECRET=only-one\n", "nonsense"])
def test_a_damaged_secrets_file_is_said_plainly(load: Any, tmp_path: Path, content: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secrets.env").write_text(content)
    (problem,) = _problems(load)
    assert "secrets.env" in problem
    assert "only-one" not in problem


def test_a_dotenv_file_is_read_and_the_environment_wins(load: Any, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('SERVICE_NAME="From the file"\nLOG_LEVEL=debug\nUNKNOWN_NAME=1\n')
    settings = load(LOG_LEVEL="warning")
    assert (settings.service_name, settings.log_level) == ("From the file", "WARNING")


def test_an_empty_name_counts_as_absent(load: Any) -> None:
    settings = load(DATABASE_URL="", REDIS_URL="", RPC_HOST="", RPC_PORT="")
    assert settings.is_embedded
    assert (settings.redis_url, settings.rpc_host, settings.rpc_port) == (None, None, 8332)


# -- production


def test_a_complete_production_configuration_is_taken_and_nothing_is_written(
    load: Any, tmp_path: Path
) -> None:
    settings = load(**GOOD_PRODUCTION)
    assert settings.is_production
    assert settings.logs_json()
    assert settings.log_path() is None
    assert settings.secret() == SECRET.encode()
    assert not (tmp_path / "data").exists()


def test_production_demands_its_secrets_and_says_how_to_make_them(load: Any) -> None:
    problems = _problems(load, HODLXXI_ENV="production")
    assert [problem.split(" ")[0].rstrip(":") for problem in problems] == [
        "PUBLIC_URL",
        "DATABASE_URL",
        "SECRET_KEY",
    ]
    assert "openssl rand" in problems[-1]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"PUBLIC_URL": "http://login.example.org"}, "PUBLIC_URL"),
        ({"JWT_ALGORITHM": "HS256"}, "JWT_SECRET"),
        ({"JWT_ALGORITHM": "HS256", "JWT_SECRET": "short"}, "JWT_SECRET"),
        ({"HODLXXI_DEV_OUTGOING_HOSTS": "localhost:8080"}, "HODLXXI_DEV_OUTGOING_HOSTS"),
    ],
)
def test_production_takes_no_half_measures(load: Any, change: dict[str, str], named: str) -> None:
    (problem,) = _problems(load, **(GOOD_PRODUCTION | change))
    assert problem.startswith(named)
    assert "short" not in problem.replace("too short", "")


def test_the_test_signer_is_for_one_machine_and_never_for_production(load: Any) -> None:
    assert load(HODLXXI_DEV_TEST_SIGNER="1").hodlxxi_dev_test_signer
    assert load(PUBLIC_URL="http://[::1]:5000").hodlxxi_dev_test_signer
    found = _problems(load, **GOOD_PRODUCTION)
    assert [problem.split(":")[0] for problem in found] == ["HODLXXI_DEV_TEST_SIGNER"] * 2


def test_an_onion_needs_no_tls(load: Any) -> None:
    onion = "http://" + "a" * 56 + ".onion"
    assert load(**(GOOD_PRODUCTION | {"PUBLIC_URL": onion})).public_url == onion


# -- mistakes


def test_every_mistake_is_reported_at_once(load: Any) -> None:
    problems = _problems(
        load,
        PUBLIC_URL="login.example.org",
        LNURL_URL="https://login.example.org/path",
        BITCOIN_NETWORK="mainnet",
        JWT_ALGORITHM="none",
        OAUTH_CODE_LIFETIME_S="6000",
        DB_POOL_SIZE="many",
        RATE_LIMIT_LOGIN="-1",
        SERVICE_NAME="Größe",
        LOG_LEVEL="LOUD",
        RPC_PORT="70000",
        TRUSTED_PROXIES="10.0.0.0/99",
        DATABASE_URL="mysql://db.example.org/x",
        REDIS_URL="127.0.0.1:6379",
        OIDC_SIGNING_ALGS="ES256",
        HODLXXI_DEV_OUTGOING_HOSTS="localhost",
    )
    named = {problem.split(":")[0] for problem in problems}
    assert named == {
        "PUBLIC_URL", "LNURL_URL", "BITCOIN_NETWORK", "JWT_ALGORITHM", "OAUTH_CODE_LIFETIME_S", "DB_POOL_SIZE",
        "RATE_LIMIT_LOGIN", "SERVICE_NAME", "LOG_LEVEL", "RPC_PORT", "TRUSTED_PROXIES", "DATABASE_URL", "REDIS_URL",
        "OIDC_SIGNING_ALGS", "HODLXXI_DEV_OUTGOING_HOSTS",
    }  # fmt: skip
    assert len(problems) == len(named)


@pytest.mark.parametrize(
    "url",
    [
        "login.example.org", "ftp://login.example.org", "https://", "https:///x", "https://login.example.org/app",
        "https://login.example.org?x=1", "https://login.example.org#x", "https://user:hunter2@login.example.org", "//x",
        "javascript:alert(1)", "https://login.example.org:port", "https://[::1", "https://login.example.org:99999",
        "https://a b.example", "https://login.example.org\\@evil.example", "https://bücher.example",
        "https://-.example", "https://.", "https://login.example.org:0x1F",
    ],
)  # fmt: skip
def test_a_public_url_is_an_origin_and_nothing_else(load: Any, url: str) -> None:
    (problem,) = _problems(load, PUBLIC_URL=url)
    assert problem.startswith("PUBLIC_URL: ")
    assert "hunter2" not in problem


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://login.example.org/", "https://login.example.org"),
        ("https://Login.Example.org", "https://login.example.org"),
        ("HTTPS://login.example.org:443", "https://login.example.org"),
        ("http://localhost:80", "http://localhost"),
        ("http://localhost:443", "http://localhost:443"),
        ("http://localhost:5000", "http://localhost:5000"),
        ("http://[::1]:5000", "http://[::1]:5000"),
        ("http://192.168.1.10:5000", "http://192.168.1.10:5000"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ],
)
def test_a_public_url_is_kept_as_browsers_write_it_in_origin(load: Any, url: str, written: str) -> None:
    assert load(PUBLIC_URL=url).public_url == written


def test_no_problem_repeats_a_secret(load: Any) -> None:
    problems = _problems(
        load,
        **(GOOD_PRODUCTION | {"SECRET_KEY": "hunter2", "JWT_SECRET": "hunter3", "JWT_ALGORITHM": "HS256"}),
        METRICS_TOKEN="hunter4",
        RPC_PASSWORD="hunter5",
        DB_POOL_SIZE="0",
    )
    assert len(problems) == 3
    assert "hunter" not in str(problems)


def test_settings_can_be_shown_without_their_secrets(load: Any) -> None:
    settings = load(
        **GOOD_PRODUCTION, JWT_SECRET=SECRET + "2", METRICS_TOKEN=SECRET + "3", RPC_PASSWORD=SECRET + "4"
    )
    assert SECRET not in repr(settings)
    assert "hunter2" not in repr(settings)
    assert SECRET not in settings.model_dump_json()


def test_lists_are_comma_separated_and_forgiving(load: Any) -> None:
    settings = load(
        CORS_ORIGINS=" https://a.example ,,https://b.example",
        TRUSTED_PROXIES="127.0.0.1, 10.0.0.0/8",
        OIDC_SIGNING_ALGS="RS256, EdDSA",
        HODLXXI_DEV_OUTGOING_HOSTS="localhost:9443, 127.0.0.1:8080",
    )
    assert settings.origins() == ("https://a.example", "https://b.example")
    assert [str(network) for network in settings.networks()] == ["127.0.0.1/32", "10.0.0.0/8"]
    assert settings.signing_algs() == ("RS256", "EdDSA")
    assert settings.dev_hosts() == {("localhost", 9443), ("127.0.0.1", 8080)}


def test_every_name_is_the_environments_in_lower_case() -> None:
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in Settings.model_fields)
    seed = {
        "database_url",
        "redis_url",
        "rpc_host",
        "rpc_port",
        "rpc_user",
        "rpc_password",
        "jwt_secret",
        "jwt_algorithm",
    }
    assert seed <= Settings.model_fields.keys()


def test_the_default_data_folder_follows_the_desktops_rules(
    load: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HODLXXI_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", os.path.join(os.sep, "somewhere"))
    assert Settings().hodlxxi_data_dir == Path("/somewhere/hodlxxi")


# -- who may register apps at /developers


def test_developers_are_everyone_nobody_or_named_keys(load: Any) -> None:
    ann, bob = "02" + "ab" * 32, "03" + "cd" * 32
    assert load().developers() is None
    assert load(OAUTH_DEVELOPERS="Nobody").developers() == frozenset()
    assert load(OAUTH_DEVELOPERS=f"{ann}, {bob.upper()}").developers() == {ann, bob}
    assert "OAUTH_DEVELOPERS" in _problems(load, OAUTH_DEVELOPERS=f"{ann},ann")[0]
