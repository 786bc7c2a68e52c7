"""One person and one app who use every secret that this server knows, in the right place and in wrong ones."""

from __future__ import annotations

import base64
import re
import secrets
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import httpx

from hodlxxi.oauth.rules.assertions import ASSERTION_TYPE
from tests.races.people import Visitor, exchange_form
from tests.support.jose import ClientKey
from tests.support.lnurl_wallet import LnurlWallet
from tests.support.server import Server
from tests.support.signer import TestKey

LOCAL = "http://localhost:9/callback"


@dataclass
class Used:
    """What was used, by name."""

    server: Server
    secrets: dict[str, str] = field(default_factory=dict)

    def __setitem__(self, name: str, secret: str) -> None:
        assert len(secret) >= 16, f"{name} is too short to be found for sure"
        assert name not in self.secrets, name
        self.secrets[name] = secret


async def use_everything(server: Server) -> Used:
    """Go through all of it."""
    used = Used(server)
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as browser:
        visitor = Visitor(browser, TestKey(secrets.token_bytes(32)))
        await _sign_in(used, visitor)
        await _lightning(used)
        await _register(used, visitor)
        tokens = await _redeem(used, visitor)
        await _use_tokens(used, visitor, tokens)
        await _refresh_and_revoke(used, visitor, tokens)
        await _pages(used, visitor)
        await _keys(used)
        await _device(used, visitor)
        await _leave(used, visitor)
        await _recover(used, visitor)
    return used


async def _sign_in(used: Used, visitor: Visitor) -> None:
    browser = visitor.browser
    page = await browser.get("/login")
    used["browser cookie"] = browser.cookies["browser"]
    (used["csrf token"],) = set(re.findall(r'name="csrf" value="([^"]+)"', page.text))
    right = await visitor.signed_challenge()
    wrong = right | {"signature": TestKey(secrets.token_bytes(32)).sign_compact(right["message"])}
    used["signature of another key"] = wrong["signature"]
    used["signature"] = right["signature"]
    assert (await browser.post("/verify_signature", json=wrong)).status_code == 401
    assert (await browser.post("/verify_signature", json=right)).status_code == 200
    assert (await browser.post("/verify_signature", json=right)).status_code == 401
    used["session cookie"] = browser.cookies["session"]
    seed = visitor.signed_seed_text()
    used["signature of the seed's form"] = seed["signature"]
    assert (await browser.post("/verify_signature", json=seed)).status_code == 200
    used["second session cookie"] = browser.cookies["session"]
    broken = b'{"signature": "' + used.secrets["signature"].encode() + b'"'
    await browser.post("/verify_signature", content=broken, headers={"Content-Type": "application/json"})


async def _lightning(used: Used) -> None:
    wallet = LnurlWallet(secrets.token_bytes(32))
    async with httpx.AsyncClient(base_url=used.server.url, timeout=60) as browser:
        made = (await browser.post("/api/lnurl-auth/create", json={})).json()
        used["lightning claim token"] = made["claim_token"]
        url = urlsplit(wallet.answer_url(made["lnurl"]))
        used["lightning signature"] = parse_qs(url.query)["sig"][0]
        await browser.get(f"{url.path}?{url.query.replace('k1=', 'k1=0')}")
        assert (await browser.get(f"{url.path}?{url.query}")).json() == {"status": "OK"}
        check = f"/api/lnurl-auth/check/{made['session_id']}"
        async with httpx.AsyncClient(base_url=used.server.url, timeout=60) as stranger:
            assert (await stranger.get(f"{check}?claim_token={made['claim_token']}")).json() == {
                "verified": False
            }
        claimed = (await browser.get(check)).json()
        used["lightning session"] = claimed["session_token"]


async def _register(used: Used, visitor: Visitor) -> None:
    browser = visitor.browser
    wish = {"client_name": "Secretive", "redirect_uris": [LOCAL], "id_token_signed_response_alg": "ES256"}
    made = (await browser.post("/oauth/register", json=wish)).raise_for_status().json()
    visitor.credentials = (made["client_id"], made["client_secret"])
    used["client secret"] = made["client_secret"]
    used["registration access token"] = made["registration_access_token"]
    pair = f"{made['client_id']}:{made['client_secret']}"
    used["basic credentials"] = base64.b64encode(pair.encode()).decode()
    path = f"/oauth/register/{made['client_id']}"
    right = {"Authorization": f"Bearer {made['registration_access_token']}"}
    assert (await browser.get(path, headers=right)).status_code == 200
    spoiled = {"Authorization": f"Bearer {made['registration_access_token']}x"}
    assert (await browser.get(path, headers=spoiled)).status_code == 401
    body = wish | {"client_id": made["client_id"], "client_secret": made["client_secret"]}
    assert (await browser.put(path, headers=right, json=body)).status_code == 200
    assert (await browser.put(path, headers=right, json=body | {"redirect_uris": []})).status_code == 400


