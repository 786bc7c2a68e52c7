"""Whatever bytes arrive, the parsers answer with a value or with BadInput, and a value holds only text that can be kept."""

from __future__ import annotations

import contextlib
import json
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hodlxxi.kit.body import Form, parse_json_object, parse_pairs, text_field
from hodlxxi.kit.errors import BadInput

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=20)
LEAF = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXT
)
TREE = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)
RUNS = settings(derandomize=True, max_examples=400)


def _check_keepable(found: object) -> None:
    """PostgreSQL keeps no NUL, UTF-8 no lone surrogate."""
    if isinstance(found, str):
        assert "\x00" not in found
        found.encode()
    elif isinstance(found, dict):
        for name, value in found.items():
            _check_keepable(name)
            _check_keepable(value)
    elif isinstance(found, list):
        for value in found:
            _check_keepable(value)


@RUNS
@given(st.binary(max_size=200))
def test_any_bytes_as_json(raw: bytes) -> None:
    with contextlib.suppress(BadInput):
        _check_keepable(parse_json_object(raw))


@RUNS
@given(st.text(st.sampled_from('{}[]",:\\u0d8fFn1-+.eE \t\n'), max_size=80))
def test_json_made_of_its_own_punctuation(text: str) -> None:
    with contextlib.suppress(BadInput):
        _check_keepable(parse_json_object(text.encode()))


@RUNS
@given(st.text(st.characters(), max_size=40), st.booleans())
def test_any_text_as_a_member(text: str, ascii_only: bool) -> None:
    raw = json.dumps({"a": text}, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    keepable = "\x00" not in text and not any("\ud800" <= c <= "\udfff" for c in text)
    try:
        found = parse_json_object(raw)
    except BadInput:
        # A text that only spells an escape is refused too: too strict is fine, too lax is not.
        assert not keepable or "\\u0000" in text
    else:
        # Python writes a low after a high surrogate as a pair, which is a character.
        _check_keepable(found)


@RUNS
@given(st.dictionaries(TEXT, TREE, max_size=4))
def test_any_object_of_bounded_depth_is_read_or_refused_and_its_members_are_named(
    body: dict[str, object],
) -> None:
    try:
        found = parse_json_object(json.dumps(body).encode())
    except BadInput:
        return
    _check_keepable(found)
    assert found.keys() == body.keys()
    for name, value in body.items():
        if value is None or isinstance(value, str):
            assert text_field(found, name, max_chars=20) == (value or None)
            continue
        with pytest.raises(BadInput) as refused:
            text_field(found, name)
        assert refused.value.field == name


@RUNS
@given(st.binary(max_size=200))
def test_any_bytes_as_parameters(raw: bytes) -> None:
    try:
        form = parse_pairs(raw)
    except BadInput:
        return
    for name in form.names():
        _check_keepable([name, *form.get_all(name)])


@RUNS
@given(st.lists(st.tuples(TEXT, TEXT), max_size=20))
def test_parameters_come_back_as_they_were_sent(pairs: list[tuple[str, str]]) -> None:
    form = parse_pairs(urlencode(pairs).encode())
    expected = Form(pairs)
    assert form.names() == expected.names()
    assert form.repeated() == expected.repeated()
    for name in form.names():
        assert form.get_all(name) == expected.get_all(name)
        if name not in form.repeated():
            assert [form.get(name)] == form.get_all(name)
            continue
        with pytest.raises(BadInput) as refused:
            form.get(name)
        assert refused.value.field == name
