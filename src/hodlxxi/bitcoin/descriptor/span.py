"""A part of a descriptor that knows where it stands, and how a descriptor falls into parts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from hodlxxi.bitcoin.descriptor.refusals import refuse

MAX_DEPTH: Final = 10

_CLOSING: Final = {"(": ")", "{": "}"}
_CALL: Final = re.compile(r"([0-9a-zA-Z_:]*)\(")


@dataclass(frozen=True, slots=True)
class Span:
    """``text`` begins at the index ``at`` of the whole descriptor."""

    text: str
    at: int = 0

    def cut(self, start: int, end: int | None = None) -> Span:
        """A part of this part; the indexes are into ``text`` and not negative."""
        return Span(self.text[start:end], self.at + start)


def check_nesting(text: str) -> None:
    """``BadInput`` unless parentheses and braces close in order, at most ten deep: what follows may recurse."""
    awaited: list[str] = []
    for at, character in enumerate(text):
        if character in _CLOSING:
            awaited.append(_CLOSING[character])
            if len(awaited) > MAX_DEPTH:
                raise refuse(f"more than {MAX_DEPTH} parentheses and braces inside each other.", at)
        elif character in _CLOSING.values() and (not awaited or awaited.pop() != character):
            raise refuse("there is a parenthesis or brace that closes nothing.", at)
    if awaited:
        raise refuse("there is a parenthesis or brace that is not closed.", len(text))


def split_call(span: Span) -> tuple[str, Span] | None:
    """The name of a function and what stands in its parentheses; None if ``span`` does not begin like one.

    ``BadInput`` for text after the closing parenthesis. The name may be anything, a secret too.
    """
    opened = _CALL.match(span.text)
    return None if opened is None else (opened[1], _inside(span, opened.end()))


def split_braces(span: Span) -> tuple[Span, Span] | None:
    """The two parts of ``{…,…}``; None if ``span`` does not begin with a brace, ``BadInput`` for fewer or more parts."""
    if not span.text.startswith("{"):
        return None
    parts = split_list(_inside(span, 1))
    if len(parts) != 2:
        raise refuse("braces hold two scripts or trees: {…,…}.", span.at)
    return parts[0], parts[1]


def _inside(span: Span, start: int) -> Span:
    """What stands between the opening character before ``start`` and its closing one, which must be the last."""
    end, depth = start, 1
    while depth:  # every parenthesis closes: check_nesting saw to that, and only whole pairs are cut out
        depth += _turn(span.text[end])
        end += 1
    if end < len(span.text):
        raise refuse("there is something after the closing parenthesis or brace.", span.at + end)
    return span.cut(start, end - 1)


def _turn(character: str) -> int:
    """How a character changes the depth."""
    return (character in _CLOSING) - (character in _CLOSING.values())


def split_list(span: Span) -> list[Span]:
    """The parts between the commas that stand in no parentheses or braces; at least one, perhaps empty."""
    parts: list[Span] = []
    depth = start = 0
    for at, character in enumerate(span.text):
        depth += _turn(character)
        if character == "," and depth == 0:
            parts.append(span.cut(start, at))
            start = at + 1
    return [*parts, span.cut(start)]
