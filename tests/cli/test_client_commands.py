"""``hodlxxi client …``: everything that an operator decides about an app, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from hodlxxi.cli.main import app
from tests.cli.test_client_and_key import try_secret
from tests.support.server import Server

KEY = {"kty": "EC", "crv": "P-256", "kid": "k", "alg": "ES256", "use": "sig"} | {
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
}


def run(server: Server, *words: str) -> Result:
    """A command in this process, with the server's settings (another process takes a second to start)."""
    return CliRunner().invoke(app, ["client", *words], env=server.env)


def ask(server: Server, *words: str) -> Any:
    """What a command answers to a script."""
    done = run(server, *words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def read(server: Server, *words: str) -> str:
    """What a command says to people."""
    done = run(server, *words)
    assert done.exit_code == 0, done.output
    return done.stdout


def refused(server: Server, *words: str) -> str:
    """What a command says that is refused; never a traceback."""
    done = run(server, *words)
    assert done.exit_code in (1, 2), done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return " ".join(done.output.split())


def add(server: Server, *words: str) -> dict[str, str]:
    made: dict[str, str] = ask(server, "add", "Till", "https://till.example/cb", *words)
    return made


def test_every_member_can_be_named_and_is_shown(embedded_server: Server) -> None:
    made = add(
        embedded_server,
        *("--grant", "code", "--grant", "refresh_token", "--grant", "device_code"),
        *("--auth", "client_secret_post", "--post-logout-uri", "https://till.example/out"),
        *("--backchannel-uri", "https://till.example/bye", "--backchannel-sid", "--pairwise", "--dpop", "--par"),
        *("--id-token-alg", "ES256", "--set", "default_max_age=600", "--set", "logo_uri=https://till.example/l.png"),
        *("--set", 'contacts=["ann@till.example"]', "--pkce", "always", "--owner", "02" + "ab" * 32),
    )  # fmt: skip
    shown = ask(embedded_server, "show", made["client_id"])
    expected = {
        "grant_types": [
            "authorization_code",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:device_code",
        ],
        "token_endpoint_auth_method": "client_secret_post",
        "post_logout_redirect_uris": ["https://till.example/out"],
        "backchannel_logout_uri": "https://till.example/bye",
        "backchannel_logout_session_required": True,
        "subject_type": "pairwise",
        "dpop_bound_access_tokens": True,
        "require_pushed_authorization_requests": True,
        "id_token_signed_response_alg": "ES256",
        "default_max_age": 600,
        "logo_uri": "https://till.example/l.png",
        "contacts": ["ann@till.example"],
        "pkce_policy": "always",
        "owner": "02" + "ab" * 32,
        "trust": "operator",
        "grants_alive": 0,
        "last_used_at": None,
    }
    assert {name: shown[name] for name in expected} == expected
    people = read(embedded_server, "show", made["client_id"])
    assert "https://till.example/bye" in people
    assert made["client_secret"] not in people + json.dumps(shown)


def test_a_change_leaves_the_rest_as_it_was(embedded_server: Server) -> None:
    made = add(embedded_server, "--backchannel-uri", "https://till.example/bye", "--dpop")
    words = (
        "change",
        made["client_id"],
        "--name",
        "Cash desk",
        "--no-dpop",
        "--set",
        "backchannel_logout_uri=",
    )
    changed = ask(embedded_server, *words)
    assert changed["client_name"] == "Cash desk"
    assert "dpop_bound_access_tokens" not in changed
    assert "backchannel_logout_uri" not in changed
    assert changed["redirect_uris"] == ["https://till.example/cb"]
    assert try_secret(embedded_server, made) == "invalid_grant"
    uris = ("--redirect-uri", "https://a.example/", "--redirect-uri", "https://b.example/")
    assert ask(embedded_server, "change", made["client_id"], *uris)["redirect_uris"] == [
        "https://a.example/",
        "https://b.example/",
    ]


def test_an_app_signs_with_its_own_key(embedded_server: Server, tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps(KEY))
    made = add(
        embedded_server, "--auth", "private_key_jwt", "--jwks-file", str(file), "--id-token-alg", "ES256"
    )
    assert "client_secret" not in made
    assert ask(embedded_server, "show", made["client_id"])["jwks"] == {"keys": [KEY]}
    assert ask(embedded_server, "profile", made["client_id"], "fapi2")["profile"] == "fapi2"
    moved = ask(embedded_server, "change", made["client_id"], "--jwks-uri", "https://till.example/jwks.json")
    assert moved["jwks_uri"] == "https://till.example/jwks.json"
    assert "jwks" not in moved
    assert ask(embedded_server, "profile", made["client_id"], "default")["profile"] == "default"


def test_a_machine_needs_no_redirect_uri(embedded_server: Server) -> None:
    made = ask(embedded_server, "add", "Robot", "--grant", "client_credentials", "--scope", "profile:read")
    answer = httpx.post(
        f"{embedded_server.url}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(made["client_id"], made["client_secret"]),
    )
    assert answer.status_code == 200


def test_a_rotated_secret_is_refused_by_every_worker_at_once(any_server: Server) -> None:
    made = add(any_server)
    rotated = ask(any_server, "rotate-secret", made["client_id"])
    for _ in range(8):
        assert try_secret(any_server, made) == "invalid_client"
        assert try_secret(any_server, made | {"client_secret": rotated["client_secret"]}) == "invalid_grant"


def test_a_disabled_app_is_refused_until_it_is_enabled(any_server: Server) -> None:
    made = add(any_server)
    assert ask(any_server, "disable", made["client_id"])["disabled_at"]
    assert try_secret(any_server, made) == "invalid_client"
    assert "(disabled)" in read(any_server, "list")
    assert ask(any_server, "enable", made["client_id"])["disabled_at"] is None
    assert try_secret(any_server, made) == "invalid_grant"
    ask(any_server, "remove", made["client_id"])
    said = read(any_server, "enable", made["client_id"])
    assert "rotate-secret" in said
    assert try_secret(any_server, made) == "invalid_client"


def test_approval_is_given_and_taken_back(embedded_server: Server) -> None:
    body = {"client_name": "[red]Self[/]", "redirect_uris": ["https://self.example/cb"]}
    made = httpx.post(f"{embedded_server.url}/oauth/register", json=body).json()
    assert ask(embedded_server, "approve", made["client_id"])["trust"] == "operator"
    assert ask(embedded_server, "approve", made["client_id"], "--take-back")["trust"] == "self_registered"
    # A name is shown as it is: no markup of the terminal.
    assert "[red]Self[/]" in read(embedded_server, "list")
    assert "[red]Self[/]" in read(embedded_server, "show", made["client_id"])


def test_audiences_and_limits(embedded_server: Server) -> None:
    made = add(embedded_server)
    url = embedded_server.url
    assert ask(embedded_server, "serve-resource", made["client_id"], url)["serves"] == [url]
    assert ask(embedded_server, "serve-resource", made["client_id"], url, "--drop")["serves"] == []
    assert ask(embedded_server, "resources", made["client_id"], url)["resources"] == [url]
    assert ask(embedded_server, "resources", made["client_id"], "--all")["resources"] == "all"
    assert "OAUTH_RESOURCES" in refused(
        embedded_server, "serve-resource", made["client_id"], "https://x.example"
    )
    assert ask(embedded_server, "limit", made["client_id"], "token", "5")["count"] == 5
    assert ask(embedded_server, "limit", made["client_id"], "token", "-1")["count"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "X"), "redirect_uris"),
        (("add", "X", "https://x.example", "--grant", "password"), "--grant password"),
        (("add", "X", "https://x.example", "--auth", "tls_client_auth"), "--auth tls_client_auth"),
        (("add", "X", "https://x.example", "--jwks-file", "nowhere.json"), "nowhere.json"),
        (("add", "X", "https://x.example", "--auth", "private_key_jwt"), "jwks"),
        (("add", "X", "https://x.example", "--set", "logo_uri"), "MEMBER=VALUE"),
        (("add", "X", "https://x.example", "--set", "logo_uri=http://x.example"), "logo_uri"),
        (("add", "X", "https://x.example", "--set", "logo_url=https://x.example"), "no such member"),
        (("add", "X", "https://x.example", "--set", "trust=operator"), "no such member"),
        (("add", "X", "https://x.example", "--owner", "ann"), "66 hex digits"),
        (("change", "app_nobody", "--name", "X"), "no app app_nobody"),
        (("change", "app_nobody"), "Nothing to change"),
        (("rotate-secret", "app_nobody"), "no app"),
        (("approve", "app_nobody"), "no app"),
        (("disable", "app_nobody"), "no app"),
        (("show", "app_nobody"), "no app"),
        (("resources", "app_nobody"), "--all"),
        (("token", "drop", "nothing"), "no such token"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_wrong_is_said_in_one_sentence(
    embedded_server: Server, words: tuple[str, ...], said: str
) -> None:
    assert said in refused(embedded_server, *words)


def test_who_holds_an_initial_token_registers_as_often_as_it_says(serve: Any) -> None:
    server: Server = serve(BITCOIN_NETWORK="regtest", OAUTH_REGISTRATION="token")
    token = ask(server, "token", "make", "Ann", "--uses", "2", "--days", "1")
    listed = ask(server, "token", "list")
    assert [(t["id"], t["label"], t["uses_left"]) for t in listed] == [(token["id"], "Ann", 2)]
    assert token["token"] not in read(server, "token", "list")
    statuses = []
    for _ in range(3):
        answer = httpx.post(
            f"{server.url}/oauth/register",
            json={"redirect_uris": ["https://x.example/cb"]},
            headers={"Authorization": f"Bearer {token['token']}"},
        )
        statuses.append(answer.status_code)
    assert statuses == [201, 201, 401]
    assert ask(server, "token", "drop", token["id"])["dropped"] is True
    assert ask(server, "token", "list") == []


def test_the_command_line_prepares_the_embedded_database_by_itself(serve: Any) -> None:
    server: Server = serve(BITCOIN_NETWORK="regtest")
    server.env |= {"HODLXXI_DATA_DIR": str(server.folder / "fresh")}
    assert "No apps" in read(server, "list")
    server.env |= {"DATABASE_URL": f"sqlite:///{server.folder}/other.db"}
    assert "hodlxxi migrate" in refused(server, "list")
