"""BIP-340 through our own function."""

from __future__ import annotations

import csv

import pytest

from hodlxxi.bitcoin.schnorr import verify_schnorr
from tests.support.vectors import VECTORS

with (VECTORS / "bip-0340/test-vectors.csv").open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['index']}-{row['comment']}" for row in ROWS])
def test_bip_340(row: dict[str, str]) -> None:
    key, message, signature = (bytes.fromhex(row[name]) for name in ("public key", "message", "signature"))
    assert verify_schnorr(key, message, signature) is (row["verification result"] == "TRUE")


def test_all_19_vectors_are_there() -> None:
    assert len(ROWS) == 19


KEY, MESSAGE, SIGNATURE = (bytes.fromhex(ROWS[1][name]) for name in ("public key", "message", "signature"))


@pytest.mark.parametrize(
    "key", [b"", KEY[:31], KEY + b"\0", b"\x02" + KEY, b"\x03" + KEY], ids=["none", "31", "33", "02", "03"]
)
def test_a_key_of_another_length_never_reaches_the_library(key: bytes) -> None:
    assert not verify_schnorr(key, MESSAGE, SIGNATURE)


@pytest.mark.parametrize("signature", [b"", SIGNATURE[:63], SIGNATURE + b"\x01", bytes(64), b"\xff" * 64])
def test_a_signature_of_another_length_or_out_of_range_is_wrong(signature: bytes) -> None:
    assert not verify_schnorr(KEY, MESSAGE, signature)
