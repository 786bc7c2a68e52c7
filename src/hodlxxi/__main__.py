"""``python -m hodlxxi`` is ``hodlxxi``."""

from __future__ import annotations

from hodlxxi.cli.main import main

main()
