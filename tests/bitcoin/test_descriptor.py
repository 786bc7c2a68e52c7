"""What a descriptor may say, and how it is refused: the rules that the BIPs' strings do not test."""

from __future__ import annotations

import pytest

from hodlxxi.bitcoin.address import Network
from hodlxxi.bitcoin.base58 import parse_base58check, render_base58check
from hodlxxi.bitcoin.bip32 import ExtendedKey, parse_extended_key, render_extended_key
from hodlxxi.bitcoin.descriptor.derive import addresses_at, parse_range, scripts_at
from hodlxxi.bitcoin.descriptor.expression import keys_of
from hodlxxi.bitcoin.descriptor.grammar import UNSUPPORTED
from hodlxxi.bitcoin.descriptor.key import Origin
from hodlxxi.bitcoin.descriptor.parse import expand_multipath, parse_descriptor, render_descriptor
from hodlxxi.kit.errors import BadInput
from tests.support.signer import TestKey

KEYS = [TestKey(number).pubkey_hex for number in range(1, 31)]
KEY, KEY2 = KEYS[:2]
X_ONLY = KEY[2:]
UNCOMPRESSED = TestKey(1).uncompressed_hex
XPUB = "xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY47LJhkJ8UB7WEGuduB"
XPUB2 = "xpub6ERApfZwUNrhLCkDtcHTcxd75RbzS1ed54G1LkBUHQVHQKqhMkhgbmJbZRkrgZw4koxb5JaHWkY4ALHY2grBGRjaDMzQLcgJvLJuZZvRcEL"


def refusal(text: str, network: Network = Network.MAIN) -> str:
    with pytest.raises(BadInput) as refused:
        parse_descriptor(text, network)
    assert refused.value.field == "descriptor"
    return refused.value.text


def addresses(text: str, index: int = 0) -> tuple[str, ...]:
    return addresses_at(parse_descriptor(text, Network.MAIN), index)


def test_one_key_has_the_addresses_that_signing_in_knows() -> None:
    key = TestKey(1)
    assert addresses(f"pkh({KEY})") == (key.p2pkh(),)
    assert addresses(f"wpkh({KEY})") == (key.p2wpkh(),)
    assert addresses(f"sh(wpkh({KEY}))") == (key.p2sh_p2wpkh(),)
    assert addresses(f"combo({KEY})") == (key.p2pkh(), key.p2wpkh(), key.p2sh_p2wpkh())
    assert addresses(f"addr({key.p2pkh()})", 5) == (key.p2pkh(),)


def test_scripts_without_an_address_have_none() -> None:
    assert addresses(f"pk({KEY})") == ()
    assert addresses(f"multi(1,{KEY})") == ()


def test_the_first_addresses_of_bip_86_and_bip_84() -> None:
    # The account keys that both BIPs derive from "abandon … about", and their first addresses.
    bip_86 = "xpub6BgBgsespWvERF3LHQu6CnqdvfEvtMcQjYrcRzx53QJjSxarj2afYWcLteoGVky7D3UKDP9QyrLprQ3VCECoY49yfdDEHGCtMMj92pReUsQ"
    text = f"tr([73c5da0a/86'/0'/0']{bip_86}/<0;1>/*)"
    receiving, change = expand_multipath(parse_descriptor(text, Network.MAIN))
    assert addresses_at(receiving, 0) == ("bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr",)
    assert addresses_at(receiving, 1) == ("bc1p4qhjn9zdvkux4e44uhx8tc55attvtyu358kutcqkudyccelu0was9fqzwh",)
    assert addresses_at(change, 0) == ("bc1p3qkhfews2uk44qtvauqyr2ttdsw7svhkl9nkm9s9c3x4ax5h60wqwruhk7",)


def test_origins_and_keys_can_be_read() -> None:
    descriptor = parse_descriptor(f"wpkh([D34DB33F/84'/0h/7]{XPUB}/3/<0;1>/*)", Network.MAIN)
    (key,) = keys_of(descriptor.script)
    assert key.origin == Origin(bytes.fromhex("d34db33f"), (2**31 + 84, 2**31, 7))
    assert isinstance(key.key, ExtendedKey)
    assert (key.key.depth, key.steps, key.is_ranged, key.branches) == (1, ((0, 1),), True, 2)
    assert (descriptor.branches, descriptor.is_ranged) == (2, True)


