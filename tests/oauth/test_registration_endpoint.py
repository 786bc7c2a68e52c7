"""/oauth/register over HTTP: registering, reading, changing, leaving, and who may."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from hodlxxi.kit.ratelimit import Limit
from tests.oauth.provider import CALLBACK, ISSUER, Provider, RelyingParty
from tests.oauth.test_code import error_of

Make = Callable[..., Awaitable[Provider]]


async def test_the_seeds_body_gives_a_confidential_client(provider: Provider) -> None:
    async with provider.http() as http:
        answer = await http.post("/oauth/register", json={"name": "My App", "redirect_uris": [CALLBACK]})
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["client_name"] == "My App"
    assert body["client_id"].startswith("app_")
    assert len(body["client_secret"]) == 43
    assert body["client_secret_expires_at"] == 0
    assert body["token_endpoint_auth_method"] == "client_secret_basic"
    assert body["grant_types"] == ["authorization_code", "refresh_token"]
    assert body["registration_client_uri"] == f"{ISSUER}/oauth/register/{body['client_id']}"
    assert len(body["registration_access_token"]) == 43
    assert isinstance(body["client_id_issued_at"], int)
    assert await provider.events("client_registered", body["client_id"]) == 1


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "invalid_redirect_uri"),
        (b"{}", "invalid_redirect_uri"),
        (b"[]", "invalid_request"),
        (b"null", "invalid_request"),
        (b"nonsense", "invalid_request"),
        (b'{"redirect_uris":["https://app.example/cb#x"]}', "invalid_redirect_uri"),
        (b'{"redirect_uris":[{"a":1}]}', "invalid_redirect_uri"),
        (b'{"redirect_uris":["https://app.example/cb"],"client_name":{}}', "invalid_client_metadata"),
        (b'{"redirect_uris":["https://app.example/cb"],"client_id":"x"}', "invalid_client_metadata"),
        (
            b'{"redirect_uris":["https://app.example/cb"],"x":' + b"[" * 40 + b"]" * 40 + b"}",
            "invalid_request",
        ),
        (b'{"redirect_uris":["https://app.example/cb"],"client_name":"\\u0000"}', "invalid_request"),
        (b'{"redirect_uris":["https://app.example/cb"],"client_name":"\\ud800"}', "invalid_request"),
    ],
)
async def test_bad_bodies_are_refused_in_oauths_shape(provider: Provider, body: bytes, word: str) -> None:
    async with provider.http(headers={"Content-Type": "application/json"}) as http:
        assert error_of(await http.post("/oauth/register", content=body)) == word
        large = await http.post("/oauth/register", content=b'{"a":"' + b"x" * 70_000 + b'"}')
        assert error_of(large, 413)
        form = await http.post("/oauth/register", data={"a": "b"}, headers={"Content-Type": "text/plain"})
        assert error_of(form) == "invalid_request"


async def manage(app: RelyingParty, method: str, token: str | None = None, **options: Any) -> httpx.Response:
    token = token or app.metadata["registration_access_token"]
    async with app.provider.http(headers={"Authorization": f"Bearer {token}"}) as http:
        return await http.request(method, f"/oauth/register/{app.client_id}", **options)


async def test_a_client_reads_and_changes_what_it_registered(provider: Provider) -> None:
    app = await provider.register(contacts=["a@b.example"])
    body = (await manage(app, "GET")).json()
    assert body["client_id"] == app.client_id
    assert body["contacts"] == ["a@b.example"]
    assert not [name for name in body if name in ("client_secret", "registration_access_token")]
    new = {"client_id": app.client_id, "client_name": "New", "redirect_uris": [CALLBACK + "/2"]}
    answer = await manage(app, "PUT", json=new | {"client_secret": app.metadata["client_secret"]})
    assert answer.status_code == 200
    changed = (await manage(app, "GET")).json()
    assert (changed["client_name"], changed["redirect_uris"]) == ("New", [CALLBACK + "/2"])
    assert "contacts" not in changed
    person = await provider.person()
    assert (await person.visit(app)).status_code == 400
    # The secret is what it was.
    assert error_of(await app.redeem("x")) == "invalid_grant"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": "app_other"},
        {"client_secret": "mine"},
        {"redirect_uris": []},
        {"client_id_issued_at": 1},
        {"trust": "operator"},
    ],
    ids=str,
)
async def test_a_bad_change_changes_nothing(provider: Provider, changes: dict[str, Any]) -> None:
    """MUST 19: ``client_id`` and trust are not the client's to change."""
    app = await provider.register()
    before = (await manage(app, "GET")).json()
    body = {"client_id": app.client_id, "client_name": "X", "redirect_uris": [CALLBACK]} | changes
    error_of(await manage(app, "PUT", json={k: v for k, v in body.items() if v is not None}))
    assert (await manage(app, "GET")).json() == before


