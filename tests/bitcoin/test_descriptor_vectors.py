"""Descriptors against the strings of BIP-380 to 387, 389 and 390: 176, each judged."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import pytest

from hodlxxi.bitcoin.address import Network
from hodlxxi.bitcoin.descriptor.derive import scripts_at
from hodlxxi.bitcoin.descriptor.parse import (
    expand_multipath,
    parse_descriptor,
    render_descriptor,
)
from hodlxxi.kit.errors import BadInput
from tests.support.public_form import make_public
from tests.support.vectors import load_vectors

HARDENED = "a hardened step after an extended public key"
# What the BIPs call valid and we refuse, although no private key is in it: which, and with what words.
UNSUPPORTED = {
    ("BIP-380", 0): "raw() is not supported",
    ("BIP-380", 1): "raw() is not supported",
    ("BIP-380", 19): HARDENED,
    ("BIP-380", 20): HARDENED,
    ("BIP-380", 21): HARDENED,
    ("BIP-385", 0): "raw() is not supported",
    ("BIP-385", 1): "raw() is not supported",
    ("BIP-385", 2): "raw() is not supported",
    ("BIP-390", 1): "musig() is not supported",
    ("BIP-390", 2): "musig() is not supported",
    ("BIP-390", 3): "musig() is not supported",
    ("BIP-390", 4): "musig() is not supported",
    ("BIP-390", 5): "musig() is not supported",
}
# Why we refuse what the BIPs call invalid too: the words of ours for the note of theirs.
REASONS = {
    "Missing checksum": "the checksum after #",
    "Too long checksum (9 chars)": "the checksum after #",
    "Too short checksum (7 chars)": "the checksum after #",
    "Error in payload": "the checksum is wrong",
    "Error in checksum": "the checksum after #",
    "Invalid characters in payload": "a character that descriptors do not have",
    "Children indicator in key origin": "a step of a path is a number",
    "Trailing slash in key origin": "a step of a path is a number",
    "Too short fingerprint": "a fingerprint of 8 hex digits",
    "Too long fingerprint": "a fingerprint of 8 hex digits",
    "Invalid hardened indicators": "a step of a path is a number",
    "Key origin with no public key": "a key is missing",
    "pk() only accepts key expressions": "a key is needed here, no function",
    "pkh() only accepts key expressions": "a key is needed here, no function",
    "sh() only accepts script expressions": "a function is needed in sh()",
    "sh() is top level only": "sh() is not possible in sh()",
    "Uncompressed public key in wpkh()": "an uncompressed key is not possible here",
    "Uncompressed public keys under wsh()": "an uncompressed key is not possible here",
    "wpkh() nested in wsh()": "wpkh() is not possible in wsh()",
    "wsh() nested in wsh()": "wsh() is not possible in wsh()",
    "Script in wpkh()": "a key is needed here, no function",
    "Key in wsh()": "a function is needed in wsh()",
    "More than 15 keys in P2SH multisig": "longer than 520 bytes",
    "Invalid threshold": "how many of its keys have to sign",
    "Threshold of 0": "how many of its keys have to sign",
    "combo() in sh": "combo() is not possible in sh()",
    "combo() in wsh": "combo() is not possible in wsh()",
    "Script in combo()": "a key is needed here, no function",
    "Non-hex script": "raw() is not supported",
    "Invalid address": "at character 6, the checksum is wrong",
    "raw nested in sh": "raw() is not supported",
    "raw nested in wsh": "raw() is not supported",
    "addr nested in sh": "addr() is not possible in sh()",
    "addr nested in wsh": "addr() is not possible in wsh()",
    "Uncompressed public key": "an uncompressed key is not possible here",
    "tr() nested in wsh": "tr() is not possible in wsh()",
    "tr() nested in sh": "tr() is not possible in sh()",
    "Unsupported top level": "multi_a() is not possible at the top",
    "Unsupported sh() context": "multi_a() is not possible in sh()",
    "Unsupported wsh() context": "multi_a() is not possible in wsh()",
    "Uncompressed pubkey": "an uncompressed key is not possible here",
    "Multipath specifier in origin": "a step of a path is a number",
    "Multipath specifiers of mismatched lengths": "as many numbers as the others",
    "Empty multipath specifier": "a step of a path is a number",
    "Missing multipath start": "a step of a path is a number",
    "Missing multipath end": "< needs a >",
    "Missing index in multipath specifier": "a step of a path is a number",
}


@dataclass(frozen=True)
class Case:
    bip: str
    number: int
    text: str
    is_valid: bool
    has_private_key: bool
    note: str
    outputs: list[str]

    @property
    def refused(self) -> str | None:
        """The words of our refusal; None if the descriptor is taken."""
        if self.has_private_key:
            return "private key"
        if self.is_valid:
            return UNSUPPORTED.get((self.bip, self.number))
        return "musig() is not supported" if self.bip == "BIP-390" else REASONS[self.note]


def load_cases() -> list[Case]:
    cases = []
    rows: dict[str, list[dict[str, Any]]] = load_vectors("bips/descriptor_vectors_extracted.json")
    for bip, found in rows.items():
        for number, row in enumerate(found):
            text = f"pkh({row['text']})" if row["what"] == "key expression" else row["text"]
            is_valid = row["kind"] == "valid"
            case = Case(bip, number, text, is_valid, row["has_private_key"], row["note"], row["outputs"])
            cases.append(case)
    return cases


CASES = load_cases()


def param(case: Case) -> Any:
    return pytest.param(case, id=f"{case.bip}-{case.number}")


REFUSED = [param(case) for case in CASES if case.refused is not None]
TAKEN = [case for case in CASES if case.refused is None]
WITH_SCRIPTS = [param(case) for case in TAKEN if case.outputs and case.bip != "BIP-389"]
MULTIPATH = [param(case) for case in TAKEN if case.bip == "BIP-389"]
# Published with private keys only; a hardened index has no public form.
PRIVATE = [
    param(replace(case, text=make_public(case.text)))
    for case in CASES
    if case.is_valid and case.has_private_key and case.outputs and case.bip not in ("BIP-389", "BIP-390")
]
HARDENED_INDEX = ["BIP-382-4", "BIP-382-5", "BIP-383-5", "BIP-387-5"]
# For these the BIPs give no scripts; all of them are key expressions.
WITHOUT_SCRIPTS = [param(case) for case in TAKEN if not case.outputs]


def test_each_string_of_the_bips_is_judged() -> None:
    assert len(CASES) == 176
    assert len(REFUSED) + len(WITH_SCRIPTS) + len(MULTIPATH) + len(WITHOUT_SCRIPTS) == 176
    assert (len(REFUSED), len(WITH_SCRIPTS), len(MULTIPATH), len(WITHOUT_SCRIPTS)) == (137, 25, 5, 9)
    assert {case.bip for case in TAKEN if not case.outputs} == {"BIP-380"}
    assert all(case.is_valid for case in TAKEN)
    assert len(PRIVATE) == 29


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_string_is_refused_for_its_reason_and_never_repeated(case: Case) -> None:
    with pytest.raises(BadInput) as refused:
        parse_descriptor(case.text, Network.MAIN)
    assert refused.value.field == "descriptor"
    assert case.refused is not None
    assert case.refused in refused.value.text
    assert (refused.value.code == "private_key_refused") == case.has_private_key
    for word in re.findall(r"\w{8,}", case.text):
        assert word not in refused.value.text


@pytest.mark.parametrize(
    "case", [*WITH_SCRIPTS, *(case for case in PRIVATE if case.id not in HARDENED_INDEX)]
)
def test_the_scripts_are_those_of_the_bips(case: Case) -> None:
    descriptor = parse_descriptor(case.text, Network.MAIN)
    scripts: list[str] = []
    index = 0
    while len(scripts) < len(case.outputs):
        scripts += [script.hex() for script in scripts_at(descriptor, index)]
        index += 1
    assert scripts == case.outputs
    assert descriptor.is_ranged == (index > 1)


@pytest.mark.parametrize("case", MULTIPATH)
def test_a_multipath_stands_for_the_descriptors_of_bip_389(case: Case) -> None:
    descriptor = parse_descriptor(case.text, Network.MAIN)
    expanded = expand_multipath(descriptor)
    assert [each.text for each in expanded] == case.outputs
    assert descriptor.branches == len(case.outputs)
    assert all(expand_multipath(each) == (each,) for each in expanded)
    with pytest.raises(BadInput, match="one by one"):
        scripts_at(descriptor)


@pytest.mark.parametrize("case", [*WITH_SCRIPTS, *MULTIPATH, *WITHOUT_SCRIPTS])
def test_what_is_taken_goes_round_with_its_checksum(case: Case) -> None:
    descriptor = parse_descriptor(case.text, Network.MAIN)
    text = render_descriptor(descriptor)
    assert text.startswith(f"{case.text.partition('#')[0]}#")
    assert parse_descriptor(text, Network.MAIN) == descriptor
