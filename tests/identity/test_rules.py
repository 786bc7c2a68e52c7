"""When a signed text signs somebody in, and when not; pure, the time is an argument."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hodlxxi.bitcoin.address import Network
from hodlxxi.bitcoin.message import Proved
from hodlxxi.identity.rules import (
    CHALLENGE_LIFE,
    EXPIRED,
    Attempt,
    ByAddress,
    ByKey,
    Challenge,
    Refused,
    TextParts,
    judge_challenge,
    judge_seed_form,
    parse_signer,
    render_text,
    signer_named,
)
from hodlxxi.kit.errors import BadInput
from tests.support.signer import TestKey

NOW = datetime(2042, 1, 5, 12, 0, 0, tzinfo=UTC)
ALICE, BOB = TestKey(1), TestKey(2)


def _challenge(signer: str | None = None, browser: str | None = None) -> Challenge:
    parts = TextParts(
        domain="login.example.org",
        public_url="https://login.example.org",
        service_name="HODLXXI",
        network=Network.MAIN,
        signer=signer,
        nonce="8s1Qk0Zp3mVt7xYwB4n2Lf",
        challenge_id="an-id",
        issued_at=NOW,
    )
    return Challenge("an-id", render_text(parts), browser, NOW + CHALLENGE_LIFE)


def _attempt(
    text: str,
    *,
    key: TestKey = ALICE,
    named: str | None = None,
    address: str | None = None,
    message: str | None = None,
    browser: str | None = None,
) -> Attempt:
    signer = parse_signer(named or (None if address else key.pubkey_hex), address, Network.MAIN)
    return Attempt(signer, message, key.sign_compact(text), "an-id", browser)


# -- the issued text


@pytest.mark.parametrize("signature", ["sign_compact", "sign_der", "sign_rs", "sign_rs_high"])
def test_a_raw_key_signs_in_by_every_form(signature: str) -> None:
    challenge = _challenge()
    attempt = replace(_attempt(""), signature=getattr(ALICE, signature)(challenge.message))
    verdict = judge_challenge(challenge, attempt, NOW)
    assert isinstance(verdict, Proved)
    assert verdict.key == ALICE.pubkey_hex


@pytest.mark.parametrize("kind", ["p2pkh", "p2sh_p2wpkh", "p2wpkh"])
def test_one_key_is_one_identity_by_whatever_address(kind: str) -> None:
    address = getattr(ALICE, kind)()
    challenge = _challenge(address)
    for named in (None, ALICE.pubkey_hex, ALICE.uncompressed_hex):
        attempt = _attempt(challenge.message, address=address, named=named)
        verdict = judge_challenge(challenge, attempt, NOW)
        assert isinstance(verdict, Proved)
        assert verdict.key == ALICE.pubkey_hex


@pytest.mark.parametrize("ending", ["crlf", "newline"])
@pytest.mark.parametrize("returned", [True, False])
def test_a_text_that_was_signed_as_copying_left_it_still_holds(ending: str, returned: bool) -> None:
    challenge = _challenge()
    text = challenge.message
    signed = text.replace("\n", "\r\n") if ending == "crlf" else text + "\n"
    attempt = _attempt(signed, message=signed if returned else None)
    assert isinstance(judge_challenge(challenge, attempt, NOW), Proved)


@pytest.mark.parametrize(
    "signed",
    ["", " ", "\n", "HODLXXI", "{}\n\n", "{} ", " {}", "\r\n{}"],
)
def test_a_signature_over_other_bytes_proves_nothing(signed: str) -> None:
    challenge = _challenge()
    verdict = judge_challenge(challenge, _attempt(signed.format(challenge.message)), NOW)
    assert isinstance(verdict, Refused)


def test_another_text_is_refused_however_well_it_is_signed() -> None:
    """wallet 3: the stored text counts."""
    challenge = _challenge()
    changed = challenge.message.replace("HODLXXI", "EVIL")
    with pytest.raises(BadInput):
        judge_challenge(challenge, _attempt(changed, message=changed), NOW)


@pytest.mark.parametrize(
    ("spoil", "passed"),
    [
        pytest.param({}, timedelta(minutes=5), id="at-its-end"),
        pytest.param({}, timedelta(days=1), id="long-over"),
        pytest.param({"used": True}, timedelta(0), id="used"),
        pytest.param({"browser": "somebody-else"}, timedelta(0), id="another-browser"),
    ],
)
def test_expired_used_and_foreign_challenges_are_refused_alike(
    spoil: dict[str, object], passed: timedelta
) -> None:
    """wallet 3: expired, used, another's."""
    challenge = replace(_challenge(), **spoil)  # type: ignore[arg-type]
    attempt = _attempt(challenge.message, browser="mine")
    assert judge_challenge(challenge, attempt, NOW + passed) == Refused(EXPIRED)
    assert judge_challenge(None, attempt, NOW) == Refused(EXPIRED)


