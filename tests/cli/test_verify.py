"""``hodlxxi verify`` as a program that a shell script calls: what it says, and with which exit code it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hodlxxi.bitcoin.address import Network
from hodlxxi.cli.main import app
from tests.support.bip322_signer import Terms, Wallet, as_full, as_simple, sign_tx
from tests.support.signer import TestKey
from tests.support.vectors import load_vectors

KEY = TestKey(95)
TEXT = "A text\nof two lines, with \N{SNOWMAN}"
SIGNED = KEY.sign_compact(TEXT)
ADDRESS = KEY.p2wpkh()
TAPROOT = Wallet("p2tr", (KEY,))


@dataclass(frozen=True)
class Done:
    """How the command ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


def run(*words: str, stdin: bytes | None = None) -> Done:
    """The command, in this process: a hundred starts of Python would say no more."""
    result = CliRunner().invoke(app, ["verify", *words], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return Done(result.exit_code, result.stdout, result.stderr)


def test_it_needs_no_settings_and_no_folder() -> None:
    words = ["--address", ADDRESS, "--signature", SIGNED, "--message", TEXT]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path("src").resolve()), "PYTHONUTF8": "1"}
    for message, code in ((TEXT, 0), ("x", 1)):
        words[-1] = message
        done = subprocess.run(
            [sys.executable, "-m", "hodlxxi", "verify", *words],
            capture_output=True,
            timeout=60,
            check=False,
            cwd="/",
            env=environment,
        )
        assert (done.returncode, done.stderr) == (code, b"")


def one(address: str, signature: str, message: str, *more: str) -> Done:
    """One signature."""
    return run("--address", address, "--signature", signature, "--message", message, *more)


def test_a_valid_signature_ends_with_0_and_says_what_was_checked_and_who_signed() -> None:
    done = one(ADDRESS, SIGNED, TEXT)
    assert done.returncode == 0, done.stderr
    assert "P2WPKH on main" in done.stdout
    assert done.stdout.count("✓") == 2
    assert KEY.pubkey_hex in done.stdout


def test_an_invalid_one_ends_with_1_and_says_at_which_step() -> None:
    done = one(ADDRESS, as_simple(sign_tx(Wallet("p2wpkh", (KEY,)), b"another text")), TEXT)
    assert done.returncode == 1
    assert (done.stdout.count("✓"), done.stdout.count("✗")) == (4, 1)
    assert "Not valid. The signature does not match" in done.stdout


