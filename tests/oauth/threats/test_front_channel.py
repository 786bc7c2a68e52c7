"""What travels through the browser: where it may be sent, with what, and when (reference oauth §7)."""

from __future__ import annotations

import socket
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest

import hodlxxi
from tests.oauth.provider import CALLBACK, ISSUER, Person, Provider, next_of, response_of
from tests.oauth.test_asking import cancel, error_page
from tests.oauth.test_code import error_of

EVIL = "https://evil.example/cb"
# Everything that is answered by redirect when the redirect URI is right.
FAULTS: dict[str, dict[str, Any]] = {
    "invalid_request: response_mode": {"response_mode": "x"},
    "request_not_supported": {"request": "e30.e30."},
    "request_uri_not_supported": {"request_uri": "https://app.example/r"},
    "registration_not_supported": {"registration": "{}"},
    "invalid_request: twice": {"state": ["a", "b"]},
    "invalid_request: response_type": {"response_type": None},
    "unsupported_response_type": {"response_type": "token"},
    "invalid_scope": {"scope": "wallet:write"},
    "invalid_request: PKCE": {"code_challenge": None, "code_challenge_method": None},
    "invalid_target": {"resource": "https://api.other.example"},
    "invalid_request: state": {"state": "s" * 3000},
    "invalid_request: prompt": {"prompt": "none login"},
    "invalid_request: max_age": {"max_age": "x"},
    "invalid_request: claims": {"claims": "x"},
    "invalid_request: id_token_hint": {"id_token_hint": "e30.e30.x"},
    "login_required": {"prompt": "none", "max_age": "0"},
    "consent_required": {"prompt": "none"},
}
AT_FAULT = [pytest.param(changes, word.split(":")[0], id=word) for word, changes in FAULTS.items()]

# One address after each known bug; the app has registered CALLBACK, a loopback address and nothing else.
KNOWN_BUGS = [
    pytest.param("https://app.example@@evil.example/cb", id="Keycloak CVE-2026-7504"),
    pytest.param("https://a@b@app.example@evil.example/cb", id="Keycloak CVE-2026-7504 again"),
    pytest.param("https://app.example/..;/cb", id="Keycloak CVE-2026-3872"),
    pytest.param("https://app.example/cb/..;/..;/evil", id="Keycloak CVE-2026-3872 again"),
    pytest.param("http://127.0.0.1@evil.example/cb", id="Keycloak CVE-2024-8883"),
    pytest.param("http://127.0.0.1:80@evil.example/cb", id="Keycloak CVE-2024-8883 again"),
    pytest.param("https://app.example%25@evil.example/cb", id="zitadel#12559"),
    pytest.param("http://localhost:80@evil.example/cb", id="Authlib 1.8"),
    pytest.param("https://appxexample/cb", id="authentik CVE-2024-52289"),
    pytest.param("https://evil.example/https://app.example/cb", id="authentik CVE-2024-52289 again"),
    pytest.param("https://app.example/CB", id="fosite CVE-2020-15234"),
    pytest.param("https://APP.example/cb", id="fosite CVE-2020-15234 again"),
    pytest.param("http://127.0.0.1:4711/cb?evil=1", id="fosite CVE-2020-15233"),
    pytest.param("http://127.0.0.1:4711/other", id="fosite CVE-2020-15233 again"),
]


