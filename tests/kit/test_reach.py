"""Where a call may go (reference oauth §6.9): not one special-use address, and only URLs that have one reading."""

from __future__ import annotations

import pytest
import yarl
from hypothesis import given, settings
from hypothesis import strategies as st

from hodlxxi.kit.network import is_public
from hodlxxi.kit.reach import BAD_URL, UNREACHABLE, judge_addresses, judge_url, parse_hosts

SPECIAL = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.0.0.1", "127.255.255.254",
    "168.63.129.16", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192",
    "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1", "100::1", "2001::1", "2001:0:1::1", "2001:10::1",
    "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254",
    "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1",
    "", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1.", "127.0.0.1%00", "not an address",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
    "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.1", "192.167.255.255", "198.17.255.255", "198.20.0.0",
    "223.255.255.255", "2001:4860:4860::8888", "2606:4700:4700::1111", "2a00:1450:4001::1", "2003::1",
]  # fmt: skip


@pytest.mark.parametrize("address", SPECIAL)
def test_an_address_of_special_use_is_not_public(address: str) -> None:
    """MUST 24: the list of what is not public."""
    assert not is_public(address)
    assert not judge_addresses([address])


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_beside_them_is(address: str) -> None:
    assert is_public(address)
    assert judge_addresses([address])


@pytest.mark.parametrize("address", SPECIAL)
def test_one_special_address_among_good_ones_spoils_them_all(address: str) -> None:
    assert not judge_addresses(["1.1.1.1", address])
    assert not judge_addresses([address, "1.1.1.1"])


def test_a_host_without_addresses_is_not_called() -> None:
    assert not judge_addresses([])


@pytest.mark.parametrize(
    "url",
    [
        "https://rp.example", "https://rp.example/", "https://rp.example/jwks.json", "https://rp.example:8443/a/b?c=d&e=%20",
        "https://RP.example/x", "https://rp.example?x=1", "https://xn--bcher-kva.example/", "https://1.1.1.1/x",
        "https://[2606:4700:4700::1111]/x", "https://a_b.example/x", "https://rp.example/@x", "https://rp.example/a//b",
    ],
)  # fmt: skip
def test_a_plain_https_url_may_be_called(url: str) -> None:
    assert isinstance(judge_url(url), yarl.URL)


@pytest.mark.parametrize(
    "url",
    [
        "", "rp.example", "//rp.example/x", "http://rp.example/x", "ftp://rp.example/x", "file:///etc/passwd",
        "gopher://rp.example/x", "unix:///run/docker.sock", "data:application/json,{}", "javascript:alert(1)",
        "https:rp.example", "https:/rp.example", "https:///x", "https://", "https://:443/x", "https://rp.example:/x",
        "https://rp.example:0/x", "https://rp.example:65536/x", "https://rp.example:0443/x", "https://rp.example:443a/x",
        "https://user@rp.example/", "https://user:pw@rp.example/", "https://rp.example@127.0.0.1/",
        "https://127.0.0.1:443@rp.example/", "https://a@b@c/", "https://rp.example%2f@evil/", "https://rp.example\\@evil/",
        "https://rp.example\\evil/", "https://rp.example/x#f", "https://rp.example#@evil/", "https://rp.example/ x",
        "https://rp.example/\tx", "https://rp.example/\nx", " https://rp.example/", "https://rp.example/ ",
        "https://rp.example\x00.evil/", "https://rp.example%00.evil/", "https://%31%32%37.0.0.1/", "https://b\u00fccher.example/",
        "https://\uff11\uff12\uff17.0.0.1/", "https://\u2460\u2461\u2466.0.0.1/", "https://rp.example./", "https://.example/",
        "https://a..b/", "https://-a.example/", "https://a-.example/", "https://" + "a" * 64 + ".example/", "https://[::1/",
        "https://[::1]a/", "https://[fe80::1%25eth0]/", "https://[v1.x]/", "https://[:::]/", "https://127.1/", "https://2130706433/",
        "https://0177.0.0.1/", "https://127.0.0.1.1/", "https://0/", "https://rp.example/" + "x" * 2000,
    ],
)  # fmt: skip
def test_a_url_that_two_parsers_could_read_differently_is_refused(url: str) -> None:
    """MUST 24: URLs that parsers read differently."""
    assert judge_url(url) is BAD_URL


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[fd00::1]", "[::ffff:7f00:1]"]
)  # fmt: skip
def test_a_written_out_address_of_special_use_is_refused_before_anything_is_asked(host: str) -> None:
    assert judge_url(f"https://{host}/x") is UNREACHABLE
    assert judge_url(f"https://{host}:8443/x") is UNREACHABLE


def test_a_development_host_may_be_called_on_its_port_and_by_http() -> None:
    hosts = parse_hosts("localhost:9443, 127.0.0.1:8080,[::1]:8080,")
    assert hosts == {("localhost", 9443), ("127.0.0.1", 8080), ("::1", 8080)}
    for url in (
        "https://localhost:9443/x",
        "http://LOCALHOST:9443/x",
        "http://127.0.0.1:8080",
        "http://[::1]:8080/x",
    ):
        assert isinstance(judge_url(url, hosts), yarl.URL), url
    for url in (
        "http://localhost/x",
        "http://localhost:8080/x",
        "http://127.0.0.1:9443/x",
        "http://rp.example:9443/x",
    ):
        assert judge_url(url, hosts) is BAD_URL, url
    assert judge_url("https://127.0.0.1:9443/", hosts) is UNREACHABLE


@pytest.mark.parametrize(
    "text", ["localhost", "localhost:", ":8080", "localhost:0", "localhost:65536", "a:b", "a:8080 b:8080"]
)
def test_a_list_of_hosts_that_cannot_be_read_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse_hosts(text)


_PIECES = st.sampled_from(
    ["https", "http", "://", ":", "/", "//", "@", "\\", "#", "?", "%40", "[", "]", "::1", ".", "rp.example", "localhost",
     "127.0.0.1", "127", "1", "443", "8080", "a", "-", "_", " ", "\t", "%2e", "\u3002", "&", "="]
)  # fmt: skip


@settings(max_examples=500)
@given(st.lists(_PIECES, max_size=8).map("".join).map(lambda rest: "https://" + rest))
def test_what_is_judged_is_what_is_called(text: str) -> None:
    """The client's parser reads the host and the port that we judged."""
    found = judge_url(text)
    if isinstance(found, yarl.URL):
        authority = text.removeprefix("https://").split("/")[0].split("?")[0]
        host, _, port = authority.partition(":") if not authority.startswith("[") else (authority, "", "")
        assert found.scheme == "https"
        assert found.user is None
        assert found.password is None
        assert (found.raw_host or "").lower() == host.strip("[]").lower()
        assert found.port == int(port or 443)
        assert str(found.raw_host) not in ("127.0.0.1", "::1")
