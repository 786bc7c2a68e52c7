"""Steps of derivation in a descriptor: of an origin, and after an extended key (BIP-380, "Key Expressions"; BIP-389)."""

from __future__ import annotations

import re
from typing import Final

from hodlxxi.bitcoin.bip32 import FIRST_HARDENED
from hodlxxi.bitcoin.descriptor.refusals import refuse
from hodlxxi.bitcoin.descriptor.span import Span
from hodlxxi.kit.errors import BadInput

# Steps behind a key, and numbers in <…>: each multiplies the work that 4 kB of text can ask for. Wallets make two and two.
MAX_STEPS: Final = 10
MAX_BRANCHES: Final = 10

_STEP: Final = re.compile(r"([0-9]{1,10})(['h]?)")

# One step: its only number, or the numbers that it takes one after the other.
Step = tuple[int, ...]


def split_path(span: Span) -> list[Span]:
    """The parts after each slash of ``/…/…``; none for an empty text."""
    parts: list[Span] = []
    start = 1
    for at in range(1, len(span.text) + 1):
        if at == len(span.text) or span.text[at] == "/":
            parts.append(span.cut(start, at))
            start = at + 1
    return parts


def parse_origin_step(span: Span) -> int:
    """A number of an origin, with 2^31 added if it is hardened (``'`` or ``h``)."""
    number, is_hardened = _parse_number(span)
    return number + FIRST_HARDENED * is_hardened


def parse_step(span: Span) -> Step:
    """One step after an extended key: a number, or several in ``<…;…>``. A hardened one is refused."""
    if not span.text.startswith("<"):
        return (_parse_public_number(span),)
    if not span.text.endswith(">"):
        raise refuse("< needs a > in the same step.", span.at)
    numbers: list[int] = []
    start = 1
    for text in span.text[1:-1].split(";"):
        numbers.append(_parse_public_number(span.cut(start, start + len(text))))
        start += len(text) + 1
    if not 2 <= len(numbers) <= MAX_BRANCHES:
        raise refuse(f"<…> needs 2 to {MAX_BRANCHES} numbers.", span.at)
    if len(set(numbers)) < len(numbers):
        raise refuse("<…> holds a number twice.", span.at)
    return tuple(numbers)


def _parse_public_number(span: Span) -> int:
    number, is_hardened = _parse_number(span)
    if is_hardened:
        raise refuse_hardened(span)
    return number


def refuse_hardened(span: Span) -> BadInput:
    """The refusal of a hardened step after a public key, with what to do instead."""
    return refuse(
        "a hardened step after an extended public key, which nobody can derive. Export the key at the last hardened "
        "step; the steps before it belong into the origin [fingerprint/path].",
        span.at,
    )


def _parse_number(span: Span) -> tuple[int, bool]:
    found = _STEP.fullmatch(span.text)
    if found is None or int(found[1]) >= FIRST_HARDENED:
        raise refuse(
            "a step of a path is a number below 2^31, with ' or h behind it if it is hardened.", span.at
        )
    return int(found[1]), found[2] != ""
