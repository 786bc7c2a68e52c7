"""Bitcoin addresses: which network, which kind, which script; and the three addresses of one key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hodlxxi.bitcoin.base58 import parse_base58check, render_base58check
from hodlxxi.bitcoin.bech32 import SegwitProgram, parse_segwit, render_segwit
from hodlxxi.bitcoin.hashes import hash160
from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.kit.errors import BadInput

MAX_ADDRESS_CHARS: Final = 90


@dataclass(frozen=True, slots=True)
class _NetworkFacts:
    genesis: str
    hrp: str
    p2pkh_version: int
    p2sh_version: int


class Network(StrEnum):
    """The five chains, by the names that Bitcoin Core gives them (``test`` is testnet3)."""

    MAIN = "main"
    TEST = "test"
    TESTNET4 = "testnet4"
    SIGNET = "signet"
    REGTEST = "regtest"

    @property
    def chain_id(self) -> str:
        """CAIP-2 reference of the chain: the first 32 hex digits of its genesis hash, after ``bip122:``."""
        return f"bip122:{_FACTS[self].genesis}"

    @property
    def hrp(self) -> str:
        """The prefix of segwit addresses."""
        return _FACTS[self].hrp

    @property
    def p2pkh_version(self) -> int:
        """The version byte of pay-to-pubkey-hash addresses."""
        return _FACTS[self].p2pkh_version

    @property
    def p2sh_version(self) -> int:
        """The version byte of pay-to-script-hash addresses."""
        return _FACTS[self].p2sh_version


_FACTS: Final = {
    Network.MAIN: _NetworkFacts("000000000019d6689c085ae165831e93", "bc", 0x00, 0x05),
    Network.TEST: _NetworkFacts("000000000933ea01ad0ee984209779ba", "tb", 0x6F, 0xC4),
    Network.TESTNET4: _NetworkFacts("00000000da84f2bafbbc53dee25a72ae", "tb", 0x6F, 0xC4),
    Network.SIGNET: _NetworkFacts("00000008819873e925422c1ff0f99f7c", "tb", 0x6F, 0xC4),
    Network.REGTEST: _NetworkFacts("0f9188f13cb7b2c71f2a335e3a4fc328", "bcrt", 0x6F, 0xC4),
}
_HRPS: Final = {"bc": "main", "tb": "a test network (testnet or signet)", "bcrt": "regtest"}
_PRIVATE_KEY_VERSIONS: Final = (0x80, 0xEF)


class AddressKind(StrEnum):
    """What an address pays to. ``WITNESS`` is a witness version or length that has no rules yet."""

    P2PKH = "p2pkh"
    P2SH = "p2sh"
    P2WPKH = "p2wpkh"
    P2WSH = "p2wsh"
    P2TR = "p2tr"
    WITNESS = "witness"


_BY_VERSION_AND_LENGTH: Final = {
    (0, 20): AddressKind.P2WPKH,
    (0, 32): AddressKind.P2WSH,
    (1, 32): AddressKind.P2TR,
}


@dataclass(frozen=True, slots=True)
class Address:
    """An address of one network.

    ``program`` is the 20-byte hash, or the witness program. ``witness_version`` is None for the base58 kinds.
    Test networks share their encodings: an address knows only the network for which it was parsed.
    """

    kind: AddressKind
    program: bytes
    network: Network
    witness_version: int | None = None

    @property
    def script_pubkey(self) -> bytes:
        """The output script that pays to this address."""
        if self.witness_version is not None:
            opcode = 0x50 + self.witness_version if self.witness_version else 0
            return bytes([opcode, len(self.program)]) + self.program
        if self.kind is AddressKind.P2PKH:
            return b"\x76\xa9\x14" + self.program + b"\x88\xac"
        return b"\xa9\x14" + self.program + b"\x87"


def parse_address(text: str, network: Network, field: str = "address") -> Address:
    """The address that ``text`` is on ``network``; ``BadInput`` for another network and for anything else.

    No space is taken off, and the refusal never repeats the text: people paste secrets into the wrong box.
    """
    if len(text) > MAX_ADDRESS_CHARS:
        raise BadInput(f"{field}: too long for a Bitcoin address.", field=field)
    if text.lower().startswith(tuple(f"{hrp}1" for hrp in _HRPS)):
        return _parse_segwit_address(text, network, field)
    return _parse_base58_address(text, network, field)


def _parse_segwit_address(text: str, network: Network, field: str) -> Address:
    found = parse_segwit(text, field)
    if found.hrp != network.hrp:
        raise _refuse_network(_HRPS.get(found.hrp, "another chain"), network, field)
    kind = _BY_VERSION_AND_LENGTH.get((found.version, len(found.program)), AddressKind.WITNESS)
    return Address(kind, found.program, network, found.version)


def _parse_base58_address(text: str, network: Network, field: str) -> Address:
    payload = parse_base58check(text, field)
    if payload and payload[0] in _PRIVATE_KEY_VERSIONS and len(payload) in (33, 34):
        raise BadInput(
            f"{field}: this is a private key. Never give it to anybody; send an address.", field=field
        )
    if len(payload) != 21:
        raise BadInput(f"{field}: not a Bitcoin address.", field=field)
    version, program = payload[0], payload[1:]
    if version == network.p2pkh_version:
        return Address(AddressKind.P2PKH, program, network)
    if version == network.p2sh_version:
        return Address(AddressKind.P2SH, program, network)
    for other in Network:
        if version in (other.p2pkh_version, other.p2sh_version):
            owner = "main" if other is Network.MAIN else "a test network (testnet, signet or regtest)"
            raise _refuse_network(owner, network, field)
    raise BadInput(f"{field}: not a Bitcoin address.", field=field)


def _refuse_network(owner: str, network: Network, field: str) -> BadInput:
    return BadInput(f"{field}: this address belongs to {owner}, this server uses {network}.", field=field)


def render_address(address: Address) -> str:
    """The one way to write it: base58check, or bech32 in lower case."""
    network = address.network
    if address.witness_version is not None:
        return render_segwit(SegwitProgram(network.hrp, address.witness_version, address.program))
    version = network.p2pkh_version if address.kind is AddressKind.P2PKH else network.p2sh_version
    return render_base58check(bytes([version]) + address.program)


def find_address(script_pubkey: bytes, network: Network) -> Address | None:
    """The address that pays to this script; None for one that has no address, like a bare key."""
    if script_pubkey[:3] == b"\x76\xa9\x14" and script_pubkey[23:] == b"\x88\xac":
        found = Address(AddressKind.P2PKH, script_pubkey[3:23], network)
    elif script_pubkey[:2] == b"\xa9\x14" and script_pubkey[22:] == b"\x87":
        found = Address(AddressKind.P2SH, script_pubkey[2:22], network)
    elif 4 <= len(script_pubkey) <= 42 and script_pubkey[0] in (0, *range(0x51, 0x61)):
        version = script_pubkey[0] and script_pubkey[0] - 0x50
        program = script_pubkey[2:]
        kind = _BY_VERSION_AND_LENGTH.get((version, len(program)), AddressKind.WITNESS)
        if version == 0 and kind is AddressKind.WITNESS:
            return None
        found = Address(kind, program, network, version)
    else:
        return None
    # Lengths and pushes that are wrong make another script.
    return found if found.script_pubkey == script_pubkey else None


def nested_program(key_hash: bytes) -> bytes:
    """The script hash of P2SH-P2WPKH: HASH160 of the redeem script ``0014 <20 bytes>``."""
    return hash160(b"\x00\x14" + key_hash)


def render_p2pkh(key: Pubkey, network: Network) -> str:
    """The legacy address (``1…``) of the compressed key."""
    return render_address(Address(AddressKind.P2PKH, hash160(bytes.fromhex(key)), network))


def render_p2sh_p2wpkh(key: Pubkey, network: Network) -> str:
    """The nested segwit address (``3…``) of the key."""
    program = nested_program(hash160(bytes.fromhex(key)))
    return render_address(Address(AddressKind.P2SH, program, network))


def render_p2wpkh(key: Pubkey, network: Network) -> str:
    """The native segwit address (``bc1q…``) of the key."""
    return render_address(Address(AddressKind.P2WPKH, hash160(bytes.fromhex(key)), network, 0))
