"""The main way: an app sends its user, the user agrees, the app gets standard tokens and uses them."""

from __future__ import annotations

from joserfc import jwt
from joserfc.jwk import KeySet

from hodlxxi.oauth.rules.claims import at_hash
from tests.oauth.provider import CALLBACK, ISSUER, Provider, fields_of, next_of, response_of


async def test_an_app_gets_its_tokens_and_a_stranger_library_verifies_them(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    page = await person.visit(app)
    assert page.status_code == 200
    back = await person.decide(page)
    answer = response_of(back)
    assert back.headers["location"].startswith(CALLBACK + "?code=")
    assert (answer["state"], answer["iss"]) == ("st-1", ISSUER)

    tokens = (await app.redeem(answer["code"])).json()
    assert set(tokens) == {"access_token", "token_type", "expires_in", "refresh_token", "scope", "id_token"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
    assert tokens["scope"] == "openid profile:read"
    assert len(tokens["refresh_token"]) == 86

    async with provider.http() as http:
        keys = KeySet.import_key_set((await http.get("/oauth/jwks.json")).json())
        id_token = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"])
        access = jwt.decode(tokens["access_token"], keys, algorithms=["RS256"])
        auth = {"Authorization": f"Bearer {tokens['access_token']}"}
        info = (await http.get("/oauth/userinfo", headers=auth)).json()
    assert id_token.header["typ"] == "JWT"
    assert access.header["typ"] == "at+jwt"
    claims = id_token.claims
    assert (claims["iss"], claims["aud"], claims["sub"]) == (ISSUER, app.client_id, person.pubkey)
    assert claims["nonce"] == "n-1"
    assert claims["acr"] == "urn:hodlxxi:acr:key"
    assert claims["amr"] == ["pop", "btc_message"]
    assert claims["at_hash"] == at_hash(tokens["access_token"], "RS256")
    assert access.claims["aud"] == ISSUER
    assert access.claims["client_id"] == app.client_id
    assert info == {"sub": person.pubkey, "bitcoin_pubkey": person.pubkey}
    protected = await app.call(tokens["access_token"])
    assert protected.json()["pubkey"] == person.pubkey


async def test_who_is_not_signed_in_comes_back_to_the_request_after_signing_in(provider: Provider) -> None:
    app, person = await provider.register(), provider.stranger()
    path = next_of(await person.visit(app))
    await person.sign_in()
    page = await person.http.get(path)
    code = response_of(await person.decide(page))["code"]
    assert (await app.redeem(code)).status_code == 200


async def test_a_second_visit_asks_nothing(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    await person.authorize(app)
    again = await person.visit(app, prompt="none")
    assert "code" in response_of(again)
    assert "code" in response_of(await person.visit(app))
    more = await person.visit(app, scope="openid profile:read chat")
    assert more.status_code == 200
    assert "code" in response_of(await person.decide(more))
    assert "code" in response_of(await person.visit(app, scope="openid chat"))


async def test_deny_tells_the_app_and_is_not_remembered(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    answer = response_of(await person.decide(await person.visit(app), "deny"))
    assert answer["error"] == "access_denied"
    assert (answer["state"], answer["iss"]) == ("st-1", ISSUER)
    assert (await person.visit(app)).status_code == 200
    assert await provider.events("consent_denied", app.client_id) == 1


async def test_a_plain_api_grant_has_no_id_token(provider: Provider) -> None:
    app = await provider.register()
    tokens = await app.tokens(scope="profile:read wallet:read")
    assert "id_token" not in tokens
    assert tokens["scope"] == "profile:read wallet:read"
    assert (await app.call(tokens["access_token"], "/oauth/userinfo")).status_code == 403


async def test_a_public_client_gets_tokens_with_its_id_alone(provider: Provider) -> None:
    app = await provider.register(token_endpoint_auth_method="none")
    assert "client_secret" not in app.metadata
    tokens = await app.tokens()
    assert (await app.refresh(tokens["refresh_token"])).status_code == 200


async def test_the_secret_may_come_in_the_body_too(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    code = response_of(await person.authorize(app))["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": app.verifier,
        "client_id": app.client_id,
        "client_secret": app.metadata["client_secret"],
    }
    async with provider.http() as http:
        assert (await http.post("/oauth/token", data=form)).status_code == 200


async def test_other_signature_algorithms_on_request(provider: Provider) -> None:
    async with provider.http() as http:
        keys = KeySet.import_key_set((await http.get("/oauth/jwks.json")).json())
    app = await provider.register(id_token_signed_response_alg="ES256")
    tokens = await app.tokens()
    assert jwt.decode(tokens["id_token"], keys, algorithms=["ES256"]).header["alg"] == "ES256"


async def test_a_request_may_come_by_post_from_another_site(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    # No cookies travel with it (SameSite=Lax), so it waits on the server for the browser's own GET.
    async with provider.http() as bare:
        sent = await bare.post(
            "/oauth/authorize", data=app.request(), headers={"Origin": "https://app.example"}
        )
    assert sent.status_code == 303
    assert "set-cookie" not in sent.headers
    path = sent.headers["location"]
    assert path.startswith("/oauth/authorize?interaction=")
    page = await person.http.get(path)
    assert "code" in response_of(await person.decide(page))


async def test_form_post_and_fragment_carry_the_answer_too(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    fragment = await person.authorize(app, response_mode="fragment")
    assert fragment.headers["location"].startswith(CALLBACK + "#code=")
    page = await person.visit(app, response_mode="form_post", state='"><script>x</script>')
    assert page.status_code == 200
    assert 'data-page="form-post"' in page.text
    assert f'action="{CALLBACK}"' in page.text
    assert 'name="code"' in page.text
    assert "<script>x" not in page.text
    assert ISSUER in page.text


async def test_the_consent_page_names_the_app_its_host_and_each_scope(provider: Provider) -> None:
    """MUST 24: HTML in a name is text."""
    app, person = await provider.register(client_name="<b>App</b>"), await provider.person()
    page = await person.visit(app, scope="openid wallet:read")
    assert "<b>App</b>" not in page.text
    assert "&lt;b&gt;App&lt;/b&gt;" in page.text
    assert "app.example" in page.text
    assert 'data-scope="wallet:read"' in page.text
    assert 'data-scope="openid"' in page.text
    assert set(fields_of(page)) == {"interaction", "csrf"}


async def test_claims_asked_by_name_are_told_and_survive_a_refresh(provider: Provider) -> None:
    app, person = await provider.register(), await provider.person()
    wish = '{"userinfo":{"preferred_username":{"essential":true}},"id_token":{"name":null}}'
    tokens = await app.tokens(person, scope="openid", claims=wish)
    refreshed = (await app.refresh(tokens["refresh_token"])).json()
    for answer in (tokens, refreshed):
        info = (await app.call(answer["access_token"], "/oauth/userinfo")).json()
        assert set(info) == {"sub", "preferred_username"}
