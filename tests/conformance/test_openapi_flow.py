"""What the server answers when all goes well is what the OpenAPI document says, and every member of it is described."""

from __future__ import annotations

import re
import secrets
import time
from typing import Any

import httpx
import schemathesis

from tests.conformance.test_openapi import DOCUMENT
from tests.oauth.developer import FORM, hidden_of, shown
from tests.races.people import CALLBACK, Visitor, exchange_form, new_visitor
from tests.support.lnurl_wallet import LnurlWallet
from tests.support.nostr_signer import event_of, header_of
from tests.support.server import Server
from tests.support.signer import TestKey

schema = schemathesis.openapi.from_dict(DOCUMENT)


class Described:
    """Calls the server, and holds each answer to the document. ``seen`` are the operations that were answered well."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.seen: set[tuple[str, str]] = set()

    async def call(self, method: str, path: str, status: int, **options: Any) -> httpx.Response:
        """One call; ``name=value`` pairs of ``fill`` go into the path."""
        url = path.format(**options.pop("fill", {}))
        answer = await self.http.request(method, url, **options)
        assert answer.status_code == status, answer.text
        schema[path][method].validate_response(answer)
        if answer.headers.get("content-type") == "application/json":
            schema_of = DOCUMENT["paths"][path][method.lower()]["responses"][str(status)]["content"]
            check_members(answer.json(), schema_of["application/json"]["schema"], f"{method} {path}")
        self.seen.add((method, path))
        return answer


def check_members(value: Any, described: dict[str, Any], where: str) -> None:
    """Each member of an object is one that the document names."""
    if "$ref" in described:
        described = DOCUMENT["components"]["schemas"][described["$ref"].rpartition("/")[2]]
    if isinstance(value, dict) and described.get("additionalProperties") is not True:
        assert set(value) <= set(described.get("properties", {})), where
        for name, member in value.items():
            check_members(member, described["properties"][name], f"{where} {name}")
    elif isinstance(value, list):
        for item in value:
            check_members(item, described.get("items", {}), where)


async def sessions(site: Described) -> None:
    """A session, seen, listed and ended."""
    await site.call("GET", "/api/session", 200)
    await site.call("GET", "/api/sessions", 200)
    await site.call("DELETE", "/api/sessions", 200, params={"all": "1"})
    await site.call("GET", "/", 200)
    await site.call("GET", "/login/landing", 200)
    await site.call("GET", "/oauth/logout", 200)
    await site.call("POST", "/logout", 200)


async def apps(site: Described, visitor: Visitor) -> None:
    """The apps of a person, and the end of one."""
    await site.call("GET", "/account", 200)
    await site.call("GET", "/api/apps", 200)
    fill = {"client_id": visitor.credentials[0]}
    await site.call("DELETE", "/api/apps/{client_id}", 200, fill=fill)


async def account(site: Described) -> None:
    """An account, its name, a second key that goes again, recovery codes, one of which signs in, and the end."""
    await site.call("GET", "/api/account", 200)
    await site.call("PUT", "/api/account", 200, json={"display_name": "Described"})
    key = TestKey(secrets.token_bytes(32))
    second = key.pubkey_hex
    link = (await site.call("POST", "/api/keys/links", 201, json={"pubkey": second})).json()
    of_link = {"fill": {"link_id": link["link_id"]}}
    await site.call("GET", "/api/keys/links/{link_id}", 200, **of_link)
    proof = {"pubkey": second, "signature": key.sign_der(link["message"])}
    await site.call("POST", "/api/keys/links/{link_id}/proof", 200, json=proof, **of_link)
    await site.call("POST", "/api/keys", 201, json={"link_id": link["link_id"]})
    other = (await site.call("POST", "/api/keys/links", 201, json={})).json()["link_id"]
    await nostr(site, "/api/auth/nostr/link", "link", other)
    await site.call("GET", "/account/keys/new", 200)
    await site.call("GET", "/api/notices", 200)
    await site.call("POST", "/api/notices/read", 200, json={})
    await site.call("GET", "/api/keys", 200)
    fill = {"fill": {"key": second}}
    await site.call("PUT", "/api/keys/{key}", 200, json={"label": "Second"}, **fill)
    await site.call("DELETE", "/api/keys/{key}", 200, **fill)
    codes = (await site.call("POST", "/api/recovery-codes", 201)).json()["codes"]
    await site.call("GET", "/api/recovery-codes", 200)
    await site.call("POST", "/api/auth/recovery", 200, json={"code": codes[0]})
    await site.call("GET", "/api/session", 200)
    await site.call("GET", "/api/sessions", 200)
    await site.call("DELETE", "/api/recovery-codes", 200)
    await site.call("DELETE", "/api/account", 200)


async def nostr(site: Described, path: str, name: str, answered: str) -> None:
    """An event of a new key that names what it answers."""
    url = f"{str(site.http.base_url).rstrip('/')}{path}?{name}={answered}"
    event = event_of(TestKey(secrets.token_bytes(32)), url, int(time.time()))
    await site.call("POST", path, 200, params={name: answered}, headers=header_of(event))


async def lightning(site: Described) -> None:
    """A Lightning login, from the QR code to the session."""
    made = (await site.call("POST", "/api/lnurl-auth/create", 200, json={"action": "login"})).json()
    fill = {"session_id": made["session_id"]}
    await site.call("GET", "/api/lnurl-auth/params", 200, params=fill)
    await site.call("GET", "/api/lnurl-auth/qr/{session_id}", 200, fill=fill)
    await site.call("GET", "/login/lnurl/{session_id}", 200, fill=fill)
    await site.call("GET", "/api/lnurl-auth/check/{session_id}", 200, fill=fill)
    answer = httpx.URL(LnurlWallet(secrets.token_bytes(32)).answer_url(made["lnurl"]))
    query = dict(answer.params)
    await site.call("GET", "/api/lnurl-auth/callback/{session_id}", 200, fill=fill, params=query)
    await site.call("GET", "/api/lnurl-auth/events/{session_id}", 200, fill=fill)
    await site.call("GET", "/login/lnurl/{session_id}/confirm", 200, fill=fill)
    claimed = (await site.call("GET", "/api/lnurl-auth/check/{session_id}", 200, fill=fill)).json()
    assert claimed["verified"] is True


async def registration(site: Described) -> None:
    """An app that registers, reads, changes and removes itself."""
    wish = {"client_name": "Described", "redirect_uris": [CALLBACK]}
    made = (await site.call("POST", "/oauth/register", 201, json=wish)).json()
    where = {
        "fill": {"client_id": made["client_id"]},
        "headers": {"Authorization": f"Bearer {made['registration_access_token']}"},
    }
    path = "/oauth/register/{client_id}"
    await site.call("GET", path, 200, **where)
    await site.call("PUT", path, 200, **where, json={**wish, "client_id": made["client_id"]})
    await site.call("DELETE", path, 204, **where)


async def tokens(site: Described, visitor: Visitor) -> None:
    """A code, tokens, what they open, new ones, and the end."""
    form = exchange_form(*await visitor.authorize())
    auth = visitor.credentials
    got = (await site.call("POST", "/oauth/token", 200, data=form, auth=auth)).json()
    bearer = {"Authorization": f"Bearer {got['access_token']}"}
    for method, path in (
        ("GET", "/oauth/userinfo"),
        ("POST", "/oauth/userinfo"),
        ("GET", "/api/demo/protected"),
    ):
        await site.call(method, path, 200, headers=bearer)
    renewal = {"grant_type": "refresh_token", "refresh_token": got["refresh_token"]}
    fresh = (await site.call("POST", "/oauth/token", 200, data=renewal, auth=auth)).json()
    for token in (fresh["access_token"], fresh["refresh_token"], got["refresh_token"]):
        await site.call("POST", "/oauth/introspect", 200, data={"token": token}, auth=auth)
    await site.call("POST", "/oauth/revoke", 200, data={"token": fresh["refresh_token"]}, auth=auth)


async def pushed(site: Described, visitor: Visitor) -> None:
    """An authorization request that does not travel through the browser."""
    form = {
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
    }
    await site.call("POST", "/oauth/par", 201, data=form, auth=visitor.credentials)


async def television(site: Described, visitor: Visitor) -> None:
    """A device, its user's answer, and its tokens."""
    device_code = "urn:ietf:params:oauth:grant-type:device_code"
    wish = {"grant_types": [device_code], "token_endpoint_auth_method": "none"}
    made = (await visitor.browser.post("/oauth/register", json=wish)).raise_for_status().json()
    client = {"client_id": made["client_id"]}
    device = (await site.call("POST", "/oauth/device_authorization", 200, data=client)).json()
    page = await site.call("GET", "/device", 200, params={"user_code": device["user_code"]})
    fields = dict(re.findall(r'name="(csrf)" value="([^"]*)"', page.text)) | {
        "user_code": device["user_code"]
    }
    for decision in ("continue", "approve"):
        await site.call("POST", "/device", 200, data={**fields, "decision": decision})
    poll = {"grant_type": device_code, "device_code": device["device_code"], **client}
    await site.call("POST", "/oauth/token", 200, data=poll)


