"""From a text to a descriptor: every check that needs no node, in the order that keeps secrets safe (BIP-380, BIP-389)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from hodlxxi.bitcoin.address import Network
from hodlxxi.bitcoin.descriptor.checksum import checksum_of, strip_checksum
from hodlxxi.bitcoin.descriptor.expression import Script, keys_of
from hodlxxi.bitcoin.descriptor.grammar import parse_script
from hodlxxi.bitcoin.descriptor.private_keys import refuse_private_keys
from hodlxxi.bitcoin.descriptor.refusals import refuse
from hodlxxi.bitcoin.descriptor.span import Span, check_nesting

MAX_DESCRIPTOR_CHARS: Final = 4096
MAX_KEYS: Final = 20

_MULTIPATH: Final = re.compile(r"<([^>]*)>")


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A watch-only descriptor of one network. ``text`` is as it was written, without its checksum.

    ``branches`` is how many descriptors its ``<…>`` stand for: 1 without. ``is_ranged``: it ends in ``/*`` somewhere, so
    that each index has its own scripts.
    """

    text: str
    network: Network
    script: Script
    branches: int
    is_ranged: bool


def parse_descriptor(text: str, network: Network) -> Descriptor:
    """The descriptor that ``text`` is, with a right checksum or without one.

    ``BadInput`` names the place of the fault and never repeats the text. A private key anywhere has the code
    ``private_key_refused``. No space is taken off.
    """
    if len(text) > MAX_DESCRIPTOR_CHARS:
        raise refuse(f"too long, {MAX_DESCRIPTOR_CHARS} characters at most.")
    refuse_private_keys(text)
    body = strip_checksum(text)
    check_nesting(body)
    script = parse_script(Span(body), network)
    keys = list(keys_of(script))
    if len(keys) > MAX_KEYS:
        raise refuse(f"more than {MAX_KEYS} keys.")
    branches = {key.branches for key in keys} - {1}
    if len(branches) > 1:
        raise refuse("every <…> needs as many numbers as the others.")
    return Descriptor(body, network, script, max(branches, default=1), any(key.is_ranged for key in keys))


def render_descriptor(descriptor: Descriptor) -> str:
    """The text with its checksum, as the node wants it."""
    return f"{descriptor.text}#{checksum_of(descriptor.text)}"


def expand_multipath(descriptor: Descriptor) -> tuple[Descriptor, ...]:
    """The descriptors that ``<a;b;…>`` stands for, in that order; without one, the descriptor itself (BIP-389).

    Of two, the first is for receiving and the second for change. Keys without ``<…>`` are the same in each.
    """
    if descriptor.branches == 1:
        return (descriptor,)
    # Between the texts around them, at every second place, stand the numbers of each <…>.
    parts = _MULTIPATH.split(descriptor.text)
    numbers = [part.split(";") for part in parts[1::2]]
    expanded = []
    for branch in range(descriptor.branches):
        parts[1::2] = [several[branch] for several in numbers]
        expanded.append(parse_descriptor("".join(parts), descriptor.network))
    return tuple(expanded)
