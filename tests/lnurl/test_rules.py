"""When a wallet's answer holds and when a browser may claim; pure, the time is an argument."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from coincurve import PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from hodlxxi.bitcoin.bech32 import decode_lnurl, encode_lnurl
from hodlxxi.bitcoin.keys import Pubkey
from hodlxxi.kit.errors import BadInput
from hodlxxi.kit.secret import digest_of
from hodlxxi.lnurl.rules import (
    CHALLENGE_LIFE,
    CLAIM_WINDOW,
    OVER,
    WRONG,
    Answer,
    Challenge,
    Refused,
    Verified,
    callback_url,
    is_claimable,
    is_same_device,
    is_session_id,
    judge_callback,
    parse_action,
    parse_answer,
)
from tests.lnurl.steps import ORDER
from tests.support.vectors import load_vectors

NOW = datetime(2042, 1, 5, 12, 0, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
K1 = bytes(range(32))
ALICE, BOB = PrivateKey(b"\x01" * 32), PrivateKey(b"\x02" * 32)
CLAIM = digest_of("the browser's own secret")
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = "Mozilla/5.0 (Linux; Android 16; Pixel 9) Mobile"
FRESH = Challenge("0f" * 16, K1.hex(), "login", NOW, NOW + CHALLENGE_LIFE, CLAIM)
ANSWERED = replace(
    FRESH, verified=True, pubkey=Pubkey(ALICE.public_key.format().hex()), verified_at=NOW + 60 * SECOND
)


def _sign(key: PrivateKey, message: bytes = K1) -> bytes:
    signature: bytes = key.sign(message, hasher=None)
    return signature


def _der(r: int, s: int) -> bytes:
    def integer(n: int) -> bytes:
        raw = n.to_bytes(n.bit_length() // 8 + 1, "big")
        return b"\x02" + bytes([len(raw)]) + raw

    body = integer(r) + integer(s)
    return b"\x30" + bytes([len(body)]) + body


def _with_high_s(der: bytes) -> bytes:
    r_end = 4 + der[3]
    return _der(int.from_bytes(der[4:r_end], "big"), ORDER - int.from_bytes(der[r_end + 2 :], "big"))


GOOD = Answer(K1, _sign(ALICE), ALICE.public_key.format())


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(GOOD, id="as LUD-04 says"),
        pytest.param(replace(GOOD, k1=None), id="a wallet that drops our query"),
        pytest.param(replace(GOOD, sig=_with_high_s(GOOD.sig)), id="high s"),
    ],
)
def test_a_good_answer_names_its_key(answer: Answer) -> None:
    assert judge_callback(FRESH, answer, NOW) == Verified(Pubkey(ALICE.public_key.format().hex()))


def test_the_vector_of_lud_04() -> None:
    vector = load_vectors("luds/vectors.json")["LUD-04"]
    answer = parse_answer(vector["k1"], vector["sig"], vector["key"])
    assert judge_callback(replace(FRESH, k1=vector["k1"]), answer, NOW) == Verified(vector["key"])


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(replace(GOOD, k1=bytes(32)), id="names another k1"),
        pytest.param(Answer(bytes(32), _sign(ALICE, bytes(32)), GOOD.key), id="signs and names another k1"),
        pytest.param(replace(GOOD, sig=_sign(ALICE, bytes(32))), id="signs another k1"),
        pytest.param(replace(GOOD, sig=_sign(ALICE, hashlib.sha256(K1).digest())), id="signs a hash of k1"),
        pytest.param(replace(GOOD, key=BOB.public_key.format()), id="somebody else's key"),
        pytest.param(replace(GOOD, sig=GOOD.sig[:-1]), id="a byte is missing"),
        pytest.param(replace(GOOD, sig=GOOD.sig + b"\0"), id="a byte too many"),
        pytest.param(replace(GOOD, sig=b"\x30" * 70), id="no DER at all"),
        pytest.param(replace(GOOD, sig=_der(0, 0)), id="zeros"),
        pytest.param(replace(GOOD, sig=_der(1, ORDER)), id="s is the order"),
        pytest.param(replace(GOOD, key=ALICE.public_key.format(compressed=False)), id="uncompressed"),
    ],
)
def test_an_answer_that_does_not_prove_the_key_is_refused(answer: Answer) -> None:
    assert judge_callback(FRESH, answer, NOW) == Refused(WRONG)


@pytest.mark.parametrize(
    ("challenge", "at"),
    [
        pytest.param(None, NOW, id="unknown"),
        pytest.param(FRESH, FRESH.expires_at, id="expired just now"),
        pytest.param(FRESH, NOW + timedelta(days=1), id="long expired"),
        pytest.param(ANSWERED, NOW + 61 * SECOND, id="answered"),
        pytest.param(replace(ANSWERED, claimed_at=NOW), NOW + 61 * SECOND, id="claimed"),
    ],
)
def test_what_is_over_is_refused_alike_for_a_good_and_a_bad_answer(
    challenge: Challenge | None, at: datetime
) -> None:
    for answer in (GOOD, replace(GOOD, sig=_sign(BOB)), replace(GOOD, k1=bytes(32))):
        assert judge_callback(challenge, answer, at) == Refused(OVER)


def test_the_last_moment_counts() -> None:
    assert isinstance(judge_callback(FRESH, GOOD, FRESH.expires_at - SECOND), Verified)


VERIFIED_AT = NOW + 60 * SECOND


@pytest.mark.parametrize(
    ("challenge", "digest", "at", "may"),
    [
        pytest.param(ANSWERED, CLAIM, VERIFIED_AT, True, id="at once"),
        pytest.param(ANSWERED, CLAIM, VERIFIED_AT + CLAIM_WINDOW - SECOND, True, id="the phone slept"),
        pytest.param(ANSWERED, CLAIM, VERIFIED_AT + CLAIM_WINDOW, False, id="it slept too long"),
        pytest.param(ANSWERED, digest_of("another"), VERIFIED_AT, False, id="another browser"),
        pytest.param(ANSWERED, None, VERIFIED_AT, False, id="no secret"),
        pytest.param(ANSWERED, "", VERIFIED_AT, False, id="an empty digest"),
        pytest.param(FRESH, CLAIM, VERIFIED_AT, False, id="not answered"),
        pytest.param(replace(ANSWERED, claimed_at=VERIFIED_AT), CLAIM, VERIFIED_AT, False, id="claimed"),
        pytest.param(replace(ANSWERED, rejected_at=VERIFIED_AT), CLAIM, VERIFIED_AT, False, id="rejected"),
        pytest.param(None, CLAIM, VERIFIED_AT, False, id="unknown"),
    ],
)
def test_who_may_claim(challenge: Challenge | None, digest: str | None, at: datetime, may: bool) -> None:
    assert is_claimable(challenge, digest, at) is may


@pytest.mark.parametrize(
    ("asked_from", "agent", "answered_from", "same"),
    [
        pytest.param("203.0.113.9", PHONE, "203.0.113.9", True, id="one phone"),
        pytest.param("203.0.113.9", PHONE, "203.0.113.10", False, id="the answer came from elsewhere"),
        pytest.param("203.0.113.9", "Mozilla/5.0 (X11; Linux)", "203.0.113.9", False, id="a desktop asked"),
        pytest.param("203.0.113.9", None, "203.0.113.9", False, id="nobody knows what asked"),
        pytest.param("203.0.113.9", PHONE, None, False, id="no wallet's address"),
        pytest.param(None, PHONE, None, False, id="no address at all"),
        pytest.param("127.0.0.1", PHONE, "127.0.0.1", False, id="a proxy's address"),
        pytest.param("10.0.0.7", PHONE, "10.0.0.7", False, id="a private address"),
    ],
)
def test_the_same_device_is_claimed_only_when_sure(
    asked_from: str | None, agent: str | None, answered_from: str | None, same: bool
) -> None:
    challenge = replace(ANSWERED, ip_address=asked_from, user_agent=agent, wallet_address=answered_from)
    assert is_same_device(challenge) is same


@pytest.mark.parametrize(
    ("asked_from", "agent", "answered_from", "wallet", "same"),
    [
        pytest.param("203.0.113.9", DESKTOP, "203.0.113.9", DESKTOP, True, id="a wallet inside the browser"),
        pytest.param("203.0.113.9", DESKTOP, "203.0.113.10", DESKTOP, False, id="from elsewhere"),
        pytest.param("203.0.113.9", DESKTOP, "203.0.113.9", DESKTOP + ".1", False, id="another browser"),
        pytest.param(
            "203.0.113.9", DESKTOP, "203.0.113.9", "okhttp/4.9", False, id="a phone in the same house"
        ),
        pytest.param("203.0.113.9", DESKTOP, "203.0.113.9", None, False, id="a wallet without a name"),
        pytest.param("203.0.113.9", "", "203.0.113.9", "", False, id="both without a name"),
        pytest.param("203.0.113.9", "curl/8", "203.0.113.9", "curl/8", False, id="programs"),
        pytest.param("10.0.0.7", DESKTOP, "10.0.0.7", DESKTOP, False, id="a private address"),
        pytest.param("127.0.0.1", DESKTOP, "127.0.0.1", DESKTOP, False, id="a proxy's address"),
    ],
)
def test_a_wallet_inside_the_browser_is_known_by_its_name_and_its_address(
    asked_from: str, agent: str, answered_from: str, wallet: str | None, same: bool
) -> None:
    """WebLN: the browser's wallet calls us by itself, from its machine, and calls itself what the browser does."""
    asked = replace(ANSWERED, ip_address=asked_from, user_agent=agent)
    assert is_same_device(replace(asked, wallet_address=answered_from, wallet_agent=wallet)) is same


