"""One case sent to one provider, and what came of it."""

from __future__ import annotations

import secrets
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.differential.case import AUTHORIZE, BYE, LOGOUT, STATE, Case
from tests.differential.earlier import fill
from tests.differential.outcome import page_of, read_answer, read_endpoint, read_page
from tests.differential.parties import FORM, Party, basic, plain_basic
from tests.support.signer import TestKey

PUSHED = "urn:ietf:params:oauth:request_uri:"


def play(case: Case, party: Party) -> str:
    """Send it; the outcome in the words of ``outcome``."""
    if case.path == LOGOUT:
        return _leave(case, party)
    return _ask(case, party) if case.path == AUTHORIZE else _call(case, party)


def _ask(case: Case, party: Party) -> str:
    app = party.apps[case.role]
    pairs = [(n, fill(v, party, case.role)) for n, v in case.pairs(party.request(case.role))]
    encoded = urlencode(pairs) + case.raw
    headers = dict(case.headers)
    # A copy, so that no case finds what another left behind.
    with httpx.Client(base_url=party.url, timeout=30, cookies=party.browsers[case.who].cookies) as browser:
        if case.method == "GET":
            answer = browser.get(f"{case.path}?{encoded}", headers=headers)
        else:
            headers.setdefault("Content-Type", FORM)
            answer = browser.request(case.method, case.path, content=encoded.encode(), headers=headers)
        states = [value for name, value in pairs if name == "state" and value]
        state = states[0] if len(states) == 1 else None
        if any(name == "request_uri" and PUSHED in value for name, value in pairs):
            state = STATE  # what the pushed request has; what stands beside it does not count
        answer = party.follow(browser, answer)
        named = read_answer(answer, uris=app.uris, issuer=party.url, state=state)
        if named is None and answer.has_redirect_location:
            return f"elsewhere: {answer.headers['location']}"
        return named or read_page(answer)


def _leave(case: Case, party: Party) -> str:
    """Where it leads in the end; ``asks`` when there is a click in between."""
    with httpx.Client(base_url=party.url, timeout=30, headers={"Accept": "text/html"}) as browser:
        if case.who == "fresh":
            party.sign_in(browser, TestKey(secrets.token_bytes(32)))
            tokens = party.redeem(case.role, party.authorize(browser, case.role)).raise_for_status().json()
            party.memory["id_token"] = tokens["id_token"]
        pairs = [(n, fill(v, party, case.role)) for n, v in case.pairs({})]
        sent: dict[str, Any] = {"params" if case.method == "GET" else "data": dict(pairs)}
        answer = browser.request(case.method, case.path, **sent)
        asked = ""
        if page_of(answer) == "logout" or "/logout/confirm" in answer.text:
            asked = "asks, " if page_of(answer) == "logout" else ""
            answer = party.confirm_logout(browser, answer)
        answer = party.follow(browser, answer)
        if not answer.has_redirect_location:
            return asked + read_page(answer)
        state = dict(pairs).get("state")
        wanted = BYE + (f"&{urlencode({'state': state})}" if state else "")
        leads_home = answer.headers["location"] == wanted
        return asked + ("redirect: goodbye" if leads_home else f"elsewhere: {answer.headers['location']}")


def _call(case: Case, party: Party) -> str:
    headers, members = _authenticate(case, party)
    sent = [*headers.items()]
    for name, value in case.headers.items():  # a header with two lines is sent twice
        sent += [(name, line) for line in fill(value, party, case.role).split("\n")]
    pairs = [(n, fill(v, party, case.role)) for n, v in case.pairs(members)]
    encoded = urlencode(pairs) + fill(case.raw, party, case.role)
    with closing(httpx.Client(base_url=party.url, timeout=30)) as http:
        if case.method in ("GET", "HEAD"):
            path = f"{case.path}?{encoded}" if encoded else case.path
            return read_endpoint(http.request(case.method, path, headers=sent))
        if "Content-Type" not in case.headers:
            sent.append(("Content-Type", FORM))
        return read_endpoint(http.request(case.method, case.path, content=encoded.encode(), headers=sent))


def _authenticate(case: Case, party: Party) -> tuple[dict[str, str], dict[str, str]]:
    app = party.apps[case.role]
    client_id, secret = app.client_id, app.secret or ""
    wrong = "x" * 43
    ways: dict[str, tuple[dict[str, str], dict[str, str]]] = {
        "own": party.own_auth(case.role),
        "nothing": ({}, {}),
        "basic": ({"Authorization": basic(client_id, secret)}, {}),
        "plain basic": ({"Authorization": plain_basic(client_id, secret)}, {}),
        "post": ({}, {"client_id": client_id, "client_secret": secret}),
        "id": ({}, {"client_id": client_id}),
        "wrong basic": ({"Authorization": basic(client_id, wrong)}, {}),
        "wrong post": ({}, {"client_id": client_id, "client_secret": wrong}),
        "both": (
            {"Authorization": basic(client_id, secret)},
            {"client_id": client_id, "client_secret": secret},
        ),
        "stranger basic": ({"Authorization": basic("app_nobody", wrong)}, {}),
        "stranger id": ({}, {"client_id": "app_nobody"}),
        "empty basic": ({"Authorization": basic(client_id, "")}, {}),
    }
    headers, members = ways[case.auth]
    return dict(headers), dict(members)
