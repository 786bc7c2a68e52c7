"""Two foreign stacks sign a device in that has no browser, and somebody with a scripted one approves (RFC 8628)."""

from __future__ import annotations

import httpx
import pytest
from requests_oauth2client import AccessDenied, AuthorizationPending, SlowDown

from hodlxxi.bitcoin.known_keys import known_pubkey
from tests.foreign.node_app import Visit
from tests.foreign.python_app import SCOPE, Person, register
from tests.support.scripted_browser import ScriptedBrowser
from tests.support.server import Server

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def arrive(browser: ScriptedBrowser, link: str, key: int) -> ScriptedBrowser:
    """Somebody follows the device's link (its QR code) and confirms the code that stands there already."""
    return browser.open(link).sign_in(key).click("device-continue")


def test_openid_client_waits_until_somebody_approves(visit: Visit) -> None:
    asked = visit.do("/device", issuer=visit.issuer)
    with httpx.Client(timeout=20) as phone:
        browser = arrive(ScriptedBrowser(phone), asked["verification_uri_complete"], 1)
        assert browser.text("device-code") == asked["user_code"]
        browser.click("device-approve")
        assert browser.has("device-done")
    granted = visit.do("/device-result")
    assert granted["claims"]["sub"] == known_pubkey(1)


def test_somebody_types_the_code_of_a_device_and_approves(any_dev_server: Server, person: Person) -> None:
    client = register(any_dev_server, "none", grant_types=[DEVICE, "refresh_token"])
    asked = client.authorize_device(scope=SCOPE, client_id=client.client_id)
    with pytest.raises(AuthorizationPending):
        client.device_code(asked)
    with pytest.raises(SlowDown):
        client.device_code(asked)

    browser = person.browser.open(asked.verification_uri)
    if browser.shown == "login":
        browser.sign_in(person.key)
    assert browser.shown == "device"
    browser.fill("user-code", asked.user_code.lower().replace("-", " ")).click("device-continue")
    assert browser.text("device-code") == asked.user_code
    browser.click("device-approve")
    assert browser.has("device-done")


def test_who_denies_a_device_ends_its_waiting(any_dev_server: Server, person: Person) -> None:
    client = register(any_dev_server, "none", grant_types=[DEVICE, "refresh_token"])
    asked = client.authorize_device(scope=SCOPE, client_id=client.client_id)
    arrive(person.browser, asked.verification_uri_complete, person.key).click("device-deny")
    with pytest.raises(AccessDenied):
        client.device_code(asked)


def test_a_device_code_is_good_once(any_dev_server: Server, person: Person) -> None:
    client = register(any_dev_server, "client_secret_basic", grant_types=[DEVICE, "refresh_token"])
    asked = client.authorize_device(scope=SCOPE)
    arrive(person.browser, asked.verification_uri_complete, person.key).click("device-approve")
    tokens = client.device_code(asked)
    assert client.userinfo(tokens)["sub"] == person.pubkey
    assert client.refresh_token(tokens).refresh_token
