"""What the public plans ask of RP-initiated and back-channel logout, in their order (reference oauth §6.6, §8)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.conformance.openid.rp import Rp, new_rp
from tests.oauth.leaving import BYE, click, is_signed_in, leave, page_of
from tests.oauth.provider import ISSUER, Person, Provider, claims_of
from tests.support.far_side import far_side
from tests.support.forged import STRANGER_RSA
from tests.support.jose import b64, compact

STATE = "s" * 128
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
async def rp(op: Provider) -> Rp:
    return await new_rp(op, post_logout_redirect_uris=[BYE])


@pytest.fixture
async def person(op: Provider) -> Person:
    return await op.person()


async def hint_of(rp: Rp, person: Person) -> str:
    return str((await rp.tokens(person))["id_token"])


async def is_out(rp: Rp, person: Person) -> bool:
    """As the plan finds out: a silent request fails."""
    answer = rp.read(await rp.visit(person, prompt="none"))
    assert (answer.get("error") == "login_required") != await is_signed_in(person)
    return answer.get("error") == "login_required"


def back_with(answer: httpx.Response) -> dict[str, str]:
    """The app's own address, and what was appended to it."""
    assert answer.status_code == 303
    location = answer.headers["location"]
    assert location.split("?")[0] == BYE
    return dict(parse_qsl(urlsplit(location).query, keep_blank_values=True))


async def test_01_the_normal_way(rp: Rp, person: Person) -> None:
    hint = await hint_of(rp, person)
    answer = await leave(person, id_token_hint=hint, post_logout_redirect_uri=BYE, state=STATE)
    assert back_with(answer) == {"state": STATE}
    assert await is_out(rp, person)


async def test_02_an_address_that_is_not_registered(rp: Rp, person: Person) -> None:
    hint = await hint_of(rp, person)
    answer = await leave(person, id_token_hint=hint, post_logout_redirect_uri=BYE + "/x", state=STATE)
    assert page_of(answer) in ("error", "logout")
    assert not await is_out(rp, person)


async def test_03_a_hint_that_was_altered(rp: Rp, person: Person) -> None:
    head, payload, signature = (await hint_of(rp, person)).split(".")
    hint = f"{head}.{payload}.{signature[:-10]}{'A' * 10}"
    answer = await leave(person, id_token_hint=hint, post_logout_redirect_uri=BYE, state=STATE)
    assert page_of(answer) == "logout"
    assert not await is_out(rp, person)
    assert page_of(await click(person, answer)) == "logged-out"
    assert await is_out(rp, person)


@pytest.mark.parametrize("kind", ["another key", "no signature"])
async def test_04_a_hint_that_is_not_ours(rp: Rp, person: Person, kind: str) -> None:
    hint = await hint_of(rp, person)
    header, claims = claims_of(hint, 0), claims_of(hint)
    if kind == "another key":
        foreign = STRANGER_RSA.sign(claims, kid=header["kid"], typ="JWT")
    else:
        foreign = compact(header | {"alg": "none"}, claims, b"").rstrip(b64(b""))
    answer = await leave(person, id_token_hint=foreign, post_logout_redirect_uri=BYE, state=STATE)
    assert page_of(answer) == "logout"
    assert page_of(await click(person, answer)) == "logged-out"


async def test_05_no_hint(rp: Rp, person: Person) -> None:
    answer = await leave(person, post_logout_redirect_uri=BYE, state=STATE)
    assert page_of(answer) == "logout"
    assert page_of(await click(person, answer)) == "logged-out"
    assert await is_out(rp, person)


async def test_06_no_address(rp: Rp, person: Person) -> None:
    answer = await leave(person, id_token_hint=await hint_of(rp, person), state=STATE)
    assert page_of(answer) == "logged-out"
    assert await is_out(rp, person)


async def test_07_no_state(rp: Rp, person: Person) -> None:
    hint = await hint_of(rp, person)
    answer = await leave(person, id_token_hint=hint, post_logout_redirect_uri=BYE)
    assert answer.headers["location"] == BYE
    assert await is_out(rp, person)


@pytest.mark.parametrize("params", [{"state": STATE}, {}], ids=["only state", "no parameters"])
async def test_08_nothing_that_says_who_asks(rp: Rp, person: Person, params: dict[str, str]) -> None:
    answer = await leave(person, **params)
    assert page_of(answer) == "logout"
    assert not await is_out(rp, person)
    assert page_of(await click(person, answer)) == "logged-out"
    assert await is_out(rp, person)


async def test_09_a_query_that_was_added(rp: Rp, person: Person) -> None:
    hint = await hint_of(rp, person)
    answer = await leave(person, id_token_hint=hint, post_logout_redirect_uri=f"{BYE}?foo=bar", state=STATE)
    assert page_of(answer) in ("error", "logout")
    assert not await is_out(rp, person)


async def test_10_discovery_promises_the_back_channel(op: Provider) -> None:
    async with op.http() as http:
        document = (await http.get("/.well-known/openid-configuration")).json()
    assert document["end_session_endpoint"] == f"{ISSUER}/oauth/logout"
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True


async def test_11_the_apps_server_is_told_and_the_browser_comes_back(op: Provider, person: Person) -> None:
    async with far_side() as side:
        op.dev_hosts.add(("localhost", side.port))
        uri = f"http://localhost:{side.port}/bc"
        wish = {"backchannel_logout_uri": uri, "backchannel_logout_session_required": True}
        rp = await new_rp(op, post_logout_redirect_uris=[BYE], **wish)
        tokens = await rp.tokens(person)
        told = await rp.id_claims(tokens)
        hint = tokens["id_token"]
        answer = await leave(person, id_token_hint=hint, post_logout_redirect_uri=BYE, state=STATE)
        assert back_with(answer) == {"state": STATE}
        assert await is_out(rp, person)
        await op.backchannel.deliver_due()
        (asked,) = side.asked
    assert asked.method == "POST"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    ((name, token),) = asked.form
    assert name == "logout_token"
    claims = await _verified(op, token)
    assert (claims["iss"], claims["aud"]) == (ISSUER, rp.app.client_id)
    assert (claims["sub"], claims["sid"]) == (told["sub"], told["sid"])
    assert claims["events"] == {EVENT: {}}
    assert claims["jti"]
    assert 0 < claims["exp"] - claims["iat"] <= 120
    assert "nonce" not in claims


async def _verified(op: Provider, token: str) -> dict[str, Any]:
    async with op.http() as http:
        keys = KeySet.import_key_set((await http.get("/oauth/jwks.json")).json())
    decoded = jwt.decode(token, keys, algorithms=["RS256"])
    assert decoded.header["typ"] == "logout+jwt"
    assert decoded.header["kid"] in {key.kid for key in keys.keys}
    return dict(decoded.claims)
