"""The things that are measured: each flow as a client does it."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from benchmarks.http import Answer, Connection
from tests.support.lnurl_wallet import LnurlWallet
from tests.support.signer import TestKey

REDIRECT = "http://localhost:9/callback"
SCOPE = "openid profile:read"


@dataclass
class Actor:
    """A connection with a wallet, a browser's cookies and an app's credentials."""

    connection: Connection
    key: TestKey
    wallet: LnurlWallet
    cookies: dict[str, str] = field(default_factory=dict)
    client_id: str = ""
    basic: str = ""
    codes: list[tuple[str, str]] = field(default_factory=list)
    access_token: str = ""

    def cookie(self) -> dict[str, str]:
        """The ``Cookie`` header."""
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}


def expect(answer: Answer, status: int) -> Answer:
    """Stop a benchmark that measures refusals."""
    if answer.status != status:
        raise RuntimeError(f"expected {status}, got {answer.status}: {answer.body[:500]!r}")
    return answer


async def sign_in(actor: Actor) -> None:
    """Ask for a text, sign it, send it: two requests."""
    named = {"pubkey": actor.key.pubkey_hex}
    challenge = expect(await actor.connection.post_json("/api/auth/challenge", named), 200).json()
    signed = {
        **named,
        "challenge_id": challenge["challenge_id"],
        "message": challenge["message"],
        "signature": actor.key.sign_der(challenge["message"]),
    }
    answer = expect(await actor.connection.post_json("/verify_signature", signed), 200)
    actor.cookies["session"] = answer.cookies["session"]


async def create_lnurl(actor: Actor) -> dict[str, str]:
    """Ask for a Lightning login: one request."""
    made: dict[str, str] = expect(await actor.connection.post_json("/api/lnurl-auth/create", {}), 200).json()
    return made


async def lnurl_login(actor: Actor) -> None:
    """Create, answer with the wallet, claim in the browser: three requests."""
    made = await create_lnurl(actor)
    url = urlsplit(actor.wallet.answer_url(made["lnurl"]))
    answered = expect(await actor.connection.request("GET", f"{url.path}?{url.query}"), 200).json()
    if answered["status"] != "OK":
        raise RuntimeError(str(answered))
    claim = {"Authorization": f"Bearer {made['claim_token']}"}
    check = await actor.connection.request("GET", f"/api/lnurl-auth/check/{made['session_id']}", claim)
    if not expect(check, 200).json()["verified"]:
        raise RuntimeError("the login was not claimed")


async def register(actor: Actor) -> None:
    """Register an app for this actor."""
    wish = {"client_name": "Benchmark", "redirect_uris": [REDIRECT], "scope": SCOPE}
    made = expect(await actor.connection.post_json("/oauth/register", wish), 201).json()
    actor.client_id = made["client_id"]
    pair = f"{made['client_id']}:{made['client_secret']}".encode()
    actor.basic = "Basic " + base64.b64encode(pair).decode()


async def authorize(actor: Actor) -> None:
    """Get a code; the first time the consent page is answered."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": actor.client_id,
        "redirect_uri": REDIRECT,
        "scope": SCOPE,
        "state": "s",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    target = "/oauth/authorize?" + urlencode(query)
    for _ in itertools.repeat(None, 4):
        answer = await actor.connection.request("GET", target, actor.cookie())
        actor.cookies |= answer.cookies
        if answer.status == 200:
            fields = dict(re.findall(rb'name="(interaction|csrf)" value="([^"]*)"', answer.body))
            form = "&".join(f"{name.decode()}={quote(value.decode())}" for name, value in fields.items())
            answer = await actor.connection.post_form(
                "/oauth/authorize", form + "&decision=authorize", actor.cookie()
            )
        target = expect(answer, 303).headers["location"]
        if target.startswith(REDIRECT):
            actor.codes.append((parse_qs(urlsplit(target).query)["code"][0], verifier))
            return
    raise RuntimeError(f"no code: {target}")


async def exchange_code(actor: Actor) -> None:
    """Trade one of the codes for tokens: one request."""
    code, verifier = actor.codes.pop()
    form = urlencode(
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": verifier,
        }
    )
    answer = expect(
        await actor.connection.post_form("/oauth/token", form, {"Authorization": actor.basic}), 200
    ).json()
    actor.access_token = answer["access_token"]


async def call_protected(actor: Actor) -> None:
    """Call an API with the token: one request."""
    bearer = {"Authorization": f"Bearer {actor.access_token}"}
    expect(await actor.connection.request("GET", "/api/demo/protected", bearer), 200)
