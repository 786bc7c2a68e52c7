"""How a descriptor is refused: by the place of the fault, counted from 1, and never by its text, which may be a secret."""

from __future__ import annotations

from typing import Final

from hodlxxi.kit.errors import BadInput

FIELD: Final = "descriptor"


def refuse(sentence: str, at: int | None = None, *, code: str | None = None) -> BadInput:
    """The refusal to raise. ``at`` is the index of the character where the fault begins."""
    place = "" if at is None else f"at character {at + 1}, "
    return BadInput(f"{FIELD}: {place}{sentence}", field=FIELD, code=code)


def refuse_at(refused: BadInput, at: int) -> BadInput:
    """The same refusal with its place, for one that came from a reader of keys or addresses."""
    return refuse(refused.text.removeprefix(f"{FIELD}: "), at, code=refused.code)
