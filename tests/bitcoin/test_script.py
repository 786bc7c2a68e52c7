"""Script templates: all in their shortest form, and a multisig is recognised only when it is exactly one."""

from __future__ import annotations

import pytest

from hodlxxi.bitcoin.script import (
    compact_size,
    find_multisig,
    multisig_script,
    push_bytes,
    push_number,
    tapscript_multisig,
)

KEYS = [bytes([2 + i % 2]) + bytes([i + 1]) * 32 for i in range(20)]
LONG_KEY = b"\x04" + bytes(64)


@pytest.mark.parametrize(
    ("number", "spelled"),
    [
        (0, "00"),
        (0xFC, "fc"),
        (0xFD, "fdfd00"),
        (0xFFFF, "fdffff"),
        (0x10000, "fe00000100"),
        (0xFFFFFFFF, "feffffffff"),
        (0x100000000, "ff0000000001000000"),
    ],
)
def test_a_compact_size_is_as_short_as_can_be(number: int, spelled: str) -> None:
    assert compact_size(number).hex() == spelled


@pytest.mark.parametrize(
    ("size", "opened"), [(2, "02"), (75, "4b"), (76, "4c4c"), (255, "4cff"), (256, "4d0001"), (520, "4d0802")]
)
def test_a_push_says_its_length_as_short_as_can_be(size: int, opened: str) -> None:
    assert push_bytes(bytes(size)).hex() == opened + "00" * size


def test_small_numbers_are_opcodes_up_to_16() -> None:
    assert [push_number(n).hex() for n in (0, 1, 16, 17, 20)] == ["00", "51", "60", "0111", "0114"]


@pytest.mark.parametrize(("threshold", "count"), [(1, 1), (2, 3), (15, 15), (16, 16), (17, 20), (20, 20)])
def test_a_multisig_goes_round(threshold: int, count: int) -> None:
    found = find_multisig(multisig_script(threshold, KEYS[:count]))
    assert found is not None
    assert (found.threshold, list(found.keys)) == (threshold, KEYS[:count])


def test_a_multisig_may_hold_uncompressed_keys() -> None:
    found = find_multisig(multisig_script(1, [KEYS[0], LONG_KEY]))
    assert found is not None
    assert found.keys == (KEYS[0], LONG_KEY)


GOOD = multisig_script(2, KEYS[:3])


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(b"", id="empty"),
        pytest.param(GOOD[:-1], id="no opcode at the end"),
        pytest.param(GOOD + b"\x00", id="a byte left over"),
        pytest.param(GOOD[:40] + GOOD[41:], id="a key cut short"),
        pytest.param(b"\x54" + GOOD[1:], id="more signatures than keys"),
        pytest.param(b"\x00" + GOOD[1:], id="no signature"),
        pytest.param(b"\x01\x02" + GOOD[1:], id="a number pushed the long way"),
        pytest.param(b"\x01", id="a number cut short"),
        pytest.param(GOOD[:-2] + b"\x52\xae", id="a count too low"),
        pytest.param(b"\x51\x51\xae", id="no key"),
        pytest.param(multisig_script(1, [bytes(20)]), id="a hash for a key"),
        pytest.param(multisig_script(1, [*KEYS, KEYS[0]]), id="21 keys"),
        pytest.param(GOOD[:-1] + b"\xaf", id="another opcode"),
    ],
)
def test_what_is_not_exactly_a_multisig_is_none(script: bytes) -> None:
    assert find_multisig(script) is None


def test_tapscript_adds_signatures_up() -> None:
    x_only = [key[1:] for key in KEYS[:2]]
    spelled = f"20{x_only[0].hex()}ac20{x_only[1].hex()}ba529c"
    assert tapscript_multisig(2, x_only).hex() == spelled