async def test_becoming_public_forgets_the_secret_and_the_way_back_makes_a_new_one(
    provider: Provider,
) -> None:
    app = await provider.register()
    body = {"client_id": app.client_id, "redirect_uris": [CALLBACK]}
    public = (await manage(app, "PUT", json=body | {"token_endpoint_auth_method": "none"})).json()
    assert "client_secret" not in public
    assert error_of(await app.redeem("x"), 401) == "invalid_client"
    again = (await manage(app, "PUT", json=body)).json()
    assert again["client_secret"] != app.metadata["client_secret"]
    app.metadata["client_secret"] = again["client_secret"]
    assert error_of(await app.redeem("x")) == "invalid_grant"


async def test_a_wrong_token_and_an_unknown_client_are_refused_alike(provider: Provider) -> None:
    """MUST 20: unknown and wrong look the same."""
    app, other = await provider.register(), await provider.register()
    answers = [await manage(app, "GET", token="x"), await manage(app, "DELETE", token=app.client_id)]
    answers.append(await manage(app, "GET", token=other.metadata["registration_access_token"]))
    unknown = RelyingParty(provider, {"client_id": "app_unknown"})
    answers.append(await manage(unknown, "GET", token=app.metadata["registration_access_token"]))
    async with provider.http() as http:
        answers.append(await http.get(f"/oauth/register/{app.client_id}"))
    bodies = set()
    for answer in answers:
        assert error_of(answer, 401) == "invalid_token"
        assert answer.headers["www-authenticate"].startswith("Bearer")
        bodies.add(answer.json()["error_description"])
    assert len(bodies) == 1


async def test_leaving_ends_every_token(provider: Provider) -> None:
    app = await provider.register()
    tokens = await app.tokens()
    answer = await manage(app, "DELETE")
    assert (answer.status_code, answer.content) == (204, b"")
    for table in ("oauth_tokens WHERE NOT revoked AND", "oauth_grants WHERE revoked_at IS NULL AND"):
        alive = f"SELECT count(*) FROM {table} client_id = :id"
        assert await provider.ask(alive, id=app.client_id) == 0
    assert error_of(await manage(app, "GET"), 401) == "invalid_token"
    assert (await app.call(tokens["access_token"])).json()["error"] == "invalid_token"
    assert error_of(await app.refresh(tokens["refresh_token"]), 401) == "invalid_client"
    assert (await (await provider.person()).visit(app)).status_code == 400


async def test_the_operator_may_close_registration(make_provider: Make) -> None:
    provider = await make_provider(registration="closed")
    async with provider.http() as http:
        answer = await http.post("/oauth/register", json={"redirect_uris": [CALLBACK]})
        assert error_of(answer, 403) == "access_denied"
        document = (await http.get("/.well-known/openid-configuration")).json()
        assert "registration_endpoint" not in document


async def test_registrations_are_limited_by_address(make_provider: Make) -> None:
    """MUST 24: the limiter."""
    provider = await make_provider(registrations=Limit(2))
    async with provider.http() as http:
        for status in (201, 201, 429):
            answer = await http.post("/oauth/register", json={"redirect_uris": [CALLBACK]})
            assert answer.status_code == status
    assert int(answer.headers["retry-after"]) > 0
    assert error_of(answer, 429)
