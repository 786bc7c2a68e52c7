"""What a descriptor with private keys says without them: for the test vectors that were only published with secrets."""

from __future__ import annotations

import hashlib
import hmac
import re

from coincurve import PrivateKey, PublicKey

from hodlxxi.bitcoin.base58 import parse_base58check, render_base58check
from hodlxxi.bitcoin.bip32 import FIRST_HARDENED
from hodlxxi.bitcoin.hashes import hash160

_WIF = re.compile(r"\b[5KL][1-9A-HJ-NP-Za-km-z]{50,51}\b")
_XPRV = re.compile(r"\b(xprv[1-9A-HJ-NP-Za-km-z]{107})((?:/[0-9]+(?:'|h))*)")
_XPUB_VERSION = bytes.fromhex("0488b21e")


def make_public(text: str) -> str:
    """``text`` with a public key for each private one; hardened steps after an ``xprv`` are taken before."""
    return _XPRV.sub(lambda found: _xpub(found[1], found[2]), _WIF.sub(lambda found: _hex(found[0]), text))


def _hex(wif: str) -> str:
    payload = parse_base58check(wif, "wif")
    return PublicKey.from_secret(payload[1:33]).format(compressed=len(payload) == 34).hex()


def _xpub(xprv: str, path: str) -> str:
    payload = parse_base58check(xprv, "xprv")
    depth, head, chain_code, secret = payload[4], payload[5:13], payload[13:45], payload[46:]
    for step in re.findall(r"[0-9]+", path):
        number = (int(step) + FIRST_HARDENED).to_bytes(4, "big")
        digest = hmac.digest(chain_code, b"\0" + secret + number, hashlib.sha512)
        head = hash160(PublicKey.from_secret(secret).format())[:4] + number
        depth, chain_code = depth + 1, digest[32:]
        secret = PrivateKey(secret).add(digest[:32]).secret
    public = _XPUB_VERSION + bytes([depth]) + head + chain_code + PublicKey.from_secret(secret).format()
    return render_base58check(public)
