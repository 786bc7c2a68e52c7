"""RIPEMD-160 in Python against the published values and against OpenSSL where it has it."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hodlxxi.bitcoin import hashes

# "RIPEMD-160: A Strengthened Version of RIPEMD", Dobbertin, Bosselaers, Preneel, appendix B.
PUBLISHED = [
    (b"", "9c1185a5c5e9fc54612808977ee8f548b2258d31"),
    (b"a", "0bdc9d2d256b3ee9daae347be6f4dc835a467ffe"),
    (b"abc", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"),
    (b"message digest", "5d0689ef49d2fae572b881b123a85ffa21595f36"),
    (b"abcdefghijklmnopqrstuvwxyz", "f71c27109c692c1b56bbdceb5b9d2865b3708dbc"),
    (b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "12a053384a9c0c88e405a06c27dcf49ada62eb2b"),
    (
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        "b0e20b6e3116640286ed3a87a5713079b21f5189",
    ),
    (b"1234567890" * 8, "9b752e45573d4b39f4dbd3323cab82bf63326bfb"),
]


@pytest.mark.parametrize(("message", "digest"), PUBLISHED)
def test_ripemd160_in_python_gives_the_published_values(message: bytes, digest: str) -> None:
    assert hashes.ripemd160_in_python(message).hex() == digest
    assert hashes.ripemd160(message).hex() == digest


@settings(derandomize=True, deadline=None, max_examples=60, database=None)
@given(st.binary(max_size=200))
def test_the_chosen_ripemd160_and_the_one_in_python_agree(message: bytes) -> None:
    assert hashes.ripemd160(message) == hashes.ripemd160_in_python(message)


def test_hash160_and_sha256d_are_their_compositions() -> None:
    once = hashlib.sha256(b"key").digest()
    assert hashes.hash160(b"key") == hashes.ripemd160_in_python(once)
    assert hashes.sha256d(b"key") == hashlib.sha256(once).digest()
