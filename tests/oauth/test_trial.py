"""A trial sign-in at /developers: the real request, explained; the answer, to the browser that began and to no other."""

from __future__ import annotations

import html
import re
import shlex
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from hodlxxi.oauth import operator
from hodlxxi.oauth.rules.clients import Trust
from hodlxxi.oauth.rules.pkce import challenge_of
from tests.oauth.developer import Developer, developer, shown
from tests.oauth.provider import CALLBACK, ISSUER, Provider, RelyingParty

OURS = f"{ISSUER}/developers/callback"


async def begin(dev: Developer, app: RelyingParty) -> str:
    """The link of the test page."""
    page = await dev.get(f"/developers/apps/{app.client_id}/test")
    found = re.search(r'id="start-test" href="([^"]*)"', page.text)
    assert found, page.text
    url = html.unescape(found[1])
    assert shown(page, "test-url") == url
    return url


async def come_back(dev: Developer, url: str, decision: str = "authorize") -> str:
    """Follow the link, answer the question, and stop where our callback is opened."""
    answer = await dev.http.get(url)
    if answer.status_code == 200:
        answer = await dev.person.decide(answer, decision)
    location = answer.headers["location"]
    assert location.startswith(OURS)
    return str(location)


async def run_command(dev: Developer, page: httpx.Response, secret: str | None) -> httpx.Response:
    """What the shown command does, without a terminal."""
    command = shown(page, "exchange")
    assert command
    words = shlex.split(command.replace("$CLIENT_SECRET", secret or ""))
    assert words[:2] == ["curl", "-s"]
    pairs = [words[at + 1].split("=", 1) for at, word in enumerate(words) if word == "--data-urlencode"]
    user = words[words.index("-u") + 1].split(":", 1) if "-u" in words else None
    async with dev.person.provider.http() as http:
        auth = httpx.BasicAuth(*user) if user else httpx.USE_CLIENT_DEFAULT
        return await http.post(words[2], data=dict(pairs), auth=auth)


@pytest.mark.parametrize("kind", ["web", "browser"])
async def test_the_developer_sees_every_step_and_gets_tokens_with_the_shown_command(
    provider: Provider, kind: str
) -> None:
    dev = await developer(provider)
    app = await dev.app(kind=kind, redirect_uris=OURS)
    url = await begin(dev, app)
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert query["redirect_uri"] == OURS
    assert query["code_challenge_method"] == "S256"
    page = await dev.http.get(await come_back(dev, url))
    assert "It worked" in (shown(page, "answer") or "")
    command = shown(page, "exchange") or ""
    verifier = re.search(r"code_verifier=([\w-]{43})", command)
    assert verifier
    assert challenge_of(verifier[1]) == query["code_challenge"]
    # No secret stands in a URL, and none on the page.
    assert verifier[1] not in url
    assert str(app.metadata.get("client_secret")) not in page.text
    answer = await run_command(dev, page, app.metadata.get("client_secret"))
    assert answer.status_code == 200, answer.text
    assert answer.json()["id_token"]


async def test_the_answer_is_shown_to_no_other_browser(provider: Provider) -> None:
    dev = await developer(provider)
    app = await dev.app(redirect_uris=OURS)
    location = await come_back(dev, await begin(dev, app))
    code = parse_qs(urlsplit(location).query)["code"][0]
    again = await provider.person()
    for http in (again.http, provider.http(), (await developer(provider)).http):
        page = await http.get(location)
        assert page.status_code == 200
        assert shown(page, "foreign")
        assert code not in page.text
        assert app.client_id not in page.text
    # Nor when the state is not exactly ours.
    for old, new in (("state=app_", "state=app-"), (app.client_id, "app_" + "x" * 22), ("state=", "statt=")):
        page = await dev.http.get(location.replace(old, new))
        assert shown(page, "foreign")
        assert code not in page.text


async def test_a_refusal_comes_back_in_plain_words(provider: Provider) -> None:
    dev = await developer(provider)
    app = await dev.app(redirect_uris=OURS)
    page = await dev.http.get(await come_back(dev, await begin(dev, app), "deny"))
    assert "access_denied" in (shown(page, "answer") or "")
    assert "said no" in (shown(page, "meaning") or "")
    assert "exchange" not in page.text
    url = (await begin(dev, app)) + "&response_mode=nonsense"
    page = await dev.http.get(await come_back(dev, url))
    assert "invalid_request" in (shown(page, "answer") or "")


async def test_what_comes_back_is_shown_as_text(provider: Provider) -> None:
    dev = await developer(provider)
    app = await dev.app(redirect_uris=OURS)
    state = parse_qs(urlsplit(await begin(dev, app)).query)["state"][0]
    evil = "<script>alert(1)</script>"
    params = {"state": state, "error": evil, "error_description": evil, "iss": evil}
    page = await dev.http.get(OURS, params=params)
    assert evil not in page.text
    assert "must refuse" in html.unescape(page.text)
    # A code that would be a command in a shell stays a word.
    page = await dev.http.get(OURS, params={"state": state, "code": "'; rm -rf / #", "iss": ISSUER})
    words = shlex.split((shown(page, "exchange") or "").replace("$CLIENT_SECRET", "s"))
    assert "code='; rm -rf / #" in words
    assert (await dev.http.get(f"{OURS}?code=a&code=b")).status_code == 400
    assert shown(await dev.http.get(OURS), "foreign")


async def test_our_address_is_registered_beside_the_apps_own_and_costs_no_approval(
    provider: Provider,
) -> None:
    dev = await developer(provider)
    app = await dev.app()
    await operator.set_trust(provider.room, app.client_id, Trust.OPERATOR)
    path = f"/developers/apps/{app.client_id}/test"
    assert f"redirect_uri={CALLBACK.replace(':', '%3A').replace('/', '%2F')}" in await begin(dev, app)
    assert (await dev.send(path, path)).headers["location"] == path
    client = (await operator.get_client(provider.room, app.client_id)).client
    assert client.metadata.redirect_uris == (CALLBACK, OURS)
    assert not client.is_self_registered
    assert "add-form" not in (await dev.get(path)).text


async def test_an_app_with_twenty_addresses_has_no_room_for_ours(provider: Provider) -> None:
    dev = await developer(provider)
    app = await dev.app(redirect_uris="\n".join(f"{CALLBACK}/{n}" for n in range(20)))
    path = f"/developers/apps/{app.client_id}/test"
    assert (await dev.send(path, path)).status_code == 409


async def test_what_has_no_link_is_tried_in_a_terminal(provider: Provider) -> None:
    dev = await developer(provider)
    for kind, snippet in (("machine", "curl-machine"), ("device", "curl-device")):
        app = await dev.app(kind=kind, scope=["profile:read"])
        page = await dev.get(f"/developers/apps/{app.client_id}/test")
        assert "start-test" not in page.text
        assert app.client_id in (shown(page, f"snippet-{snippet}") or "")


async def test_a_trial_of_an_app_that_ended_shows_nothing(provider: Provider) -> None:
    dev = await developer(provider)
    app = await dev.app(redirect_uris=OURS)
    location = await come_back(dev, await begin(dev, app))
    path = f"/developers/apps/{app.client_id}"
    await dev.send(path, f"{path}/delete", sure="yes")
    assert shown(await dev.http.get(location), "foreign")
