"""``docs/security.md`` is true: every threat has its tests, every test that names one stands there, and all of them exist."""

from __future__ import annotations

import re

import pytest

from tests.support.security_table import PAGE, ROOT, ROWS, Row, docstrings, naming, render

FOUND = list(docstrings())
NAMES = re.compile(r"CVE-\d{4}-\d+|GHSA-[a-z0-9-]+|MUST \d+|wallet \d+")
# The reference's lists, written out once more: a row that goes missing there is missed here.
CVES = [
    "CVE-2020-10770", "CVE-2020-15222", "CVE-2020-15223", "CVE-2020-15233", "CVE-2020-15234", "CVE-2020-5300",
    "CVE-2021-32701", "CVE-2022-21449", "CVE-2022-39174", "CVE-2022-39175", "CVE-2024-21637", "CVE-2024-22258",
    "CVE-2024-23647", "CVE-2024-38371", "CVE-2024-52287", "CVE-2024-52289", "CVE-2024-7341", "CVE-2024-8883",
    "CVE-2025-12390", "CVE-2025-4144", "CVE-2025-64521", "CVE-2026-1035", "CVE-2026-1180", "CVE-2026-16103",
    "CVE-2026-27962", "CVE-2026-3872", "CVE-2026-41479", "CVE-2026-4282", "CVE-2026-4325", "CVE-2026-44681",
    "CVE-2026-7504", "CVE-2026-9798", "CVE-2026-9802", "GHSA-9vm7", "GHSA-fg6f-75jq-6523", "fastapi-sso#266",
    "fastmcp#2302", "fastmcp#3369", "keycloak#50999", "keycloak#51312", "node-oauth2-server#637",
    "zitadel#12559", "bip322 0.1.7", "xverse-core#223", "btclib#514",
]  # fmt: skip


def test_every_threat_of_the_reference_is_a_row() -> None:
    names = {row.name for row in ROWS}
    assert len(names) == len(ROWS)
    needed = {f"MUST {n}" for n in range(1, 31)} | {f"wallet {n}" for n in range(1, 7)}
    assert needed | set(CVES) | {"Authlib 1.8"} == names


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_threat_has_a_test_that_names_it(row: Row) -> None:
    assert naming(row, FOUND)


def test_no_test_names_a_threat_that_does_not_exist() -> None:
    names = {row.name for row in ROWS}
    strange = {
        test: sorted(set(NAMES.findall(text)) - names)
        for test, text in FOUND
        if set(NAMES.findall(text)) - names
    }
    assert strange == {}


def test_the_page_is_what_the_docstrings_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), (
        "write it anew: PYTHONPATH=src python -m tests.support.security_table"
    )


def test_every_test_on_the_page_exists() -> None:
    """Read from the page itself, whoever wrote it."""
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE.read_text(encoding="utf-8"))
    assert len(named) > 150
    for path, name in named:
        assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
