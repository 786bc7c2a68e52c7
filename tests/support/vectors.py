"""The published test vectors, by their path below ``tests/vectors``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).resolve().parents[1] / "vectors"


def load_vectors(path: str) -> Any:
    """The parsed JSON of one vector file."""
    return json.loads((VECTORS / path).read_text(encoding="utf-8"))
