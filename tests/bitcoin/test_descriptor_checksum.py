"""The checksum of descriptors (BIP-380) against the BIP's strings and eighteen more."""

from __future__ import annotations

from typing import Any

import pytest

from hodlxxi.bitcoin.descriptor.checksum import checksum_of, strip_checksum
from hodlxxi.kit.errors import BadInput
from tests.support.vectors import load_vectors

CHECKSUMS: list[Any] = load_vectors("bitcoin-core/descriptor_checksums.json")
BIP_380 = [
    row
    for row in load_vectors("bips/descriptor_vectors_extracted.json")["BIP-380"]
    if row["what"] == "checksum"
]
GOOD = "raw(deadbeef)#89f8spxm"


def refusal(text: str) -> str:
    with pytest.raises(BadInput) as refused:
        strip_checksum(text)
    assert refused.value.field == "descriptor"
    assert "deadbeef" not in refused.value.text
    return refused.value.text


@pytest.mark.parametrize("row", CHECKSUMS, ids=lambda row: row["checksum"])
def test_checksums_are_those_of_the_vectors(row: dict[str, str]) -> None:
    assert checksum_of(row["desc"]) == row["checksum"]
    assert strip_checksum(f"{row['desc']}#{row['checksum']}") == row["desc"]


@pytest.mark.parametrize("row", BIP_380, ids=lambda row: row["note"])
def test_the_checksum_strings_of_bip_380_are_judged_as_it_says(row: dict[str, str]) -> None:
    if row["kind"] == "valid":
        assert strip_checksum(row["text"]) == "raw(deadbeef)"
    else:
        refusal(row["text"])


def test_no_vector_of_checksums_is_left_out() -> None:
    assert (len(CHECKSUMS), len(BIP_380)) == (18, 8)


def test_the_checksum_is_over_the_text_as_it_is_written() -> None:
    key = "02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9"
    assert checksum_of(f"pkh([d34db33f/84'/0']{key})") != checksum_of(f"pkh([d34db33f/84h/0h]{key})")


@pytest.mark.parametrize("at", [at for at, character in enumerate(GOOD) if character != "#"])
def test_one_wrong_character_anywhere_is_noticed(at: int) -> None:
    for wrong in "qd(x":
        if wrong != GOOD[at]:
            refusal(GOOD[:at] + wrong + GOOD[at + 1 :])


def test_the_refusal_names_the_place() -> None:
    assert "at character 5," in refusal("raw(ü)")
    assert "at character 14," in refusal("raw(deadbeef)#89f8spxx")
    assert "at character 14," in refusal("raw(deadbeef)#89F8SPXM")
    assert "exactly 8 characters" in refusal("raw(deadbeef)#89f8spxm#")
