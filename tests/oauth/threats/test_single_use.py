"""A value of one kind is never taken for one of another, and nothing is good twice (reference oauth §4.7)."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from hodlxxi.oauth.register import MAX_UNUSED
from hodlxxi.oauth.rules.authorization import PAR_PREFIX
from hodlxxi.oauth.tables import oauth_clients
from tests.oauth.provider import Provider, RelyingParty, fields_of, response_of
from tests.oauth.test_asking import error_page
from tests.oauth.test_code import BAD, error_of


async def everything(provider: Provider, app: RelyingParty) -> dict[str, str]:
    """One fresh value of each kind, by name."""
    person = await provider.person()
    tokens = await app.tokens(person)
    page = fields_of(await person.visit(app, prompt="consent"))
    challenge = (await person.http.post("/api/auth/challenge", json={})).json()
    return {
        "code": response_of(await person.authorize(app))["code"],
        "refresh token": tokens["refresh_token"],
        "access token": tokens["access_token"],
        "id token": tokens["id_token"],
        "pushed request": (await app.pushed())["request_uri"].removeprefix(PAR_PREFIX),
        "interaction": page["interaction"],
        "csrf token": page["csrf"],
        "session": person.http.cookies["session"],
        "browser": person.http.cookies["browser"],
        "challenge": challenge["challenge_id"],
        "registration token": app.metadata["registration_access_token"],
        "client secret": app.metadata["client_secret"],
        "client id": app.client_id,
        "state": "st-1",
    }


async def test_no_value_passes_for_one_of_another_kind(provider: Provider) -> None:
    """Keycloak CVE-2026-4325: one store of single-use values served every kind."""
    app = await provider.register()
    values = await everything(provider, app)
    stranger = provider.stranger()
    for name, value in values.items():
        if name != "code":
            assert error_of(await app.redeem(value)) == BAD, name
        if name != "refresh token":
            assert error_of(await app.refresh(value)) == BAD, name
        if name != "access token":
            assert (await app.call(value)).status_code == 401, name
        if name != "pushed request":
            asked = {"client_id": app.client_id, "request_uri": PAR_PREFIX + value}
            error_page(await stranger.http.get("/oauth/authorize", params=asked))
        if name != "registration token":
            async with provider.http(headers={"Authorization": f"Bearer {value}"}) as http:
                answer = await http.get(f"/oauth/register/{app.client_id}")
            assert answer.status_code == 401, name
        if name != "client secret":
            wrong = RelyingParty(provider, app.metadata | {"client_secret": value})
            assert error_of(await wrong.redeem("x"), 401) == "invalid_client", name
        if name != "session":
            async with provider.http(cookies={"session": value}) as http:
                answer = await http.get("/oauth/authorize", params=app.request(prompt="none"))
            assert response_of(answer)["error"] == "login_required", name
        error_page(await stranger.http.get("/oauth/authorize", params={"interaction": value}))
    # None of it has spent anything.
    assert (await app.redeem(values["code"])).status_code == 200
    assert (await app.refresh(values["refresh token"])).status_code == 200


async def test_a_code_is_good_once_and_only_as_it_was_asked_for(provider: Provider) -> None:
    """MUST 12; Keycloak CVE-2026-4282, node-oauth2-server#637: each wrong use first, then one right one, then none."""
    app, other = await provider.register(), await provider.register()
    code = response_of(await (await provider.person()).authorize(app))["code"]
    wrong: list[tuple[RelyingParty, dict[str, Any]]] = [
        (other, {}),
        (app, {"redirect_uri": "https://app.example/other"}),
        (app, {"code_verifier": other.verifier}),
        (app, {"code_verifier": None}),
        (app, {"code_verifier": app.verifier[:-1]}),
    ]
    for client, changes in wrong:
        assert error_of(await client.redeem(code, **changes)) == BAD
    tokens = (await app.redeem(code)).json()
    assert (await app.call(tokens["access_token"])).status_code == 200
    for client, changes in wrong:
        assert error_of(await client.redeem(code, **changes)) == BAD
    # Who knows only the code has ended nothing; who could have redeemed it has.
    assert (await app.call(tokens["access_token"])).status_code == 200
    assert error_of(await app.redeem(code)) == BAD
    assert (await app.call(tokens["access_token"])).status_code == 401
    assert error_of(await app.refresh(tokens["refresh_token"])) == BAD
    used = "SELECT count(*) FROM oauth_codes WHERE client_id = :id AND used"
    assert await provider.ask(used, id=app.client_id) == 1


