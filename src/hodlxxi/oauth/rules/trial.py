"""A trial sign-in for an app's developer: the authorization request, explained, and what came back, in plain words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.scopes import OPENID

CALLBACK_PATH = (
    "/developers/callback"  # any app may register it: the answer is shown to who began, and to nobody else
)
MAX_SHOWN_CHARS = 2_100
_STATE = re.compile(r"(app_[A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of the request, and what it is for."""

    name: str
    value: str
    text: str


def explain_request(
    client: Client, *, redirect_uri: str, state: str, nonce: str, challenge: str
) -> tuple[Parameter, ...]:
    """The authorization request of an app, parameter by parameter (RFC 6749 §4.1.1, RFC 7636, Core §3.1.2.1)."""
    scopes = client.metadata.scopes
    asked = [
        Parameter("response_type", "code", "The answer is a code, which your app exchanges for tokens."),
        Parameter("client_id", client.client_id, "Which app asks."),
        Parameter(
            "redirect_uri",
            redirect_uri,
            "Where the answer goes. It must equal a registered one, character for character.",
        ),
        Parameter("scope", " ".join(scopes), "What your app wants to be allowed; people see this."),
        Parameter(
            "state",
            state,
            "Comes back unchanged. Your app compares it with what it kept for this browser: "
            "so nobody can slip somebody else's answer in.",
        ),
        Parameter(
            "code_challenge",
            challenge,
            "SHA-256 of a secret (code_verifier) that your app keeps: a code that is stolen on its way is worth nothing.",
        ),
        Parameter("code_challenge_method", "S256", "How that was made; there is no other."),
    ]
    if OPENID in scopes:
        text = "Comes back inside the ID token: it was made for this sign-in and no other."
        asked.append(Parameter("nonce", nonce, text))
    return tuple(asked)


def render_request(issuer: str, parameters: tuple[Parameter, ...]) -> str:
    """The URL that an app sends its user to."""
    return f"{issuer}/oauth/authorize?" + urlencode([(p.name, p.value) for p in parameters])


@dataclass(frozen=True, slots=True)
class TrialState:
    """The parts of a trial's ``state``: whose trial it is, which, and our seal on it."""

    client_id: str
    nonce: str
    seal: str

    def __str__(self) -> str:
        return f"{self.client_id}.{self.nonce}.{self.seal}"


def parse_state(text: str | None) -> TrialState | None:
    """The ``state`` when it has the shape of ours; whether the seal is right is for the caller to see."""
    matched = _STATE.fullmatch(text) if text else None
    return TrialState(*matched.groups()) if matched else None


_WORDS = {
    "access_denied": "The person said no, or may not sign in to this app.",
    "invalid_request": "A parameter is missing, is there twice or is malformed; the description says which.",
    "invalid_scope": "It asks for a scope that is not registered for this app, or for none that exists here.",
    "unauthorized_client": "This app is not registered for this kind of request.",
    "unsupported_response_type": "Only response_type=code exists here.",
    "invalid_target": "It names a resource that does not exist here or is not this app's.",
    "login_required": "It asked with prompt=none, and nobody is signed in. Ask again without it.",
    "consent_required": "It asked with prompt=none, and the person has not agreed yet. Ask again without it.",
    "interaction_required": "It asked with prompt=none, and a page is needed. Ask again without it.",
    "unmet_authentication_requirements": "The person did not sign in as strongly as the request demands.",
    "server_error": "Something is wrong on this server. Its operator finds out what by the request id.",
    "temporarily_unavailable": "The server is overloaded or a part of it is away. Try again.",
}


def explain_error(word: str) -> str:
    """What an error of the authorization endpoint means for whoever develops the app (RFC 6749 §4.1.2.1, Core §3.1.2.6)."""
    return _WORDS.get(word, "The description says what is wrong with the request.")
