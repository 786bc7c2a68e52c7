"""Keys in a descriptor (BIP-380, "Key Expressions"): an origin, a public key or an extended one, and steps behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from coincurve import PublicKey

from hodlxxi.bitcoin.address import Network
from hodlxxi.bitcoin.bip32 import MAX_DEPTH, ExtendedKey, derive_child, parse_extended_key
from hodlxxi.bitcoin.descriptor.path import (
    MAX_STEPS,
    Step,
    parse_origin_step,
    parse_step,
    refuse_hardened,
    split_path,
)
from hodlxxi.bitcoin.descriptor.refusals import FIELD, refuse, refuse_at
from hodlxxi.bitcoin.descriptor.span import Span
from hodlxxi.bitcoin.keys import COMPRESSED_BYTES, UNCOMPRESSED_BYTES, find_key
from hodlxxi.kit.errors import BadInput

X_ONLY_BYTES: Final = 32
_HEX: Final = re.compile(r"[0-9a-fA-F]+")
_FINGERPRINT: Final = re.compile(r"[0-9a-fA-F]{8}")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a key comes from: the fingerprint of its master (4 bytes), and the steps (hardened: 2^31 and more)."""

    fingerprint: bytes
    path: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeyExpression:
    """A key of a descriptor, or the family of keys that an extended one stands for.

    ``key`` is 32 bytes (x-only), 33, 65, or an extended key with every step taken that is the same for all; ``steps`` are
    those from the multipath one on, and ``is_ranged`` says whether the index is the last one.
    """

    origin: Origin | None
    key: bytes | ExtendedKey
    steps: tuple[Step, ...] = ()
    is_ranged: bool = False

    @property
    def branches(self) -> int:
        """How many paths ``<…>`` makes of it: 1 without."""
        return len(self.steps[0]) if self.steps else 1

    @property
    def n_bytes(self) -> int:
        """The length of the key that it yields."""
        return len(self.key) if isinstance(self.key, bytes) else COMPRESSED_BYTES

    def key_at(self, index: int) -> bytes:
        """The key of this index, as long as ``n_bytes``. ``BadInput`` for the one index in 2^127 that has none."""
        if self.steps:
            raise ValueError("expand the multipath first")
        if isinstance(self.key, bytes):
            return self.key
        return (derive_child(self.key, index, FIELD) if self.is_ranged else self.key).key


def parse_key(span: Span, network: Network, allowed: tuple[int, ...]) -> KeyExpression:
    """The key that ``span`` is, of one of the lengths ``allowed`` (32, 33, 65 bytes; an extended key has 33).

    ``BadInput`` says where and what: also for a key off the curve, of another network, or with a hardened step.
    """
    origin, body = _parse_origin(span)
    if "(" in body.text:
        raise refuse("a key is needed here, no function.", body.at)
    if "," in body.text:
        raise refuse("one key is needed here, no list.", body.at)
    end = body.text.find("/") if "/" in body.text else len(body.text)
    word, path = body.cut(0, end), body.cut(end)
    if not word.text:
        raise refuse("a key is missing.", word.at)
    if not _HEX.fullmatch(word.text):
        return _parse_extended(origin, word, path, network)
    if path.text:
        raise refuse("only an extended key has steps behind it.", path.at)
    return KeyExpression(origin, _parse_hex_key(word, allowed))


def _parse_origin(span: Span) -> tuple[Origin | None, Span]:
    if not span.text.startswith("["):
        return None, span
    end = span.text.find("]")
    if end < 0:
        raise refuse("[ needs a ] before the key.", span.at)
    if not _FINGERPRINT.fullmatch(span.text[1:9]) or span.text[9] not in "/]":
        raise refuse("an origin begins with a fingerprint of 8 hex digits.", span.at + 1)
    path = tuple(map(parse_origin_step, split_path(span.cut(9, end))))
    if len(path) > MAX_DEPTH:
        raise refuse(f"an origin has no more than {MAX_DEPTH} steps.", span.at)
    return Origin(bytes.fromhex(span.text[1:9]), path), span.cut(end + 1)


def _parse_hex_key(word: Span, allowed: tuple[int, ...]) -> bytes:
    n_bytes = len(word.text) // 2
    if 2 * n_bytes != len(word.text) or n_bytes not in (X_ONLY_BYTES, COMPRESSED_BYTES, UNCOMPRESSED_BYTES):
        raise refuse(
            "a public key has 66 hex digits, or 130 uncompressed, or 64 in tr() and rawtr().", word.at
        )
    if n_bytes not in allowed:
        kind = "an uncompressed key" if n_bytes == UNCOMPRESSED_BYTES else "a key of 64 hex digits"
        raise refuse(f"{kind} is not possible here.", word.at)
    raw = bytes.fromhex(word.text)
    if not _is_point(raw):
        raise refuse("this is not a public key on the curve secp256k1.", word.at)
    return raw


def _is_point(raw: bytes) -> bool:
    if len(raw) == UNCOMPRESSED_BYTES:
        try:
            # 06 and 07, which libsecp256k1 also reads, are no keys here.
            return raw[0] == 4 and PublicKey(raw) is not None
        except ValueError:
            return False
    return find_key(b"\x02" + raw if len(raw) == X_ONLY_BYTES else raw) is not None


def _parse_extended(origin: Origin | None, word: Span, path: Span, network: Network) -> KeyExpression:
    try:
        key = parse_extended_key(word.text, network, FIELD)
    except BadInput as refused:
        raise refuse_at(refused, word.at) from None
    parts = split_path(path)
    if len(parts) > MAX_STEPS:
        raise refuse(f"no more than {MAX_STEPS} steps can stand behind a key.", path.at)
    last = parts[-1] if parts else None
    if last is not None and last.text in ("*'", "*h"):
        raise refuse_hardened(last)
    is_ranged = last is not None and last.text == "*"
    for part in parts[:-1]:
        if "*" in part.text:
            raise refuse("* can only be the last step.", part.at)
    steps = [(part, parse_step(part)) for part in (parts[:-1] if is_ranged else parts)]
    if key.depth + len(parts) > MAX_DEPTH:
        raise refuse(f"this key would be more than {MAX_DEPTH} steps away from its master.", path.at)
    return _take_steps(origin, key, steps, is_ranged)


def _take_steps(
    origin: Origin | None, key: ExtendedKey, steps: list[tuple[Span, Step]], is_ranged: bool
) -> KeyExpression:
    """Derive up to the multipath step, so that each index costs one derivation."""
    for taken, (part, step) in enumerate(steps):
        if len(step) > 1:
            for other, later in steps[taken + 1 :]:
                if len(later) > 1:
                    raise refuse("a key has no more than one <…>.", other.at)
            return KeyExpression(origin, key, tuple(step for _, step in steps[taken:]), is_ranged)
        try:
            key = derive_child(key, step[0], FIELD)
        except BadInput as refused:
            raise refuse_at(refused, part.at) from None
    return KeyExpression(origin, key, (), is_ranged)
