"""The same requests to us and to npm ``oidc-provider``: every difference is listed, with its reason."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.differential import document
from tests.differential.case import Case
from tests.differential.corpus import CASES
from tests.differential.differences import REASONS, THEIRS
from tests.differential.parties import Party
from tests.differential.play import play

AT_LEAST = 140


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_answer_alike_or_the_difference_is_listed(case: Case, parties: tuple[Party, Party]) -> None:
    ours, theirs = parties
    assert play(case, ours) == case.ours
    assert play(case, theirs) == THEIRS.get(case.name, case.ours)


def test_there_are_many_cases_and_no_name_stands_twice() -> None:
    assert len(CASES) >= AT_LEAST
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []


def test_what_is_listed_is_a_case_once_and_is_a_difference() -> None:
    ours = {case.name: case.ours for case in CASES}
    listed = [name for reason in REASONS for names in reason.theirs.values() for name in names]
    assert len(listed) == len(THEIRS)
    assert [name for name, theirs in THEIRS.items() if ours.get(name, theirs) == theirs] == []


def test_the_page_about_the_differences_is_up_to_date() -> None:
    assert document.PATH.read_text(encoding="utf-8") == document.render()