async def developers(site: Described) -> None:
    """An app at the pages for developers: registered, tried, changed, given a new secret, deleted."""
    await site.call("GET", "/developers", 200)
    new = "/developers/new"
    form = FORM | hidden_of((await site.call("GET", new, 200)).text, new)
    client_id = shown(await site.call("POST", new, 200, data=form), "client-id")
    page, fill = "/developers/apps/{client_id}", {"client_id": client_id}
    text = (await site.call("GET", page, 200, fill=fill)).text
    hidden = hidden_of(text, f"{page.format(**fill)}/secret") | {"sure": "yes"}
    await site.call("GET", f"{page}/edit", 200, fill=fill)
    await site.call("POST", f"{page}/edit", 303, fill=fill, data=FORM | hidden)
    await site.call("GET", f"{page}/test", 200, fill=fill)
    await site.call("POST", f"{page}/test", 303, fill=fill, data=hidden)
    await site.call("GET", "/developers/callback", 200)
    await site.call("POST", f"{page}/secret", 200, fill=fill, data=hidden)
    await site.call("POST", f"{page}/delete", 303, fill=fill, data=hidden)


async def pages_and_documents(site: Described) -> None:
    """What needs nobody."""
    for path in (
        "/login",
        "/oauth/jwks.json",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-protected-resource",
        "/health",
        "/health/live",
        "/health/ready",
        "/metrics",
        "/openapi.json",
    ):
        await site.call("GET", path, 200)


