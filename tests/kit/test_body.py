"""Bodies and queries: bounded, named in the error when they are wrong, and never a surprise further in."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.requests import Request
from starlette.types import Message

from hodlxxi.kit.answers import TooLarge, WrongMediaType
from hodlxxi.kit.body import (
    MAX_FIELDS,
    MAX_FORM_BYTES,
    MAX_JSON_DEPTH,
    Form,
    needed_text,
    parse_json_object,
    parse_pairs,
    read_body,
    read_form,
    read_json_object,
    read_query,
    text_field,
)
from hodlxxi.kit.errors import BadInput

FORM = "application/x-www-form-urlencoded"


def _request(
    chunks: list[bytes], content_type: str | None = None, length: str | None = None, query: bytes = b""
) -> Request:
    headers = [(b"content-type", content_type.encode())] if content_type else []
    if length is not None:
        headers.append((b"content-length", length.encode("latin-1")))
    waiting = list(chunks)

    async def receive() -> Message:
        if not waiting:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    scope: dict[str, Any] = {"type": "http", "method": "POST", "headers": headers, "query_string": query}
    return Request(scope, receive)


# -- forms


def test_a_form_tells_a_value_from_an_absent_and_a_repeated_one() -> None:
    form = parse_pairs(b"a=1&b=&c=x%20y+z&d=1&d=2&e")
    assert (form.get("a"), form.get("b"), form.get("c"), form.get("e"), form.get("no")) == (
        "1",
        None,
        "x y z",
        None,
        None,
    )
    assert form.names() == ["a", "c", "d"]
    assert form.repeated() == ["d"]
    assert form.get_all("d") == ["1", "2"]
    assert form.get_all("no") == []
    with pytest.raises(BadInput) as refused:
        form.get("d")
    assert refused.value.field == "d"


def test_an_empty_twin_is_no_repetition() -> None:
    # RFC 6749 §3.1: a parameter without a value is treated as if it were omitted.
    assert parse_pairs(b"a=&a=1").get("a") == "1"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("a=ä".encode(), id="raw-utf-8"),
        pytest.param(b"a=\xff", id="raw-byte"),
        pytest.param(b"a=%ff", id="percent-encoded-bad-utf-8"),
        pytest.param(b"a=%c3%28", id="broken-sequence"),
        pytest.param(b"a=%ed%a0%80", id="encoded-surrogate"),
        pytest.param(b"a=%00", id="nul"),
        pytest.param(b"%00=a", id="nul-in-the-name"),
        pytest.param(b"a=\x00", id="raw-nul"),
        pytest.param(b"&".join(b"a%d=1" % n for n in range(MAX_FIELDS + 1)), id="too-many"),
        pytest.param(b"&" * (MAX_FIELDS + 1), id="too-many-separators"),
    ],
)
def test_parameters_that_are_no_text_are_refused(raw: bytes) -> None:
    with pytest.raises(BadInput):
        parse_pairs(raw)


def test_as_many_fields_as_allowed_are_read() -> None:
    raw = urlencode({f"a{n}": n for n in range(MAX_FIELDS)}).encode()
    assert len(parse_pairs(raw).names()) == MAX_FIELDS


async def test_a_form_body_is_read_in_pieces_and_its_charset_is_ignored() -> None:
    form = await read_form(_request([b"a=1&", b"b=%C3%A4"], FORM.upper() + "; charset=UTF-8"))
    assert (form.get("a"), form.get("b")) == ("1", "ä")


@pytest.mark.parametrize("kind", [None, "application/json", "multipart/form-data; boundary=x", "text/plain"])
async def test_a_form_of_another_type_is_refused(kind: str | None) -> None:
    with pytest.raises(WrongMediaType):
        await read_form(_request([b"a=1"], kind))


async def test_no_body_at_all_is_an_empty_form() -> None:
    assert (await read_form(_request([b""], None))).names() == []


async def test_a_query_has_its_own_limit() -> None:
    assert read_query(_request([], query=b"next=%2Fa")).get("next") == "/a"
    with pytest.raises(TooLarge):
        read_query(_request([], query=b"a=" + b"x" * 16_384))


# -- the size


@pytest.mark.parametrize(
    ("chunks", "length"),
    [
        pytest.param([b"x" * 65], "65", id="announced"),
        pytest.param([b"x" * 65], None, id="not-announced"),
        pytest.param([b"x" * 65], "1", id="announced-wrongly"),
        pytest.param([b"x" * 33, b"x" * 33], None, id="in-pieces"),
        pytest.param([b""], "9" * 30, id="announced-as-astronomical"),
        pytest.param([b""], "9" * 5000, id="announced-with-more-digits-than-int-reads"),
    ],
)
async def test_a_body_above_the_limit_is_refused(chunks: list[bytes], length: str | None) -> None:
    with pytest.raises(TooLarge):
        await read_body(_request(chunks, length=length), 64)


@pytest.mark.parametrize("length", ["²", "-1", "", "x", "1_0"])
async def test_a_length_that_is_no_number_is_ignored_as_the_stream_is_counted(length: str) -> None:
    assert await read_body(_request([b"x" * 64], length=length), 64) == b"x" * 64


async def test_a_body_that_ends_early_is_bad_input() -> None:
    request = _request([b"a=1"], FORM)
    await read_form(request)
    with pytest.raises(BadInput):
        await read_body(_request([]), 64)


# -- JSON


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"{", id="cut-off"),
        pytest.param(b"[]", id="array"),
        pytest.param(b'"text"', id="text"),
        pytest.param(b"1", id="number"),
        pytest.param(b"null", id="null"),
        pytest.param(b"{} {}", id="two-objects"),
        pytest.param(b"{'a': 1}", id="single-quotes"),
        pytest.param(b'{"a": NaN}', id="nan"),
        pytest.param(b'{"a": Infinity}', id="infinity"),
        pytest.param(b'{"a": 01}', id="leading-zero"),
        pytest.param(b'{"a": 1,}', id="trailing-comma"),
        pytest.param(b'{"a": "\x00"}', id="raw-nul"),
        pytest.param(b'{"a": "\\u0000"}', id="nul"),
        pytest.param(b'{"a\\u0000": 1}', id="nul-in-a-name"),
        pytest.param(b'{"a": "\xff"}', id="bad-utf-8"),
        pytest.param(b'{"a": "\xed\xa0\x80"}', id="encoded-surrogate"),
        pytest.param(b'{"a": "\\ud800"}', id="lone-surrogate"),
        pytest.param(b'{"a": "\\uDFFF"}', id="lone-low-surrogate"),
        pytest.param(b'{"a": ["\\uD800\\uD800"]}', id="two-high-surrogates"),
        pytest.param(b'\xef\xbb\xbf{"a": 1}', id="byte-order-mark"),
        pytest.param('{"a": 1}'.encode("utf-16"), id="utf-16"),
        pytest.param(b"\x00" * 10, id="zeros"),
        pytest.param(b'{"a":' * (MAX_JSON_DEPTH + 1) + b"1" + b"}" * (MAX_JSON_DEPTH + 1), id="too-deep"),
        pytest.param(b'{"a":' + b"[" * 60_000, id="depth-bomb"),
        pytest.param(b'{"a":' * 10_000, id="depth-bomb-of-objects"),
        pytest.param(b'{"a": "' + b"\\" * 3, id="cut-off-in-an-escape"),
    ],
)
def test_what_is_no_json_object_is_bad_input(raw: bytes) -> None:
    with pytest.raises(BadInput):
        parse_json_object(raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        pytest.param(b'{"a": "\\ud83d\\ude00"}', "\U0001f600", id="a-pair-of-surrogates"),
        pytest.param(b'{"a": "[[[[[[[[[[[[[[[[[[[[[["}', "[" * 22, id="brackets-in-a-text"),
        pytest.param(b'{"a": "\\"[[[[[[[[[[[[[[[[[[[[[["}', '"' + "[" * 22, id="brackets-after-a-quote"),
        pytest.param(b'{"a": [[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]}', [[]] * 17, id="flat"),
        pytest.param(b'{"a": 1e400}', None, id="a-float-beyond-range"),
        pytest.param(b'{"a": ' + b"9" * 400 + b"}", None, id="a-big-integer"),
        pytest.param(b'{"a": 1, "a": 2}', 2, id="the-last-of-two-members"),
    ],
)
def test_what_is_a_json_object_is_read_or_refused_but_never_breaks(raw: bytes, value: object) -> None:
    try:
        found = parse_json_object(raw)
    except BadInput:
        assert value is None
    else:
        assert value is None or found == {"a": value}


def test_the_deepest_allowed_nesting_is_read() -> None:
    inner = json.dumps({"a": 1})
    for _ in range(MAX_JSON_DEPTH - 1):
        inner = json.dumps({"a": "[[["}).replace('"[[["', inner)
    assert list(parse_json_object(inner.encode())) == ["a"]


async def test_no_body_is_an_empty_object_whatever_its_type() -> None:
    assert await read_json_object(_request([b""])) == {}
    assert await read_json_object(_request([b""], "text/plain")) == {}


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=utf-8", "application/x+json"]
)
async def test_json_is_read_under_its_types(kind: str) -> None:
    assert await read_json_object(_request([b'{"a":', b"1}"], kind)) == {"a": 1}


@pytest.mark.parametrize("kind", [None, FORM, "text/plain", "text/json"])
async def test_json_under_another_type_is_refused(kind: str | None) -> None:
    # A form of another site may post text/plain without a preflight.
    with pytest.raises(WrongMediaType):
        await read_json_object(_request([b"{}"], kind))


async def test_a_json_body_has_its_limit() -> None:
    with pytest.raises(TooLarge):
        await read_json_object(_request([b" " * (MAX_FORM_BYTES + 1)], "application/json"))


@pytest.mark.parametrize("value", [1, True, 1.5, [], ["a"], {}, {"a": "b"}])
def test_a_member_that_is_no_text_is_named(value: object) -> None:
    with pytest.raises(BadInput) as refused:
        text_field({"pubkey": value}, "pubkey")
    assert refused.value.field == "pubkey"


def test_a_text_member_is_optional_or_needed_and_bounded() -> None:
    assert text_field({"a": "x"}, "a") == "x"
    assert text_field({"a": None, "b": ""}, "a") is None
    assert text_field({"b": ""}, "b") is None
    assert needed_text({"a": "x" * 5}, "a", max_chars=5) == "x" * 5
    for body in ({}, {"a": None}, {"a": ""}, {"a": "x" * 6}):
        with pytest.raises(BadInput) as refused:
            needed_text(body, "a", max_chars=5)
        assert refused.value.field == "a"


def test_a_form_made_by_hand_is_like_one_that_was_read() -> None:
    form = Form([("a", "1"), ("b", ""), ("a", "2")])
    assert form.names() == ["a"]
    assert form.repeated() == ["a"]
