"""The environment, read once. Nothing else reads it.

Every name can stand in the environment or in a ``.env`` file beside which the server is started. All mistakes are
reported together. On the embedded default (development) missing secrets are made and kept in ``secrets.env`` (mode
0600) in the data folder; in production they are demanded.
"""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

import pydantic
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hodlxxi.kit.network import Network, is_loopback_host, parse_networks
from hodlxxi.kit.reach import HostPort, parse_hosts

MIN_SECRET_CHARS = 32
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]*:[0-9a-f:.]*")
_ALGS = {"RS256", "PS256", "ES256", "EdDSA", "HS256"}
_PUBKEY = re.compile(r"0[23][0-9a-f]{64}")
_RESOURCE = re.compile(r"[a-z][a-z0-9+.-]*:[!-\"$-~]{1,500}")
NETWORKS = ("main", "test", "testnet4", "signet", "regtest")


class ConfigurationError(Exception):
    """The configuration cannot be used; ``problems`` holds one sentence for each mistake."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def _default_data_dir() -> Path:
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "hodlxxi"


class Settings(BaseSettings):
    """All settings. Field names are the environment's, in lower case."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True
    )

    hodlxxi_env: Literal["development", "production"] = "development"
    hodlxxi_data_dir: Path = Field(default_factory=_default_data_dir)
    service_name: str = Field("HODLXXI", min_length=1, max_length=60)
    public_url: str = "http://localhost:5000"
    lnurl_url: str | None = None
    bitcoin_network: Literal["main", "test", "testnet4", "signet", "regtest"] = "main"
    seed_message_form: bool = True

    # Both may hold a password.
    database_url: str | None = Field(None, repr=False)
    redis_url: str | None = Field(None, repr=False)
    db_pool_size: int = Field(10, ge=1, le=200)
    db_pool_overflow: int = Field(20, ge=0, le=200)

    secret_key: SecretStr | None = None
    jwt_secret: SecretStr | None = None
    jwt_algorithm: Literal["RS256", "ES256", "EdDSA", "HS256"] = "RS256"

    oauth_registration: Literal["open", "token", "closed"] = "open"
    oauth_open_scopes: str = ""
    oauth_developers: str = "everyone"
    oauth_subject_type: Literal["public", "pairwise"] = "public"
    oauth_resources: str = ""
    oauth_email_domain: str | None = Field(None, pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=200)
    oauth_scope_acr: str = ""
    oauth_show_all_logos: bool = False
    oauth_par_lifetime_s: int = Field(90, ge=5, le=600)
    oauth_device_lifetime_s: int = Field(600, ge=60, le=1800)
    oauth_pkce_policy: Literal["always", "nonce_or_pkce", "public_only"] = "always"
    oauth_code_lifetime_s: int = Field(600, ge=10, le=600)
    oauth_access_lifetime_s: int = Field(3600, ge=60, le=86400)
    oauth_refresh_idle_days: int = Field(30, ge=1, le=365)
    oauth_refresh_max_days: int = Field(180, ge=0, le=3650)
    oauth_refresh_grace_s: int = Field(30, ge=0, le=300)
    oidc_signing_algs: str = "RS256,ES256,EdDSA"

    hodlxxi_dev_outgoing_hosts: str = ""

    trusted_proxies: str = ""
    cors_origins: str = ""
    rate_limit_login: int = Field(300, ge=0)
    rate_limit_api: int = Field(6000, ge=0)
    rate_limit_token: int = Field(6000, ge=0)
    rate_limit_register: int = Field(60, ge=0)

    rpc_host: str | None = None
    rpc_port: int = Field(8332, ge=1, le=65535)
    rpc_user: str | None = None
    rpc_password: SecretStr | None = None
    rpc_cookie_file: Path | None = None

    metrics_token: SecretStr | None = None
    hodlxxi_dev_test_signer: bool = False
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    log_format: Literal["json", "console", "auto"] = "auto"
    log_file: Path | None = None

    @field_validator("public_url", "lnurl_url")
    @classmethod
    def _origin_only(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value.rstrip("/"))
            port = parts.port
        except ValueError:
            raise ValueError("must be like https://login.example.org") from None
        host = parts.hostname or ""
        if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host):
            raise ValueError("must be like https://login.example.org")
        if parts.path or parts.query or parts.fragment or parts.username is not None:
            raise ValueError("must be an origin only: scheme and host, without path, query or user")
        # As browsers write it in Origin: lower case, and without the port that the scheme has anyway.
        written = f"[{host}]" if ":" in host else host
        is_usual = port in (None, 443 if parts.scheme == "https" else 80)
        return f"{parts.scheme}://{written}" + ("" if is_usual else f":{port}")

    @field_validator("service_name")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        if not value.isascii() or not value.isprintable() or value != value.strip():
            raise ValueError("must be printable ASCII: wallets show it in the text to sign")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @property
    def is_production(self) -> bool:
        """Whether secrets are demanded and HTTPS is expected."""
        return self.hodlxxi_env == "production"

    @property
    def is_embedded(self) -> bool:
        """Whether the database is our own SQLite file."""
        return self.database_url is None

    def database(self) -> str:
        """The database's URL: as configured, else SQLite in the data folder."""
        return self.database_url or f"sqlite:///{self.hodlxxi_data_dir / 'hodlxxi.db'}"

    def logs_json(self) -> bool:
        """JSON lines on standard error; ``auto`` is JSON in production and for people in development."""
        return self.is_production if self.log_format == "auto" else self.log_format == "json"

    def log_path(self) -> Path | None:
        """The rotated log file: as configured, else ``logs/app.log`` in the data folder on the embedded default."""
        if self.log_file is not None:
            return self.log_file
        return None if self.is_production else self.hodlxxi_data_dir / "logs" / "app.log"

    def secret(self) -> bytes:
        """The master key that all others are derived from."""
        if self.secret_key is None:
            raise ConfigurationError(["SECRET_KEY is missing"])
        return self.secret_key.get_secret_value().encode()

    def networks(self) -> tuple[Network, ...]:
        """The proxies whose ``X-Forwarded-For`` is believed."""
        return parse_networks(self.trusted_proxies)

    def dev_hosts(self) -> frozenset[HostPort]:
        """Hosts that the server may call although they are not on the public internet; development only."""
        return parse_hosts(self.hodlxxi_dev_outgoing_hosts)

    def origins(self) -> tuple[str, ...]:
        """The origins that CORS is narrowed to; empty is any."""
        return _listed(self.cors_origins)

    def signing_algs(self) -> tuple[str, ...]:
        """The algorithms offered for ID tokens."""
        return _listed(self.oidc_signing_algs)

    def open_scopes(self) -> tuple[str, ...]:
        """The scopes that self-registered apps may have; empty is all."""
        return _listed(self.oauth_open_scopes)

    def developers(self) -> frozenset[str] | None:
        """Who may register apps at /developers, by pubkey; None is everyone, an empty set is nobody."""
        words = self.oauth_developers.strip().lower()
        return (
            None if words == "everyone" else frozenset() if words == "nobody" else frozenset(_listed(words))
        )

    def resources(self) -> tuple[str, ...]:
        """The audiences beside our own API that tokens are given for."""
        return _listed(self.oauth_resources)

    def scope_classes(self) -> dict[str, str]:
        """The class of sign-in that a scope demands at our API, by scope."""
        pairs = (part.partition("=") for part in _listed(self.oauth_scope_acr))
        return {scope.strip(): f"urn:hodlxxi:acr:{acr.strip()}" for scope, _, acr in pairs}

    def problems(self) -> list[str]:
        """What no single field can know."""
        found = []
        try:
            self.networks()
        except ValueError as error:
            found.append(f"TRUSTED_PROXIES: {error}")
        try:
            self.dev_hosts()
        except ValueError as error:
            found.append(f"HODLXXI_DEV_OUTGOING_HOSTS: {error}")
        if self.database_url and not self.database_url.startswith(("postgresql", "postgres", "sqlite")):
            found.append("DATABASE_URL: use postgresql://user:password@host/name or sqlite:///path")
        if self.redis_url and not self.redis_url.startswith(("redis://", "rediss://", "unix://")):
            found.append("REDIS_URL: use redis://host:6379/0")
        if "RS256" not in self.signing_algs() or set(self.signing_algs()) - _ALGS:
            found.append(f"OIDC_SIGNING_ALGS: a list out of {', '.join(sorted(_ALGS))}; RS256 must be in it")
        found += [
            f"OAUTH_RESOURCES: {resource} is no absolute URI without a fragment"
            for resource in self.resources()
            if not _RESOURCE.fullmatch(resource)
        ]
        if not all(_PUBKEY.fullmatch(who) for who in self.developers() or ()):
            found.append(
                "OAUTH_DEVELOPERS: everyone, nobody, or a list of public keys (66 hex digits, with commas)"
            )
        for scope, acr in self.scope_classes().items():
            if acr.rpartition(":")[2] not in ("key-remote", "key", "two-keys"):
                found.append(f"OAUTH_SCOPE_ACR: write {scope}=key-remote, {scope}=key or {scope}=two-keys")
        if self.hodlxxi_dev_test_signer:
            found += self._test_signer_problems()
        if self.is_production:
            found += self._production_problems()
        return found

    def _test_signer_problems(self) -> list[str]:
        """Everybody can sign in with the test keys: such a server is for one machine only."""
        found = []
        if not is_loopback_host(urlsplit(self.public_url).hostname or ""):
            found.append(
                "HODLXXI_DEV_TEST_SIGNER: only with a PUBLIC_URL of this machine, such as http://localhost:5000"
            )
        if self.is_production:
            found.append("HODLXXI_DEV_TEST_SIGNER: never with HODLXXI_ENV=production")
        return found

    def _production_problems(self) -> list[str]:
        found = []
        if not self.public_url.startswith("https://") and ".onion" not in self.public_url:
            found.append("PUBLIC_URL: production needs https:// (wallets refuse anything else)")
        if self.database_url is None:
            found.append(
                "DATABASE_URL is missing: production needs postgresql://… (or a sqlite:///path that you chose)"
            )
        if self.hodlxxi_dev_outgoing_hosts:
            found.append("HODLXXI_DEV_OUTGOING_HOSTS: for development only; production calls public hosts")
        needed = {"SECRET_KEY": self.secret_key}
        if self.jwt_algorithm == "HS256":
            needed["JWT_SECRET"] = self.jwt_secret
        for name, value in needed.items():
            if value is None:
                found.append(f"{name} is missing: make one with: openssl rand -base64 48")
            elif len(value.get_secret_value()) < MIN_SECRET_CHARS:
                found.append(
                    f"{name} is too short: at least {MIN_SECRET_CHARS} characters; openssl rand -base64 48"
                )
        return found

    def with_made_secrets(self) -> Self:
        """Fill missing secrets from ``secrets.env`` in the data folder, and make that file (0600) when it is not there."""
        if self.is_embedded:
            # The database is made there, also where there are no secrets to be made.
            self.hodlxxi_data_dir.mkdir(parents=True, exist_ok=True)
        if self.secret_key is not None and self.jwt_secret is not None:
            return self
        kept = _read_or_make_secrets(self.hodlxxi_data_dir / "secrets.env")
        return self.model_copy(
            update={
                "secret_key": self.secret_key or SecretStr(kept["SECRET_KEY"]),
                "jwt_secret": self.jwt_secret or SecretStr(kept["JWT_SECRET"]),
            }
        )


