"""Who is at the other end: addresses, and how far to believe a proxy about them."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from starlette.types import Scope

Network = IPv4Network | IPv6Network


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
                if not _is_address(hop):
                    return address
                address = hop
                if not _is_trusted(address, trusted):
                    return address
    return address


def is_loopback(address: str) -> bool:
    """Whether an address is this machine."""
    return _is_address(address) and ip_address(address).is_loopback


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


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_trusted(text: str, trusted: tuple[Network, ...]) -> bool:
    if not _is_address(text):
        return False
    address = ip_address(text)
    return any(address in network for network in trusted if network.version == address.version)