async def test_pkce_is_on_and_only_s256(provider: Provider) -> None:
    """MUST 10: on by default and advertised; missing, plain, short, long and padded challenges are refused."""
    app, person = await provider.register(), await provider.person()
    public = await provider.register(token_endpoint_auth_method="none")
    good = app.request()["code_challenge"]
    for client in (app, public):
        for challenge, method in (
            (None, None),
            (None, "S256"),
            (good, None),
            (good, "plain"),
            (good, "s256"),
            (good, "S512"),
            (good[:-1], "S256"),
            (good + "A", "S256"),
            (good[:-1] + "=", "S256"),
            (good[:-1] + "+", "S256"),
            ("", "S256"),
        ):
            answer = await person.visit(client, code_challenge=challenge, code_challenge_method=method)
            assert response_of(answer)["error"] == "invalid_request", (challenge, method)
            pushed = await client.push(code_challenge=challenge, code_challenge_method=method)
            assert error_of(pushed) == "invalid_request"
    async with provider.http() as http:
        document = (await http.get("/.well-known/openid-configuration")).json()
    assert document["code_challenge_methods_supported"] == ["S256"]


@pytest.mark.parametrize("public", [False, True], ids=["confidential", "public"])
async def test_pkce_cannot_be_taken_out_on_the_way(provider: Provider, public: bool) -> None:
    """MUST 11; CVE-2024-23647 (authentik), CVE-2024-22258 (Spring), CVE-2025-4144 (workers-oauth-provider).

    A challenge that was sent must be proved; a verifier nobody asked for is refused; whoever strips the challenge from
    the request gets no code that a verifier would open.
    """
    method = "none" if public else "client_secret_basic"
    app = await provider.register(token_endpoint_auth_method=method)
    await provider.trust(app, pkce_policy="public_only")
    person = await provider.person()
    code = response_of(await person.authorize(app))["code"]
    for verifier in (None, "", "w" * 43, app.request()["code_challenge"], app.verifier + "A"):
        assert error_of(await app.redeem(code, code_verifier=verifier)) == BAD
    stripped = {"code_challenge": None, "code_challenge_method": None}
    answer = await person.authorize(app, **stripped)
    if public:
        assert response_of(answer)["error"] == "invalid_request"
    else:
        bare = response_of(answer)["code"]
        assert error_of(await app.redeem(bare)) == "invalid_request"
        assert (await app.redeem(bare, code_verifier=None)).status_code == 200


async def test_what_an_app_calls_itself_is_text_wherever_it_is_shown(provider: Provider) -> None:
    """MUST 24: HTML in names, and in what else a self-registered app says of itself."""
    name = "<img src=x onerror=alert(1)>\"'&amp;</title><script>x</script>"
    app = await provider.register(
        client_name=name,
        policy_uri="https://app.example/p?a=%22%3E%3Cscript%3E",
        tos_uri="https://app.example/t",
        client_uri="https://app.example/",
        logo_uri="https://app.example/logo.png",
    )
    person, stranger = await provider.person(), provider.stranger()
    sent = await stranger.visit(app, login_hint='"><script>y</script>')
    for page in (await person.visit(app), await stranger.http.get(sent.headers["location"])):
        assert page.status_code == 200
        assert "<img src=x" not in page.text
        assert "<script>x" not in page.text
        assert "<script>y" not in page.text
        assert "&lt;img src=x" in page.text
        assert "logo.png" not in page.text, "nobody has approved it"
    for bad in ("\u202eevil", "a\u0000b", "line\nline", "\u2066x"):
        async with provider.http() as http:
            answer = await http.post(
                "/oauth/register", json={"client_name": bad, "redirect_uris": ["https://app.example/cb"]}
            )
        assert error_of(answer) in ("invalid_client_metadata", "invalid_request")


async def test_apps_that_nobody_uses_are_so_many_and_no_more(make_provider: Any) -> None:
    """MUST 24: however many addresses somebody has, a thousand unused apps are the end of it."""
    provider = await make_provider()
    app = await provider.register()
    async with provider.db.begin() as tx:
        columns = oauth_clients.c
        (row,) = (
            await tx.execute(sa.select(oauth_clients).where(columns.client_id == app.client_id))
        ).mappings()
        more = [dict(row) | {"client_id": f"app_{n}"} for n in range(MAX_UNUSED - 2)]
        await tx.execute(sa.insert(oauth_clients), more)
    await provider.register()
    async with provider.http() as http:
        refused = await http.post("/oauth/register", json={"redirect_uris": ["https://app.example/cb"]})
        assert error_of(refused, 429)
        assert int(refused.headers["retry-after"]) > 0
    # Who is in use makes room, and is not in the way of the next one.
    await app.tokens()
    assert await provider.register()
