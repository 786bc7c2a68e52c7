"""Where sign-in leads on to: a path of ours, whatever the link said."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hodlxxi.identity.login_page import local_path, login_url
from hodlxxi.kit.web import see_other

HOSTILE = [
    "https://evil.example", "http://evil.example/", "//evil.example", "///evil.example", "////evil.example",
    "/\\evil.example", "\\\\evil.example", "\\/evil.example", "/\\/evil.example", "/\t/evil.example",
    "\t//evil.example", " //evil.example", "/ /evil.example", "\n//evil.example", "/\n/evil.example",
    "/\r\n/evil.example", "/ok\r\nLocation: https://evil.example", "/ok\nSet-Cookie: session=x", "/\x00/evil.example",
    "\x00//evil.example", "/\x0b/evil.example", "/\x0c/evil.example", "/\x1f/evil.example", "/\x7f/evil.example",
    "/\x85/evil.example", "/\u2028/evil.example", "/\ufeff/evil.example", "\ufeff//evil.example", "/ä", "／/evil.example",
    "/／evil.example", "//evil.example\\@login.example.org", "javascript:alert(1)", "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x", "file:///etc/passwd",
    "https:evil.example", "https:/evil.example", "http:///evil.example", "evil.example", "@evil.example",
    ":80", "?next=//evil.example", "#//evil.example", "", " ", "/\\", "//", "/ ", "/a b", "/a\\b", "/" + "a" * 2001,
    "%2F%2Fevil.example", "%5C%5Cevil.example", ".//evil.example", "..//evil.example",
]  # fmt: skip
FINE = [
    "/", "/account", "/login?next=%2F%2Fevil.example", "/oauth/authorize?client_id=a&state=%2F&x=1+2", "/a//b",
    "/a#fragment", "/a;b=c", "/.//x", "/..//x", "/%2F/evil.example", "/%5Cevil.example", "/@evil.example",
    "/a?u=https://evil.example", "/" + "a" * 2000,
]  # fmt: skip
US = "https://login.example.org"


def _lands_on(path: str) -> str:
    """The host that a browser goes to, by the rules for URLs, also after it threw away what it ignores."""
    cleaned = path.strip("\x00\x01\t\n\r\x0b\x0c ").replace("\t", "").replace("\n", "").replace("\r", "")
    return urlsplit(urljoin(US + "/login", cleaned.replace("\\", "/"))).netloc


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_is_followed(text: str) -> None:
    """MUST 4: the return path of the sign-in."""
    assert local_path(text) == "/"


@pytest.mark.parametrize("text", FINE)
def test_a_path_of_ours_is_kept_as_it_is(text: str) -> None:
    assert local_path(text) == text
    assert _lands_on(text) == "login.example.org"
    assert see_other(text).headers["location"].isascii()


def test_without_a_path_the_home_page_is_next() -> None:
    assert local_path(None) == "/"


@settings(derandomize=True, max_examples=1000)
@given(st.one_of(st.text(st.characters(), max_size=60), st.text("/\\\t\r\n.:@evil?#%20 \x00", max_size=30)))
def test_whatever_was_asked_we_stay_here(text: str) -> None:
    path = local_path(text)
    assert _lands_on(path) == "login.example.org"
    location = see_other(path).headers["location"]
    assert _lands_on(location) == "login.example.org"
    assert "\n" not in location


@pytest.mark.parametrize("path", FINE)
def test_the_way_to_sign_in_and_back_keeps_the_path(path: str) -> None:
    query = urlsplit(login_url(path)).query
    assert "&" not in query
    assert "#" not in login_url(path)
