"""Extended public keys (BIP-32): reading them, and deriving public children.

Extended private keys are known only in order to be refused: nothing here ever holds a secret, and no refusal repeats
what was sent.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from coincurve import PublicKey

from hodlxxi.bitcoin.address import Network
from hodlxxi.bitcoin.base58 import parse_base58check, render_base58check
from hodlxxi.bitcoin.hashes import hash160
from hodlxxi.bitcoin.keys import find_key
from hodlxxi.kit.errors import BadInput

PRIVATE_KEY_REFUSED: Final = "private_key_refused"
EXTENDED_KEY_BYTES: Final = 78
# Children from here on are hardened: they cannot be derived from a public key.
FIRST_HARDENED: Final = 0x80000000
MAX_DEPTH: Final = 255

_XPUB: Final = 0x0488B21E
_TPUB: Final = 0x043587CF
# SLIP-132: the same keys under versions that also name a script; a descriptor names the script itself.
_SLIP132_PUBLIC: Final = {
    0x049D7CB2: "ypub",
    0x04B24746: "zpub",
    0x0295B43F: "Ypub",
    0x02AA7ED3: "Zpub",
    0x044A5262: "upub",
    0x045F1CF6: "vpub",
    0x024289EF: "Upub",
    0x02575483: "Vpub",
}
_MAIN_SLIP132: Final = ("ypub", "zpub", "Ypub", "Zpub")
# xprv yprv zprv Yprv Zprv, tprv uprv vprv Uprv Vprv.
_PRIVATE: Final = frozenset(
    {
        *(0x0488ADE4, 0x049D7878, 0x04B2430C, 0x0295B005, 0x02AA7A99),
        *(0x04358394, 0x044A4E28, 0x045F18BC, 0x024285B5, 0x02575048),
    }
)


@dataclass(frozen=True, slots=True)
class ExtendedKey:
    """An extended public key: a point (``key``, 33 bytes) and the 32 bytes that make its children unguessable.

    ``child_number`` and ``parent_fingerprint`` (4 bytes) say where it came from; at depth 0 they are zero.
    """

    is_main: bool
    depth: int
    parent_fingerprint: bytes
    child_number: int
    chain_code: bytes
    key: bytes

    @property
    def fingerprint(self) -> bytes:
        """The first four bytes of HASH160 of the key: how its children name it."""
        return hash160(self.key)[:4]


def is_extended_private(payload: bytes) -> bool:
    """Whether a base58check payload of 78 bytes is a private key: by its version, or by the zero before a secret."""
    if len(payload) != EXTENDED_KEY_BYTES:
        return False
    return int.from_bytes(payload[:4], "big") in _PRIVATE or payload[45] == 0


def parse_extended_key(text: str, network: Network, field: str) -> ExtendedKey:
    """The extended public key that ``text`` is: ``xpub`` on main, ``tpub`` on every other network.

    ``BadInput`` says what is wrong with any other text; for a private key its code is ``private_key_refused``.
    """
    payload = parse_base58check(text, field)
    if len(payload) != EXTENDED_KEY_BYTES:
        raise BadInput(f"{field}: an extended key has {EXTENDED_KEY_BYTES} bytes.", field=field)
    if is_extended_private(payload):
        refused = (
            f"{field}: this is an extended private key. Never give it to anybody; export the public one."
        )
        raise BadInput(refused, field=field, code=PRIVATE_KEY_REFUSED)
    _check_version(int.from_bytes(payload[:4], "big"), network, field)
    fault = _find_fault(payload)
    if fault is not None:
        raise BadInput(f"{field}: not an extended public key: {fault}.", field=field)
    return ExtendedKey(
        is_main=network is Network.MAIN,
        depth=payload[4],
        parent_fingerprint=payload[5:9],
        child_number=int.from_bytes(payload[9:13], "big"),
        chain_code=payload[13:45],
        key=payload[45:],
    )


def _check_version(version: int, network: Network, field: str) -> None:
    wanted = "xpub" if network is Network.MAIN else "tpub"
    slip132 = _SLIP132_PUBLIC.get(version)
    if slip132 is not None:
        standard = "xpub" if slip132 in _MAIN_SLIP132 else "tpub"
        raise BadInput(
            f"{field}: {slip132} is a spelling of {standard} that descriptors do not have; convert it to {standard}.",
            field=field,
        )
    if version not in (_XPUB, _TPUB):
        raise BadInput(f"{field}: an extended key of an unknown version; {wanted} is needed.", field=field)
    found = "xpub" if version == _XPUB else "tpub"
    if found != wanted:
        raise BadInput(f"{field}: this is {found}; a server on {network} needs {wanted}.", field=field)


def _find_fault(payload: bytes) -> str | None:
    """What makes 78 bytes with a good version no extended public key (BIP-32, test vector 5); None if nothing."""
    if payload[4] == 0 and payload[5:9] != bytes(4):
        return "depth 0, but a parent's fingerprint"
    if payload[4] == 0 and payload[9:13] != bytes(4):
        return "depth 0, but a child's number"
    if payload[45] not in (2, 3):
        return "the key inside does not begin with 02 or 03"
    return None if find_key(payload[45:]) else "the key inside is not on the curve"


def render_extended_key(key: ExtendedKey) -> str:
    """The ``xpub`` or ``tpub`` text of 111 characters."""
    version = _XPUB if key.is_main else _TPUB
    head = version.to_bytes(4, "big") + bytes([key.depth]) + key.parent_fingerprint
    return render_base58check(head + key.child_number.to_bytes(4, "big") + key.chain_code + key.key)


def derive_child(parent: ExtendedKey, number: int, field: str) -> ExtendedKey:
    """The public child with this number (BIP-32, "Public parent key → public child key").

    ``BadInput`` for a hardened number, below depth 255, and for the one number in 2^127 that has no key.
    """
    if not 0 <= number < FIRST_HARDENED:
        raise BadInput(f"{field}: a hardened child cannot be derived from a public key.", field=field)
    if parent.depth == MAX_DEPTH:
        raise BadInput(f"{field}: an extended key has no more than {MAX_DEPTH} steps.", field=field)
    digest = hmac.digest(parent.chain_code, parent.key + number.to_bytes(4, "big"), hashlib.sha512)
    try:
        key = PublicKey(parent.key).add(digest[:32]).format()
    except ValueError:  # the tweak is no scalar, or the sum no point
        raise BadInput(f"{field}: the child {number} has no key; take the next one.", field=field) from None
    return ExtendedKey(parent.is_main, parent.depth + 1, parent.fingerprint, number, digest[32:], key)
