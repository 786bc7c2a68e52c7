"""The requests that are measured: one each, the same bytes to every server."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

from benchmarks.flows import expect
from benchmarks.oidc_provider.sides import ROLE, Actor
from tests.differential.case import VERIFIER


async def _token(actor: Actor, path: str = "/oauth/token", **form: str) -> dict[str, object]:
    headers = {"Authorization": actor.authorization}
    answer = await actor.connection.post_form(path, urlencode(form), headers)
    members: dict[str, object] = expect(answer, 200).json()
    return members


async def client_credentials(actor: Actor) -> None:
    """A token of the client for itself."""
    await _token(actor, grant_type="client_credentials", scope="profile:read", resource=actor.party.url)


async def authorize(actor: Actor) -> None:
    """The app's link: somebody is signed in and has agreed before, so the answer is the code."""
    query = urlencode({**actor.party.request(ROLE), "resource": actor.party.url})
    answer = await actor.connection.request("GET", f"/oauth/authorize?{query}", {"Cookie": actor.cookies})
    location = expect(answer, 303).headers["location"]
    actor.codes.append(parse_qs(urlsplit(location).query)["code"][0])


async def exchange(actor: Actor) -> None:
    """A code for an access token, a refresh token and an ID token."""
    tokens = await _token(actor, **_code_form(actor), resource=actor.party.url)
    actor.refresh_token = str(tokens["refresh_token"])


async def refresh(actor: Actor) -> None:
    """A refresh token for the next one and two more tokens."""
    form = {"grant_type": "refresh_token", "refresh_token": actor.refresh_token}
    tokens = await _token(actor, **form, resource=actor.party.url)
    actor.refresh_token = str(tokens["refresh_token"])


async def get_introspected(actor: Actor) -> None:
    """An access token without ``resource``: the peer cannot introspect its JWTs."""
    await authorize(actor)
    actor.access_token = str((await _token(actor, **_code_form(actor)))["access_token"])


async def introspect(actor: Actor) -> None:
    """What stands behind an access token."""
    answer = await _token(actor, "/oauth/introspect", token=actor.access_token)
    if answer["active"] is not True:
        raise RuntimeError("the token is not active")


def _code_form(actor: Actor) -> dict[str, str]:
    uri = actor.party.apps[ROLE].uri
    form = {"grant_type": "authorization_code", "code": actor.codes.pop(0), "redirect_uri": uri}
    return form | {"code_verifier": VERIFIER}
