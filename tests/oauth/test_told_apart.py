"""What is wrong with a request: the operator's log says which, the app's owner sees it, and strangers learn nothing."""

from __future__ import annotations

import base64
import time
from collections.abc import MutableMapping
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from hodlxxi.kit.secret import mint_token
from hodlxxi.oauth import operator
from hodlxxi.oauth.rules.redirects import alike_chars, nearest
from tests.oauth.developer import developer, shown
from tests.oauth.provider import CALLBACK, Provider, RelyingParty
from tests.oauth.test_code import error_of
from tests.oauth.test_developers import KEY

TYPO = CALLBACK + "/"


def only(logs: list[MutableMapping[str, Any]], event: str) -> MutableMapping[str, Any]:
    found = [entry for entry in logs if entry["event"] == event]
    assert len(found) == 1, logs
    return found[0]


async def ask_token(provider: Provider, basic: tuple[str, str] | None = None, **form: str) -> httpx.Response:
    async with provider.http() as http:
        body = {"grant_type": "authorization_code", "code": "x"} | form
        auth = httpx.BasicAuth(*basic) if basic else httpx.USE_CLIENT_DEFAULT
        return await http.post("/oauth/token", data=body, auth=auth)


async def causes_of(provider: Provider) -> dict[str, tuple[str, httpx.Response]]:
    """Every way to fail: what the log says, and what the client gets."""
    app, public = await provider.register(), await provider.register(token_endpoint_auth_method="none")
    signing = await provider.register(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [KEY]})
    paused, removed = await provider.register(), await provider.register()
    await operator.pause(provider.room, paused.client_id)
    await operator.pause(provider.room, removed.client_id)
    await provider.execute(
        "UPDATE oauth_clients SET registration_token = NULL WHERE client_id = :id", id=removed.client_id
    )
    secret = app.metadata["client_secret"]
    tries = {
        "unknown client": ("app_" + "x" * 22, secret),
        "wrong secret": (app.client_id, mint_token()),
        "the client is disabled": (paused.client_id, paused.metadata["client_secret"]),
        "the client was removed": (removed.client_id, removed.metadata["client_secret"]),
        "wrong method: registered for none, sent a secret": (public.client_id, secret),
        "wrong method: registered for private_key_jwt, sent no client_assertion": (signing.client_id, secret),
    }
    found = {}
    for cause, pair in tries.items():
        with capture_logs() as logs:
            answer = await ask_token(provider, pair)
        entry = only(logs, "client_refused")
        assert entry["client_id"] == pair[0]
        assert pair[1] not in str(logs)
        found[cause] = (entry["cause"], answer)
    with capture_logs() as logs:
        answer = await ask_token(provider, client_id=app.client_id)
    found["wrong method: registered for client_secret_basic, sent no secret"] = (
        only(logs, "client_refused")["cause"],
        answer,
    )
    return found


async def test_the_log_says_why_a_client_was_refused_and_the_answer_never_does(provider: Provider) -> None:
    found = await causes_of(provider)
    for expected, (cause, answer) in found.items():
        assert cause == expected
        assert error_of(answer, 401) == "invalid_client"
    assert len({answer.json()["error_description"] for _, answer in found.values()}) == 1


async def test_a_key_that_is_not_the_clients_is_told_apart_in_the_log(provider: Provider) -> None:
    signing = await provider.register(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [KEY]})
    app = await provider.register()

    def assertion(client_id: str) -> dict[str, str]:
        parts = (
            b'{"alg":"ES256","kid":"k"}',
            b'{"iss":"%s","sub":"%s","aud":"https://login.example","exp":%d,"jti":"1"}'
            % (client_id.encode(), client_id.encode(), time.time() + 60),
            b"\x01" * 64,
        )
        text = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        return {"client_assertion_type": kind, "client_assertion": text}

    for client_id, cause in (
        (signing.client_id, "wrong key: none of the client's keys made this signature"),
        (app.client_id, "wrong method: registered for client_secret_basic, sent a client_assertion"),
        ("app_" + "y" * 22, "unknown client"),
    ):
        with capture_logs() as logs:
            assert error_of(await ask_token(provider, **assertion(client_id)), 401) == "invalid_client"
        assert only(logs, "client_refused")["cause"] == cause


async def test_a_secret_that_was_sent_for_an_id_is_not_logged(provider: Provider) -> None:
    app = await provider.register()
    secret = app.metadata["client_secret"]
    with capture_logs() as logs:
        await ask_token(provider, (secret, app.client_id))
        await ask_token(provider, client_id=secret)
        await ask_token(provider, client_id=secret, client_secret="x" * 2000)
    assert len([entry for entry in logs if entry["event"] == "client_refused"]) == 3
    assert secret not in str(logs)