def test_the_checksum_may_be_missing_and_is_added_over_the_text_as_written() -> None:
    # From doc/descriptors.md and the vectors of checksums.
    text = "pkh(02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5)"
    for given in (text, f"{text}#8fhd9pwu"):
        assert render_descriptor(parse_descriptor(given, Network.MAIN)) == f"{text}#8fhd9pwu"
    assert "the checksum is wrong" in refusal(f"{text}#8fhd9pww")


def test_four_kilobytes_are_the_most() -> None:
    origin = f"[d34db33f{'/0' * 255}]"
    text = f"wsh(multi(1,{','.join(origin + key for key in KEYS[:6])}))"
    assert 3000 < len(text) <= 4096
    assert parse_descriptor(text, Network.MAIN).branches == 1
    assert "too long" in refusal(text + " " * (4097 - len(text)))
    assert "too long" not in refusal(text + " " * (4096 - len(text)))


def test_twenty_keys_are_the_most() -> None:
    assert (
        len(list(keys_of(parse_descriptor(f"wsh(multi(20,{','.join(KEYS[:20])}))", Network.MAIN).script)))
        == 20
    )
    assert "no more than 20 keys" in refusal(f"wsh(multi(20,{','.join(KEYS[:21])}))")
    assert "more than 20 keys" in refusal(f"tr({KEY},multi_a(1,{','.join(KEYS[:20])}))")


def test_ten_levels_are_the_most() -> None:
    def nested(levels: int) -> str:
        tree = f"pk({KEY})"
        for _ in range(levels):
            tree = f"{{{tree},pk({KEY})}}"
        return f"tr({KEY},{tree})"

    assert parse_descriptor(nested(8), Network.MAIN).branches == 1
    assert "more than 10" in refusal(nested(9))
    assert "more than 10" in refusal("(" * 4000)


def test_what_is_refused_by_name() -> None:
    for name in sorted(UNSUPPORTED):
        assert f"{name}() is not supported" in refusal(f"{name}({KEY})")
        assert f"{name}() is not supported" in refusal(f"wsh({name}({KEY}))")
        assert f"{name}() is not supported" in refusal(f"tr({KEY},{name}({KEY}))")
        assert f"{name}() is not supported" in refusal(f"tr({name}({KEY}))")
    assert "miniscript is not supported" in refusal(f"wsh(v:pk({KEY}))")


