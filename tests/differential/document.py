"""``python -m tests.differential.document`` writes ``docs/differences-oidc-provider.md`` from the list."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from tests.differential.corpus import CASES
from tests.differential.differences import REASONS, THEIRS
from tests.support.processes import ROOT

WIDTH = 120
PATH = ROOT / "docs" / "differences-oidc-provider.md"


def render() -> str:
    """The page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    ours = {case.name: case.ours for case in CASES}
    yield "# Beside npm oidc-provider"
    yield ""
    yield from _wrap(
        f"`tests/differential` sends the same {len(CASES)} requests to this server and to npm `oidc-provider`, which is set "
        "up like it as far as it can be (`tests/differential/node/server.mjs`), and compares what they do: answer the app "
        "by redirect, fragment or form, show a page, or answer with a status and an error code. "
        f"{len(CASES) - len(THEIRS)} are answered alike; the other {len(THEIRS)} are here, by reason. "
        "`python -m tests.differential.document` writes this page, and a test holds it against both servers."
    )
    for reason in REASONS:
        yield from ("", f"## {reason.title}", "", *_wrap(reason.text), "")
        yield "| request | ours | oidc-provider |"
        yield "|---|---|---|"
        for theirs, names in reason.theirs.items():
            for name in names:
                yield f"| {_cell(name)} | {ours[name]} | {theirs} |"


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PATH.write_text(render(), encoding="utf-8")
