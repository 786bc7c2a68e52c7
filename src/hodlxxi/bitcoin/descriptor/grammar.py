"""Which function may stand where in a descriptor, and with what inside (BIP-381 to 387)."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from hodlxxi.bitcoin.address import Network, parse_address
from hodlxxi.bitcoin.descriptor.expression import (
    Branch,
    FixedAddress,
    Hashed,
    Multisig,
    OneKey,
    Script,
    Taproot,
    Tree,
)
from hodlxxi.bitcoin.descriptor.key import X_ONLY_BYTES, KeyExpression, parse_key
from hodlxxi.bitcoin.descriptor.refusals import FIELD, refuse, refuse_at
from hodlxxi.bitcoin.descriptor.span import Span, split_braces, split_call, split_list
from hodlxxi.bitcoin.keys import COMPRESSED_BYTES, UNCOMPRESSED_BYTES
from hodlxxi.bitcoin.script import MAX_MULTISIG_KEYS, MAX_PUSH_BYTES
from hodlxxi.kit.errors import BadInput

# A bare multisig with more keys is not relayed.
MAX_BARE_KEYS: Final = 3


class Place(StrEnum):
    """What stands around a function."""

    TOP = "at the top"
    SH = "in sh()"
    WSH = "in wsh()"
    TREE = "in the tree of tr()"


_PLACES: Final = {
    "pk": {Place.TOP, Place.SH, Place.WSH, Place.TREE},
    "pkh": {Place.TOP, Place.SH, Place.WSH, Place.TREE},
    "wpkh": {Place.TOP, Place.SH},
    "combo": {Place.TOP},
    "multi": {Place.TOP, Place.SH, Place.WSH},
    "sortedmulti": {Place.TOP, Place.SH, Place.WSH},
    "multi_a": {Place.TREE},
    "sortedmulti_a": {Place.TREE},
    "sh": {Place.TOP},
    "wsh": {Place.TOP, Place.SH},
    "tr": {Place.TOP},
    "rawtr": {Place.TOP},
    "addr": {Place.TOP},
}
# Named in a refusal, as no other word is that someone sent: it might be a secret.
UNSUPPORTED: Final = frozenset(
    {
        *("raw", "musig", "sp"),
        *("pk_k", "pk_h", "older", "after", "sha256", "hash256", "ripemd160", "hash160", "andor", "and_v"),
        *("and_b", "and_n", "or_b", "or_c", "or_d", "or_i", "thresh"),
    }
)
_CALL_OF_UNSUPPORTED: Final = re.compile(rf"({'|'.join(sorted(UNSUPPORTED))})\(")
_WRAPPERS: Final = re.compile(r"[asctdvjnlu]{1,10}:[a-z0-9_]+")
_THRESHOLD: Final = re.compile(r"[0-9]{1,3}")
_ANY_KEY: Final = (COMPRESSED_BYTES, UNCOMPRESSED_BYTES)
_TAPROOT_KEY: Final = (X_ONLY_BYTES, COMPRESSED_BYTES)


def parse_script(span: Span, network: Network, place: Place = Place.TOP) -> Script:
    """The function that ``span`` is; ``BadInput`` with its name if it is not taken, or not there.

    The nesting of parentheses was checked before.
    """
    name, inside = _parse_call(span, place)
    if name in ("sh", "wsh"):
        inner = parse_script(inside, network, Place.SH if name == "sh" else Place.WSH)
        return Hashed(name, inner)
    if name == "tr":
        return _parse_taproot(inside, network)
    if name == "addr":
        return _parse_address(inside, network)
    return _parse_leaf(name, span, inside, network, place)


def _parse_call(span: Span, place: Place) -> tuple[str, Span]:
    call = split_call(span)
    if call is None:
        raise refuse(f"a function is needed {place}, like wpkh(…).", span.at)
    name, inside = call
    if name not in _PLACES:
        raise refuse(_describe_foreign(name), span.at)
    if place not in _PLACES[name]:
        raise refuse(f"{name}() is not possible {place}.", span.at)
    return name, inside


def _describe_foreign(name: str) -> str:
    if name in UNSUPPORTED:
        return f"{name}() is not supported."
    if _WRAPPERS.fullmatch(name):
        return "miniscript is not supported."
    return f"there is no such function. Supported are {', '.join(f'{known}()' for known in _PLACES)}."


def _parse_leaf(name: str, span: Span, inside: Span, network: Network, place: Place) -> OneKey | Multisig:
    """A function that holds keys only."""
    if name.endswith(("multi", "multi_a")):
        return _parse_multisig(name, span, inside, network, place)
    return OneKey(name, _parse_key(inside, network, _lengths(name, place)))


def _lengths(name: str, place: Place) -> tuple[int, ...]:
    """How long keys may be: the uncompressed ones are for neither segwit nor taproot, x-only ones for taproot."""
    if place is Place.TREE or name in ("tr", "rawtr"):
        return _TAPROOT_KEY
    return (COMPRESSED_BYTES,) if place is Place.WSH or name == "wpkh" else _ANY_KEY


def _parse_key(span: Span, network: Network, lengths: tuple[int, ...]) -> KeyExpression:
    call = _CALL_OF_UNSUPPORTED.match(span.text)
    if call is not None:
        raise refuse(_describe_foreign(call[1]), span.at)
    return parse_key(span, network, lengths)


def _parse_multisig(name: str, span: Span, inside: Span, network: Network, place: Place) -> Multisig:
    first, *others = split_list(inside)
    if len(others) > MAX_MULTISIG_KEYS:
        raise refuse(f"{name}() takes no more than {MAX_MULTISIG_KEYS} keys.", span.at)
    keys = tuple(_parse_key(other, network, _lengths(name, place)) for other in others)
    if not _THRESHOLD.fullmatch(first.text) or not 1 <= int(first.text) <= len(keys):
        raise refuse(f"{name}() begins with how many of its keys have to sign, from 1 to all.", first.at)
    if place is Place.TOP and len(keys) > MAX_BARE_KEYS:
        raise refuse(f"{name}() at the top takes no more than {MAX_BARE_KEYS} keys; use wsh().", span.at)
    if place is Place.SH and 3 + sum(1 + key.n_bytes for key in keys) > MAX_PUSH_BYTES:
        raise refuse(f"{name}() in sh() is longer than {MAX_PUSH_BYTES} bytes; use wsh().", span.at)
    return Multisig(name, int(first.text), keys)


def _parse_taproot(inside: Span, network: Network) -> Taproot:
    key, *trees = split_list(inside)
    if len(trees) > 1:
        raise refuse("tr() takes a key and one tree; two scripts stand in {…,…}.", trees[1].at)
    internal = _parse_key(key, network, _TAPROOT_KEY)
    return Taproot(internal, _parse_tree(trees[0], network) if trees else None)


def _parse_tree(span: Span, network: Network) -> Tree:
    parts = split_braces(span)
    if parts is not None:
        return Branch(_parse_tree(parts[0], network), _parse_tree(parts[1], network))
    name, inside = _parse_call(span, Place.TREE)
    return _parse_leaf(name, span, inside, network, Place.TREE)


def _parse_address(inside: Span, network: Network) -> FixedAddress:
    try:
        return FixedAddress(parse_address(inside.text, network, FIELD))
    except BadInput as refused:
        raise refuse_at(refused, inside.at) from None
