"""Client authentication: what a refusal tells, in words and in work (reference oauth §4.2, §7.1 MUST 20)."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from tests.oauth.provider import Provider, RelyingParty
from tests.oauth.test_code import basic, error_of

ENDPOINTS = ("/oauth/token", "/oauth/revoke", "/oauth/par")
WRONG = "w" * 43


@contextmanager
def work_of(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every statement that the database gets, and the lengths of everything that is compared in constant time."""
    done: list[str] = []
    engine = provider.db.engine.sync_engine
    compare = hmac.compare_digest

    def note_statement(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        done.append(statement)

    def note_comparison(a: Any, b: Any) -> bool:
        done.append(f"compare {len(a)} with {len(b)}")
        return compare(a, b)

    sa.event.listen(engine, "before_cursor_execute", note_statement)
    with monkeypatch.context() as patched:
        patched.setattr(hmac, "compare_digest", note_comparison)
        yield done
    sa.event.remove(engine, "before_cursor_execute", note_statement)


async def ask(
    app: RelyingParty, path: str, client_id: str, secret: str, *, by_header: bool
) -> httpx.Response:
    form: dict[str, str] = {"grant_type": "authorization_code", "code": "x" * 43, "token": "x" * 43}
    headers = {"Authorization": basic(f"{client_id}:{secret}")} if by_header else {}
    if not by_header:
        form |= {"client_id": client_id, "client_secret": secret}
    async with app.provider.http(headers=headers) as http:
        return await http.post(path, data=form)


@pytest.mark.parametrize("by_header", [True, False], ids=["basic", "post"])
@pytest.mark.parametrize("path", ENDPOINTS)
async def test_an_unknown_client_costs_the_same_work_as_a_wrong_secret(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, path: str, by_header: bool
) -> None:
    """MUST 20: the same statements, one comparison of two digests, the same answer; no clock is needed to tell."""
    app, disabled = await provider.register(), await provider.register()
    public = await provider.register(token_endpoint_auth_method="none")
    await provider.execute(
        "UPDATE oauth_clients SET disabled_at = created_at WHERE client_id = :c", c=disabled.client_id
    )
    unknown = "app_" + "A" * (len(app.client_id) - 4)
    seen: list[tuple[list[str], str]] = []
    for client_id, secret in (
        (app.client_id, WRONG),
        (unknown, WRONG),
        (unknown, app.metadata["client_secret"]),
        (disabled.client_id, disabled.metadata["client_secret"]),
        (public.client_id, WRONG),
    ):
        await ask(app, path, app.client_id, WRONG, by_header=by_header)  # what is read once a minute is read
        with work_of(provider, monkeypatch) as done:
            answer = await ask(app, path, client_id, secret, by_header=by_header)
        assert error_of(answer, 401) == "invalid_client"
        assert done.count("compare 64 with 64") == 1
        seen.append((done, answer.json()["error_description"]))
    assert all(found == seen[0] for found in seen)


async def test_an_unknown_registration_costs_the_same_work_as_a_wrong_token(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MUST 20: the same for the registration access token."""
    app = await provider.register()
    seen = []
    for client_id in (app.client_id, "app_" + "A" * (len(app.client_id) - 4)):
        async with provider.http(headers={"Authorization": f"Bearer {WRONG}"}) as http:
            with work_of(provider, monkeypatch) as done:
                answer = await http.get(f"/oauth/register/{client_id}")
        assert error_of(answer, 401) == "invalid_token"
        seen.append((done, answer.json()["error_description"]))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("path", ENDPOINTS)
async def test_a_client_proves_itself_in_one_way_and_says_everything_once(
    provider: Provider, path: str
) -> None:
    """MUST 20: two methods, repeated parameters, secrets in the URL, and every way to write Basic."""
    app = await provider.register()
    id_, secret = app.client_id, app.metadata["client_secret"]
    right = basic(f"{id_}:{secret}")
    form = app.request() | {"grant_type": "authorization_code", "code": "x", "token": "x"}
    cases: list[tuple[str, dict[str, Any], str, int]] = [
        ("", {"client_secret": secret}, right, 400),
        ("", {"client_secret": [secret, secret], "client_id": id_}, "", 400),
        ("", {"client_id": [id_, id_]}, right, 400),
        ("", {"client_id": "app_other"}, right, 400),
        (f"?client_id={id_}&client_secret={secret}", {}, "", 400),
        ("?code=x", {}, right, 400),
        ("?token=x", {}, right, 400),
        ("", {}, basic(f"{id_}:{secret}:"), 401),
        ("", {}, basic(f"{id_}"), 401),
        ("", {}, basic(f":{secret}"), 401),
        ("", {}, basic(f"{id_}:%"), 401),
        ("", {}, basic(f"{id_}:%C3%28"), 401),
        ("", {}, basic(f"{id_}%00:{secret}"), 401),
        ("", {}, basic(b"\xff\xfe"), 401),
        ("", {}, "Basic", 401),
        ("", {}, "Basic =", 401),
        ("", {}, f"Digest {right[6:]}", 401),
        ("", {}, f"{right}, {right}", 401),
    ]
    async with provider.http() as http:
        for query, extra, header, status in cases:
            sent = {k: v for k, v in (form | {"client_id": None} | extra).items() if v is not None}
            answer = await http.post(
                path + query, data=sent, headers={"Authorization": header} if header else {}
            )
            assert answer.status_code == status, (query, extra, header, answer.text)
            assert secret not in answer.text
        twice = [("Authorization", right), ("Authorization", right)]
        assert (await http.post(path, data=form, headers=twice)).status_code == 400
        # Encoded or not, both halves are understood, and the scheme in any case.
        for good in (right, basic(f"{id_}:{secret}".replace("_", "%5F")), right.replace("Basic", "bAsIc")):
            answer = await http.post(path, data=form, headers={"Authorization": good})
            assert answer.status_code in (200, 201, 400), answer.text
            assert answer.json()["error"] == "invalid_grant" if answer.status_code == 400 else True


Make = Callable[..., Awaitable[Provider]]


async def test_nobody_chooses_a_name_that_could_be_somebody_elses(provider: Provider) -> None:
    """MUST 19: ``client_id``, ``sub``, trust and the like are ours to give; a client's ``sub`` is no user's."""
    person = await provider.person()
    for name, value in (
        ("client_id", person.pubkey),
        ("client_id", "app_mine"),
        ("client_secret", "mine"),
        ("sub", person.pubkey),
        ("trust", "operator"),
        ("profile", "fapi2"),
        ("owner_id", person.pubkey),
    ):
        async with provider.http() as http:
            body = {"redirect_uris": ["https://app.example/cb"], name: value}
            assert error_of(await http.post("/oauth/register", json=body)) == "invalid_client_metadata"
    machine = await provider.register(grant_types=["client_credentials"], redirect_uris=[])
    answer = (await machine.post(grant_type="client_credentials", scope="profile:read")).json()
    assert machine.client_id.startswith("app_"), "no pubkey and no address looks like this"
    opened = await machine.call(answer["access_token"])
    assert (opened.status_code, opened.json()["error"]) == (403, "insufficient_scope")
    # What a request says about who somebody is, is not even read.
    app = await provider.register()
    said = {"sub": "x", "user": "x", "pubkey": "x", "user_id": "x", "login": "x"}
    tokens = await app.tokens(person, **said)
    who = await app.call(tokens["access_token"], "/oauth/userinfo?pubkey=x&sub=x")
    assert who.json()["sub"] == person.pubkey
