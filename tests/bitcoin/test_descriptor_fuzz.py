"""Whatever arrives as a descriptor, the answer is a descriptor or BadInput, and no refusal holds a secret.

As in ``test_fuzz``: any text, good texts with a few changes, and whole descriptors grown from the grammar.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hodlxxi.bitcoin.address import Network
from hodlxxi.bitcoin.descriptor.checksum import checksum_of, strip_checksum
from hodlxxi.bitcoin.descriptor.derive import addresses_at, parse_range, scripts_at
from hodlxxi.bitcoin.descriptor.parse import expand_multipath, parse_descriptor, render_descriptor
from hodlxxi.kit.errors import BadInput
from tests.support.signer import TestKey
from tests.support.vectors import load_vectors

fuzz = settings(
    derandomize=True,
    deadline=None,
    max_examples=400,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)

ROWS = [row for rows in load_vectors("bips/descriptor_vectors_extracted.json").values() for row in rows]
BIP_TEXTS = [
    f"pkh({row['text']})" if row["what"] == "key expression" else row["text"]
    for row in ROWS
    if len(row["text"]) < 1500
]
CHAINS = load_vectors("bip32/bip32_test_vectors.json")
XPUBS = [xpub for chain in CHAINS.values() for _, xpub, _ in chain]
SECRETS = [
    *(xprv for chain in CHAINS.values() for _, _, xprv in chain),
    *(text for text, _, about in load_vectors("bitcoin-core/key_io_valid.json") if about["isPrivkey"]),
]
ALPHABET = "0123456789()[],'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#\"\\ "
ANY_TEXT = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=200),
    st.text(st.sampled_from(ALPHABET), max_size=200),
    st.text(st.sampled_from("()[]{},/*<>;'h0123#:pkwshmultir_a"), max_size=80),
)
SMALL_CHANGE = st.sampled_from(
    [*("", " ", "\n", "\0", "0", "1", "h", "'", "/", "*", "/*", "<", ">", "<0;1>", ";", ","), *"(){}[]#", "\u212a"]
)  # fmt: skip


@st.composite
def damaged_texts(draw: st.DrawFn) -> str:
    """A descriptor of the BIPs in which up to three places were replaced, inserted or cut."""
    text = draw(st.sampled_from(BIP_TEXTS))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 2)))
        text = text[:start] + draw(SMALL_CHANGE) + text[end:]
    return text


@st.composite
def keys(draw: st.DrawFn, *, branches: int) -> str:
    """A key expression: a compressed key or an extended one with steps, with an origin or without."""
    origin = draw(st.sampled_from(["", "[d34db33f]", "[00000000/84'/0h/3]"]))
    if draw(st.booleans()):
        return origin + TestKey(draw(st.integers(1, 50))).pubkey_hex
    steps = draw(st.lists(st.integers(0, 2**31 - 1).map(str), max_size=3))
    if branches > 1 and draw(st.booleans()):
        steps.insert(draw(st.integers(0, len(steps))), f"<{';'.join(map(str, range(branches)))}>")
    return "/".join([origin + draw(st.sampled_from(XPUBS)), *steps, *draw(st.sampled_from([[], ["*"]]))])


@st.composite
def descriptors(draw: st.DrawFn) -> str:
    """Every function in every place where it may stand."""
    branches = draw(st.integers(1, 3))
    key = keys(branches=branches)

    def multi(name: str, most: int) -> str:
        several = draw(st.lists(key, min_size=1, max_size=most))
        return f"{draw(st.sampled_from(['', 'sorted']))}{name}({draw(st.integers(1, len(several)))},{','.join(several)})"

    def tree(levels: int) -> str:
        if levels and draw(st.booleans()):
            return f"{{{tree(levels - 1)},{tree(levels - 1)}}}"
        return draw(st.sampled_from([f"pk({draw(key)})", f"pkh({draw(key)})", multi("multi_a", 2)]))

    plain = [f"pk({draw(key)})", f"pkh({draw(key)})", multi("multi", 3)]
    in_wsh = draw(st.sampled_from(plain))
    in_sh = draw(st.sampled_from([*plain, f"wpkh({draw(key)})", f"wsh({in_wsh})"]))
    top = [*plain, f"combo({draw(key)})", f"rawtr({draw(key)})", f"wpkh({draw(key)})", f"wsh({in_wsh})"]
    return draw(st.sampled_from([*top, f"sh({in_sh})", f"tr({draw(key)})", f"tr({draw(key)},{tree(2)})"]))


def refusal_of(ask: Callable[[], object]) -> BadInput | None:
    """How it was refused; None if it was not. Any other exception fails the test."""
    try:
        ask()
    except BadInput as refused:
        return refused
    return None


def use(text: str, network: Network) -> None:
    """Everything that can be done with a text."""
    for descriptor in expand_multipath(parse_descriptor(text, network)):
        assert addresses_at(descriptor, 7) == addresses_at(descriptor, 7)
        assert parse_descriptor(render_descriptor(descriptor), network) == descriptor


def use_or_refuse(text: str, network: Network) -> None:
    """Only BadInput may come out, and it holds no long word of the text."""
    refused = refusal_of(lambda: use(text, network))
    if refused is not None:
        assert refused.field == "descriptor"
        for word in re.findall(r"\w{14,}", text):
            assert word not in refused.text


@fuzz
@given(ANY_TEXT, st.sampled_from(list(Network)))
def test_no_text_upsets_the_parser(text: str, network: Network) -> None:
    use_or_refuse(text, network)


@fuzz
@given(damaged_texts(), st.sampled_from([Network.MAIN, Network.REGTEST]))
def test_no_damaged_descriptor_upsets_the_parser(text: str, network: Network) -> None:
    use_or_refuse(text, network)


@fuzz
@given(damaged_texts(), st.sampled_from(SECRETS), st.data())
def test_no_place_hides_a_private_key(text: str, secret: str, data: st.DataObject) -> None:
    # Not inside another word: that would be no key any more.
    places = [
        0,
        len(text),
        *(at for at in range(1, len(text)) if not text[at - 1].isalnum() and not text[at].isalnum()),
    ]
    place = data.draw(st.sampled_from(places))
    glued = re.compile(r"[0-9A-Za-z]")
    front = " " if place and glued.match(text[place - 1]) else ""
    back = " " if place < len(text) and glued.match(text[place]) else ""
    with pytest.raises(BadInput) as refused:
        parse_descriptor(text[:place] + front + secret + back + text[place:], Network.MAIN)
    assert refused.value.code == "private_key_refused"
    assert secret not in refused.value.text


@fuzz
@given(st.sampled_from(SECRETS), st.data())
def test_no_damaged_private_key_is_ever_repeated(secret: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(secret)))
    damaged = secret[:at] + data.draw(SMALL_CHANGE) + secret[at + data.draw(st.integers(0, 2)) :]
    text = data.draw(
        st.sampled_from(["pkh({})", "{}(a)", "wsh(multi({},a))", "addr({})", "pkh([{}]a)", "a#{}"])
    )
    with pytest.raises(BadInput) as refused:
        parse_descriptor(text.format(damaged), Network.MAIN)
    for start in range(len(damaged) - 5):
        assert damaged[start : start + 6] not in refused.value.text


@fuzz
@given(descriptors())
def test_what_the_grammar_makes_is_taken_and_goes_round(text: str) -> None:
    descriptor = parse_descriptor(text, Network.MAIN)
    expanded = expand_multipath(descriptor)
    assert len(expanded) == descriptor.branches
    for each in expanded:
        assert "<" not in each.text
        assert each.is_ranged == descriptor.is_ranged
        assert (scripts_at(each, 0) != scripts_at(each, 1)) == each.is_ranged
        assert parse_descriptor(render_descriptor(each), Network.MAIN) == each


@fuzz
@given(st.text(st.sampled_from(ALPHABET.replace("#", "")), max_size=100), st.data())
def test_two_wrong_characters_are_noticed_by_the_checksum(text: str, data: st.DataObject) -> None:
    good = f"{text}#{checksum_of(text)}"
    assert strip_checksum(good) == text
    wrong = list(good)
    for _ in range(2):
        at = data.draw(st.integers(0, len(good) - 1))
        if wrong[at] != "#":
            wrong[at] = data.draw(st.sampled_from(ALPHABET.replace("#", "")))
    if "".join(wrong) != good:
        with pytest.raises(BadInput):
            strip_checksum("".join(wrong))


@fuzz
@given(st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()), st.lists))
def test_no_value_upsets_the_reader_of_ranges(wanted: object) -> None:
    refused = refusal_of(lambda: parse_range(wanted))
    assert refused.field == "range" if refused else 1 <= len(parse_range(wanted)) <= 1000


@pytest.mark.parametrize(
    "unit", ["(", "{", "a(", "[", "</", "/0", "1", "xpub", "xprv", "5", ",", "#", "\ud800", "tr("]
)
def test_the_longest_texts_are_refused_soon(unit: str) -> None:
    for text in (unit * 1_000_000, unit * (4096 // len(unit)), f"wsh(multi(1,{unit * 1000}))"[:4096]):
        with pytest.raises(BadInput):
            parse_descriptor(text, Network.MAIN)
