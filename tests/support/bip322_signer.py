"""A wallet that signs messages by BIP-322, well or badly: any script that we know, any variant, any terms.

Hashes, scripts and transactions are written out here, so that nothing is shared with the code under test but the
rendering of addresses, which every verifier reads with code of its own.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from coincurve import PrivateKey

from hodlxxi.bitcoin.address import Address, AddressKind, Network, render_address
from tests.support.signer import ORDER, TestKey, der_of

Script = Literal[
    "p2pkh",
    "p2sh-p2wpkh",
    "p2wpkh",
    "p2tr",
    "p2wsh-multisig",
    "p2sh-multisig",
    "p2sh-p2wsh-multisig",
    "p2wsh",
]
ALL, NONE, SINGLE, ANYONECANPAY = 1, 2, 3, 0x80


def sha256(raw: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(raw).digest()


def sha256d(raw: bytes) -> bytes:
    """SHA-256 twice."""
    return sha256(sha256(raw))


def hash160(raw: bytes) -> bytes:
    """RIPEMD-160 of SHA-256."""
    return hashlib.new("ripemd160", sha256(raw)).digest()


def tagged(tag: str, raw: bytes) -> bytes:
    """BIP-340's hash with a purpose."""
    return sha256(sha256(tag.encode()) * 2 + raw)


def sized(raw: bytes) -> bytes:
    """``raw`` behind its length as a compact size."""
    return size(len(raw)) + raw


def size(number: int) -> bytes:
    """A compact size below 64 k."""
    return bytes([number]) if number < 253 else b"\xfd" + number.to_bytes(2, "little")


def push(raw: bytes) -> bytes:
    """The shortest push of 2 to 520 bytes; of nothing, ``OP_0``."""
    if len(raw) < 76:
        return bytes([len(raw)]) + raw
    return (b"\x4c" + bytes([len(raw)]) if len(raw) < 256 else b"\x4d" + len(raw).to_bytes(2, "little")) + raw


def u32(number: int) -> bytes:
    """Four bytes, little-endian."""
    return number.to_bytes(4, "little")


@dataclass(frozen=True)
class TxIn:
    """One input; ``txid`` in the order of the wire."""

    txid: bytes
    index: int = 0
    script_sig: bytes = b""
    sequence: int = 0
    witness: tuple[bytes, ...] = ()

    @property
    def outpoint(self) -> bytes:
        """What it spends."""
        return self.txid + u32(self.index)


@dataclass(frozen=True)
class Tx:
    """A transaction. Outputs are a value in satoshi and a script."""

    inputs: tuple[TxIn, ...]
    outputs: tuple[tuple[int, bytes], ...] = ((0, b"\x6a"),)
    version: int = 0
    locktime: int = 0

    def serialize(self, *, segwit: bool | None = None) -> bytes:
        """The wire form; with the witness when there is one, or as told."""
        segwit = any(one.witness for one in self.inputs) if segwit is None else segwit
        inputs = b"".join(one.outpoint + sized(one.script_sig) + u32(one.sequence) for one in self.inputs)
        body = size(len(self.inputs)) + inputs + size(len(self.outputs)) + self.written_outputs
        stacks = b"".join(stack_bytes(one.witness) for one in self.inputs)
        opening = u32(self.version) + (b"\x00\x01" if segwit else b"")
        return opening + body + (stacks if segwit else b"") + u32(self.locktime)

    @property
    def written_outputs(self) -> bytes:
        """All outputs on the wire, without their number."""
        return b"".join(write_output(one) for one in self.outputs)

    def with_first(self, **changes: object) -> Tx:
        """A copy with a changed first input."""
        return replace(self, inputs=(replace(self.inputs[0], **changes), *self.inputs[1:]))  # type: ignore[arg-type]


def write_output(output: tuple[int, bytes]) -> bytes:
    """One output on the wire."""
    return output[0].to_bytes(8, "little") + sized(output[1])


def stack_bytes(stack: tuple[bytes, ...]) -> bytes:
    """A witness stack on the wire."""
    return size(len(stack)) + b"".join(map(sized, stack))


