"""``hodlxxi client`` and ``hodlxxi key`` beside a running server."""

from __future__ import annotations

import json

import httpx

from tests.support.server import Server


def add(server: Server, *words: str) -> dict[str, str]:
    done = server.command("client", "add", "Till", "https://till.example/cb", "--json", *words, check=True)
    made: dict[str, str] = json.loads(done.stdout)
    return made


def try_secret(server: Server, made: dict[str, str]) -> str:
    """What the token endpoint says to this app with a made-up code."""
    form = {"grant_type": "authorization_code", "code": "none", "code_verifier": "v" * 43}
    pair = (made["client_id"], made["client_secret"])
    return str(httpx.post(f"{server.url}/oauth/token", data=form, auth=pair).json()["error"])


def test_an_operators_app_is_known_at_once_and_gone_at_once(any_server: Server) -> None:
    made = add(any_server)
    assert made["issuer"] == any_server.url
    assert try_secret(any_server, made) == "invalid_grant"
    assert made["client_id"] in any_server.command("client", "list", check=True).stdout
    any_server.command("client", "remove", made["client_id"], check=True)
    assert try_secret(any_server, made) == "invalid_client"


def test_a_bad_redirect_uri_is_refused_in_words(embedded_server: Server) -> None:
    done = embedded_server.command("client", "add", "Till", "javascript:alert(1)")
    assert done.returncode == 1
    assert "redirect_uri" in done.stdout + done.stderr


def test_an_unknown_app_is_said_to_be_unknown(embedded_server: Server) -> None:
    for words in (("remove", "app_nobody"), ("limit", "app_nobody", "call", "5")):
        done = embedded_server.command("client", *words)
        assert done.returncode == 1
        assert "no app" in done.stdout + done.stderr


def test_a_public_app_has_no_secret(embedded_server: Server) -> None:
    assert "client_secret" not in add(embedded_server, "--public")


def kids(server: Server) -> set[str]:
    found = httpx.get(f"{server.url}/oauth/jwks.json").json()["keys"]
    return {key["kid"] for key in found}


def test_a_rotated_key_is_listed_beside_the_one_that_signs(embedded_server: Server) -> None:
    before = kids(embedded_server)
    done = embedded_server.command("key", "rotate", "--alg", "ES256", check=True)
    assert "signs after a day" in done.stdout
    listed = embedded_server.command("key", "list", check=True).stdout
    assert "pending" in listed
    assert all(kid in listed for kid in before)


def test_an_algorithm_that_is_not_in_use_is_refused(embedded_server: Server) -> None:
    done = embedded_server.command("key", "rotate", "--alg", "none")
    assert done.returncode == 1
    assert "in use" in done.stdout + done.stderr
