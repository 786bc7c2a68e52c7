"""A trial sign-in for an app's developer, without anything kept: state and verifier come from the browser's own secret.

Only the app's owner is shown the link, in one browser; the sealed ``state`` proves at the other end that this is that
browser. So whoever is made to visit the callback with somebody else's answer sees no code.
"""

from __future__ import annotations

from dataclasses import dataclass

from hodlxxi.kit.secret import mint_token, same, tag_of
from hodlxxi.oauth.room import OAuthRoom
from hodlxxi.oauth.rules.clients import Client
from hodlxxi.oauth.rules.pkce import challenge_of
from hodlxxi.oauth.rules.trial import Parameter, TrialState, explain_request, parse_state, render_request
from hodlxxi.oauth.store.clients import find_client

NONCE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Trial:
    """A request, ready to be started: its URL, and what each parameter is for."""

    url: str
    parameters: tuple[Parameter, ...]
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Returned:
    """The app whose trial came back, and the verifier that its code can be exchanged with."""

    client: Client
    verifier: str


def begin_trial(room: OAuthRoom, client: Client, redirect_uri: str, browser_secret: str) -> Trial:
    """A fresh request of this app, for this browser."""
    nonce = mint_token(NONCE_BYTES)
    state = TrialState(client.client_id, nonce, _seal(room, browser_secret, client.client_id, nonce))
    parameters = explain_request(
        client,
        redirect_uri=redirect_uri,
        state=str(state),
        nonce=mint_token(NONCE_BYTES),
        challenge=challenge_of(_verifier(room, browser_secret, state)),
    )
    return Trial(render_request(room.policy.issuer, parameters), parameters, redirect_uri)


async def find_trial(room: OAuthRoom, state_text: str | None, browser_secret: str) -> Returned | None:
    """The trial that an answer belongs to; None when it was not started in this browser, or its app has ended."""
    state = parse_state(state_text)
    if state is None or not same(state.seal, _seal(room, browser_secret, state.client_id, state.nonce)):
        return None
    async with room.db.read() as tx:
        client = await find_client(tx, state.client_id)
    if client is None or client.disabled_at is not None:
        return None
    return Returned(client, _verifier(room, browser_secret, state))


def _seal(room: OAuthRoom, browser_secret: str, client_id: str, nonce: str) -> str:
    return tag_of(room.identity.csrf_key, "trial-state", browser_secret, client_id, nonce)


def _verifier(room: OAuthRoom, browser_secret: str, state: TrialState) -> str:
    """43 characters of base64url, as RFC 7636 §4.1 wants them."""
    return tag_of(room.identity.csrf_key, "trial-verifier", browser_secret, str(state))
