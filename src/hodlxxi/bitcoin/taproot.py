"""Taproot's commitments (BIP-341, "Constructing and spending Taproot outputs"): from a key and scripts to an output key.

All keys are x-only, 32 bytes. Only the leaf version of BIP-342 is known.
"""

from __future__ import annotations

from typing import Final

from coincurve import PublicKey

from hodlxxi.bitcoin.hashes import tag_hasher
from hodlxxi.bitcoin.script import compact_size

_LEAF_VERSION: Final = b"\xc0"
_hash_leaf: Final = tag_hasher("TapLeaf")
_hash_branch: Final = tag_hasher("TapBranch")
_hash_tweak: Final = tag_hasher("TapTweak")


def leaf_hash(script: bytes) -> bytes:
    """How a tree names a script, 32 bytes."""
    return _hash_leaf(_LEAF_VERSION + compact_size(len(script)) + script)


def branch_hash(one: bytes, other: bytes) -> bytes:
    """How a tree names two of its parts together, in whichever order they are given."""
    return _hash_branch(min(one, other) + max(one, other))


def output_key(internal_key: bytes, root: bytes = b"") -> bytes:
    """The key of the output: the internal key, tweaked with the root of its scripts (none: ``b""``, as in BIP-86).

    ``ValueError`` if the internal key is not on the curve, or for the one in 2^128 that has no output.
    """
    tweak = _hash_tweak(internal_key + root)
    return PublicKey(b"\x02" + internal_key).add(tweak).format()[1:]
