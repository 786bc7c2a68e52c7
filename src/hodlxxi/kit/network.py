"""Who is at the other end: addresses, how far to believe a proxy about them, and which are on the public internet."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.types import Scope

Network = IPv4Network | IPv6Network

# IANA's special-purpose registries (RFC 6890 and its updates), written out: what Python's ``is_global`` says changes
# between its patch releases.
_SPECIAL_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # looks public, and is the host's agent on one large cloud
        "169.254.0.0/16",  # link-local, and most clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # multicast tunnels
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
# Of IPv6 only this is global unicast. So ::, ::1, v4-mapped and v4-compatible, NAT64, ULA, link-local and multicast are out.
_GLOBAL_V6 = IPv6Network("2000::/3")
_SPECIAL_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address inside
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)


def parse_networks(text: str) -> tuple[Network, ...]:
    """Comma-separated addresses or networks in CIDR form. Raises ``ValueError``."""
    return tuple(ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())


def forwarded_address(scope: Scope, trusted: tuple[Network, ...]) -> str:
    """The client's address: the connection's, or, behind configured proxies, the last one that they did not write themselves.

    ``X-Forwarded-For`` grows to the right, and some proxies append a line of their own instead of a hop: it is read from
    its end, and only as far as the proxies are ours.
    """
    client = scope.get("client")
    address: str = client[0] if client else "unknown"
    if not trusted or not _is_trusted(address, trusted):
        return address
    for name, value in reversed(list(scope["headers"])):
        if name == b"x-forwarded-for":
            for hop in reversed(value.decode("latin-1").split(",")):
                hop = hop.strip()
                if not is_address(hop):
                    return address
                address = hop
                if not _is_trusted(address, trusted):
                    return address
    return address


def is_loopback(address: str) -> bool:
    """Whether an address is this machine."""
    return is_address(address) and ip_address(address).is_loopback


_FORWARDED = (b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via")


def is_from_this_machine(scope: Scope) -> bool:
    """Whether the request began on this machine: a loopback connection that no proxy says it passed something on by.

    (Behind a proxy on the same machine everybody comes from loopback.)
    """
    client = scope.get("client")
    if client is None or not is_loopback(client[0]):
        return False
    return not any(name in _FORWARDED for name, _value in scope["headers"])


def is_loopback_host(host: str) -> bool:
    """Whether a host, as it stands in a URL, is this machine whatever a name server says (RFC 6761 §6.3)."""
    name = host.strip("[]").lower()
    return name == "localhost" or name.endswith(".localhost") or is_loopback(name)


def is_public(address: str) -> bool:
    """Whether an address is on the public internet: no special use of any kind (RFC 6890). What is no address is not."""
    if not is_address(address):
        return False
    found = ip_address(address)
    if isinstance(found, IPv4Address):
        return not any(found in network for network in _SPECIAL_V4)
    return found in _GLOBAL_V6 and not any(found in network for network in _SPECIAL_V6)


def neighbourhood_of(address: str) -> str:
    """Whom a limit counts as one: an IPv4 address, or the /64 of an IPv6 one, as a host there may use all of it."""
    if ":" not in address or not is_address(address):
        return address
    found = IPv6Address(address)
    return str(found.ipv4_mapped or IPv6Network((int(found) >> 64 << 64, 64)))


def rough_address(address: str) -> str:
    """An address for other people's eyes: ``203.0.x.x``, ``2001:db8:…``; it tells a country, not a house."""
    if not is_address(address):
        return "unknown"
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is None:
            return f"{int(found) >> 112:x}:{int(found) >> 96 & 0xFFFF:x}:…"
        found = found.ipv4_mapped
    first, second, *_ = str(found).split(".")
    return f"{first}.{second}.x.x"


def is_address(text: str) -> bool:
    """Whether a text is an IPv4 or IPv6 address in its usual form."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_trusted(text: str, trusted: tuple[Network, ...]) -> bool:
    if not is_address(text):
        return False
    address = ip_address(text)
    return any(address in network for network in trusted if network.version == address.version)
