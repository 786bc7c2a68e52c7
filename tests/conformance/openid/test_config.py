"""What the public plan asks of a provider's configuration (reference oauth §8; OpenID Connect Discovery 1.0, RFC 8414)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.routing import Route

from hodlxxi.migrations.run import upgrade
from hodlxxi.oauth.routes.table import oauth_routes
from tests.identity.site import PUBLIC_URL, Site, make_settings, open_site
from tests.support.clock import FakeClock

WELL_KNOWN = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")
# IANA, "OAuth Authorization Server Metadata" and "OpenID Connect"; the members that we have a use for.
REGISTERED = {
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "registration_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "device_authorization_endpoint",
    "pushed_authorization_request_endpoint",
    "end_session_endpoint",
    "scopes_supported",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "acr_values_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "userinfo_signing_alg_values_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "revocation_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_signing_alg_values_supported",
    "introspection_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_signing_alg_values_supported",
    "dpop_signing_alg_values_supported",
    "code_challenge_methods_supported",
    "display_values_supported",
    "claim_types_supported",
    "claims_supported",
    "service_documentation",
    "ui_locales_supported",
    "claims_parameter_supported",
    "request_parameter_supported",
    "request_uri_parameter_supported",
    "require_pushed_authorization_requests",
    "authorization_response_iss_parameter_supported",
    "backchannel_logout_supported",
    "backchannel_logout_session_supported",
    "prompt_values_supported",
}
# Where each advertised address is; the routes beside them are no endpoints for apps.
MEMBER_OF = {
    "/oauth/authorize": "authorization_endpoint",
    "/oauth/token": "token_endpoint",
    "/oauth/revoke": "revocation_endpoint",
    "/oauth/introspect": "introspection_endpoint",
    "/oauth/par": "pushed_authorization_request_endpoint",
    "/oauth/device_authorization": "device_authorization_endpoint",
    "/oauth/register": "registration_endpoint",
    "/oauth/userinfo": "userinfo_endpoint",
    "/oauth/jwks.json": "jwks_uri",
    "/oauth/logout": "end_session_endpoint",
}
_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")  # RFC 5646 §2.1.1


@pytest.fixture
async def site(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Site]:
    site = open_site(make_settings(f"sqlite:///{tmp_path / 'site.db'}"), clock)
    await upgrade(site.app.db)
    yield site
    await site.close()


async def document_of(site: Site) -> dict[str, Any]:
    answer = await site.browser().get(WELL_KNOWN[0])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return found


async def test_01_both_documents_are_the_same_json(site: Site) -> None:
    first, second = [await site.browser().get(path) for path in WELL_KNOWN]
    assert first.content == second.content
    assert (first.status_code, second.status_code) == (200, 200)
    head = await site.browser().head(WELL_KNOWN[0])
    assert (head.status_code, head.content) == (200, b"")


async def test_02_the_issuer_is_where_the_document_was_found(site: Site) -> None:
    document = await document_of(site)
    assert document["issuer"] == PUBLIC_URL
    parts = urlsplit(document["issuer"])
    assert (parts.scheme, parts.query, parts.fragment, parts.path) == ("https", "", "", "")


async def test_03_every_address_is_https_and_ours(site: Site) -> None:
    for name, value in (await document_of(site)).items():
        if name.endswith(("_endpoint", "_uri", "_documentation")):
            assert value.startswith(f"{PUBLIC_URL}/"), name
            assert not urlsplit(value).fragment


async def test_04_nothing_is_said_that_no_registry_knows(site: Site) -> None:
    assert set(await document_of(site)) - REGISTERED == set()


async def test_05_what_must_be_there_is_there(site: Site) -> None:
    document = await document_of(site)
    needed = {
        *("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported"),
        *("subject_types_supported", "id_token_signing_alg_values_supported", "scopes_supported"),
        *("userinfo_endpoint", "claims_supported", "registration_endpoint"),
    }
    assert needed <= set(document)
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert "openid" in document["scopes_supported"]
    assert document["response_types_supported"] == ["code"]
    assert {"authorization_code", "refresh_token"} <= set(document["grant_types_supported"])
    assert "client_secret_basic" in document["token_endpoint_auth_methods_supported"]
    assert {"sub", "iss", "auth_time", "acr"} <= set(document["claims_supported"])
    # Absent would mean yes.
    assert document["request_uri_parameter_supported"] is False
    assert document["request_parameter_supported"] is False
    assert document["claims_parameter_supported"] is True


async def test_06_no_list_is_empty_or_says_a_thing_twice(site: Site) -> None:
    for name, value in (await document_of(site)).items():
        if name.endswith("_supported") and not isinstance(value, bool):
            assert value, name
            assert len(value) == len(set(value)), name


async def test_07_locales_are_written_as_locales_are(site: Site) -> None:
    locales = (await document_of(site))["ui_locales_supported"]
    assert all(_LOCALE.fullmatch(locale) for locale in locales)


async def test_08_algorithms_for_signatures_say_no_none(site: Site) -> None:
    for name, value in (await document_of(site)).items():
        if "signing_alg" in name:
            assert "none" not in value
            # An algorithm that is keyed with a secret has no place where the other side has a public key.
            assert name.startswith("id_token") or not {"HS256", "HS384", "HS512"} & set(value), name
    introspection = (await document_of(site))["introspection_endpoint_auth_methods_supported"]
    assert "none" not in introspection


async def test_09_the_keys_are_public_and_told_apart(site: Site) -> None:
    await site.app.oauth.keys.prepare()
    answer = await site.browser().get("/oauth/jwks.json")
    assert answer.status_code == 200
    keys = answer.json()["keys"]
    assert len({key["kid"] for key in keys}) == len(keys) > 0
    for key in keys:
        assert not {"d", "p", "q", "dp", "dq", "qi", "oth", "k"} & set(key)
        assert key["use"] == "sig"
        assert key["kty"] in ("RSA", "EC", "OKP")
        if key["kty"] == "RSA":
            assert len(key["n"]) >= 342, "2048 bits"
    algs = (await document_of(site))["id_token_signing_alg_values_supported"]
    assert {key["alg"] for key in keys} == set(algs)


async def test_10_every_advertised_endpoint_answers(site: Site) -> None:
    """Not with 404, nor with a 405 to the method that its specification names."""
    by_people = ("service_documentation",)
    by_get = ("authorization_endpoint", "jwks_uri", "end_session_endpoint", "userinfo_endpoint", *by_people)
    for name, value in (await document_of(site)).items():
        if name.endswith(("_endpoint", "_uri", "_documentation")):
            method = "GET" if name in by_get else "POST"
            answer = await site.browser().request(method, value.removeprefix(PUBLIC_URL))
            # People are asked to sign in first.
            assert answer.status_code in ((200, 303) if name in by_people else (200, 400, 401)), name


async def test_11_every_endpoint_for_apps_is_advertised(site: Site) -> None:
    document = await document_of(site)
    advertised = {name: value for name, value in document.items() if name.endswith(("_endpoint", "_uri"))}
    assert advertised == {name: PUBLIC_URL + path for path, name in MEMBER_OF.items()}
    routes = {route.path for route in oauth_routes(site.app.oauth) if isinstance(route, Route)}
    assert set(MEMBER_OF) <= routes
    beside = {path for path in routes if path.startswith("/oauth/")} - set(MEMBER_OF)
    assert beside == {"/oauth/register/{client_id}"}


async def test_12_what_is_advertised_is_what_is_taken(site: Site) -> None:
    """Each authentication method, grant and algorithm may be registered, and others may not."""
    document, browser = await document_of(site), site.browser()
    plain = {"redirect_uris": ["https://app.example/cb"]}
    jwks = {"jwks_uri": "https://app.example/jwks.json"}

    async def registered(**wish: Any) -> Any:
        answer = await browser.post("/oauth/register", json=plain | wish)
        return answer.json() if answer.status_code == 201 else None

    for method in document["token_endpoint_auth_methods_supported"]:
        wish = {"token_endpoint_auth_method": method} | (jwks if method == "private_key_jwt" else {})
        assert (await registered(**wish))["token_endpoint_auth_method"] == method
    for alg in document["id_token_signing_alg_values_supported"]:
        assert (await registered(id_token_signed_response_alg=alg))["id_token_signed_response_alg"] == alg
    for alg in document["userinfo_signing_alg_values_supported"]:
        assert (await registered(userinfo_signed_response_alg=alg))["userinfo_signed_response_alg"] == alg
    for subject in document["subject_types_supported"]:
        assert (await registered(subject_type=subject))["subject_type"] == subject
    grants = document["grant_types_supported"]
    assert (await registered(grant_types=grants))["grant_types"] == grants
    assert await registered(id_token_signed_response_alg="HS384") is None
    assert await registered(token_endpoint_auth_method="tls_client_auth") is None


@pytest.mark.parametrize(("mode", "advertised"), [("open", True), ("token", True), ("closed", False)])
async def test_13_registration_is_advertised_where_somebody_may_register(
    tmp_path: Path, clock: FakeClock, mode: str, advertised: bool
) -> None:
    site = open_site(make_settings(f"sqlite:///{tmp_path / 'site.db'}", oauth_registration=mode), clock)
    await upgrade(site.app.db)
    assert ("registration_endpoint" in await document_of(site)) is advertised
    await site.close()