class Form(HTMLParser):
    """The form of a form_post page as a browser reads it, and every script of the page."""

    def __init__(self, page: httpx.Response) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.scripts: list[str | None] = []
        assert page.status_code == 200, page.text
        self.feed(page.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form" and found.get("id") == "response-form":
            self.action = found["action"] or ""
        if tag == "input" and found.get("type") == "hidden":
            self.fields[str(found["name"])] = found["value"] or ""
        if tag == "script":
            self.scripts.append(found.get("src"))
        assert not [name for name in found if name.startswith("on")], attrs


@pytest.mark.parametrize("uri", KNOWN_BUGS)
async def test_no_address_of_a_known_bug_is_taken_for_a_registered_one(provider: Provider, uri: str) -> None:
    """MUST 1: byte for byte; only the port of loopback is free.

    Keycloak CVE-2026-7504 (many @), CVE-2026-3872 (..;/), CVE-2024-8883 (loopback in front); zitadel#12559 (%25@);
    Authlib 1.8 (localhost:80@); authentik CVE-2024-52289 (the dot of a regular expression); fosite CVE-2020-15234 (case),
    CVE-2020-15233 (more than the port of loopback).
    """
    app = await provider.register(CALLBACK, "http://127.0.0.1/cb", application_type="native")
    await provider.trust(app)
    person = await provider.person()
    page = await person.visit(app)
    for mode in ("query", "fragment", "form_post"):
        error_page(await person.visit(app, redirect_uri=uri, response_mode=mode, prompt="none"))
    assert error_of(await app.push(redirect_uri=uri)) == "invalid_request"
    code = response_of(await person.decide(page))["code"]
    assert error_of(await app.redeem(code, redirect_uri=uri)) == "invalid_grant"
    assert response_of(await person.visit(app, redirect_uri="http://127.0.0.1:4711/cb"))["iss"] == ISSUER


async def test_a_response_mode_that_does_not_exist_leads_nowhere_else(provider: Provider) -> None:
    """GHSA-9vm7: ``form_post.jwt`` skipped the check of the address."""
    app, person = await provider.trust(await provider.register()), await provider.person()
    for mode in ("form_post.jwt", "query.jwt", "fragment.jwt", "jwt", "FORM_POST", "form_post form_post"):
        error_page(await person.visit(app, response_mode=mode, redirect_uri=EVIL))
        answer = await person.visit(app, response_mode=mode)
        assert response_of(answer)["error"] == "invalid_request"
        assert answer.headers["location"].startswith(CALLBACK + "?")


@pytest.mark.parametrize(("changes", "_word"), AT_FAULT)
async def test_no_error_redirects_to_a_uri_that_is_not_registered(
    provider: Provider, changes: dict[str, Any], _word: str
) -> None:
    """MUST 1, MUST 3; Authlib CVE-2026-41479, CVE-2026-44681: an error is no reason to go where the request says."""
    trusted, self_made = await provider.trust(await provider.register()), await provider.register()
    for person in (await provider.person(), provider.stranger()):
        for app in (trusted, self_made):
            for uri in (EVIL, CALLBACK + "/", "javascript:alert(1)", "http://localhost:80@evil.example/"):
                error_page(await person.visit(app, **(changes | {"redirect_uri": uri})))
        asked = trusted.request(**(changes | {"redirect_uri": EVIL}))
        error_page(await person.http.post("/oauth/authorize", data=asked))
        error_page(await person.visit(trusted, **(changes | {"client_id": "app_unknown"})))


@pytest.mark.parametrize(("changes", "word"), AT_FAULT)
async def test_every_error_to_an_app_names_the_issuer_in_every_mode(
    provider: Provider, changes: dict[str, Any], word: str
) -> None:
    """MUST 9: ``iss`` in every response, by query, fragment and form_post."""
    app, person = await provider.trust(await provider.register()), await provider.person()
    modes = (None,) if "response_mode" in changes else ("query", "fragment", "form_post")
    for mode in modes:
        answer = await person.visit(app, **({"response_mode": mode} | changes))
        found = Form(answer).fields if mode == "form_post" else response_of(answer)
        assert (found["error"], found["iss"]) == (word, ISSUER)
        if isinstance(changes.get("state", ""), str):
            assert found["state"] == changes.get("state", "st-1")


async def test_every_code_comes_with_the_issuer(provider: Provider) -> None:
    """MUST 9: success in every mode, and what a person refuses."""
    app, person = await provider.register(), await provider.person()
    for mode in ("query", "fragment", "form_post"):
        for decision in ("authorize", "deny"):
            page = await person.visit(app, response_mode=mode, prompt="consent")
            answer = await person.decide(page, decision)
            found = Form(answer).fields if mode == "form_post" else response_of(answer)
            assert found["iss"] == ISSUER
            assert ("code" in found) == (decision == "authorize")


async def test_a_form_of_ours_leads_only_where_the_request_was_for(provider: Provider) -> None:
    """MUST 4: consent, sign-in, cancel and sign-out know their way; what is sent beside is ignored."""
    app, person = await provider.register(), await provider.person()
    names = ("redirect_uri", "redirect_url", "return_to", "continue", "url", "next", "state", "response_mode")
    beside = dict.fromkeys(names, EVIL)
    page = await person.visit(app)
    fields = Form(page).fields
    answer = await person.http.post(
        "/oauth/authorize?" + str(httpx.QueryParams(beside)), data=beside | fields | {"decision": "authorize"}
    )
    assert answer.headers["location"].startswith(CALLBACK + "?code=")
    assert response_of(answer)["state"] == "st-1"
    stranger = provider.stranger()
    login = await stranger.http.get("/login", params=beside)
    assert "evil.example" not in login.text
    back = await cancel(stranger, login, EVIL)
    assert back.headers["location"] == "/"
    interaction = next_of(await stranger.visit(app))
    spoiled = await stranger.http.get(f"{interaction}&redirect_uri={EVIL}&state=x")
    assert next_of(spoiled) == interaction
    for path in ("/logout", "/login"):
        answer = await person.http.post(path, data=beside, params=beside)
        assert "evil.example" not in str(answer.headers) + answer.text


async def test_after_a_post_a_browser_is_sent_on_by_303_only(provider: Provider) -> None:
    """MUST 6: a 307 would carry the form, with the signature in it, on to the next site."""
    app, person = await provider.register(), provider.stranger()
    sent = await person.http.post("/oauth/authorize", data=app.request())
    path = sent.headers["location"]
    signed_out = await person.http.get(path)
    page = await person.http.get(signed_out.headers["location"])
    cancelled = await cancel(person, page, next_of(signed_out))
    await person.sign_in()
    answers = [sent, cancelled]
    answers += [
        await person.decide(await person.visit(app, prompt="consent"), d) for d in ("authorize", "deny")
    ]
    wrong = await provider.trust(await provider.register())
    later = await person.http.post("/oauth/authorize", data=wrong.request(scope="wallet:write"))
    answers += [later, await person.http.get(later.headers["location"])]
    assert {answer.status_code for answer in answers} == {303}


@pytest.mark.parametrize(
    "response_type",
    ["token", "id_token", "code token", "code id_token", "id_token token", "code id_token token", "none"],
)
async def test_no_token_comes_through_the_browser(provider: Provider, response_type: str) -> None:
    """MUST 13: codes only; no implicit grant, no hybrid flow."""
    app, person = await provider.register(), await provider.person()
    await person.authorize(app)
    for mode in ("query", "fragment", "form_post"):
        answer = await person.visit(app, response_type=response_type, response_mode=mode)
        found = Form(answer).fields if mode == "form_post" else response_of(answer)
        assert found["error"] == "unsupported_response_type"
        assert not set(found) & {"access_token", "id_token", "code"}


async def test_there_is_no_password_grant(provider: Provider) -> None:
    """MUST 13: nobody gives a secret of theirs to an app; it is not advertised either."""
    app = await provider.register()
    answer = await app.post(grant_type="password", username="a", password="b", scope="openid")
    assert error_of(answer) == "unsupported_grant_type"
    async with provider.http() as http:
        document = (await http.get("/.well-known/openid-configuration")).json()
    assert not {"password", "implicit"} & set(document["grant_types_supported"])
    assert document["response_types_supported"] == ["code"]


async def test_no_window_is_spoken_to(provider: Provider) -> None:
    """MUST 28: no ``web_message``, and no script of ours that posts messages to other windows or hears them."""
    app, person = await provider.register(), await provider.person()
    for mode in ("web_message", "okpostmessage", "query.jwt", "form_post.jwt", "jwt"):
        answer = response_of(await person.visit(app, response_mode=mode))
        assert answer["error"] == "invalid_request"
        refused = await person.visit(app, response_mode=mode, redirect_uri=EVIL)
        error_page(refused)
    sources = Path(hodlxxi.__file__).parent / "pages"
    texts = [path for path in sources.rglob("*") if path.suffix in (".html", ".js")]
    assert len(texts) > 5
    speaking = [path.name for path in texts if b"postMessage" in path.read_bytes()]
    assert speaking == []


async def test_what_an_app_sends_stays_a_value_on_the_page_that_posts_it_back(provider: Provider) -> None:
    """CVE-2024-21637 (authentik): markup in ``state`` and a scheme that runs in the action of the form."""
    app, person = await provider.register(), await provider.person()
    await person.authorize(app)
    for state in (
        '"><script>x</script>',
        "'><img src=x onerror=y>",
        "javascript:alert(1)",
        "&quot;>&#x3e;",
        "</form>",
    ):
        form = Form(await person.visit(app, response_mode="form_post", state=state))
        assert form.fields.keys() == {"code", "state", "iss"}
        assert (form.fields["state"], form.action) == (state, CALLBACK)
        assert [src for src in form.scripts if src is None or not src.startswith("/static/")] == []
    for uri in ("javascript:alert(1)", "data:text/html,x", "vbscript:x", "blob:https://app.example/x"):
        async with provider.http() as http:
            answer = await http.post("/oauth/register", json={"redirect_uris": [uri]})
        assert error_of(answer) == "invalid_redirect_uri"
        error_page(await person.visit(app, response_mode="form_post", redirect_uri=uri))


async def test_nothing_is_fetched_for_a_request_uri(provider: Provider) -> None:
    """CVE-2020-10770 (Keycloak): ``request_uri`` made the server call any address."""
    app, person = await provider.trust(await provider.register()), await provider.person()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        uri = f"http://127.0.0.1:{listening.getsockname()[1]}/request.jwt"
        assert response_of(await person.visit(app, request_uri=uri))["error"] == "request_uri_not_supported"
        assert (await app.push(request_uri=uri)).status_code == 400
        with pytest.raises(TimeoutError):
            listening.accept()


async def test_a_request_of_one_browser_is_not_finished_in_another(provider: Provider) -> None:
    """Login CSRF, GHSA-fg6f-75jq-6523 (Authlib), fastapi-sso#266: begun by an attacker, finished by a victim.

    MUST 26, wallet 5: interaction, PKCE and state belong to the browser that began.
    """
    app = await provider.register()
    attacker, victim = provider.stranger(), await provider.person()
    path = next_of(await attacker.visit(app))
    for answer in (await victim.http.get(path), await _decide_for(victim, path)):
        error_page(answer)
    # The victim's own request is not exchanged for it either.
    page = await victim.visit(app, state="victims")
    stolen = path.split("interaction=")[1]
    forged = {**Form(page).fields, "interaction": stolen, "decision": "authorize"}
    error_page(await victim.http.post("/oauth/authorize", data=forged))
    assert response_of(await victim.decide(page))["state"] == "victims"


async def _decide_for(person: Person, path: str) -> httpx.Response:
    own = Form(await person.visit(await person.provider.register())).fields
    form = own | {"interaction": path.split("interaction=")[1], "decision": "authorize"}
    return await person.http.post("/oauth/authorize", data=form)
