"""What a descriptor says, as values: the functions of BIP-381 to 387 that watch-only wallets use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hodlxxi.bitcoin.address import Address
from hodlxxi.bitcoin.descriptor.key import KeyExpression


@dataclass(frozen=True, slots=True)
class OneKey:
    """``pk``, ``pkh``, ``wpkh``, ``combo`` and ``rawtr``: a script, or several, of one key."""

    function: str
    key: KeyExpression


@dataclass(frozen=True, slots=True)
class Multisig:
    """``multi`` and ``multi_a``, and their ``sorted…`` forms: ``threshold`` of ``keys`` sign."""

    function: str
    threshold: int
    keys: tuple[KeyExpression, ...]


@dataclass(frozen=True, slots=True)
class Hashed:
    """``sh`` and ``wsh``: pay to the hash of another script."""

    function: str
    inner: Script


@dataclass(frozen=True, slots=True)
class Branch:
    """``{…,…}``: two parts of a tree of scripts."""

    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class Taproot:
    """``tr``: a key that spends alone, and scripts, any of which does."""

    key: KeyExpression
    tree: Tree | None


@dataclass(frozen=True, slots=True)
class FixedAddress:
    """``addr``: the script of an address, whatever it means."""

    address: Address


Script = OneKey | Multisig | Hashed | Taproot | FixedAddress
Tree = OneKey | Multisig | Branch


def keys_of(part: Script | Tree) -> Iterator[KeyExpression]:
    """Every key, in the order of the text."""
    if isinstance(part, OneKey):
        yield part.key
    elif isinstance(part, Multisig):
        yield from part.keys
    elif isinstance(part, Hashed):
        yield from keys_of(part.inner)
    elif isinstance(part, Branch):
        yield from keys_of(part.left)
        yield from keys_of(part.right)
    elif isinstance(part, Taproot):
        yield part.key
        if part.tree is not None:
            yield from keys_of(part.tree)