@pytest.mark.parametrize("action", ["login", "register", "link", "auth"])
def test_the_url_in_the_code_is_what_lud_04_wants(action: str) -> None:
    url = callback_url("https://login.example.org", replace(FRESH, action=parse_action(action)))
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc) == ("https", "login.example.org")
    assert parts.path == f"/api/lnurl-auth/callback/{FRESH.session_id}"
    assert parse_qsl(parts.query) == [("tag", "login"), ("k1", K1.hex()), ("action", action)]
    assert decode_lnurl(encode_lnurl(url)) == url
    assert encode_lnurl(url).startswith("LNURL1")
    assert encode_lnurl(url).isupper()


def test_an_action_is_one_of_four_and_login_when_absent() -> None:
    assert parse_action(None) == "login"
    for wrong in ("", "Login", "login ", "withdraw"):
        with pytest.raises(BadInput) as caught:
            parse_action(wrong)
        assert caught.value.field == "action"


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("0f" * 16, True),
        ("0F" * 16, False),
        ("0f" * 15, False),
        ("0f" * 16 + "\n", False),
        ("", False),
        ("٣" * 32, False),
        ("0f0f0f0f-0f0f-0f0f-0f0f-0f0f0f0f0f0f", False),
    ],
)
def test_only_ids_of_our_shape_are_looked_up(text: str, ours: bool) -> None:
    assert is_session_id(text) is ours


