"""A small site with "Sign in with Bitcoin": Starlette and Authlib, and nothing but the issuer's address.

Run it with ``make demo``, or by itself:
``ISSUER=http://localhost:5000 python -m uvicorn --app-dir examples/sign_in_with_bitcoin app:app --port 5050``
"""

from __future__ import annotations

import html
import json
import os
import secrets
from pathlib import Path
from typing import Any

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.starlette_client import OAuth
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

ISSUER = os.environ.get("ISSUER", "http://localhost:5000")
OWN_URL = os.environ.get("OWN_URL", "http://localhost:5050")
# A real app keeps these in its configuration; the demo registers itself and remembers the answer.
REGISTRATION = Path(os.environ.get("REGISTRATION_FILE", "var/demo-client.json"))
SCOPE = "openid profile profile:read offline_access"

STYLE = """
:root { color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif; }
body { max-width: 38rem; margin: 12vh auto; padding: 0 1.25rem; }
.button { display: inline-block; padding: .7rem 1.4rem; border: 0; border-radius: .6rem; background: #c25700; color: #fff;
          font: inherit; font-weight: 600; text-decoration: none; cursor: pointer; }
.button:focus-visible { outline: 3px solid #1769ff; outline-offset: 2px; }
.plain { background: none; color: inherit; border: 1px solid currentColor; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: 1rem; border-radius: .6rem;
      background: color-mix(in srgb, currentColor 8%, transparent); }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; }
"""


def registered_client() -> dict[str, str]:
    """Our ``client_id`` and ``client_secret``, from dynamic registration (RFC 7591) on the first start."""
    if REGISTRATION.exists():
        kept: dict[str, str] = json.loads(REGISTRATION.read_text())
        if kept.get("issuer") == ISSUER and kept.get("own_url") == OWN_URL:
            return kept
    metadata = httpx2.get(f"{ISSUER}/.well-known/openid-configuration", timeout=10).raise_for_status().json()
    wish = {
        "client_name": "Demo Site",
        "redirect_uris": [f"{OWN_URL}/callback"],
        "scope": SCOPE,
    }
    answer = httpx2.post(metadata["registration_endpoint"], json=wish, timeout=10).raise_for_status().json()
    kept = {
        "issuer": ISSUER,
        "own_url": OWN_URL,
        "client_id": answer["client_id"],
        "client_secret": answer["client_secret"],
    }
    REGISTRATION.parent.mkdir(parents=True, exist_ok=True)
    REGISTRATION.touch(mode=0o600)
    REGISTRATION.write_text(json.dumps(kept))
    return kept


client = registered_client()
oauth = OAuth()
oauth.register(
    "hodlxxi",
    client_id=client["client_id"],
    client_secret=client["client_secret"],
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_kwargs={"scope": SCOPE, "code_challenge_method": "S256"},
)
# Tokens stay on the server; the browser's cookie holds only the key to them.
tokens: dict[str, dict[str, Any]] = {}


def page(body: str) -> HTMLResponse:
    """The one layout of this site."""
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    return HTMLResponse(
        f'<!doctype html><html lang="en">{head}<title>Demo</title><style>{STYLE}</style><main>{body}</main>'
    )


async def home(request: Request) -> Response:
    """Who is signed in, or the button."""
    token = tokens.get(request.session.get("key", ""))
    if token is None:
        return page(
            "<h1>A demo site</h1><p>It has no passwords and knows no e-mail addresses. It knows keys.</p>"
            '<p><a class="button" id="sign-in" href="/login">Sign in with Bitcoin</a></p>'
        )
    claims = token["userinfo"]
    shown = html.escape(json.dumps(dict(claims), indent=2))
    return page(
        f'<h1>Hello, <span id="name">{html.escape(claims["sub"][:8])}…{html.escape(claims["sub"][-4:])}</span></h1>'
        "<p>The ID token was signed by the issuer, is for this app, and carries our nonce:</p>"
        f'<pre id="claims">{shown}</pre>'
        f'<p>Refreshed <span id="refreshed">{token.get("refreshed", 0)}</span> times.</p><div class="actions">'
        '<form method="post" action="/refresh"><button class="button" id="refresh">Refresh the tokens</button></form>'
        '<form method="post" action="/sign-out"><button class="button plain" id="sign-out">Sign out here</button></form>'
        "</div>"
    )


async def login(request: Request) -> Response:
    """Send the browser to the issuer, with state, nonce and PKCE."""
    answer: Response = await oauth.hodlxxi.authorize_redirect(request, f"{OWN_URL}/callback")
    return answer


async def callback(request: Request) -> Response:
    """Back from the issuer: trade the code for tokens; Authlib verifies the ID token."""
    try:
        token = await oauth.hodlxxi.authorize_access_token(request)
    except OAuthError as error:
        text = html.escape(f"{error.error}: {error.description}")
        return page(
            f'<h1>Not signed in</h1><p id="error">{text}</p><p><a class="button" href="/">Back</a></p>'
        )
    request.session["key"] = key = secrets.token_urlsafe()
    tokens[key] = token
    return RedirectResponse("/", 303)


async def refresh(request: Request) -> Response:
    """Trade the refresh token for new tokens."""
    key = request.session.get("key", "")
    token = tokens.get(key)
    if token is not None:
        metadata = await oauth.hodlxxi.load_server_metadata()
        async with oauth.hodlxxi._get_oauth_client(**metadata) as session:
            fresh = await session.refresh_token(
                metadata["token_endpoint"], refresh_token=token["refresh_token"]
            )
        tokens[key] = {**token, **fresh, "refreshed": token.get("refreshed", 0) + 1}
    return RedirectResponse("/", 303)


async def sign_out(request: Request) -> Response:
    """Forget the tokens here; the issuer's session goes on."""
    tokens.pop(request.session.pop("key", ""), None)
    return RedirectResponse("/", 303)


app = Starlette(
    routes=[
        Route("/", home),
        Route("/login", login),
        Route("/callback", callback),
        Route("/refresh", refresh, methods=["POST"]),
        Route("/sign-out", sign_out, methods=["POST"]),
    ],
    middleware=[Middleware(SessionMiddleware, secret_key=secrets.token_urlsafe(), session_cookie="demo")],
)