@dataclass(frozen=True)
class Wallet:
    """Keys, and the script in which they stand. ``compressed`` is for keys of one-key scripts."""

    script: Script
    keys: tuple[TestKey, ...]
    threshold: int = 1
    compressed: bool = True
    own_script: bytes = b""  # the witness script of a plain ``p2wsh``

    @property
    def key(self) -> bytes:
        """The first key as the script has it."""
        return self.keys[0].private.public_key.format(compressed=self.compressed)

    @property
    def key_hash(self) -> bytes:
        """HASH160 of the first key."""
        return hash160(self.key)

    @property
    def x_only(self) -> bytes:
        """The first key as taproot's output key; nothing is tweaked."""
        return self.keys[0].private.public_key.format()[1:]

    @property
    def multisig(self) -> bytes:
        """``k <keys> n CHECKMULTISIG``, or the script that was given."""
        if self.own_script:
            return self.own_script
        keys = b"".join(push(one.private.public_key.format()) for one in self.keys)
        return bytes([0x50 + self.threshold]) + keys + bytes([0x50 + len(self.keys), 0xAE])

    @property
    def redeem_script(self) -> bytes:
        """What a P2SH address is the hash of; empty for other kinds."""
        if self.script == "p2sh-p2wpkh":
            return b"\x00\x14" + self.key_hash
        if self.script == "p2sh-multisig":
            return self.multisig
        return b"\x00\x20" + sha256(self.multisig) if self.script == "p2sh-p2wsh-multisig" else b""

    def at(self, network: Network) -> Address:
        """The address."""
        if self.script == "p2pkh":
            return Address(AddressKind.P2PKH, self.key_hash, network)
        if self.script.startswith("p2sh"):
            return Address(AddressKind.P2SH, hash160(self.redeem_script), network)
        if self.script == "p2wpkh":
            return Address(AddressKind.P2WPKH, self.key_hash, network, 0)
        if self.script == "p2tr":
            return Address(AddressKind.P2TR, self.x_only, network, 1)
        return Address(AddressKind.P2WSH, sha256(self.multisig), network, 0)

    def address(self, network: Network = Network.REGTEST) -> str:
        """The address, written."""
        return render_address(self.at(network))

    @property
    def script_pubkey(self) -> bytes:
        """The output script, the same on every network."""
        return self.at(Network.REGTEST).script_pubkey


def encode_der(compact: bytes) -> bytes:
    """What a wallet does with r and s."""
    return der_of(compact)


def negate_s(compact: bytes) -> bytes:
    """The other s that is valid with the same r."""
    return compact[:32] + (ORDER - int.from_bytes(compact[32:], "big")).to_bytes(32, "big")


@dataclass(frozen=True)
class Terms:
    """How to sign. The defaults are what BIP-322 asks for; everything else makes a signature that is off.

    ``hash_type`` None is ALL, and the default of taproot. ``named_type`` is the byte that is written instead.
    """

    hash_type: int | None = None
    named_type: int | None = None
    annex: bytes = b""
    encode: Callable[[bytes], bytes] = encode_der
    alter: Callable[[bytes], bytes] = field(default=lambda compact: compact)
    version: int = 0
    locktime: int = 0
    sequence: int = 0
    outputs: tuple[tuple[int, bytes], ...] = ((0, b"\x6a"),)
    more_inputs: tuple[TxIn, ...] = ()


PLAIN = Terms()


@dataclass(frozen=True)
class Disguise:
    """What a forger takes from the address that he claims, instead of from his own wallet."""

    code: bool = False
    redeem: bool = False
    key: bool = False


def spent_txid(script_pubkey: bytes, text: bytes) -> bytes:
    """The transaction that commits to text and address (BIP-322, "Full")."""
    opening = b"\x00\x20" + tagged("BIP0322-signed-message", text)
    spent = Tx((TxIn(bytes(32), 0xFFFFFFFF, opening),), ((0, script_pubkey),))
    return sha256d(spent.serialize(segwit=False))


def sign_tx(
    claimed: Wallet,
    text: bytes,
    terms: Terms = PLAIN,
    *,
    by: Wallet | None = None,
    disguise: Disguise = Disguise(),
) -> Tx:
    """``to_sign`` for the address of ``claimed``, signed by it or, as a forger would, ``by`` another wallet."""
    signer = by or claimed
    redeem = (claimed if disguise.redeem else signer).redeem_script
    first = TxIn(spent_txid(claimed.script_pubkey, text), 0, b"", terms.sequence)
    tx = Tx((first, *terms.more_inputs), terms.outputs, terms.version, terms.locktime)
    code_of, shown = claimed if disguise.code else signer, claimed if disguise.key else signer
    if signer.script == "p2tr":
        return tx.with_first(witness=_taproot_stack(tx, claimed, signer, terms))
    if signer.script in ("p2wpkh", "p2sh-p2wpkh"):
        code = b"\x76\xa9\x14" + code_of.key_hash + b"\x88\xac"
        witness = (_ecdsa(signer.keys[0], segwit_digest(tx, code, _type(terms)), terms), shown.key)
        return tx.with_first(witness=witness, script_sig=push(redeem) if redeem else b"")
    if signer.script == "p2pkh":
        digest = legacy_digest(tx, code_of.script_pubkey, _type(terms))
        return tx.with_first(script_sig=push(_ecdsa(signer.keys[0], digest, terms)) + push(shown.key))
    return _multisig_tx(tx, signer, code_of.multisig, shown.multisig, redeem, terms)


