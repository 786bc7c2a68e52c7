"""Redirect URIs: what may be registered, what matches, what a response looks like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hodlxxi.oauth.rules.errors import Fault, Word
from hodlxxi.oauth.rules.redirects import (
    UriKind,
    find_match,
    is_claimable,
    judge_redirect_uri,
    origin_shown,
    render_redirect,
)
from tests.support.hostile_uris import LOOKALIKES, REGISTERED, UNREGISTRABLE

GOOD = [
    ("https://app.example/cb", UriKind.WEB),
    ("https://app.example", UriKind.WEB),
    ("https://app.example/", UriKind.WEB),
    ("https://app.example:8443/cb?a=b&c=d%20e", UriKind.WEB),
    ("https://App.Example/CB", UriKind.WEB),
    ("https://192.0.2.7/cb", UriKind.WEB),
    ("https://[2001:db8::7]:8443/cb", UriKind.WEB),
    ("https://xn--bcher-kva.example/cb", UriKind.WEB),
    ("https://app.example/a//b/c%20d", UriKind.WEB),
    ("https://app.example/cb?next=%2Fhome%3Fa%3Db", UriKind.WEB),
    ("https://app.example/a..b/...", UriKind.WEB),
    ("https://localhost/cb", UriKind.WEB),
    ("http://127.0.0.1/cb", UriKind.LOOPBACK),
    ("http://127.0.0.1:51004/cb", UriKind.LOOPBACK),
    ("http://[::1]:51004/cb", UriKind.LOOPBACK),
    ("http://localhost:3000/cb?x=1", UriKind.LOOPBACK),
    ("http://localhost", UriKind.LOOPBACK),
    ("com.example.app:/cb", UriKind.PRIVATE),
    ("com.example.app://cb", UriKind.PRIVATE),
    ("com.example.app:///cb", UriKind.PRIVATE),
]


@pytest.mark.parametrize(("uri", "kind"), GOOD)
def test_a_good_uri_may_be_registered_and_matches_itself(uri: str, kind: UriKind) -> None:
    assert judge_redirect_uri(uri) is kind
    assert find_match([uri], uri, native=False) == uri
    assert kind.is_claimable == is_claimable(uri)


@pytest.mark.parametrize("uri", UNREGISTRABLE)
def test_a_hostile_uri_is_refused_and_never_matches(uri: str) -> None:
    verdict = judge_redirect_uri(uri)
    assert isinstance(verdict, Fault)
    assert verdict.word is Word.INVALID_REDIRECT_URI
    assert find_match([good for good, _ in GOOD], uri, native=True) is None


@pytest.mark.parametrize("asked", LOOKALIKES)
def test_whoever_differs_in_one_byte_does_not_match(asked: str) -> None:
    assert find_match([REGISTERED], asked, native=True) is None


def test_the_registered_query_belongs_to_the_comparison() -> None:
    assert find_match(["https://app.example/cb?a=b"], "https://app.example/cb?a=b", native=False)
    assert find_match(["https://app.example/cb?a=b"], "https://app.example/cb?a=b&c=d", native=False) is None
    assert find_match(["https://app.example/cb?a=b"], "https://app.example/cb", native=False) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_a_native_client_may_use_any_loopback_port(host: str) -> None:
    registered = [f"http://{host}:3000/cb?x=1"]
    assert find_match(registered, f"http://{host}:51004/cb?x=1", native=True) == f"http://{host}:51004/cb?x=1"
    assert find_match(registered, f"http://{host}/cb?x=1", native=True)
    assert find_match(registered, f"http://{host}:51004/cb?x=1", native=False) is None


@pytest.mark.parametrize(
    "asked",
    [
        "http://localhost:51004/cb",
        "http://127.0.0.1:51004/other",
        "http://127.0.0.1:51004/cb?x",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:051004/cb",
        "http://127.0.0.1:/cb",
        "http://user@127.0.0.1:51004/cb",
        "http://127.0.0.1:51004@evil.example/cb",
        "http://127.0.0.1:51004/cb#x",
        "https://127.0.0.1:51004/cb",
        "http://127.0.0.1:51004\n/cb",
    ],
)
def test_only_the_port_is_free(asked: str) -> None:
    assert find_match(["http://127.0.0.1/cb"], asked, native=True) is None


@pytest.mark.parametrize(
    ("uri", "fragment", "expected"),
    [
        ("https://a.example/cb", False, "https://a.example/cb?code=x%26y&state=%C3%A9"),
        ("https://a.example/cb?a=b", False, "https://a.example/cb?a=b&code=x%26y&state=%C3%A9"),
        ("https://a.example/cb?", False, "https://a.example/cb?code=x%26y&state=%C3%A9"),
        ("com.example.app:/cb", False, "com.example.app:/cb?code=x%26y&state=%C3%A9"),
        ("https://a.example/cb?a=b", True, "https://a.example/cb?a=b#code=x%26y&state=%C3%A9"),
    ],
)
def test_a_response_is_appended_to_what_is_there(uri: str, fragment: bool, expected: str) -> None:
    assert render_redirect(uri, [("code", "x&y"), ("state", "é")], fragment=fragment) == expected


def test_people_read_the_host_or_the_private_scheme() -> None:
    assert origin_shown("https://app.example:8443/cb?x") == "app.example:8443"
    assert origin_shown("http://localhost:3000/cb") == "localhost:3000"
    assert origin_shown("com.example.app:/cb") == "com.example.app"


@given(st.text(alphabet="ahtps:/.@%25\\#?*[]0-;é\x00", max_size=40))
def test_the_judgement_never_fails_and_what_it_admits_has_an_allowed_scheme(text: str) -> None:
    verdict = judge_redirect_uri(text)
    if not isinstance(verdict, Fault):
        scheme = text.partition(":")[0]
        assert scheme in ("https", "http") or "." in scheme
        assert not set(text) & set("@#\\* \x00")


@given(st.text(max_size=60), st.booleans())
def test_nothing_matches_that_is_not_registered(text: str, native: bool) -> None:
    assert find_match(["https://app.example/cb"], text, native=native) in (None, "https://app.example/cb")
