"""Configuration to copy: each text is well-formed in its language, whatever a redirect URI holds, and without a secret."""

from __future__ import annotations

import ast
import configparser
import shlex
import subprocess
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import pytest

from hodlxxi.oauth.rules.clients import CLIENT_CREDENTIALS, DEVICE_CODE, Client
from hodlxxi.oauth.rules.snippets import render_exchange, snippets_for
from tests.oauth.rules.sample import CALLBACK, ISSUER, client
from tests.support.processes import ROOT

# Everything that a registered URI may hold and that means something to some language.
AWKWARD = "https://app.example/cb?a='b'&c=$(id)&d=!x&e=[1];f=(g),h=$HOME"
WEB = ("flask", "django", "auth-js", "spring", "openid-client", "grafana", "oauth2-proxy", "curl")


def texts(app: Client) -> dict[str, str]:
    return {snippet.name: snippet.text for snippet in snippets_for(ISSUER, app)}


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, WEB),
        ({"auth_method": "none"}, ("oidc-client-ts", "openid-client", "curl")),
        ({"auth_method": "private_key_jwt"}, ("openid-client", "curl")),
        ({"auth_method": "none", "grant_types": (DEVICE_CODE,)}, ("curl-device",)),
        ({"grant_types": (CLIENT_CREDENTIALS,)}, ("curl-machine",)),
        ({"grant_types": ("authorization_code", CLIENT_CREDENTIALS)}, (*WEB, "curl-machine")),
    ],
    ids=str,
)
def test_an_app_is_shown_what_fits_it(changes: dict[str, Any], names: tuple[str, ...]) -> None:
    found = texts(client(**{"grant_types": ("authorization_code",)} | changes))
    assert tuple(found) == names
    for text in found.values():
        assert "app_1" in text
        assert ISSUER in text


@pytest.fixture
def awkward() -> dict[str, str]:
    return texts(client(AWKWARD))


def test_python_can_be_parsed_and_holds_the_uri(awkward: dict[str, str]) -> None:
    tree = ast.parse(awkward["flask"])
    assert AWKWARD in [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    ast.parse(awkward["django"])


def test_toml_and_ini_can_be_parsed(awkward: dict[str, str]) -> None:
    proxy = tomllib.loads(awkward["oauth2-proxy"])
    assert (proxy["redirect_url"], proxy["client_id"]) == (AWKWARD, "app_1")
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(awkward["grafana"])
    grafana = dict(parser["auth.generic_oauth"])
    assert (grafana["client_id"], grafana["use_pkce"]) == ("app_1", "true")
    assert grafana["token_url"] == f"{ISSUER}/oauth/token"


@pytest.mark.parametrize("method", ["client_secret_basic", "none", "private_key_jwt"])
def test_a_shell_takes_the_commands_as_they_are_meant(method: str) -> None:
    grants = ("authorization_code", DEVICE_CODE) + ((CLIENT_CREDENTIALS,) if method != "none" else ())
    app = client(AWKWARD, auth_method=method, grant_types=grants)
    curls = {name: text for name, text in texts(app).items() if name.startswith("curl")}
    exchange = render_exchange(ISSUER, app, code="c'$(id)", redirect_uri=AWKWARD, verifier="v" * 43)
    for text in (*curls.values(), exchange):
        subprocess.run(["bash", "-n"], input=text, text=True, check=True, capture_output=True)
    assert "code=c'$(id)" in shlex.split(exchange)
    assert f"redirect_uri={AWKWARD}" in shlex.split(exchange)
    # Printed instead of run: nothing in the address was run by the shell.
    printed = curls["curl"].split("CODE=…")[0]
    done = subprocess.run(["bash"], input=printed, text=True, check=True, capture_output=True)
    assert "uid=" not in done.stdout
    assert done.stdout.startswith(
        f"{ISSUER}/oauth/authorize?response_type=code&client_id=app_1&redirect_uri=https%3A"
    )


def test_javascript_can_be_parsed(awkward: dict[str, str], tmp_path: Path) -> None:
    public = texts(client(AWKWARD, auth_method="none", post_logout_redirect_uris=(AWKWARD,)))
    key = texts(client(AWKWARD, auth_method="private_key_jwt"))
    local = {s.name: s.text for s in snippets_for("http://localhost:5000", client(AWKWARD))}
    sources = [
        awkward["openid-client"],
        awkward["auth-js"],
        public["oidc-client-ts"],
        public["openid-client"],
    ]
    for source in (*sources, key["openid-client"], local["openid-client"]):
        file = tmp_path / "snippet.mjs"
        file.write_text(source)
        done = subprocess.run(
            [str(ROOT / "scripts" / "with_node"), "node", "--check", str(file)],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr + source


def test_java_and_yaml_hold_the_values(awkward: dict[str, str]) -> None:
    yaml = textwrap.dedent(awkward["spring"].split("\n// ")[0])
    assert 'client-id: "app_1"' in yaml
    assert f'issuer-uri: "{ISSUER}"' in yaml
    assert "client-secret: ${CLIENT_SECRET}" in yaml
    assert '{baseUrl}/login/oauth2/code/hodlxxi"' in yaml


def test_openid_is_asked_first_as_some_libraries_look_only_there() -> None:
    found = texts(client(CALLBACK, scopes=("profile", "wallet:read", "openid")))
    assert '"scope": "openid profile wallet:read"' in found["flask"]