async def _redeem(used: Used, visitor: Visitor) -> dict[str, str]:
    browser = visitor.browser
    code, verifier = await visitor.authorize()
    used["code"], used["code verifier"] = code, verifier
    form = exchange_form(code, verifier)
    id_, secret = visitor.credentials
    refusals = [
        await browser.post("/oauth/token", data=form, auth=(id_, secret + "x")),
        await browser.post("/oauth/token", data=form | {"client_secret": secret}, auth=(id_, secret)),
        await browser.post("/oauth/token", params=form, data=form, auth=(id_, secret)),
        await browser.post("/oauth/token", json=form, auth=(id_, secret)),
        await browser.post("/oauth/token", data=form | {"code_verifier": verifier + "x"}, auth=(id_, secret)),
        await browser.post("/oauth/token", data=form | {"code": [code, code]}, auth=(id_, secret)),
        await browser.get("/oauth/token", params=form),
    ]
    assert all(answer.status_code >= 400 for answer in refusals)
    answer = await browser.post("/oauth/token", data=form, auth=(id_, secret))
    tokens: dict[str, str] = answer.raise_for_status().json()
    used["access token"], used["refresh token"] = tokens["access_token"], tokens["refresh_token"]
    used["id token"] = tokens["id_token"]
    return tokens


async def _use_tokens(used: Used, visitor: Visitor, tokens: dict[str, str]) -> None:
    access = tokens["access_token"]
    async with httpx.AsyncClient(base_url=used.server.url, timeout=60) as app:
        for path in ("/oauth/userinfo", "/api/demo/protected"):
            assert (await app.get(path, headers={"Authorization": f"Bearer {access}"})).status_code == 200
            for header in (
                f"Bearer {access}x",
                f"Basic {access}",
                access,
                f"DPoP {access}",
                f"Bearer {tokens['id_token']}",
            ):
                assert (await app.get(path, headers={"Authorization": header})).status_code in (400, 401)
            assert (await app.get(path, params={"access_token": access})).status_code == 401
        await app.post("/oauth/userinfo", data={"access_token": [access, access]})
    hint = {"client_id": visitor.credentials[0], "redirect_uri": LOCAL, "id_token_hint": tokens["id_token"]}
    for spoiled in ("", "x"):
        asked = hint | {
            "id_token_hint": tokens["id_token"] + spoiled,
            "prompt": "none",
            "response_type": "code",
        }
        await visitor.browser.get("/oauth/authorize", params=asked)


async def _refresh_and_revoke(used: Used, visitor: Visitor, tokens: dict[str, str]) -> None:
    browser, auth = visitor.browser, visitor.credentials
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    fresh = (await browser.post("/oauth/token", data=form, auth=auth)).raise_for_status().json()
    used["second access token"], used["second refresh token"] = fresh["access_token"], fresh["refresh_token"]
    # The response lies sealed in the database now. The next one, with another scope, ends the family.
    again = await browser.post("/oauth/token", data=form | {"scope": "openid"}, auth=auth)
    assert again.json()["error"] == "invalid_grant"
    other = await visitor.tokens()
    used["third refresh token"] = other["refresh_token"]
    revoke = {"token": other["refresh_token"]}
    assert (await browser.post("/oauth/revoke", params=revoke, auth=auth)).status_code == 400
    assert (await browser.post("/oauth/revoke", data=revoke, auth=(auth[0], "wrong"))).status_code == 401
    assert (await browser.post("/oauth/revoke", data=revoke, auth=auth)).status_code == 200


async def _pages(used: Used, visitor: Visitor) -> None:
    browser = visitor.browser
    asked = {
        "client_id": visitor.credentials[0],
        "redirect_uri": LOCAL,
        "response_type": "code",
        "scope": "openid",
        "prompt": "consent",
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
    }
    pushed = await browser.post("/oauth/par", data=asked, auth=visitor.credentials)
    request_uri = pushed.raise_for_status().json()["request_uri"]
    used["pushed request"] = request_uri.rsplit(":", 1)[1]
    brought = {"client_id": visitor.credentials[0], "request_uri": request_uri}
    page = await browser.get("/oauth/authorize", params=brought)
    fields = dict(re.findall(r'name="(interaction|csrf)" value="([^"]*)"', page.text))
    used["interaction"], used["csrf token of the consent"] = fields["interaction"], fields["csrf"]
    for spoiled in ({"csrf": fields["csrf"] + "x"}, {"interaction": fields["interaction"] + "x"}, {}):
        await browser.post("/oauth/authorize", data=fields | spoiled)
    done = await browser.post("/oauth/authorize", data=fields | {"decision": "authorize"})
    used["code that nobody redeems"] = parse_qs(urlsplit(done.headers["location"]).query)["code"][0]
    await browser.get("/oauth/authorize", params={"interaction": fields["interaction"]})


