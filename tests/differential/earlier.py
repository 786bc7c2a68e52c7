"""What a case needs from before: ``@code@``, ``@refresh:spa@`` and the like, made fresh where they stand."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx

from tests.differential.case import API, DEVICE, DEVICE_GRANT, OTHER_API, SCOPE, TOKEN, VERIFIER
from tests.differential.earlier_proofs import PROOF_RECIPES
from tests.differential.parties import Party, plain_basic

_NAME = re.compile(r"@([a-z-]+)(?::([a-z]+))?@")


def _spent_code(party: Party, role: str) -> str:
    code = party.authorize(party.browsers["holder"], role)
    party.redeem(role, code).raise_for_status()
    return code


def _refresh_of_replayed_code(party: Party, role: str) -> str:
    code = party.authorize(party.browsers["holder"], role)
    tokens = party.redeem(role, code).raise_for_status().json()
    assert party.redeem(role, code).status_code == 400
    return str(tokens["refresh_token"])


def _access_of_replayed_code(party: Party, role: str) -> str:
    code = party.authorize(party.browsers["holder"], role)
    tokens = party.redeem(role, code).raise_for_status().json()
    assert party.redeem(role, code).status_code == 400
    return str(tokens["access_token"])


def _used_refresh(party: Party, role: str) -> str:
    token = str(party.tokens(role)["refresh_token"])
    party.refresh(role, token).raise_for_status()
    return token


def _used_twice_refresh(party: Party, role: str) -> str:
    """Used, and its successor used too: this cannot be a repetition of a lost answer."""
    token = str(party.tokens(role)["refresh_token"])
    successor = party.refresh(role, token).raise_for_status().json()["refresh_token"]
    party.refresh(role, successor).raise_for_status()
    return token


def _successor_of_reused(party: Party, role: str) -> str:
    token = str(party.tokens(role)["refresh_token"])
    second = party.refresh(role, token).raise_for_status().json()["refresh_token"]
    third = party.refresh(role, second).raise_for_status().json()["refresh_token"]
    assert party.refresh(role, token).status_code == 400
    return str(third)


def _revoked(member: str, by: str = "refresh_token") -> Callable[[Party, str], str]:
    def obtain(party: Party, role: str) -> str:
        tokens = party.tokens(role)
        assert party.post("/oauth/revoke", role, token=tokens[by]).status_code == 200
        return str(tokens[member])

    return obtain


def _tried_code(times: int) -> Callable[[Party, str], str]:
    def obtain(party: Party, role: str) -> str:
        code = party.authorize(party.browsers["holder"], role)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": party.apps[role].uri}
        for _ in range(times):
            assert party.post("/oauth/token", role, **form, code_verifier="wrong" * 10).status_code == 400
        return code

    return obtain


def _answered_pushed(party: Party, role: str) -> str:
    uri = party.push(role)
    params = {"client_id": party.apps[role].client_id, "request_uri": uri}
    answer = party.browsers["agreed"].get("/oauth/authorize", params=params)
    assert "code=" in answer.headers["location"], answer.headers["location"]
    return uri


def _seen_pushed(party: Party, role: str) -> str:
    """Visited by somebody who has not signed in."""
    uri = party.push(role)
    params = {"client_id": party.apps[role].client_id, "request_uri": uri}
    with httpx.Client(base_url=party.url) as browser:
        party.follow(browser, browser.get("/oauth/authorize", params=params))
    return uri


def _device(member: str, *, agrees: bool | None = None) -> Callable[[Party, str], str]:
    """A device that has asked, and perhaps the answer of its user."""

    def obtain(party: Party, role: str) -> str:
        answer = party.post(DEVICE, role, scope=SCOPE)
        asked: dict[str, str] = answer.raise_for_status().json()
        if agrees is not None:
            party.answer_device(party.browsers["holder"], asked["user_code"], agrees=agrees)
        return asked[member]

    return obtain


def _polled_device(party: Party, role: str) -> str:
    code = _device("device_code")(party, role)
    party.post(TOKEN, role, grant_type=DEVICE_GRANT, device_code=code)
    return code


def _spent_device(party: Party, role: str) -> str:
    code = _device("device_code", agrees=True)(party, role)
    party.post(TOKEN, role, grant_type=DEVICE_GRANT, device_code=code).raise_for_status()
    return code


def _device_refresh(party: Party, role: str) -> str:
    code = _device("device_code", agrees=True)(party, role)
    answer = party.post(TOKEN, role, grant_type=DEVICE_GRANT, device_code=code)
    return str(answer.raise_for_status().json()["refresh_token"])


def _for_api(member: str) -> Callable[[Party, str], str]:
    def obtain(party: Party, role: str) -> str:
        code = party.authorize(party.browsers["holder"], role, resource=API)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": party.apps[role].uri}
        answer = party.post("/oauth/token", role, **form, code_verifier=VERIFIER, resource=API)
        return str(answer.raise_for_status().json()[member])

    return obtain


RECIPES: dict[str, Callable[[Party, str], str]] = {
    **PROOF_RECIPES,
    "id": lambda party, role: party.apps[role].client_id,
    "secret": lambda party, role: party.apps[role].secret or "",
    "uri": lambda party, role: party.apps[role].uri,
    "issuer": lambda party, role: party.url,
    "code": lambda party, role: party.authorize(party.browsers["holder"], role),
    "code-without-openid": lambda party, role: party.authorize(
        party.browsers["holder"], role, scope="profile:read"
    ),
    "code-for-api": lambda party, role: party.authorize(party.browsers["holder"], role, resource=API),
    "code-for-apis": lambda party, role: party.authorize(
        party.browsers["holder"], role, resource=[API, OTHER_API]
    ),
    "refresh-for-api": _for_api("refresh_token"),
    "access-for-api": _for_api("access_token"),
    "client-access": lambda party, role: str(
        party.post("/oauth/token", "service", grant_type="client_credentials").json()["access_token"]
    ),
    "pushed": lambda party, role: party.push(role),
    "pushed-silent": lambda party, role: party.push(role, prompt="none"),
    "pushed-fragment": lambda party, role: party.push(role, response_mode="fragment"),
    "pushed-and-answered": _answered_pushed,
    "pushed-and-seen": _seen_pushed,
    "device-code": _device("device_code"),
    "user-code": _device("user_code"),
    "allowed-device-code": _device("device_code", agrees=True),
    "denied-device-code": _device("device_code", agrees=False),
    "polled-device-code": _polled_device,
    "spent-device-code": _spent_device,
    "device-refresh": _device_refresh,
    "own-id-token": lambda party, role: party.memory["id_token"],
    "pair": lambda party, role: plain_basic(party.apps[role].client_id, party.apps[role].secret or "")[6:],
    "second-uri-code": lambda party, role: party.authorize(
        party.browsers["holder"], role, redirect_uri=party.apps[role].uris[1]
    ),
    "spent-code": _spent_code,
    "tried-code": _tried_code(1),
    "guessed-code": _tried_code(5),
    "refresh": lambda party, role: str(party.tokens(role)["refresh_token"]),
    "used-refresh": _used_refresh,
    "used-twice-refresh": _used_twice_refresh,
    "successor-of-reused": _successor_of_reused,
    "refresh-of-replayed-code": _refresh_of_replayed_code,
    "access-of-replayed-code": _access_of_replayed_code,
    "revoked-refresh": _revoked("refresh_token"),
    "revoked-access": _revoked("access_token"),
    "refresh-of-revoked-access": _revoked("refresh_token", by="access_token"),
    "access": lambda party, role: str(party.tokens(role)["access_token"]),
    "access-without-openid": lambda party, role: str(
        party.tokens(role, scope="profile:read")["access_token"]
    ),
    "id-token": lambda party, role: str(party.tokens(role)["id_token"]),
    "other-id-token": lambda party, role: str(party.tokens(role, "other")["id_token"]),
}


def fill(text: str, party: Party, role: str) -> str:
    """The text with what was got in its places; each name is got once."""
    got: dict[str, str] = {}

    def obtain(found: re.Match[str]) -> str:
        if found[0] not in got:
            got[found[0]] = RECIPES[found[1]](party, found[2] or role)
        return got[found[0]]

    return _NAME.sub(obtain, text)