async def visit(
    provider: Provider, app: RelyingParty, http: httpx.AsyncClient, **changes: Any
) -> httpx.Response:
    page = await http.get("/oauth/authorize", params=app.request(**changes))
    assert page.status_code == 400
    assert 'data-page="error"' in page.text
    return page


async def test_the_owner_sees_the_received_and_the_registered_uri_and_nobody_else_does(
    provider: Provider,
) -> None:
    dev = await developer(provider)
    secret_path = f"{CALLBACK}/only-the-owner-knows"
    app = await dev.app(redirect_uris=f"{secret_path}\n{CALLBACK}")
    page = await visit(provider, app, dev.http, redirect_uri=TYPO)
    assert shown(page, "received") == TYPO
    assert CALLBACK in (shown(page, "registered") or "")
    assert secret_path in (shown(page, "registered") or "")
    assert f"/developers/apps/{app.client_id}/edit" in page.text
    assert shown(page, "request-id")
    for http in (provider.http(), (await provider.person()).http, (await developer(provider)).http):
        page = await visit(provider, app, http, redirect_uri=TYPO)
        assert secret_path not in page.text
        assert TYPO not in page.text
        assert shown(page, "received") is None
        assert "/developers" not in page.text


async def test_without_an_owner_nobody_is_shown_anything(provider: Provider) -> None:
    app = await provider.register(CALLBACK + "/registered")
    for http in (provider.http(), (await provider.person()).http):
        page = await visit(provider, app, http, redirect_uri=TYPO)
        assert CALLBACK not in page.text


async def test_a_missing_uri_is_explained_to_the_owner_too(provider: Provider) -> None:
    dev = await developer(provider)
    app = await dev.app(redirect_uris=f"{CALLBACK}/1\n{CALLBACK}/2")
    page = await visit(provider, app, dev.http, redirect_uri=None)
    assert shown(page, "received") == "nothing"


async def test_what_was_received_is_shown_as_text(provider: Provider) -> None:
    dev = await developer(provider)
    app = await dev.app()
    evil = "https://app.example/<script>alert(1)</script>"
    page = await visit(provider, app, dev.http, redirect_uri=evil)
    assert "<script>alert" not in page.text
    assert shown(page, "received") is not None


async def test_the_log_puts_the_received_uri_beside_the_registered_ones(provider: Provider) -> None:
    uris = [f"{CALLBACK}/{n}" for n in range(20)]
    app = await provider.register(*uris)
    with capture_logs() as logs:
        await visit(provider, app, provider.http(), redirect_uri=f"{CALLBACK}/19/")
    entry = only(logs, "redirect_uri_refused")
    assert entry["client_id"] == app.client_id
    assert entry["received"] == f"{CALLBACK}/19/"
    assert entry["registered"][0] == f"{CALLBACK}/19"
    # Strangers must not be able to fill the log with what is registered.
    assert (len(entry["registered"]), entry["registered_count"]) == (5, 20)
    with capture_logs() as logs:
        await visit(provider, app, provider.http(), redirect_uri="https://evil.example/" + "x" * 5000)
    assert len(only(logs, "redirect_uri_refused")["received"]) == 300


async def test_a_pushed_request_and_an_unknown_app_are_in_the_log_as_well(provider: Provider) -> None:
    app = await provider.register()
    with capture_logs() as logs:
        async with provider.http() as http:
            answer = await http.post("/oauth/par", data=app.request(redirect_uri=TYPO), headers=app.basic)
        assert CALLBACK not in answer.json()["error_description"]
    assert only(logs, "redirect_uri_refused")["received"] == TYPO
    await operator.pause(provider.room, app.client_id)
    for client_id, cause in (
        (app.client_id, "the client is disabled"),
        ("app_" + "z" * 22, "unknown client"),
    ):
        with capture_logs() as logs:
            await visit(provider, app, provider.http(), client_id=client_id)
        assert only(logs, "authorization_refused")["cause"] == cause


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("", "", 0), ("abc", "abc", 3), ("abc", "abd", 2), ("ab", "abc", 2), ("abc", "", 0), ("x", "abc", 0)],
)
def test_texts_are_alike_up_to_the_first_difference(one: str, other: str, expected: int) -> None:
    assert alike_chars(one, other) == expected
    assert alike_chars(other, one) == expected


def test_the_nearest_uri_comes_first() -> None:
    uris = ["https://b.example/", "http://a.example/cb", "https://a.example/cb"]
    assert nearest(uris, "https://a.example/cb/", 2) == ["https://a.example/cb", "https://b.example/"]