def test_an_inconclusive_one_ends_with_1() -> None:
    done = one(ADDRESS, "pof" + SIGNED, TEXT, "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert (found["verdict"], found["checks"]) == ("inconclusive", [])
    assert "proof of funds" in found["reason"]


def test_what_holds_and_yet_signs_in_nobody_says_why() -> None:
    multisig = Wallet("p2wsh-multisig", (KEY, TestKey(96)), 2)
    signature = as_simple(sign_tx(multisig, TEXT.encode()))
    done = one(multisig.address(Network.MAIN), signature, TEXT)
    assert done.returncode == 0
    assert "several keys" in done.stdout
    late = as_full(sign_tx(TAPROOT, TEXT.encode(), Terms(locktime=900_000)))
    done = one(TAPROOT.address(Network.MAIN), late, TEXT)
    assert (done.returncode, "lock time 900000" in done.stdout, "timelock" in done.stdout) == (0, True, True)


@pytest.mark.parametrize(("network", "shown"), [("main", "main"), ("signet", "test"), ("regtest", "regtest")])
def test_the_network_is_what_the_address_fits_or_what_was_said(network: str, shown: str) -> None:
    address = TAPROOT.address(Network(network))
    signature = as_simple(sign_tx(TAPROOT, TEXT.encode()))
    assert json.loads(one(address, signature, TEXT, "--json").stdout)["network"] == shown
    said = one(address, signature, TEXT, "--json", "--network", network)
    assert (said.returncode, json.loads(said.stdout)["network"]) == (0, network)
    other = "main" if network != "main" else "testnet"
    refused = one(address, signature, TEXT, "--network", other)
    assert refused.returncode == 2
    assert "belongs to" in refused.stderr


def test_a_file_is_read_byte_for_byte_and_the_editors_newline_is_told(tmp_path: Path) -> None:
    file = tmp_path / "text"
    for content, code in ((TEXT, 0), (TEXT + "\n", 1), (TEXT.replace("\n", "\r\n"), 1)):
        file.write_bytes(content.encode())
        done = run("--address", ADDRESS, "--signature", SIGNED, "--message-file", str(file))
        assert done.returncode == code
        assert ("Hint" in done.stdout) is (code == 1)
    raw = b"\xff\xfe no text"
    file.write_bytes(raw)
    signature = as_simple(sign_tx(TAPROOT, raw))
    done = run(
        "--address",
        TAPROOT.address(Network.MAIN),
        "--signature",
        signature,
        "--message-file",
        str(file),
    )
    assert done.returncode == 0


BAD = {
    "nothing": [],
    "no text": ["--address", ADDRESS, "--signature", SIGNED],
    "two texts": [
        "--address",
        ADDRESS,
        "--signature",
        SIGNED,
        "--message",
        "a",
        "--message-file",
        "/dev/null",
    ],
    "no signature": ["--address", ADDRESS, "--message", "a"],
    "an address of nothing": ["--address", "x", "--signature", SIGNED, "--message", "a"],
    "a mistyped address": ["--address", ADDRESS[:-1] + "q", "--signature", SIGNED, "--message", "a"],
    "no base64": ["--address", ADDRESS, "--signature", "%%%", "--message", "a"],
    "hex": ["--address", ADDRESS, "--signature", KEY.sign_rs(TEXT), "--message", "a"],
    "an unknown network": [
        "--address",
        ADDRESS,
        "--signature",
        SIGNED,
        "--message",
        "a",
        "--network",
        "moon",
    ],
    "a file that is not there": ["--address", ADDRESS, "--signature", SIGNED, "--message-file", "/nowhere"],
    "lines and one": ["--jsonl", "-", "--address", ADDRESS],
    "lines of no file": ["--jsonl", "/nowhere"],
}


@pytest.mark.parametrize("words", BAD.values(), ids=BAD)
def test_bad_input_ends_with_2_and_a_word_about_it(words: list[str]) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr


def test_a_private_key_is_not_repeated() -> None:
    secret = "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ"
    done = one(secret, SIGNED, TEXT, "--json")
    assert done.returncode == 2
    assert secret not in done.stdout + done.stderr
    assert "private key" in json.loads(done.stdout)["error_description"]


def lines(*items: object) -> bytes:
    """One JSON value a line."""
    return b"".join(
        (item if isinstance(item, bytes) else json.dumps(item).encode()) + b"\n" for item in items
    )


def test_many_at_once_are_answered_line_by_line_in_their_order() -> None:
    good = {"address": ADDRESS, "signature": SIGNED, "message": TEXT}
    done = run(
        "--jsonl", "-", stdin=lines(good, good | {"message": "x"}, good | {"network": "regtest"}, b"[", good)
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [item["line"] for item in found] == [1, 2, 3, 4, 5]
    assert [item.get("valid") for item in found] == [True, False, None, None, True]
    assert done.returncode == 2
    assert run("--jsonl", "-", stdin=lines(good, good | {"message": "x"})).returncode == 1
    assert run("--jsonl", "-", stdin=lines(good, good)).returncode == 0
    assert run("--jsonl", "-", stdin=b"").returncode == 0


def test_odd_lines_are_answered_and_spoil_nothing() -> None:
    good = {"address": ADDRESS, "signature": SIGNED, "message": TEXT}
    odd = [b"", b"null", b"1", b'"x"', b"{}", b"[" * 100_000, b"\xff", b"1" * 6000, b'{"address": 1}']
    odd += [b'{"address": "x", "signature": "x", "message": "\\ud800"}', b"x" * 3_000_000]
    done = run("--jsonl", "-", stdin=lines(*odd, good))
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(odd) + 1
    assert all(item["error"] == "bad_input" for item in found[:-1])
    assert found[-1]["valid"] is True


def test_every_published_signature_is_decided_as_published(tmp_path: Path) -> None:
    items = load_vectors("wallet_messages.json")["items"]
    simple = load_vectors("bip-0322/basic-test-vectors.json")["simple"]
    asked = [{name: item[name] for name in ("address", "signature", "message", "network")} for item in items]
    asked += [
        {"address": item["address"], "signature": signature, "message": item["message"]}
        for item in simple
        for signature in item["bip322_signatures"]
    ]
    file = tmp_path / "vectors.jsonl"
    file.write_bytes(lines(*asked))
    found = [json.loads(line) for line in run("--jsonl", str(file)).stdout.splitlines()]
    wanted = [item["decision"] == "valid" for item in items] + [True] * (len(asked) - len(items))
    assert [item.get("valid", False) for item in found] == wanted