def test_an_unknown_name_is_not_repeated() -> None:
    assert "zebra" not in refusal(f"zebra({KEY})")
    assert "Supported are pk(), pkh(), wpkh()" in refusal(f"zebra({KEY})")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "a function is needed at the top"),
        (KEY, "a function is needed at the top"),
        (f"pkh({KEY}", "at character 71, there is a parenthesis or brace that is not closed"),
        (f"pkh({KEY}))", "at character 72, there is a parenthesis or brace that closes nothing"),
        (f"pkh({KEY}}}", "closes nothing"),
        (f"pkh({KEY})a", "at character 72, there is something after the closing"),
        (f"pkh({KEY})pkh({KEY})", "there is something after the closing"),
        (f" pkh({KEY})", "a function is needed at the top"),
        (f"pkh( {KEY})", "base58"),
        (f"PKH({KEY})", "there is no such function"),
        ("pkh()", "at character 5, a key is missing"),
        (f"pkh({KEY},{KEY})", "one key is needed here, no list"),
        (f"pkh({X_ONLY})", "64 hex digits is not possible here"),
        (f"pkh(05{X_ONLY})", "not a public key on the curve"),
        (f"pkh(02{'f' * 64})", "not a public key on the curve"),
        (f"pkh(06{UNCOMPRESSED[2:]})", "not a public key on the curve"),
        (f"pkh({UNCOMPRESSED[:-1]}0)", "not a public key on the curve"),
        (f"tr({'f' * 64})", "not a public key on the curve"),
        (f"pkh({KEY}0)", "a public key has 66 hex digits"),
        (f"pkh({KEY}/0)", "only an extended key has steps"),
        (f"pkh([d34db33f{KEY})", "[ needs a ]"),
        (f"pkh([]{KEY})", "fingerprint of 8 hex digits"),
        (f"pkh([d34db33f/2147483648]{KEY})", "a number below 2^31"),
        (f"pkh([d34db33f{'/0' * 256}]{KEY})", "no more than 255 steps"),
        (f"pkh([d34db33f]][d34db33f]{KEY})", "base58"),
        (f"sh(tr({KEY}))", "tr() is not possible in sh()"),
        (f"sh(rawtr({KEY}))", "rawtr() is not possible in sh()"),
        (f"wsh(sh(pk({KEY})))", "sh() is not possible in wsh()"),
        (f"tr({KEY},wpkh({KEY}))", "wpkh() is not possible in the tree"),
        (f"tr({KEY},multi(1,{KEY}))", "multi() is not possible in the tree"),
        (f"tr({KEY},{{pk({KEY})}})", "braces hold two"),
        (f"tr({KEY},{{pk({KEY}),pk({KEY}),pk({KEY})}})", "braces hold two"),
        (f"tr({KEY},{{pk({KEY}),pk({KEY})}}x)", "something after the closing"),
        (f"tr({KEY},pk({KEY}),pk({KEY}))", "a key and one tree"),
        (f"tr({KEY},)", "a function is needed in the tree"),
        (f"rawtr({KEY},pk({KEY}))", "a key is needed here"),
        (f"rawtr({UNCOMPRESSED})", "an uncompressed key is not possible here"),
        (f"wsh(multi(1,{UNCOMPRESSED}))", "an uncompressed key is not possible here"),
        (f"sh(wsh(pkh({UNCOMPRESSED})))", "an uncompressed key is not possible here"),
        (f"sh(multi(8,{','.join([UNCOMPRESSED] * 8)}))", "longer than 520 bytes"),
        (f"multi(1,{','.join(KEYS[:4])})", "no more than 3 keys"),
        (f"multi(2,{KEY})", "from 1 to all"),
        (f"multi(-1,{KEY})", "from 1 to all"),
        ("multi(1)", "from 1 to all"),
        (f"multi({KEY})", "from 1 to all"),
        ("addr()", "at character 6,"),
        ("addr(bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080)", "belongs to regtest"),
    ],
)
def test_what_is_no_descriptor_is_refused_with_its_reason(text: str, reason: str) -> None:
    assert reason in refusal(text)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/", "a step of a path is a number"),
        ("//0", "a step of a path is a number"),
        ("/*/0", "* can only be the last step"),
        ("/*/*", "* can only be the last step"),
        ("/**", "a step of a path is a number"),
        ("/0h/*", "a hardened step after an extended public key"),
        ("/0'", "a hardened step after an extended public key"),
        ("/*h", "a hardened step after an extended public key"),
        ("/*'", "a hardened step after an extended public key"),
        ("/<0h;1h>/*", "a hardened step after an extended public key"),
        ("/2147483648", "a number below 2^31"),
        ("/-1", "a step of a path is a number"),
        ("/0x1", "a step of a path is a number"),
        ("/<0>/*", "needs 2 to 10 numbers"),
        (f"/<{';'.join(map(str, range(11)))}>/*", "needs 2 to 10 numbers"),
        ("/<0;0>/*", "holds a number twice"),
        ("/<0;*>", "a step of a path is a number"),
        ("/<0;1>/<2;3>/*", "no more than one <…>"),
        ("/<0;1>x/*", "< needs a >"),
        ("/0<0;1>/*", "a step of a path is a number"),
        ("/<0;<1;2>>/*", "a step of a path is a number"),
        ("/0" * 11, "no more than 10 steps can stand behind a key"),
        (f"{'/0' * 10}/*", "no more than 10 steps can stand behind a key"),
    ],
)
def test_steps_that_cannot_be_are_refused(path: str, reason: str) -> None:
    assert reason in refusal(f"wpkh({XPUB}{path})")


def test_the_longest_paths_are_taken() -> None:
    ten = parse_descriptor(f"wpkh({XPUB}{'/0' * 9}/*)", Network.MAIN)
    assert len(scripts_at(ten, 3)[0]) == 22
    far = bytearray(parse_base58check(XPUB2, "x"))
    far[4] = 253
    xpub = render_base58check(bytes(far))
    assert len(scripts_at(parse_descriptor(f"wpkh({xpub}/0/*)", Network.MAIN))[0]) == 22
    assert "more than 255 steps away" in refusal(f"wpkh({xpub}/0/0/*)")