async def _keys(used: Used) -> None:
    """An app that proves itself by a key, and binds its tokens to another."""
    url, signing, holding = used.server.url, ClientKey("ES256"), ClientKey("ES256")
    wish = {
        "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [signing.jwk(kid="k1")]},
    }
    async with httpx.AsyncClient(base_url=url, timeout=60) as app:
        made = (await app.post("/oauth/register", json=wish)).raise_for_status().json()
        for name, spoiled in (("spoiled", "x"), ("good", "")):
            now, id_ = time.time(), made["client_id"]
            claims = {
                "iss": id_,
                "sub": id_,
                "aud": url,
                "exp": now + 60,
                "iat": now,
                "jti": secrets.token_hex(16),
            }
            used[f"{name} assertion"] = signing.sign(claims) + spoiled
            proof = {
                "jti": secrets.token_hex(16),
                "htm": "POST",
                "htu": f"{url}/oauth/token",
                "iat": int(now),
            }
            used[f"{name} proof"] = holding.proof(proof)
            form = {
                "grant_type": "client_credentials",
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": used.secrets[f"{name} assertion"],
            }
            for _ in range(2):  # the second time it is a replay
                sent = {"DPoP": used.secrets[f"{name} proof"]}
                answer = await app.post("/oauth/token", data=form, headers=sent)
                if answer.status_code == 200:
                    used["bound access token"] = answer.json()["access_token"]
            assert answer.status_code in (400, 401)
        bound = used.secrets["bound access token"]
        for header in (f"DPoP {bound}", f"Bearer {bound}"):
            sent = {"Authorization": header, "DPoP": used.secrets["good proof"]}
            assert (await app.get("/api/demo/protected", headers=sent)).status_code == 401


async def _device(used: Used, visitor: Visitor) -> None:
    browser = visitor.browser
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    wish = {"grant_types": [grant, "refresh_token"], "token_endpoint_auth_method": "none"}
    client = {"client_id": (await browser.post("/oauth/register", json=wish)).json()["client_id"]}
    begun = (await browser.post("/oauth/device_authorization", data=client)).raise_for_status().json()
    used["device code"] = begun["device_code"]
    poll = {"grant_type": grant, "device_code": begun["device_code"], **client}
    assert (await browser.post("/oauth/token", data=poll)).status_code == 400
    page = await browser.get("/device", params={"user_code": begun["user_code"]})
    fields = {
        "csrf": re.findall(r'name="csrf" value="([^"]*)"', page.text)[0],
        "user_code": begun["user_code"],
    }
    for decision in ("continue", "approve"):
        assert (await browser.post("/device", data=fields | {"decision": decision})).status_code == 200
    tokens = (await browser.post("/oauth/token", data=poll)).raise_for_status().json()
    used["refresh token of a device"] = tokens["refresh_token"]


async def _leave(used: Used, visitor: Visitor) -> None:
    tokens = await visitor.tokens()
    used["access token of a look"] = tokens["access_token"]
    used["hint"] = tokens["id_token"]
    for token in (tokens["access_token"], tokens["refresh_token"], tokens["access_token"] + "x"):
        answer = await visitor.browser.post(
            "/oauth/introspect", data={"token": token}, auth=visitor.credentials
        )
        assert answer.status_code == 200
    used["refresh token of a look"] = tokens["refresh_token"]
    for spoiled in ("x", ""):
        await visitor.browser.get("/oauth/logout", params={"id_token_hint": tokens["id_token"] + spoiled})
    assert (await visitor.browser.get("/api/session")).status_code == 401


async def _recover(used: Used, visitor: Visitor) -> None:
    await visitor.sign_in()
    used["third session cookie"] = visitor.browser.cookies["session"]
    own = {"Origin": used.server.url}
    made = await visitor.browser.post("/api/recovery-codes", headers=own)
    codes = made.raise_for_status().json()["codes"]
    async with httpx.AsyncClient(base_url=used.server.url, timeout=60) as browser:
        for n, code in enumerate(codes[:2]):
            used[f"recovery code {n}"] = code
            used[f"recovery code {n} without dashes"] = code.replace("-", "")
            assert (await browser.post("/api/auth/recovery", json={"code": code})).status_code == 200
        assert (await browser.post("/api/auth/recovery", json={"code": codes[0]})).status_code == 401
        used["session of a recovery"] = browser.cookies["session"]
    await visitor.browser.post("/logout", headers=own)