def test_a_challenge_lives_until_its_last_moment() -> None:
    challenge = _challenge()
    just_before = NOW + CHALLENGE_LIFE - timedelta(microseconds=1)
    assert isinstance(judge_challenge(challenge, _attempt(challenge.message), just_before), Proved)


@pytest.mark.parametrize(("bound", "holder"), [("mine", "mine"), (None, "mine"), (None, None)])
def test_the_browser_that_asked_may_answer_and_so_may_a_program_that_knows_the_id(
    bound: str | None, holder: str | None
) -> None:
    challenge = _challenge(browser=bound)
    assert isinstance(judge_challenge(challenge, _attempt(challenge.message, browser=holder), NOW), Proved)


def test_a_program_without_the_cookie_cannot_use_a_browsers_challenge() -> None:
    challenge = _challenge(browser="mine")
    assert judge_challenge(challenge, _attempt(challenge.message), NOW) == Refused(EXPIRED)


@pytest.mark.parametrize(
    ("issued_for", "attempt_by"),
    [
        pytest.param(BOB.pubkey_hex, {}, id="another-key"),
        pytest.param(ALICE.p2wpkh(), {}, id="an-address-but-a-key-came"),
        pytest.param(ALICE.p2wpkh(), {"address": ALICE.p2pkh()}, id="another-address-of-the-key"),
        pytest.param(BOB.p2wpkh(), {"address": ALICE.p2wpkh()}, id="another-persons-address"),
        pytest.param(ALICE.pubkey_hex, {"address": ALICE.p2wpkh()}, id="a-key-but-an-address-came"),
    ],
)
def test_a_text_that_names_a_signer_serves_only_that_one(issued_for: str, attempt_by: dict[str, str]) -> None:
    challenge = _challenge(issued_for)
    verdict = judge_challenge(challenge, _attempt(challenge.message, **attempt_by), NOW)  # type: ignore[arg-type]
    assert isinstance(verdict, Refused)


def test_a_text_that_names_the_key_serves_its_address_when_the_key_comes_along() -> None:
    challenge = _challenge(ALICE.pubkey_hex)
    attempt = _attempt(challenge.message, named=ALICE.pubkey_hex.upper(), address=ALICE.p2wpkh())
    assert isinstance(judge_challenge(challenge, attempt, NOW), Proved)


@pytest.mark.parametrize("kind", ["p2pkh", "p2sh_p2wpkh", "p2wpkh"])
def test_a_key_that_does_not_belong_to_the_address_is_refused(kind: str) -> None:
    """wallet 3: address and key belong together."""
    challenge = _challenge()
    mixed = [
        (ALICE, getattr(ALICE, kind)(), BOB),
        (BOB, getattr(ALICE, kind)(), ALICE),
        (BOB, getattr(ALICE, kind)(), BOB),
    ]
    for signs, address, named in mixed:
        attempt = _attempt(challenge.message, key=signs, address=address, named=named.pubkey_hex)
        assert isinstance(judge_challenge(challenge, attempt, NOW), Refused)


