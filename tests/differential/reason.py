"""Why both answer differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """One reason, and the cases that it is the reason for: the peer's outcome → the names of the cases."""

    title: str
    text: str
    theirs: Mapping[str, tuple[str, ...]]


def names(prefix: str, *rest: str) -> tuple[str, ...]:
    """Names of cases that begin alike."""
    return tuple(f"{prefix}{name}" for name in rest)
