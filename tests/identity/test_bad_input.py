"""Whatever is sent to identity's endpoints: a 4xx in the contract's envelope, never a 5xx, and nothing signed in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.identity.site import Site, ask_challenge, new_key
from tests.support.signer import TestKey

KEY = TestKey(5)
JSON = "application/json"
ENDPOINTS = ["/api/auth/challenge", "/verify_signature"]

NO_OBJECTS = {
    "array": b"[]", "text": b'"x"', "number": b"1", "null": b"null", "true": b"true",
    "not-json": b"{nope", "cut": b'{"pubkey": "02',
    "bad-utf-8": b'{"pubkey": "\xff"}', "nul": b'{"pubkey": "\\u0000"}', "raw-nul": b'{"pubkey": "\x00"}',
    "lone-surrogate": b'{"pubkey": "\\ud800"}', "deep": b'{"pubkey":' + b"[" * 5000, "utf-16": '{"a": 1}'.encode("utf-16"),
    "form-as-json": b"pubkey=02", "nan": b'{"pubkey": NaN}', "two": b"{}{}",
}  # fmt: skip
WRONG_TYPES: list[Any] = [1, 0, -1, 1.5, True, False, [], ["x"], {}, {"a": "b"}, [[]]]
MALFORMED = {
    "pubkey": [
        "x", "02", "0x" + KEY.pubkey_hex, KEY.pubkey_hex + " ", " " + KEY.pubkey_hex,
        KEY.pubkey_hex[:-2], KEY.pubkey_hex + "00",
        "06" + KEY.uncompressed_hex[2:], "05" + KEY.pubkey_hex[2:], "02" + "ff" * 32, "02" + "00" * 32, "g" * 66, "é" * 66,
        "bc1qnonsense", KEY.p2wpkh()[:-1],
        KEY.p2wpkh().upper()[:10] + KEY.p2wpkh()[10:], "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx",
        "5HpHagT65TZzG1PH3CSu63k8DbpvD8s5ip4nEB3kEsreAnchuDf", "1" * 34, "02" * 500, "\u202e" + KEY.pubkey_hex, "' OR 1=1 --",
    ],
    "address": [
        "x", KEY.pubkey_hex, "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", "bc1p" + "q" * 58,
        "a" * 201, "\n",
    ],
}  # fmt: skip
BAD_SIGNATURES = [
    "x", "=", "====", "AB==", "00", "30", "3006020101020101", "zz" * 64, "A" * 87, "A" * 8193, "é" * 88, " ", "\n\t ",
    "00" * 63, "0" * 127, "30" + "ff" * 70, "-" * 88, "SGVsbG8=", "smpA",
]  # fmt: skip


def _check_refusal(answer: Any) -> None:
    assert 400 <= answer.status_code < 500, answer.text
    body = answer.json()
    assert {"error", "error_description", "timestamp", "request_id"} <= body.keys()
    assert body["request_id"] == answer.headers["x-request-id"]
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("name", NO_OBJECTS)
async def test_a_body_that_is_no_object_is_a_400(site: Site, path: str, name: str) -> None:
    answer = await site.browser().post(path, content=NO_OBJECTS[name], headers={"Content-Type": JSON})
    _check_refusal(answer)
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
async def test_another_media_type_is_a_415(site: Site, path: str, kind: str) -> None:
    answer = await site.browser().post(path, content=b"{}", headers={"Content-Type": kind})
    _check_refusal(answer)
    assert answer.status_code == 415


@pytest.mark.parametrize("path", ENDPOINTS)
async def test_a_huge_body_is_a_413(site: Site, path: str) -> None:
    answer = await site.browser().post(path, content=b" " * 70_000, headers={"Content-Type": JSON})
    _check_refusal(answer)
    assert answer.status_code == 413


@pytest.mark.parametrize("field", ["pubkey", "address", "signature", "message", "challenge_id"])
async def test_a_member_of_a_wrong_type_is_named(site: Site, field: str) -> None:
    good = {"pubkey": KEY.pubkey_hex, "signature": "00" * 64, "message": "x", "challenge_id": "y"}
    for value in WRONG_TYPES:
        answer = await site.browser().post("/verify_signature", json=good | {field: value})
        _check_refusal(answer)
        assert (answer.status_code, answer.json()["field"]) == (400, field), value


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("field", MALFORMED)
async def test_a_malformed_key_or_address_is_a_400_that_names_it(site: Site, path: str, field: str) -> None:
    rest = {"signature": "00" * 64, "message": "x"} if path == "/verify_signature" else {}
    for value in MALFORMED[field]:
        answer = await site.browser().post(path, json=rest | {field: value})
        _check_refusal(answer)
        assert answer.status_code == 400, value
        assert value.strip() == "" or len(value) < 5 or value not in answer.json()["error_description"]


@pytest.mark.parametrize("named", [{"pubkey": KEY.pubkey_hex}, {"address": KEY.p2wpkh()}])
async def test_a_signature_that_is_none_signs_nobody_in(site: Site, named: dict[str, str]) -> None:
    browser = site.browser()
    challenge = await ask_challenge(browser)
    for signature in BAD_SIGNATURES:
        body = named | {"challenge_id": challenge["challenge_id"], "signature": signature}
        answer = await browser.post("/verify_signature", json=body)
        _check_refusal(answer)
        assert answer.status_code in (400, 401), signature
        assert signature not in answer.json()["error_description"] or len(signature) < 6


@pytest.mark.parametrize("missing", ["pubkey", "signature", "message"])
async def test_what_is_missing_is_named(site: Site, missing: str) -> None:
    body = {"pubkey": KEY.pubkey_hex, "signature": "00" * 64, "message": "x"}
    for left in (
        body | {missing: None},
        body | {missing: ""},
        {k: v for k, v in body.items() if k != missing},
    ):
        answer = await site.browser().post("/verify_signature", json=left)
        _check_refusal(answer)
        assert (answer.status_code, answer.json()["field"]) == (400, missing)


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_another_method_is_a_405(site: Site, path: str, method: str) -> None:
    answer = await site.browser().request(method, path)
    _check_refusal(answer)
    assert answer.status_code == 405


@settings(
    derandomize=True,
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.dictionaries(
        st.sampled_from(["pubkey", "address", "message", "signature", "challenge_id", "other"]),
        st.one_of(
            st.text(st.characters(exclude_categories=("Cs",)), max_size=100),
            st.sampled_from(
                [
                    KEY.pubkey_hex,
                    KEY.p2wpkh(),
                    "Nonce: aaaaaaaaaaaa",
                    "Login to HODLXXI at 2042-01-05T12:00:00Z",
                ]
            ),
            st.integers(),
            st.none(),
            st.lists(st.text(max_size=3), max_size=2),
        ),
    )
)
async def test_no_body_at_all_breaks_the_server_or_signs_somebody_in(
    site: Site, body: dict[str, Any]
) -> None:
    headers = {"Content-Type": JSON}
    browser = site.browser()
    answer = await browser.post("/verify_signature", content=json.dumps(body).encode(), headers=headers)
    _check_refusal(answer)
    issued = await browser.post("/api/auth/challenge", content=json.dumps(body).encode(), headers=headers)
    assert issued.status_code in (200, 400)


async def test_a_challenge_for_a_named_key_names_it_in_the_text(site: Site) -> None:
    key = new_key()
    challenge = await ask_challenge(site.browser(), pubkey=key.uncompressed_hex)
    assert challenge["message"].split("\n")[1] == key.pubkey_hex
