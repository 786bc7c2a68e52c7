"""Private keys are found wherever they stand in a descriptor, mistyped ones too, and never repeated."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hodlxxi.bitcoin.base58 import parse_base58check, render_base58check
from hodlxxi.bitcoin.descriptor.private_keys import refuse_private_keys
from hodlxxi.kit.errors import BadInput
from tests.support.vectors import load_vectors

BIPS: dict[str, list[Any]] = load_vectors("bips/descriptor_vectors_extracted.json")
ROWS = [row for rows in BIPS.values() for row in rows]
WITH_SECRET = [row["text"] for row in ROWS if row["has_private_key"]]
WITHOUT = [row["text"] for row in ROWS if not row["has_private_key"]]
KEY_IO: list[Any] = load_vectors("bitcoin-core/key_io_valid.json")
WIFS = [text for text, _, facts in KEY_IO if facts["isPrivkey"]]
ADDRESSES = [text for text, _, facts in KEY_IO if not facts["isPrivkey"]]
CHAINS: dict[str, list[tuple[str, str, str]]] = load_vectors("bip32/bip32_test_vectors.json")
XPUBS = [xpub for chain in CHAINS.values() for _, xpub, _ in chain]
XPRVS = [xprv for chain in CHAINS.values() for _, _, xprv in chain]
XPRV = XPRVS[0]
VERSIONS = [
    *(0x0488ADE4, 0x049D7878, 0x04B2430C, 0x0295B005, 0x02AA7A99),
    *(0x04358394, 0x044A4E28, 0x045F18BC, 0x024285B5, 0x02575048),
]
SLIP132 = [
    render_base58check(version.to_bytes(4, "big") + parse_base58check(XPRV, "x")[4:]) for version in VERSIONS
]
ENCRYPTED = render_base58check(b"\x01\x42\xc0" + bytes(range(36)))
SECRETS = [*WIFS, *SLIP132, ENCRYPTED]
POSITIONS = [
    "{}",
    "pkh({})",
    "pkh({}/0/*)",
    "wsh(multi(1,0260b2003c386519fc9eadf2b5cf124dd8eea4c4e68d5e154050a9346ea98ce600,{}))",
    "pkh([{}/0h]0260b2003c386519fc9eadf2b5cf124dd8eea4c4e68d5e154050a9346ea98ce600)",
    "pkh([deadbeef/{}]0260b2003c386519fc9eadf2b5cf124dd8eea4c4e68d5e154050a9346ea98ce600)",
    "pkh(xpub/<0;{}>/*)",
    "tr(a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd,{{pk({}),pk(a)}})",
    "{}(0260b2003c386519fc9eadf2b5cf124dd8eea4c4e68d5e154050a9346ea98ce600)",
    "multi({},a)",
    "addr({})",
    "raw({})",
    "unknown({})",
    "pkh(a)#{}",
    "pkh(a) {}",
    "))){}((",
    "\u00fc{}\n",
]


def refusal(text: str) -> str:
    with pytest.raises(BadInput) as refused:
        refuse_private_keys(text)
    assert (refused.value.field, refused.value.code) == ("descriptor", "private_key_refused")
    for word in re.findall(r"\w{16,}", text):
        assert word not in refused.value.text
    return refused.value.text


def test_no_vector_of_private_keys_is_left_out() -> None:
    assert (len(WITH_SECRET), len(WITHOUT), len(WIFS), len(ADDRESSES)) == (57, 119, 16, 54)


@pytest.mark.parametrize("text", WITH_SECRET)
def test_every_private_key_of_the_bips_is_found(text: str) -> None:
    refusal(text)


@pytest.mark.parametrize("text", WITHOUT)
def test_nothing_else_in_the_bips_is_taken_for_one(text: str) -> None:
    refuse_private_keys(text)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("position", POSITIONS)
def test_a_private_key_is_found_in_any_position(position: str, secret: str) -> None:
    text = position.format(secret)
    assert f"at character {text.index(secret) + 1}," in refusal(text)


@pytest.mark.parametrize("secret", [*WIFS[:4], *SLIP132, ENCRYPTED])
def test_a_mistyped_secret_is_a_secret(secret: str) -> None:
    for at in range(len(secret)):
        other = "2" if secret[at] != "2" else "3"
        refusal(f"pkh({secret[:at]}{other}{secret[at + 1 :]})")
        refusal(f"pkh({secret[:at]}{secret[at + 1 :]})")
    for at in range(5, len(secret)):
        # Characters that base58 does not have: a slip of the eye.
        for other in "0OIl":
            refusal(f"pkh({secret[:at]}{other}{secret[at + 1 :]})")


@pytest.mark.parametrize("public", [*ADDRESSES, *XPUBS])
def test_addresses_and_extended_public_keys_are_none_even_mistyped(public: str) -> None:
    refuse_private_keys(public)
    for at in range(5, len(public)):
        other = "2" if public[at] != "2" else "3"
        refuse_private_keys(public[:at] + other + public[at + 1 :])
