"""The client's address is what our own proxies saw, never what a client claims."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hodlxxi.kit.network import (
    forwarded_address,
    is_loopback,
    is_loopback_host,
    neighbourhood_of,
    parse_networks,
    rough_address,
)

PROXIES = parse_networks("10.0.0.0/8, 127.0.0.1, fd00::/8")


def _scope(peer: str | None, *forwarded: str) -> dict[str, object]:
    return {
        "type": "http",
        "client": (peer, 4711) if peer else None,
        "headers": [(b"x-forwarded-for", line.encode("latin-1")) for line in forwarded],
    }


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        pytest.param("203.0.113.9", [], "203.0.113.9", id="direct"),
        pytest.param("203.0.113.9", ["8.8.8.8"], "203.0.113.9", id="a-stranger-forges-the-header"),
        pytest.param("203.0.113.9", ["10.0.0.1"], "203.0.113.9", id="a-stranger-claims-to-be-the-proxy"),
        pytest.param("10.0.0.1", [], "10.0.0.1", id="the-proxy-itself"),
        pytest.param("10.0.0.1", ["198.51.100.7"], "198.51.100.7", id="one-proxy"),
        pytest.param("10.0.0.1", ["8.8.8.8, 198.51.100.7"], "198.51.100.7", id="forged-left-of-the-truth"),
        pytest.param("10.0.0.1", ["127.0.0.1, 198.51.100.7"], "198.51.100.7", id="forged-loopback"),
        pytest.param("10.0.0.1", ["198.51.100.7, 10.9.9.9"], "198.51.100.7", id="two-proxies"),
        pytest.param("10.0.0.1", ["8.8.8.8, 198.51.100.7,10.2.2.2 , 10.3.3.3"], "198.51.100.7", id="three"),
        pytest.param("10.0.0.1", ["8.8.8.8", "198.51.100.7"], "198.51.100.7", id="the-proxy-appends-a-line"),
        pytest.param("10.0.0.1", ["8.8.8.8", "198.51.100.7", "10.0.0.2"], "198.51.100.7", id="three-lines"),
        pytest.param("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3", id="nothing-but-proxies"),
        pytest.param("10.0.0.1", ["unknown"], "10.0.0.1", id="a-word-where-an-address-belongs"),
        pytest.param("10.0.0.1", ["8.8.8.8, _hidden, 10.0.0.2"], "10.0.0.2", id="believed-up-to-the-word"),
        pytest.param("10.0.0.1", [""], "10.0.0.1", id="empty"),
        pytest.param("10.0.0.1", ["1.2.3.4:80"], "10.0.0.1", id="with-a-port"),
        pytest.param("10.0.0.1", ["<script>, 2001:db8::5"], "2001:db8::5", id="ipv6-client"),
        pytest.param("fd00::1", ["2001:db8::5"], "2001:db8::5", id="ipv6-proxy"),
        pytest.param("::1", ["2001:db8::5"], "::1", id="an-ipv6-peer-that-is-not-listed"),
        pytest.param("unix", ["8.8.8.8"], "unix", id="a-socket-file"),
        pytest.param(None, ["8.8.8.8"], "unknown", id="no-peer"),
    ],
)
def test_the_address_is_the_first_hop_that_is_not_ours(
    peer: str | None, forwarded: list[str], address: str
) -> None:
    """MUST 27: forwarded addresses count from configured proxies only."""
    assert forwarded_address(_scope(peer, *forwarded), PROXIES) == address


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.0.0.1", "203.0.113.9", "::1"])
def test_without_configured_proxies_nobody_is_believed(peer: str) -> None:
    assert forwarded_address(_scope(peer, "8.8.8.8"), ()) == peer


@settings(derandomize=True, max_examples=300)
@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_whatever_a_client_forges_the_proxys_own_entry_is_taken(forged: str) -> None:
    assert forwarded_address(_scope("10.0.0.1", forged + ",198.51.100.7"), PROXIES) == "198.51.100.7"
    assert forwarded_address(_scope("10.0.0.1", forged, "198.51.100.7"), PROXIES) == "198.51.100.7"
    assert forwarded_address(_scope("203.0.113.9", forged), PROXIES) == "203.0.113.9"


@pytest.mark.parametrize("text", ["ten", "10.0.0.0/33", "10.0.0.1;10.0.0.2", "*", "proxy.example.org"])
def test_a_network_that_is_none_is_a_mistake(text: str) -> None:
    with pytest.raises(ValueError):
        parse_networks(text)


def test_networks_may_have_host_bits_spaces_and_empty_parts() -> None:
    assert [str(n) for n in parse_networks(" 10.1.2.3/8 ,, ::1 ")] == ["10.0.0.0/8", "::1/128"]
    assert parse_networks("") == ()


@pytest.mark.parametrize(
    ("address", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("10.0.0.1", False), ("unknown", False)],
)
def test_loopback_is_this_machine_only(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("app.localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("", False),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.2", False),
        ("notlocalhost", False),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
    ],
)
def test_a_host_of_this_machine_is_known_by_its_name_alone(host: str, is_ours: bool) -> None:
    assert is_loopback_host(host) is is_ours


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
        ("a:b", "a:b"),
    ],
)
def test_a_limit_counts_a_whole_ipv6_network_as_one(address: str, counted: str) -> None:
    assert neighbourhood_of(address) == counted


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("198.51.100.23", "198.51.x.x"),
        ("2a01:4f8:c0c:1234::1", "2a01:4f8:…"),
        ("::ffff:198.51.100.23", "198.51.x.x"),
        ("127.0.0.1", "127.0.x.x"),
        ("::1", "0:0:…"),
        ("", "unknown"),
        ("unknown", "unknown"),
    ],
)
def test_other_people_see_an_address_only_roughly(address: str, shown: str) -> None:
    assert rough_address(address) == shown
