"""Every place that takes a JWT of ours, and every forged one: nothing in a header chooses a key or an algorithm (§7.2)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from hodlxxi.kit.secret import digest_of
from tests.oauth.leaving import is_signed_in, leave, page_of
from tests.oauth.provider import Person, Provider, RelyingParty, claims_of, response_of
from tests.support.forged import forgeries

Verifier = Callable[[RelyingParty, Person, str], Awaitable[bool]]


async def jwk_of(provider: Provider, token: str) -> dict[str, str]:
    kid = claims_of(token, 0)["kid"]
    async with provider.http() as http:
        keys = (await http.get("/oauth/jwks.json")).json()["keys"]
    return next(key for key in keys if key["kid"] == kid)


async def by_header(app: RelyingParty, _person: Person, token: str) -> bool:
    return _opened((await app.call(token, "/oauth/userinfo")).status_code)


async def by_form(app: RelyingParty, _person: Person, token: str) -> bool:
    async with app.provider.http() as http:
        return _opened((await http.post("/oauth/userinfo", data={"access_token": token})).status_code)


async def by_api(app: RelyingParty, _person: Person, token: str) -> bool:
    return _opened((await app.call(token)).status_code)


async def as_hint(app: RelyingParty, person: Person, token: str) -> bool:
    answer = response_of(await person.visit(app, prompt="none", id_token_hint=token))
    assert answer.keys() & {"code", "error"}
    assert answer.get("error", "invalid_request") == "invalid_request"
    return "code" in answer


async def by_introspection(app: RelyingParty, _person: Person, token: str) -> bool:
    answer = await app.send("/oauth/introspect", {"token": token})
    assert answer.status_code == 200 or len(token) > 8_192, answer.text
    return bool(answer.json().get("active"))


async def at_logout(app: RelyingParty, person: Person, token: str) -> bool:
    """A good hint signs out at once; anything else is asked about first."""
    page = await leave(person, id_token_hint=token)
    assert page_of(page) in ("logout", "logged-out")
    return not await is_signed_in(person)


def _opened(status: int) -> bool:
    assert status in (200, 400, 401)
    return status == 200


ACCESS = {
    "userinfo": by_header,
    "userinfo by form": by_form,
    "API": by_api,
    "introspection": by_introspection,
}
HINTS = {"authorize": as_hint, "logout": at_logout}


@pytest.mark.parametrize("verify", ACCESS.values(), ids=ACCESS)
async def test_no_forged_access_token_opens_anything(provider: Provider, verify: Verifier) -> None:
    """Authlib CVE-2026-27962, CVE-2022-39174, CVE-2022-39175; MUST 16: wherever an access token is read.

    The database is made to know each forged token, so that the signature is all that stands between.
    """
    app, person = await provider.register(), await provider.person()
    token = (await app.tokens(person))["access_token"]
    forged = forgeries(token, await jwk_of(provider, token))
    assert len(forged) > 60
    assert await verify(app, person, token)
    known, opened = token, []
    for name, fake in forged.items():
        await _know(provider, known, fake)
        known = fake
        if await verify(app, person, fake):
            opened.append(name)
    assert opened == []
    await _know(provider, known, token)
    assert await verify(app, person, token)


async def _know(provider: Provider, old: str, new: str) -> None:
    changed = "UPDATE oauth_tokens SET access_token = :new WHERE access_token = :old"
    await provider.execute(changed, old=digest_of(old), new=digest_of(new))


@pytest.mark.parametrize("verify", HINTS.values(), ids=HINTS)
async def test_no_forged_id_token_is_a_hint(provider: Provider, verify: Verifier) -> None:
    """Authlib CVE-2026-27962, CVE-2022-39174, CVE-2022-39175: ``id_token_hint`` at authorize and at logout."""
    app, person = await provider.register(), await provider.person()
    token = (await app.tokens(person))["id_token"]
    forged = forgeries(token, await jwk_of(provider, token))
    taken = [name for name, fake in forged.items() if await verify(app, person, fake)]
    assert taken == []
    assert await verify(app, person, token)


@pytest.mark.parametrize("alg", ["RS256", "HS256"])
async def test_the_kinds_of_tokens_are_not_taken_for_one_another(make_provider: Any, alg: str) -> None:
    """MUST 16: an ID token is no access token, an access token no hint, signed userinfo neither."""
    provider = await make_provider(access_alg=alg, id_token_algs=("RS256", "ES256", "HS256"))
    app = await provider.register(userinfo_signed_response_alg="RS256", id_token_signed_response_alg=alg)
    person = await provider.person()
    tokens = await app.tokens(person)
    signed = (await app.call(tokens["access_token"], "/oauth/userinfo")).text
    assert signed.count(".") == 2
    assert await by_api(app, person, tokens["access_token"])
    assert await as_hint(app, person, tokens["id_token"])
    for other in (tokens["id_token"], signed):
        await _know(provider, tokens["access_token"], other)
        assert not await by_api(app, person, other)
        await _know(provider, other, tokens["access_token"])
    for other in (tokens["access_token"], signed):
        assert not await as_hint(app, person, other)


async def test_a_token_for_another_place_opens_nothing_here(make_provider: Any) -> None:
    """MUST 16: ``aud``; a token in the query is no token; two places are one too many."""
    other = "https://api.other.example"
    provider = await make_provider(other_resources=(other,))
    app, person = await provider.register(), await provider.person()
    foreign = await app.tokens(person, resource=other, scope="profile:read")
    assert claims_of(foreign["access_token"])["aud"] == other
    assert not await by_api(app, person, foreign["access_token"])
    token = (await app.tokens(person))["access_token"]
    async with provider.http() as http:
        for path in ("/oauth/userinfo", "/api/demo/protected"):
            answer = await http.get(path, params={"access_token": token})
            assert (answer.status_code, answer.json()["error"]) == (401, "not_authenticated")
        headers = {"Authorization": f"Bearer {token}"}
        twice = await http.post("/oauth/userinfo", data={"access_token": token}, headers=headers)
        assert twice.status_code == 400
        two = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
        assert (await http.get("/oauth/userinfo", headers=two)).status_code == 400


async def test_one_token_is_judged_anew_wherever_it_is_shown(provider: Provider) -> None:
    """CVE-2021-32701 (Oathkeeper): a good answer for one scope was remembered for every other."""
    app, person = await provider.register(), await provider.person()
    both = await app.tokens(person, scope="openid profile:read")
    for _ in range(2):
        for path, scope in (("/oauth/userinfo", "openid"), ("/api/demo/protected", "profile:read")):
            one = await app.tokens(person, scope=scope)
            for other in ("/oauth/userinfo", "/api/demo/protected"):
                assert (await app.call(both["access_token"], other)).status_code == 200
                status = (await app.call(one["access_token"], other)).status_code
                assert status == (200 if other == path else 403)
