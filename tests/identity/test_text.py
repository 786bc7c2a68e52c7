"""The text to sign, byte by byte, and what may come back of it (reference bitcoin §2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hodlxxi.bitcoin.address import Network
from hodlxxi.identity.rules import ANY_KEY, TextParts, check_same_text, find_nonce, render_text
from hodlxxi.kit.errors import BadInput

PARTS = TextParts(
    domain="login.example.org",
    public_url="https://login.example.org",
    service_name="HODLXXI",
    network=Network.MAIN,
    signer="bc1q9vza2e8x573nczrlzms0wvx3gsqjx7vavgkx0l",
    nonce="8s1Qk0Zp3mVt7xYwB4n2Lf",
    challenge_id="3q2-7wAAAAAAAAAAAAAAAA",
    issued_at=datetime(2042, 1, 5, 12, 0, 0, tzinfo=UTC),
)
TEXT = """login.example.org wants you to sign in with your Bitcoin account:
bc1q9vza2e8x573nczrlzms0wvx3gsqjx7vavgkx0l

Sign in to HODLXXI. This does not move any bitcoin.

URI: https://login.example.org/login
Version: 1
Chain ID: bip122:000000000019d6689c085ae165831e93
Nonce: 8s1Qk0Zp3mVt7xYwB4n2Lf
Issued At: 2042-01-05T12:00:00Z
Expiration Time: 2042-01-05T12:05:00Z
Request ID: 3q2-7wAAAAAAAAAAAAAAAA"""


def test_the_text_is_exactly_the_references() -> None:
    assert render_text(PARTS) == TEXT


def test_an_app_that_sent_the_person_here_is_named_last() -> None:
    with_app = render_text(replace(PARTS, app="https://app.example.com"))
    assert with_app == TEXT + "\nResources:\n- https://app.example.com"


def test_nobody_named_is_the_key_that_signs() -> None:
    assert (
        render_text(replace(PARTS, signer=None)).split("\n")[1] == ANY_KEY == "the key that signs this text"
    )


@pytest.mark.parametrize(
    ("network", "chain"),
    [
        (Network.MAIN, "000000000019d6689c085ae165831e93"),
        (Network.TEST, "000000000933ea01ad0ee984209779ba"),
        (Network.TESTNET4, "00000000da84f2bafbbc53dee25a72ae"),
        (Network.SIGNET, "00000008819873e925422c1ff0f99f7c"),
        (Network.REGTEST, "0f9188f13cb7b2c71f2a335e3a4fc328"),
    ],
)
def test_each_network_has_its_chain_id(network: Network, chain: str) -> None:
    assert f"\nChain ID: bip122:{chain}\n" in render_text(replace(PARTS, network=network))


def test_the_text_survives_wallets_and_clipboards() -> None:
    text = render_text(replace(PARTS, app="https://app.example.com", service_name="A" * 60, domain="d" * 200))
    assert text.isascii()
    assert len(text) <= 1024
    assert "\r" not in text
    assert not any(line != line.rstrip() for line in text.split("\n"))
    assert not text.endswith("\n")


@pytest.mark.parametrize(
    "returned",
    [
        pytest.param(TEXT, id="exact"),
        pytest.param(TEXT + "\n", id="a-newline-at-the-end"),
        pytest.param(TEXT.replace("\n", "\r\n"), id="crlf"),
        pytest.param(TEXT.replace("\n", "\r\n") + "\r\n", id="crlf-and-one-at-the-end"),
    ],
)
def test_what_copying_does_to_line_ends_is_forgiven(returned: str) -> None:
    check_same_text(returned, TEXT)


@pytest.mark.parametrize(
    "returned",
    [
        pytest.param("", id="empty"),
        pytest.param(TEXT + "\n\n", id="two-newlines"),
        pytest.param(TEXT + " ", id="a-space-at-the-end"),
        pytest.param("\n" + TEXT, id="a-newline-before"),
        pytest.param(TEXT.replace("\n", "\r"), id="only-carriage-returns"),
        pytest.param(TEXT.replace("HODLXXI", "Hodlxxi"), id="another-name"),
        pytest.param(TEXT.replace("login.example.org", "evil.example"), id="another-site"),
        pytest.param(TEXT.replace("12:05:00Z", "13:05:00Z"), id="a-later-end"),
        pytest.param(TEXT.replace(" ", "\u00a0"), id="no-break-spaces"),
        pytest.param(TEXT.replace("bc1q9", "bc1p9"), id="another-address"),
        pytest.param(TEXT + "\nResources:\n- https://evil.example", id="an-app-added"),
        pytest.param(TEXT[:-1], id="cut-off"),
        pytest.param(TEXT.upper(), id="upper-case"),
    ],
)
def test_any_other_text_is_refused_and_named(returned: str) -> None:
    with pytest.raises(BadInput) as refused:
        check_same_text(returned, TEXT)
    assert refused.value.field == "message"


@pytest.mark.parametrize(
    ("message", "nonce"),
    [
        (TEXT, "8s1Qk0Zp3mVt7xYwB4n2Lf"),
        (TEXT.replace("\n", "\r\n"), "8s1Qk0Zp3mVt7xYwB4n2Lf"),
        ("Nonce: short", None),
        ("Nonce: " + "a" * 65, None),
        ("Nonce: 8s1Qk0Zp 3mVt", None),
        ("nonce: 8s1Qk0Zp3mVt7xYwB4n2Lf", None),
        (" Nonce: 8s1Qk0Zp3mVt7xYwB4n2Lf", None),
        ("The Nonce: 8s1Qk0Zp3mVt7xYwB4n2Lf", None),
        ("Nonce: ä8s1Qk0Zp3mVt7xYwB", None),
        ("", None),
    ],
)
def test_the_nonce_is_found_on_its_own_line_only(message: str, nonce: str | None) -> None:
    assert find_nonce(message) == nonce


@settings(derandomize=True, max_examples=300)
@given(st.text(st.characters(), max_size=200))
def test_whatever_came_back_is_the_text_or_refused(returned: str) -> None:
    nonce = find_nonce(returned)
    assert nonce is None or (nonce.isascii() and nonce.isalnum())
    with pytest.raises(BadInput):
        check_same_text(returned, TEXT)


@settings(derandomize=True, max_examples=300)
@given(st.integers(0, len(TEXT) - 1), st.characters(), st.sampled_from(["insert", "replace", "drop"]))
def test_every_single_change_is_noticed(position: int, character: str, how: str) -> None:
    """wallet 3: domain, nonce, times and client origin are signed."""
    kept = TEXT[position + (how != "insert") :]
    changed = TEXT[:position] + ("" if how == "drop" else character) + kept
    if changed.replace("\r\n", "\n") == TEXT:
        return
    with pytest.raises(BadInput):
        check_same_text(changed, TEXT)