def load_settings(**overrides: object) -> Settings:
    """The settings from the environment and ``.env``. Raises ``ConfigurationError`` with every mistake found."""
    found: list[str] = []
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]
    except pydantic.ValidationError as error:
        bad = {str(part["loc"][0]): part["msg"] for part in error.errors() if part["loc"]}
        found = [f"{name.upper()}: {text.removeprefix('Value error, ')}" for name, text in bad.items()]
        # Take the defaults for what is wrong, so that the checks across fields report the rest of the mistakes too.
        defaults = {name: Settings.model_fields[name].get_default(call_default_factory=True) for name in bad}
        settings = Settings(**(overrides | defaults))  # type: ignore[arg-type]
    found += settings.problems()
    if found:
        raise ConfigurationError(found)
    return settings if settings.is_production else settings.with_made_secrets()


def _read_or_make_secrets(path: Path) -> dict[str, str]:
    """What ``secrets.env`` holds; made first when it is not there. Raises ``ConfigurationError`` for a damaged one."""
    if not path.exists():
        _make_secrets(path)
    lines = (line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines() if "=" in line)
    found = {name.strip(): value.strip() for name, value in lines}
    missing = [name for name in _MADE if not found.get(name)]
    if missing:
        raise ConfigurationError(
            [
                f"{path} holds no {' and no '.join(missing)}: put it back, or remove the file to have new ones made"
            ]
        )
    return found


_MADE = ("SECRET_KEY", "JWT_SECRET")


def _make_secrets(path: Path) -> None:
    """Write the file whole and then give it its name, so that no other start ever reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp makes it readable for its owner only.
    descriptor, made = tempfile.mkstemp(dir=path.parent, prefix=".secrets-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(f"{name}={secrets.token_urlsafe(48)}\n" for name in _MADE)
        try:
            os.link(made, path)
        except FileExistsError:
            pass  # another start was first; its secrets count
        except OSError:
            os.replace(made, path)  # a file system without hard links
    finally:
        Path(made).unlink(missing_ok=True)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def metrics_folder() -> str | None:
    """Where the workers share their metrics, when ``hodlxxi serve`` made such a folder."""
    return os.environ.get("PROMETHEUS_MULTIPROC_DIR")


def share_metrics_in(folder: Path) -> None:
    """Name the folder to this process and to the workers that it starts."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
