"""What a provider did with a request, in a few words that both can be told in.

``redirect: WORD``, ``fragment: WORD`` and ``form_post: WORD`` are answers to the app (``code`` or an error),
``page: sign-in``, ``page: consent`` and ``page 400: WORD`` are pages, ``200 …`` and ``401: WORD`` are answers of the
other endpoints.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

import httpx

_PAGE = re.compile(r'data-page="([^"]*)"')
_ERROR_CODE = re.compile(r'id="error-code">([^<]*)<')
_INPUT = re.compile(r"<input\b[^>]*>")
_ACTION = re.compile(r'<form\b[^>]*\baction="([^"]*)"')


def page_of(answer: httpx.Response) -> str | None:
    """The name of the page that is shown."""
    found = _PAGE.search(answer.text)
    return {"login": "sign-in"}.get(found[1], found[1]) if found else None


def read_answer(answer: httpx.Response, *, uris: Sequence[str], issuer: str, state: str | None) -> str | None:
    """The answer to the app, however the browser carries it; None when this is none."""
    if answer.has_redirect_location:
        location = answer.headers["location"]
        leads_to = next((uri for uri in uris if _leads_to(location, uri)), None)
        if leads_to is None:
            return None
        parts = urlsplit(location)
        carrier, text = ("fragment", parts.fragment) if parts.fragment else ("redirect", parts.query)
        return _name(carrier, dict(parse_qsl(text, keep_blank_values=True)), issuer, state)
    action = _ACTION.search(answer.text)
    if action and html.unescape(action[1]) in uris:
        fields = dict(pair for tag in _INPUT.findall(answer.text) if (pair := _field(tag)))
        return _name("form_post", fields, issuer, state)
    return None


def read_endpoint(answer: httpx.Response) -> str:
    """What an endpoint for programs answered."""
    status = answer.status_code
    try:
        body = answer.json()
    except json.JSONDecodeError:
        return str(status)
    if not isinstance(body, dict):
        return f"{status} {body!r}"
    if "error" in body:
        return f"{status}: {body['error']}"
    if "active" in body:
        return f"{status} {'active' if body['active'] else 'inactive'}"
    if "access_token" in body:
        extra = [name for name in ("id_token", "refresh_token") if name in body]
        return " ".join([str(status), body["token_type"], *extra])
    return str(status)


def read_page(answer: httpx.Response) -> str:
    """A page, or what is none."""
    page, code = page_of(answer), _ERROR_CODE.search(answer.text)
    if code:
        return f"page {answer.status_code}: {html.unescape(code[1])}"
    return f"page: {page}" if page else f"{answer.status_code}"


def _leads_to(location: str, uri: str) -> bool:
    # A native app's port is free, so it may stand after the host.
    shape = re.escape(uri).replace(r"http://127\.0\.0\.1", r"http://127\.0\.0\.1(?::[0-9]+)?")
    return re.fullmatch(rf"{shape}(?:[?&#].*)?", location, re.DOTALL) is not None


def _field(tag: str) -> tuple[str, str] | None:
    name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
    return (html.unescape(name[1]), html.unescape(value[1])) if name and value else None


def _name(carrier: str, members: dict[str, str], issuer: str, state: str | None) -> str:
    word = "code" if "code" in members else members.get("error", "nothing")
    lost = [] if members.get("iss") == issuer else ["iss lost"]
    if members.get("state") != state:
        lost.append("state lost")
    return f"{carrier}: {word}" + "".join(f", {what}" for what in lost)