def test_hex_may_be_upper_case_and_the_key_is_kept_in_lower_case() -> None:
    answer = parse_answer(K1.hex().upper(), GOOD.sig.hex().upper(), GOOD.key.hex().upper())
    assert answer == GOOD
    verdict = judge_callback(FRESH, answer, NOW)
    assert isinstance(verdict, Verified)
    assert verdict.key == GOOD.key.hex()


def _spaced(text: str) -> str:
    return f"{text[:2]} {text[3:]}"


_WRONG_HEX: list[tuple[str, Callable[[str], str | None]]] = [
    ("spaces", _spaced),
    ("a newline at the end", lambda text: text + "\n"),
    ("0x in front", lambda text: "0x" + text),
    ("an odd count", lambda text: text[:-1]),
    ("no hex", lambda text: "z" * len(text)),
    ("full-width digits", lambda text: "１" * len(text)),
    ("twice as long", lambda text: text * 2),
    ("one byte", lambda _: "02"),
    ("empty", lambda _: ""),
]


@pytest.mark.parametrize("field", ["k1", "sig", "key"])
@pytest.mark.parametrize("spoil", [pytest.param(spoil, id=name) for name, spoil in _WRONG_HEX])
def test_a_parameter_that_is_not_strictly_hex_is_named_and_not_echoed(
    field: str, spoil: Callable[[str], str]
) -> None:
    good = {"k1": K1.hex(), "sig": GOOD.sig.hex(), "key": GOOD.key.hex()}
    wrong = spoil(good[field])
    with pytest.raises(BadInput) as caught:
        parse_answer(**(good | {field: wrong}))
    assert caught.value.field == field
    assert len(wrong) < 4 or wrong not in caught.value.text


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(ALICE.public_key.format(compressed=False), id="uncompressed"),
        pytest.param(b"\x06" + ALICE.public_key.format(compressed=False)[1:], id="hybrid, 65 bytes"),
        pytest.param(b"\x04" + ALICE.public_key.format()[1:], id="prefix 04 on 33 bytes"),
        pytest.param(b"\x00" + ALICE.public_key.format()[1:], id="prefix 00"),
        pytest.param(b"\x02" + b"\xff" * 32, id="not on the curve"),
        pytest.param(ALICE.public_key.format()[1:], id="x only"),
    ],
)
def test_only_a_compressed_point_is_a_key(key: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        parse_answer(K1.hex(), GOOD.sig.hex(), key.hex())
    assert caught.value.field == "key"


@pytest.mark.parametrize("missing", ["sig", "key"])
def test_signature_and_key_are_needed(missing: str) -> None:
    good: dict[str, str | None] = {"k1": K1.hex(), "sig": GOOD.sig.hex(), "key": GOOD.key.hex()}
    with pytest.raises(BadInput) as caught:
        parse_answer(**(good | {missing: None}))
    assert caught.value.field == missing


fuzz = settings(derandomize=True, deadline=None, max_examples=300, database=None)
ANY_TEXT = st.none() | st.text(st.characters(exclude_categories=()), max_size=200)
HEX_TEXT = st.text("0123456789abcdefABCDEF", min_size=60, max_size=150)


@fuzz
@given(k1=ANY_TEXT | HEX_TEXT, sig=ANY_TEXT | HEX_TEXT, key=ANY_TEXT | HEX_TEXT)
def test_whatever_arrives_is_parsed_or_refused(k1: str | None, sig: str | None, key: str | None) -> None:
    try:
        answer = parse_answer(k1, sig, key)
    except BadInput:
        return
    assert isinstance(judge_callback(FRESH, answer, NOW), Refused)


@fuzz
@given(sig=st.binary(min_size=8, max_size=72), key=st.sampled_from([ALICE, BOB]))
def test_no_bytes_prove_a_key_by_chance(sig: bytes, key: PrivateKey) -> None:
    assert judge_callback(FRESH, Answer(None, sig, key.public_key.format()), NOW) == Refused(WRONG)


@fuzz
@given(at=st.integers(0, 8 * len(GOOD.sig) - 1))
def test_a_flipped_bit_makes_another_signature(at: int) -> None:
    flipped = bytearray(GOOD.sig)
    flipped[at // 8] ^= 1 << at % 8
    assert judge_callback(FRESH, replace(GOOD, sig=bytes(flipped)), NOW) == Refused(WRONG)
