"""A scripted LNURL-auth wallet (LUD-01, 04, 05): reads a QR code's text, says which URL a wallet calls.

Keys are derived with plain BIP-32, written out here. It makes no request itself: the test's HTTP client does.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from coincurve import PrivateKey

from hodlxxi.bitcoin.bech32 import decode_lnurl

HARDENED = 0x80000000
ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141


@dataclass(frozen=True)
class Node:
    """A private node of a BIP-32 tree."""

    secret: bytes
    chain_code: bytes

    def child(self, index: int) -> Node:
        """CKDpriv; an index from 2^31 on is hardened."""
        key = PrivateKey(self.secret)
        head = b"\0" + self.secret if index >= HARDENED else key.public_key.format()
        mac = hmac.new(self.chain_code, head + index.to_bytes(4, "big"), hashlib.sha512).digest()
        number = (int.from_bytes(mac[:32], "big") + int.from_bytes(self.secret, "big")) % ORDER
        return Node(number.to_bytes(32, "big"), mac[32:])

    def descend(self, *path: int) -> Node:
        """The node at the end of a path of indices."""
        node = self
        for index in path:
            node = node.child(index)
        return node


def master_node(seed: bytes) -> Node:
    """The root of the tree that grows from ``seed``."""
    mac = hmac.new(b"Bitcoin seed", seed, hashlib.sha512).digest()
    return Node(mac[:32], mac[32:])


def path_suffix(hashing_key: bytes, host: str) -> tuple[int, ...]:
    """The four numbers that LUD-05 makes of the 32-byte hashing key and the full host name."""
    mac = hmac.new(hashing_key, host.encode(), hashlib.sha256).digest()
    return tuple(int.from_bytes(mac[i : i + 4], "big") for i in range(0, 16, 4))


@dataclass(frozen=True)
class LnurlWallet:
    """A wallet that owns ``seed`` and has one linking key per host name."""

    seed: bytes

    def linking_key(self, host: str) -> PrivateKey:
        """The key by which this wallet is known at ``host`` (no port): m/138'/a/b/c/d."""
        purpose = master_node(self.seed).child(HARDENED + 138)
        return PrivateKey(purpose.descend(*path_suffix(purpose.child(0).secret, host)).secret)

    def pubkey_hex(self, host: str) -> str:
        """The public half, 66 lower-case hex digits."""
        return self.linking_key(host).public_key.format().hex()

    def answer_url(self, lnurl_text: str) -> str:
        """The URL to GET: the one in the LNURL with its whole query, and ``sig`` and ``key`` after it.

        ``lnurl_text`` is what the QR code or the link holds, with or without ``lightning:``, in either case.
        """
        text = lnurl_text.strip()
        if text.lower().startswith("lightning:"):
            text = text[len("lightning:") :]
        url = decode_lnurl(text)
        parts = urlsplit(url)
        query = parse_qs(parts.query, strict_parsing=True)
        assert query["tag"] == ["login"], "not a login"
        assert parts.hostname is not None, "no host to derive a key for"
        key = self.linking_key(parts.hostname)
        signature = key.sign(bytes.fromhex(query["k1"][0]), hasher=None)
        return f"{url}&sig={signature.hex()}&key={key.public_key.format().hex()}"
