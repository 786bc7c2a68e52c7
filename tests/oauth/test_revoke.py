"""``/oauth/revoke`` (RFC 7009): either token ends the whole grant; a stranger learns and changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from tests.oauth.provider import Provider, RelyingParty


async def revoke(provider: Provider, app: RelyingParty, **form: str) -> httpx.Response:
    body = form if app.auth else {"client_id": app.client_id} | form
    async with provider.http() as http:
        return await http.post("/oauth/revoke", data=body, **app.auth)


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "nonsense"])
async def test_either_token_ends_the_whole_grant_whatever_the_hint(
    provider: Provider, which: str, hint: str
) -> None:
    app = await provider.register()
    tokens = await app.tokens()
    answer = await revoke(provider, app, token=tokens[which], token_type_hint=hint)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["cache-control"] == "no-store"
    assert (await app.call(tokens["access_token"])).status_code == 401
    assert (await app.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert await provider.events("grant_revoked", app.client_id) == 1


async def test_what_was_revoked_twice_or_never_was_is_no_error(provider: Provider) -> None:
    app = await provider.register()
    token = (await app.tokens())["access_token"]
    for sent in (token, token, "never-was"):
        assert (await revoke(provider, app, token=sent)).status_code == 200
    assert await provider.events("grant_revoked", app.client_id) == 1


async def test_another_clients_token_stays_alive(provider: Provider) -> None:
    """MUST 25: another client's token is not revoked."""
    owner, stranger = await provider.register(), await provider.register()
    tokens = await owner.tokens()
    assert (await revoke(provider, stranger, token=tokens["access_token"])).status_code == 200
    assert (await revoke(provider, stranger, token=tokens["refresh_token"])).status_code == 200
    assert (await owner.call(tokens["access_token"])).status_code == 200


async def test_a_public_client_revokes_by_its_id(provider: Provider) -> None:
    app = await provider.register(token_endpoint_auth_method="none")
    tokens = await app.tokens()
    assert (await revoke(provider, app, token=tokens["refresh_token"])).status_code == 200
    assert (await app.call(tokens["access_token"])).status_code == 401


async def test_a_client_must_prove_who_it_is_and_say_what(provider: Provider) -> None:
    app = await provider.register()
    async with provider.http() as http:
        no_client = await http.post("/oauth/revoke", data={"token": "x"})
        wrong = await http.post("/oauth/revoke", data={"token": "x"}, auth=(app.client_id, "wrong"))
        nothing = await http.post("/oauth/revoke", data={"token": ""}, headers=app.basic)
        in_the_url = await http.post("/oauth/revoke?token=x", data={"token": "x"}, headers=app.basic)
    assert (no_client.status_code, no_client.json()["error"]) == (401, "invalid_client")
    assert (wrong.status_code, "Basic" in wrong.headers["www-authenticate"]) == (401, True)
    assert (nothing.status_code, nothing.json()["error"]) == (400, "invalid_request")
    assert (in_the_url.status_code, in_the_url.json()["error"]) == (400, "invalid_request")


async def test_an_id_token_is_no_token_to_revoke(provider: Provider) -> None:
    app, other = await provider.register(), await provider.register()
    tokens = await app.tokens()
    for asker in (app, other):
        answer = await revoke(provider, asker, token=tokens["id_token"], token_type_hint="access_token")
        assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_token_type")
    assert (await app.call(tokens["access_token"])).status_code == 200


@contextmanager
def storage_fails(provider: Provider, when: str) -> Iterator[None]:
    """The database goes away in the middle of it: at the write of the tokens, or when all is to be kept."""
    engine = provider.db.engine.sync_engine

    def at_statement(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE oauth_tokens"):
            raise ConnectionError("the disk is gone")

    def at_commit(_conn: Any) -> None:
        raise ConnectionError("the disk is gone")

    name, listener = ("before_cursor_execute", at_statement) if when == "write" else ("commit", at_commit)
    sa.event.listen(engine, name, listener)
    try:
        yield
    finally:
        sa.event.remove(engine, name, listener)


@pytest.mark.parametrize("when", ["write", "commit"])
@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
async def test_a_storage_error_is_no_success_and_the_token_stays_listed(
    provider: Provider, when: str, which: str
) -> None:
    """MUST 25; fosite CVE-2020-15223: a storage error is a 503, so that the app learns that it must try again."""
    app = await provider.register()
    tokens = await app.tokens()
    with storage_fails(provider, when):
        answer = await revoke(provider, app, token=tokens[which])
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    listed = "SELECT count(*) FROM oauth_tokens WHERE client_id = :c AND NOT revoked"
    assert await provider.ask(listed, c=app.client_id) == 1
    assert (await app.call(tokens["access_token"])).status_code == 200
    assert await provider.events("grant_revoked", app.client_id) == 0
    assert (await revoke(provider, app, token=tokens[which])).status_code == 200
    assert (await app.call(tokens["access_token"])).status_code == 401


async def test_after_a_revocation_and_a_refresh_at_once_nothing_is_alive(provider: Provider) -> None:
    """keycloak#51312: revocation and refresh at the same moment."""
    app = await provider.register()
    for _ in range(5):
        tokens = await app.tokens()
        answers = await asyncio.gather(
            *(app.refresh(tokens["refresh_token"]) for _ in range(4)),
            revoke(provider, app, token=tokens["access_token"]),
            *(app.refresh(tokens["refresh_token"]) for _ in range(4)),
        )
        alive = {tokens["access_token"]} | {
            answer.json()["access_token"]
            for answer in answers
            if answer.content and "access_token" in answer.json()
        }
        assert [(await app.call(token)).status_code for token in alive] == [401] * len(alive)