async def test_every_operation_that_succeeds_answers_as_described(any_server: Server) -> None:
    async with new_visitor(any_server.url) as visitor:
        site = Described(visitor.browser)
        await site.call("POST", "/api/auth/challenge", 200, json={"pubkey": visitor.key.pubkey_hex})
        await tokens(site, visitor)
        await pushed(site, visitor)
        await apps(site, visitor)
        await television(site, visitor)
        await registration(site)
        await developers(site)
        await sessions(site)
        await site.call("POST", "/verify_signature", 200, json=await visitor.signed_challenge())
        await site.call("POST", "/logout", 200)
        asked = (await site.call("POST", "/api/auth/challenge", 200, json={})).json()
        await nostr(site, "/api/auth/nostr", "challenge", asked["challenge_id"])
        await lightning(site)
        await account(site)
        await pages_and_documents(site)
    described = {(m.upper(), path) for path, item in DOCUMENT["paths"].items() for m in item}
    by_browser = {
        ("POST", "/login"),
        ("POST", "/account"),
        ("POST", "/account/keys/new"),
        ("POST", "/oauth/logout"),
        ("POST", "/login/lnurl"),
        ("POST", "/login/nostr"),
        ("POST", "/account/keys/nostr"),
        ("GET", "/oauth/authorize"),
        ("POST", "/oauth/authorize"),
    }
    assert described - site.seen == by_browser, "an operation that nobody has seen succeed"