def test_another_persons_signature_is_refused() -> None:
    challenge = _challenge()
    attempt = replace(_attempt(""), signature=BOB.sign_compact(challenge.message))
    assert isinstance(judge_challenge(challenge, attempt, NOW), Refused)


# -- who signs


@pytest.mark.parametrize("field", ["pubkey", "address"])
def test_an_address_may_come_under_either_name(field: str) -> None:
    arguments = (ALICE.p2wpkh(), None) if field == "pubkey" else (None, ALICE.p2wpkh())
    signer = parse_signer(*arguments, Network.MAIN)
    assert isinstance(signer, ByAddress)
    assert signer_named(signer) == ALICE.p2wpkh()


def test_every_spelling_of_a_key_is_the_same_key() -> None:
    for text in (ALICE.pubkey_hex, ALICE.pubkey_hex.upper(), ALICE.uncompressed_hex):
        assert parse_signer(text, None, Network.MAIN) == ByKey(ALICE.pubkey_hex)


@pytest.mark.parametrize(
    ("pubkey", "address", "field"),
    [
        pytest.param(None, None, "pubkey", id="nobody"),
        pytest.param("02" + "ff" * 32, None, "pubkey", id="off-the-curve"),
        pytest.param("06" + ALICE.uncompressed_hex[2:], None, "pubkey", id="hybrid"),
        pytest.param("02" * 32, None, "pubkey", id="too-short"),
        pytest.param("02" * 34, None, "pubkey", id="too-long"),
        pytest.param("5" + ALICE.pubkey_hex, None, "pubkey", id="odd"),
        pytest.param(" " + ALICE.pubkey_hex, None, "pubkey", id="a-space"),
        pytest.param("0x" + ALICE.pubkey_hex, None, "pubkey", id="0x"),
        pytest.param(ALICE.p2wpkh(Network.REGTEST), None, "pubkey", id="another-network"),
        pytest.param(None, ALICE.p2pkh(Network.TEST), "address", id="another-network-as-address"),
        pytest.param(None, ALICE.pubkey_hex, "address", id="a-key-as-address"),
        pytest.param(None, ALICE.p2wpkh()[:-1] + "q", "address", id="mistyped"),
        pytest.param("nonsense", ALICE.p2wpkh(), "pubkey", id="a-bad-key-beside-a-good-address"),
        pytest.param(ALICE.pubkey_hex, "nonsense", "address", id="a-bad-address-beside-a-good-key"),
    ],
)
def test_a_signer_that_cannot_be_read_is_named(pubkey: str | None, address: str | None, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_signer(pubkey, address, Network.MAIN)
    assert refused.value.field == field


_ANY = st.one_of(
    st.none(),
    st.text(st.characters(), max_size=140),
    st.text("0123456789abcdefABCDEF", max_size=140),
    st.sampled_from([ALICE.pubkey_hex, ALICE.uncompressed_hex, ALICE.p2wpkh(), ALICE.p2pkh()]),
)


@settings(derandomize=True, max_examples=500)
@given(_ANY, _ANY)
def test_any_signer_is_read_or_refused(pubkey: str | None, address: str | None) -> None:
    try:
        signer = parse_signer(pubkey, address, Network.MAIN)
    except BadInput as refused:
        assert refused.field in ("pubkey", "address")  # noqa: PT017 - both outcomes are right
    else:
        assert isinstance(signer, ByKey | ByAddress)


@settings(derandomize=True, max_examples=500)
@given(st.text(st.characters(), max_size=140), st.text(st.characters(), max_size=140))
def test_any_signature_is_judged_or_refused_and_never_holds(signature: str, message: str) -> None:
    challenge = _challenge()
    for attempt in (_attempt(""), _attempt("", address=ALICE.p2wpkh())):
        wrong = replace(attempt, signature=signature)
        for judge in (
            lambda a: judge_challenge(challenge, a, NOW),
            lambda a: judge_seed_form(message, a, "HODLXXI", NOW),
        ):
            try:
                assert isinstance(judge(wrong), Refused)
            except BadInput:
                continue