def test_slip_132_is_refused_with_the_advice_to_convert() -> None:
    zpub = render_base58check(bytes.fromhex("04b24746") + parse_base58check(XPUB, "x")[4:])
    assert "at character 6, zpub is a spelling of xpub" in refusal(f"wpkh({zpub}/0/*)")


def test_each_network_takes_its_own_keys_and_addresses() -> None:
    tpub = render_base58check(bytes.fromhex("043587cf") + parse_base58check(XPUB, "x")[4:])
    assert "this is tpub; a server on main needs xpub" in refusal(f"wpkh({tpub})")
    for network in list(Network)[1:]:
        assert f"a server on {network} needs tpub" in refusal(f"wpkh({XPUB})", network)
        found = addresses_at(parse_descriptor(f"wpkh({tpub}/*)", network), 1)
        assert found[0].startswith(f"{network.hrp}1q")


def test_multipath_lengths_agree_over_all_keys() -> None:
    good = f"wsh(sortedmulti(2,{XPUB}/<0;1>/*,{XPUB2}/5/*,{XPUB2}/<7;9>/*))"
    first, second = expand_multipath(parse_descriptor(good, Network.MAIN))
    assert first.text == f"wsh(sortedmulti(2,{XPUB}/0/*,{XPUB2}/5/*,{XPUB2}/7/*))"
    assert second.text == f"wsh(sortedmulti(2,{XPUB}/1/*,{XPUB2}/5/*,{XPUB2}/9/*))"
    assert "as many numbers as the others" in refusal(good.replace("<7;9>", "<7;8;9>"))


def test_sorted_keys_have_one_script_in_any_order() -> None:
    texts = [f"wsh(sortedmulti(1,{KEY},{KEY2}))", f"wsh(sortedmulti(1,{KEY2},{KEY}))"]
    assert len({addresses(text) for text in texts}) == 1
    assert len({addresses(text.replace("sortedmulti", "multi")) for text in texts}) == 2


def test_the_order_of_a_trees_branches_does_not_matter() -> None:
    one, other = f"pk({KEY2})", f"multi_a(1,{KEYS[2]})"
    assert addresses(f"tr({KEY},{{{one},{other}}})") == addresses(f"tr({X_ONLY},{{{other},{one}}})")
    assert addresses(f"tr({KEY},{one})") != addresses(f"tr({KEY})")


@pytest.mark.parametrize("index", [-1, 2**31])
def test_an_index_is_below_two_to_the_31(index: int) -> None:
    with pytest.raises(BadInput, match=r"2\^31"):
        scripts_at(parse_descriptor(f"wpkh({XPUB}/*)", Network.MAIN), index)


def test_a_range_is_the_last_index_or_the_first_and_last() -> None:
    assert parse_range(999) == range(1000)
    assert parse_range([5, 5]) == range(5, 6)
    assert parse_range([1000, 1999]) == range(1000, 2000)
    assert parse_range([0, 19999], most=20000) == range(20000)


@pytest.mark.parametrize(
    "wanted",
    [1000, [0, 1000], -1, [-1, 5], [5, 4], [0, 2**31], 2**31, True, [0, True], "5", None, 1.0, [], [1], [0, 1, 2], {}],
)  # fmt: skip
def test_other_ranges_are_refused(wanted: object) -> None:
    with pytest.raises(BadInput) as refused:
        parse_range(wanted)
    assert refused.value.field == "range"


def test_a_child_key_is_that_of_the_path() -> None:
    descriptor = parse_descriptor(f"pk({XPUB}/1/2/*)", Network.MAIN)
    (key,) = keys_of(descriptor.script)
    parent = parse_extended_key(XPUB, Network.MAIN, "x")
    assert isinstance(key.key, ExtendedKey)
    assert render_extended_key(key.key) != render_extended_key(parent)
    assert scripts_at(descriptor, 9) == scripts_at(parse_descriptor(f"pk({XPUB}/1/2/9)", Network.MAIN))
