"""What a signed event proves (NIP-98), and how it is read."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hodlxxi.kit.errors import BadInput
from hodlxxi.nostr.rules import (
    MAX_EVENT_BYTES,
    MAX_HEADER_CHARS,
    Refused,
    Signed,
    Wanted,
    event_id,
    judge_event,
    parse_event,
    parse_header,
)
from tests.bitcoin.test_fuzz import fuzz
from tests.support.nostr_signer import account_of, event_of, header_of, sign_event
from tests.support.signer import TestKey
from tests.support.vectors import load_vectors

NOW = datetime(2042, 1, 5, 12, tzinfo=UTC)
AT = int(NOW.timestamp())
URL = "https://login.example.org/api/auth/nostr?challenge=abc"
KEY = TestKey(81)
GOOD = event_of(KEY, URL, AT)
WANTED = Wanted(URL)


def judge(event: object, wanted: Wanted = WANTED, now: datetime = NOW) -> Signed | Refused:
    """Read and judged, as from a header."""
    return judge_event(parse_header(header_of(event)["Authorization"]), wanted, now)


def refused(event: object, wanted: Wanted = WANTED, now: datetime = NOW) -> str:
    """Why."""
    verdict = judge(event, wanted, now)
    assert isinstance(verdict, Refused)
    return verdict.reason


def test_a_good_event_proves_the_point_with_an_even_y() -> None:
    for number in range(1, 9):
        key = TestKey(number)
        assert judge(event_of(key, URL, AT)) == Signed(account_of(key))  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["POST", "post", "Post"])
def test_the_method_has_no_case(method: str) -> None:
    assert isinstance(judge(event_of(KEY, URL, AT, method=method)), Signed)


def test_another_method_another_kind_and_another_address_are_refused() -> None:
    assert "another request" in refused(event_of(KEY, URL, AT, method="GET"))
    assert "kind" in refused(event_of(KEY, URL, AT, kind=1))
    for other in (URL + "d", URL[:-1], URL.replace("https", "http"), URL.upper(), URL + "&x=1", URL + "#"):
        assert "another request" in refused(event_of(KEY, other, AT))


def test_exactly_one_address_and_one_method() -> None:
    for more in (["u", URL], ["method", "POST"], ["u"], ["method"]):
        assert "one address" in refused(event_of(KEY, URL, AT, tags=[more]))
    bare = {"kind": 27235, "created_at": AT, "content": ""}
    for tags in ([], [["u", URL]], [["method", "POST"]], [[]], [["U", URL], ["method", "POST"]]):
        assert "one address" in refused(sign_event(KEY, bare | {"tags": tags}))
    assert isinstance(judge(event_of(KEY, URL, AT, tags=[["client", "x"], []])), Signed)


@pytest.mark.parametrize("seconds", [-60, 60, 0])
def test_a_minute_to_either_side_is_now(seconds: int) -> None:
    assert isinstance(judge(event_of(KEY, URL, AT + seconds)), Signed)


@pytest.mark.parametrize("seconds", [-61, 61, -AT, 10**9])
def test_further_away_is_not(seconds: int) -> None:
    assert "minute away" in refused(event_of(KEY, URL, AT + seconds))
    assert "minute away" in refused(GOOD, now=NOW + timedelta(seconds=61))


def test_a_body_has_to_be_named_by_its_digest() -> None:
    body = b'{"a":1}'
    digest = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
    wanted = Wanted(URL, body=body)
    assert "payload" in refused(GOOD, wanted)
    assert isinstance(judge(event_of(KEY, URL, AT, tags=[["payload", digest]]), wanted), Signed)
    for wrong in (
        [["payload", digest.upper()]],
        [["payload"]],
        [["payload", digest]] * 2,
        [["payload", "0" * 64]],
    ):
        assert "payload" in refused(event_of(KEY, URL, AT, tags=wrong), wanted)


def test_the_example_in_nip_98_is_refused_as_its_id_is_not_its_hash() -> None:
    item = load_vectors("nips/nip98_text_example.json")
    event = parse_event(json.dumps(item["event"]).encode())
    assert event_id(event) == item["computed_id"]
    at = datetime.fromtimestamp(event.created_at, UTC)
    wanted = Wanted(event.values("u")[0], "GET")
    assert judge_event(event, wanted, at) == Refused("The event's id is not its hash.")


@pytest.mark.parametrize("item", load_vectors("nips/nostr_tools_events.json"))
def test_ids_are_computed_as_nostr_tools_does(item: dict[str, Any]) -> None:
    event = parse_event(json.dumps(item).encode())
    assert event_id(event) == item["id"]


def test_an_event_of_nostr_tools_holds() -> None:
    item = load_vectors("nips/nostr_tools_events.json")[0]
    event = parse_event(json.dumps(item).encode())
    at = datetime.fromtimestamp(event.created_at, UTC)
    assert isinstance(judge_event(event, Wanted(event.values("u")[0]), at), Signed)


@pytest.mark.parametrize("name", ["id", "pubkey", "sig"])
def test_another_id_key_or_signature_is_refused(name: str) -> None:
    other = event_of(TestKey(82), URL, AT)
    assert isinstance(judge(GOOD | {name: other[name]}), Refused)
    assert isinstance(judge(GOOD | {name: "0" * len(GOOD[name])}), Refused)


def test_a_changed_event_is_refused() -> None:
    for change in ({"content": "x"}, {"created_at": AT + 1}, {"tags": [*GOOD["tags"], ["x"]]}):
        assert refused(GOOD | change) == "The event's id is not its hash."


BAD_MEMBERS = {
    "boolean kind": {"kind": True},
    "text kind": {"kind": "27235"},
    "float kind": {"kind": 27235.0},
    "boolean time": {"created_at": True},
    "negative time": {"created_at": -1},
    "time without a year": {"created_at": 10**15},
    "no tags": {"tags": None},
    "tags of texts": {"tags": ["u", URL]},
    "tags of numbers": {"tags": [["u", 1]]},
    "nested tags": {"tags": [["u", ["x"]]]},
    "too many tags": {"tags": [["t"]] * 17},
    "too many items": {"tags": [["t"] * 9]},
    "object content": {"content": {}},
    "null content": {"content": None},
    "upper-case id": {"id": GOOD["id"].upper()},
    "short id": {"id": GOOD["id"][:-1]},
    "long key": {"pubkey": "02" + GOOD["pubkey"]},
    "upper-case key": {"pubkey": GOOD["pubkey"].upper()},
    "short signature": {"sig": GOOD["sig"][:-2]},
    "newline in the signature": {"sig": GOOD["sig"][:-1] + "\n"},
    "lone surrogate": {"content": "\ud800"},
    "lone surrogate in a tag": {"tags": [["u", "\udfff"], ["method", "POST"]]},
    "full-width digits": {"id": "\uff10" * 64},
}


@pytest.mark.parametrize("change", BAD_MEMBERS.values(), ids=BAD_MEMBERS)
def test_a_member_of_another_type_or_shape_is_bad_input(change: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as found:
        judge(GOOD | change)
    assert found.value.field == "authorization"


@pytest.mark.parametrize("name", ["id", "pubkey", "created_at", "kind", "tags", "content", "sig"])
def test_a_missing_member_is_bad_input(name: str) -> None:
    with pytest.raises(BadInput):
        judge({key: value for key, value in GOOD.items() if key != name})


WRITTEN = json.dumps(GOOD)
BAD_JSON = {
    "nothing": b"",
    "an array": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "deep nesting": b"[" * 6000,
    "deep objects": b'{"a":' * 1000,
    "NaN": WRITTEN.replace(str(AT), "NaN").encode(),
    "Infinity": WRITTEN.replace(str(AT), "-Infinity").encode(),
    "exponent": WRITTEN.replace(str(AT), "1e9").encode(),
    "five thousand digits": WRITTEN.replace(str(AT), "9" * 5000).encode(),
    "a member twice": (WRITTEN[:-1] + ', "kind": 27235}').encode(),
    "not UTF-8": WRITTEN.encode() + b"\xff",
    "UTF-16": WRITTEN.encode("utf-16"),
    "something after it": WRITTEN.encode() + b"{}",
    "too long": WRITTEN.encode() + b" " * MAX_EVENT_BYTES,
}


@pytest.mark.parametrize("raw", BAD_JSON.values(), ids=BAD_JSON)
def test_what_is_no_event_is_bad_input(raw: bytes) -> None:
    with pytest.raises(BadInput) as found:
        parse_event(raw)
    assert found.value.field == "event"
    assert len(found.value.text) < 100


def test_the_header_is_read_with_padding_and_without() -> None:
    seen = set()
    for content in ("", "a", "ab", "abc"):
        event = event_of(KEY, URL, AT, content=content)
        written = header_of(event)["Authorization"]
        seen.add(len(written) - len(written.rstrip("=")))
        for header in (written, written.rstrip("="), "nostr " + written[6:], "NOSTR  " + written[6:] + " "):
            assert parse_header(header).id == event["id"]
    assert len(seen) == 3


BLOB = base64.b64encode(WRITTEN.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Nostr",
        "Nostr ",
        "Bearer " + BLOB,
        BLOB,
        "Nostr " + BLOB + "====",
        "Nostr " + BLOB + "=" * ((-len(BLOB)) % 4 + 1),
        "Nostr " + BLOB[:40] + " " + BLOB[40:],
        "Nostr " + BLOB[:40] + "-_" + BLOB[42:],
        "Nostr " + WRITTEN,
        "Nostr A",
        "Nostr AB",
        "Nostr " + "A" * MAX_HEADER_CHARS,
        "Nostr \u00e9",
    ],
)
def test_another_header_is_bad_input(header: str | None) -> None:
    with pytest.raises(BadInput) as found:
        parse_header(header)
    assert found.value.field == "authorization"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@fuzz
@given(st.sampled_from(sorted(GOOD)), ANYTHING)
def test_no_member_upsets_the_reader_or_convinces_it(name: str, value: object) -> None:
    try:
        verdict = judge(GOOD | {name: value})
    except BadInput:
        return
    assert isinstance(verdict, Refused) or value == GOOD[name]


@fuzz
@given(st.binary(max_size=300))
def test_no_bytes_upset_the_reader(raw: bytes) -> None:
    with pytest.raises(BadInput):
        parse_event(raw)
