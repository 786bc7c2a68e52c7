"""Secrets: fresh ones are unlike, digests and tags are stable, what is sealed opens only unaltered and for its purpose."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hodlxxi.kit.secret import Sealer, derive_key, digest_of, mint_token, same, tag_of

MASTER = bytes(range(32))
_B64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def test_a_token_is_43_url_safe_characters_and_never_the_same() -> None:
    minted = {mint_token() for _ in range(200)}
    assert len(minted) == 200
    assert all(len(token) == 43 and set(token) <= set(_B64URL) for token in minted)
    assert len(mint_token(16)) == 22


def test_a_digest_is_sha_256_in_hex() -> None:
    # NIST's one-block example.
    assert digest_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@settings(derandomize=True, max_examples=200)
@given(st.text(alphabet=st.characters()), st.text(alphabet=st.characters()))
def test_same_is_equality_of_text_whatever_the_text(a: str, b: str) -> None:
    assert same(a, b) == (a == b)
    assert same(a, a)
    assert len(digest_of(a)) == 64


def test_same_compares_bytes_and_text_alike() -> None:
    assert same(b"abc", "abc")
    assert not same(b"abc", b"abd")
    assert not same("", "a")


def test_a_lone_surrogate_from_a_cookie_is_digested_and_compared_rather_than_raised() -> None:
    assert len(digest_of("\ud800")) == 64
    assert not same("\ud800", "x")


def test_a_derived_key_is_hkdf_expand_of_one_block_and_differs_by_purpose() -> None:
    expected = hmac.new(MASTER, b"csrf\x01", hashlib.sha256).digest()
    assert derive_key(MASTER, "csrf") == expected
    assert len({derive_key(MASTER, purpose) for purpose in ("csrf", "keys", "cursor")}) == 3


def test_a_tag_knows_where_one_part_ends() -> None:
    key = derive_key(MASTER, "csrf")
    assert tag_of(key, "ab", "c") != tag_of(key, "a", "bc")
    assert tag_of(key, "ab") != tag_of(key, "ab", "")
    assert tag_of(key, "ab", "c") == tag_of(key, "ab", "c")
    assert tag_of(key, "ab") != tag_of(derive_key(MASTER, "other"), "ab")
    assert len(tag_of(key, "ab")) == 43


@settings(derandomize=True, max_examples=50)
@given(st.binary(max_size=300))
def test_what_is_sealed_can_be_read_again(plain: bytes) -> None:
    sealer = Sealer(MASTER, "keys")
    assert sealer.unseal(sealer.seal(plain)) == plain


def test_two_seals_of_the_same_bytes_differ() -> None:
    sealer = Sealer(MASTER, "keys")
    assert sealer.seal(b"x") != sealer.seal(b"x")


def test_every_altered_byte_is_noticed() -> None:
    sealer = Sealer(MASTER, "keys")
    raw = bytearray(base64.urlsafe_b64decode(sealer.seal(b"a signing key")))
    for position in range(len(raw)):
        raw[position] ^= 1
        assert sealer.unseal(base64.urlsafe_b64encode(raw).decode()) is None, position
        raw[position] ^= 1
    assert sealer.unseal(base64.urlsafe_b64encode(raw).decode()) == b"a signing key"


def test_another_purpose_and_another_master_cannot_unseal() -> None:
    sealed = Sealer(MASTER, "keys").seal(b"x")
    assert Sealer(MASTER, "answers").unseal(sealed) is None
    assert Sealer(bytes(32), "keys").unseal(sealed) is None


@pytest.mark.parametrize(
    "text", ["", "A", "AAAA", "=" * 16, "not base64 at all", "ä" * 40, "A" * 15, "A" * 64]
)
def test_what_was_never_sealed_is_none_and_no_error(text: str) -> None:
    assert Sealer(MASTER, "keys").unseal(text) is None


@settings(derandomize=True, max_examples=200)
@given(st.text(alphabet=st.characters(), max_size=100))
def test_any_text_unseals_to_none(text: str) -> None:
    assert Sealer(MASTER, "keys").unseal(text) is None