def _multisig_tx(tx: Tx, signer: Wallet, code: bytes, shown: bytes, redeem: bytes, terms: Terms) -> Tx:
    nested = signer.script == "p2sh-multisig"
    digest = (legacy_digest if nested else segwit_digest)(tx, code, _type(terms))
    signatures = tuple(_ecdsa(one, digest, terms) for one in signer.keys[: signer.threshold])
    if nested:
        return tx.with_first(script_sig=b"\x00" + b"".join(map(push, signatures)) + push(redeem))
    dummy = () if signer.own_script else (b"",)
    return tx.with_first(witness=(*dummy, *signatures, shown), script_sig=push(redeem) if redeem else b"")


def _type(terms: Terms) -> int:
    return ALL if terms.hash_type is None else terms.hash_type


def _ecdsa(key: TestKey, digest: bytes, terms: Terms) -> bytes:
    compact = terms.alter(key.private.sign_recoverable(digest, hasher=None)[:64])
    named = _type(terms) if terms.named_type is None else terms.named_type
    return terms.encode(compact) + bytes([named])


def _taproot_stack(tx: Tx, claimed: Wallet, signer: Wallet, terms: Terms) -> tuple[bytes, ...]:
    hash_type = terms.hash_type or 0
    digest = taproot_digest(tx, claimed.script_pubkey, hash_type, terms.annex)
    named = hash_type if terms.named_type is None else terms.named_type
    ending = bytes([named]) if terms.hash_type is not None else b""
    signature = PrivateKey(signer.keys[0].private.secret).sign_schnorr(digest, bytes(32))
    return (signature + ending, *((terms.annex,) if terms.annex else ()))


def segwit_digest(tx: Tx, code: bytes, hash_type: int) -> bytes:
    """BIP-143, of the first input, which spends nothing."""
    one_only, kind, first = hash_type & ANYONECANPAY, hash_type & 31, tx.inputs[0]
    zero = bytes(32)
    outpoints = zero if one_only else sha256d(b"".join(each.outpoint for each in tx.inputs))
    plain = not one_only and kind not in (NONE, SINGLE)
    sequences = sha256d(b"".join(u32(each.sequence) for each in tx.inputs)) if plain else zero
    outputs = sha256d(tx.written_outputs) if kind not in (NONE, SINGLE) else zero
    if kind == SINGLE and tx.outputs:
        outputs = sha256d(write_output(tx.outputs[0]))
    middle = first.outpoint + sized(code) + bytes(8) + u32(first.sequence)
    return sha256d(
        u32(tx.version) + outpoints + sequences + middle + outputs + u32(tx.locktime) + u32(hash_type)
    )


def taproot_digest(tx: Tx, script_pubkey: bytes, hash_type: int, annex: bytes = b"") -> bytes:
    """BIP-341, key path, of the first input. Further inputs are taken to spend the same script."""
    one_only, kind, first = hash_type & ANYONECANPAY, hash_type & 3, tx.inputs[0]
    parts = [bytes([0, hash_type]), u32(tx.version), u32(tx.locktime)]
    if not one_only:
        parts.append(sha256(b"".join(each.outpoint for each in tx.inputs)))
        parts.append(sha256(bytes(8) * len(tx.inputs)))
        parts.append(sha256(sized(script_pubkey) * len(tx.inputs)))
        parts.append(sha256(b"".join(u32(each.sequence) for each in tx.inputs)))
    if kind not in (NONE, SINGLE):
        parts.append(sha256(tx.written_outputs))
    parts.append(b"\x01" if annex else b"\x00")
    alone = first.outpoint + bytes(8) + sized(script_pubkey) + u32(first.sequence)
    parts.append(alone if one_only else u32(0))
    if annex:
        parts.append(sha256(sized(annex)))
    if kind == SINGLE:
        parts.append(sha256(write_output(tx.outputs[0])) if tx.outputs else bytes(32))
    return tagged("TapSighash", b"".join(parts))


def legacy_digest(tx: Tx, code: bytes, hash_type: int) -> bytes:
    """The digest before segwit, of the first input."""
    kind = hash_type & 31
    bare = [replace(each, script_sig=b"", witness=()) for each in tx.inputs]
    if kind in (NONE, SINGLE):
        bare = [bare[0], *(replace(each, sequence=0) for each in bare[1:])]
    inputs = (replace(bare[0], script_sig=code), *(() if hash_type & ANYONECANPAY else bare[1:]))
    outputs = () if kind == NONE else tx.outputs[:1] if kind == SINGLE else tx.outputs
    plain = replace(tx, inputs=inputs, outputs=outputs)
    return sha256d(plain.serialize(segwit=False) + u32(hash_type))


def as_simple(tx: Tx, prefix: str = "smp") -> str:
    """The witness alone."""
    return prefix + base64.b64encode(stack_bytes(tx.inputs[0].witness)).decode()


def as_full(tx: Tx, prefix: str = "ful") -> str:
    """The whole transaction."""
    return prefix + base64.b64encode(tx.serialize()).decode()
