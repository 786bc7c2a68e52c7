"""The 65-byte signed message: Bitcoin Core's, with the headers of BIP-137 and Electrum for segwit addresses."""

from __future__ import annotations

from typing import Final

from hodlxxi.bitcoin.address import Address, AddressKind, nested_program
from hodlxxi.bitcoin.ecdsa import COMPACT_BYTES, recover
from hodlxxi.bitcoin.hashes import hash160, sha256d
from hodlxxi.bitcoin.keys import pubkey_of
from hodlxxi.bitcoin.script import compact_size
from hodlxxi.bitcoin.verdict import Invalid, Step, Valid

HEADERS: Final = range(27, 43)
# Below 31 the header says that the key was uncompressed.
FIRST_COMPRESSED: Final = 31
# Which headers fit which kind (Bitcoin Core, BIP-137, Electrum). A kind that is absent takes none.
_HEADERS_OF: Final[dict[AddressKind, tuple[range, ...]]] = {
    AddressKind.P2PKH: (range(27, 35),),
    AddressKind.P2SH: (range(31, 39),),
    AddressKind.P2WPKH: (range(31, 35), range(39, 43)),
}
_MAGIC: Final = b"\x18Bitcoin Signed Message:\n"

NO_MATCH: Final = "The signature does not match this text and this {}."
_OTHER_KIND: Final = "The signature was made for another type of address."
_KIND_REFUSED: Final = (
    "A 65-byte message signature is not accepted for this type of address. Sign with BIP-322 where your wallet offers "
    "it (“simple”), or with an address that begins with 1, 3 or bc1q and belongs to a single key."
)


def message_digest(text: bytes) -> bytes:
    """The 32 bytes that a wallet signs: double SHA-256 of magic, length as compact size, and text."""
    return sha256d(_MAGIC + compact_size(len(text)) + text)


def is_legacy(raw: bytes) -> bool:
    """Whether decoded bytes are header, r and s. No witness stack and no transaction begins so and has this length."""
    return len(raw) == 1 + COMPACT_BYTES and raw[0] in HEADERS


def judge_legacy(address: Address, text: bytes, raw: bytes) -> Valid | Invalid:
    """Compare the recovered key with the address, by the table of headers. ``raw`` is header, r, s.

    Recovery finds some key for almost any signature: the proof is that this key makes this address, by the rules of the
    address's kind. The proved key is the compressed one, whichever kind of address it came by.
    """
    header = raw[0]
    headers = _HEADERS_OF.get(address.kind)
    if headers is None:
        return Invalid(_KIND_REFUSED, Step.FORM, "legacy")
    if not any(header in allowed for allowed in headers):
        return Invalid(_OTHER_KIND, Step.FORM, "legacy")
    no_match = Invalid(NO_MATCH.format("address"), Step.SIGNATURE, "legacy")
    key = recover(raw[1:], (header - 27) & 3, message_digest(text))
    if key is None:
        return no_match
    compressed = key.format()
    written = compressed if header >= FIRST_COMPRESSED else key.format(compressed=False)
    program = hash160(written)
    if address.kind is AddressKind.P2SH:
        program = nested_program(program)
    if program != address.program:
        return no_match
    proved = pubkey_of(compressed)
    return Valid("legacy", proved, (proved,))
