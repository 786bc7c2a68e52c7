"""From a descriptor to the scripts and addresses of an index (BIP-381 to 387)."""

from __future__ import annotations

from typing import Final

from hodlxxi.bitcoin.address import find_address, render_address
from hodlxxi.bitcoin.bip32 import FIRST_HARDENED
from hodlxxi.bitcoin.descriptor.expression import Branch, FixedAddress, Hashed, Multisig, OneKey, Script, Tree
from hodlxxi.bitcoin.descriptor.key import X_ONLY_BYTES
from hodlxxi.bitcoin.descriptor.parse import Descriptor
from hodlxxi.bitcoin.keys import COMPRESSED_BYTES
from hodlxxi.bitcoin.script import (
    multisig_script,
    p2pk_script,
    p2pkh_script,
    p2sh_script,
    p2tr_script,
    p2wpkh_script,
    p2wsh_script,
    tapscript_multisig,
)
from hodlxxi.bitcoin.taproot import branch_hash, leaf_hash, output_key
from hodlxxi.kit.errors import BadInput

MAX_RANGE: Final = 1000
RANGE: Final = "range"


def scripts_at(descriptor: Descriptor, index: int = 0) -> tuple[bytes, ...]:
    """The output scripts of this index: one, or for ``combo`` two to four. Without a range the index means nothing.

    ``BadInput`` for an index outside 0 … 2^31 - 1, and for a multipath descriptor, which has to be expanded first.
    """
    if not 0 <= index < FIRST_HARDENED:
        raise BadInput(f"{RANGE}: an index is from 0 to 2^31 - 1.", field=RANGE)
    if descriptor.branches > 1:
        raise BadInput("descriptor: it stands for several; take them one by one.", field="descriptor")
    script = descriptor.script
    if isinstance(script, OneKey) and script.function == "combo":
        return _combo_scripts(script.key.key_at(index))
    return (_script(script, index),)


def addresses_at(descriptor: Descriptor, index: int = 0) -> tuple[str, ...]:
    """The addresses of this index, in the order of the scripts.

    Scripts that have no address (``pk``, a bare ``multi``) are left out; errors as for ``scripts_at``.
    """
    found = (find_address(script, descriptor.network) for script in scripts_at(descriptor, index))
    return tuple(render_address(address) for address in found if address is not None)


def parse_range(wanted: object, *, most: int = MAX_RANGE) -> range:
    """The indexes that a client asks for, as the node's calls do: the last one, or the first and the last in a list.

    ``BadInput`` with the field ``range`` for anything else, and for more than ``most`` indexes.
    """
    ends = wanted if isinstance(wanted, list) else [0, wanted]
    # A boolean is no number here, although it is one to Python.
    numbers = [end for end in ends if isinstance(end, int) and not isinstance(end, bool)]
    if len(ends) != 2 or len(numbers) != 2:
        raise BadInput(f"{RANGE}: the last index is needed, or [first, last].", field=RANGE)
    first, last = numbers
    if not 0 <= first <= last < FIRST_HARDENED:
        raise BadInput(f"{RANGE}: needs 0 ≤ first ≤ last < 2^31.", field=RANGE)
    if last - first >= most:
        raise BadInput(f"{RANGE}: holds more than {most} indexes.", field=RANGE)
    return range(first, last + 1)


def _combo_scripts(key: bytes) -> tuple[bytes, ...]:
    """BIP-384: all that a wallet could have done with the key before taproot."""
    plain = (p2pk_script(key), p2pkh_script(key))
    if len(key) != COMPRESSED_BYTES:
        return plain
    segwit = p2wpkh_script(key)
    return (*plain, segwit, p2sh_script(segwit))


def _script(script: Script, index: int) -> bytes:
    if isinstance(script, FixedAddress):
        return script.address.script_pubkey
    if isinstance(script, Hashed):
        inner = _script(script.inner, index)
        return p2sh_script(inner) if script.function == "sh" else p2wsh_script(inner)
    if isinstance(script, Multisig):
        return _multisig(script, index)
    if isinstance(script, OneKey):
        return _one_key(script, index)
    root = _root(script.tree, index) if script.tree is not None else b""
    try:
        return p2tr_script(output_key(_x_only(script.key.key_at(index)), root))
    except ValueError:
        raise BadInput(
            "descriptor: this index has no taproot output; take the next one.", field=RANGE
        ) from None


def _one_key(script: OneKey, index: int) -> bytes:
    key = script.key.key_at(index)
    if script.function == "rawtr":
        return p2tr_script(_x_only(key))
    if script.function == "wpkh":
        return p2wpkh_script(key)
    return p2pk_script(key) if script.function == "pk" else p2pkh_script(key)


def _multisig(script: Multisig, index: int) -> bytes:
    keys = [key.key_at(index) for key in script.keys]
    in_tree = script.function.endswith("_a")
    if in_tree:
        keys = list(map(_x_only, keys))
    if script.function.startswith("sorted"):
        keys.sort()
    return (tapscript_multisig if in_tree else multisig_script)(script.threshold, keys)


def _root(tree: Tree, index: int) -> bytes:
    """The hash that a tree of scripts is committed to by (BIP-341, BIP-386)."""
    if isinstance(tree, Branch):
        return branch_hash(_root(tree.left, index), _root(tree.right, index))
    if isinstance(tree, Multisig):
        return leaf_hash(_multisig(tree, index))
    key = _x_only(tree.key.key_at(index))
    return leaf_hash(p2pk_script(key) if tree.function == "pk" else p2pkh_script(key))


def _x_only(key: bytes) -> bytes:
    """The 32 bytes of a key that taproot knows, whichever way it is written."""
    return key[-X_ONLY_BYTES:]
