"""``hodlxxi verify``: was this text signed by this address? Needs no settings, no database and no node."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Any

import typer
from rich.progress import Progress

from hodlxxi.bitcoin.address import Address, Network, parse_address
from hodlxxi.bitcoin.bip322 import verify_bip322
from hodlxxi.bitcoin.message import NotProved, judge_login
from hodlxxi.bitcoin.verdict import Inconclusive, Invalid, Step, Valid, Verdict
from hodlxxi.cli.client_shown import print_json
from hodlxxi.cli.terminal import console, stderr
from hodlxxi.kit.errors import BadInput

EXIT_VALID, EXIT_NOT_VALID, EXIT_BAD_INPUT = 0, 1, 2
MAX_LINE_BYTES = 1_048_576
_ALIASES = {"mainnet": Network.MAIN, "testnet": Network.TEST, "testnet3": Network.TEST}
# Test networks share their addresses: without --network the first one that an address fits is named.
_IN_ORDER = (Network.MAIN, Network.TEST, Network.REGTEST)
_LEGACY_STEPS = (Step.FORM, Step.SIGNATURE)
_FORMS = {
    "legacy": "the 65 bytes of older wallets",
    "simple": "BIP-322 simple (a witness)",
    "full": "BIP-322 full (a whole transaction)",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """An address, what its signature turned out to be, and a hint when another text would hold."""

    address: Address
    verdict: Verdict
    hint: str | None = None

    @property
    def obstacle(self) -> str | None:
        """Why nobody could sign in with this; None when somebody could."""
        login = judge_login(self.verdict)
        return login.reason if isinstance(login, NotProved) else None

    def steps(self) -> Iterator[tuple[Step, bool]]:
        """What was looked at, up to the first thing that does not hold."""
        verdict = self.verdict
        for step in _LEGACY_STEPS if verdict.form == "legacy" else Step:
            if isinstance(verdict, Inconclusive):
                return
            failed = isinstance(verdict, Invalid) and verdict.at is step
            yield step, not failed
            if failed:
                return

    def members(self) -> dict[str, Any]:
        """For scripts."""
        verdict = self.verdict
        found = verdict if isinstance(verdict, Valid) else None
        return {
            "valid": found is not None,
            "verdict": type(verdict).__name__.lower(),
            "reason": None if isinstance(verdict, Valid) else verdict.reason,
            "form": verdict.form,
            "address_kind": self.address.kind,
            "network": self.address.network,
            "key": found.key if found else None,
            "signers": list(found.signers) if found else [],
            "locktime": found.locktime if found else None,
            "sequence": found.sequence if found else None,
            "signs_in": self.obstacle is None,
            "checks": [{"check": step.name.lower(), "holds": holds} for step, holds in self.steps()],
            "hint": self.hint,
        }


def verify(
    address: Annotated[str | None, typer.Option(help="The address that is said to have signed.")] = None,
    signature: Annotated[str | None, typer.Option(help="The signature, as the wallet shows it.")] = None,
    message: Annotated[str | None, typer.Option(help="The text, exactly as it was signed.")] = None,
    message_file: Annotated[
        Path | None, typer.Option(help="A file that holds the text, byte for byte.", dir_okay=False)
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(help="main, test, testnet4, signet or regtest. Default: what the address fits."),
    ] = None,
    jsonl: Annotated[
        str | None,
        typer.Option(help="Many at once: a file (or -) with {address, signature, message, network?} a line."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Check a signed message: every form that wallets send, for every type of address.

    Exit code 0: valid. 1: invalid, or inconclusive. 2: bad input.
    """
    alone = (address, signature, message, message_file)
    if jsonl is not None:
        if any(given is not None for given in alone):
            raise typer.BadParameter("--jsonl goes with no other input.")
        raise typer.Exit(_verify_lines(jsonl, network))
    if address is None or signature is None or (message is None) == (message_file is None):
        raise typer.BadParameter("--address, --signature and either --message or --message-file are needed.")
    try:
        text = _text_of(message, message_file)
        checked = check(address, text, signature, network)
    except BadInput as bad:
        if as_json:
            print_json({"error": "bad_input", "error_description": bad.text})
        stderr.print("[bold red]✗[/] ", end="")
        stderr.print(bad.text, markup=False)
        raise typer.Exit(EXIT_BAD_INPUT) from None
    if as_json:
        print_json(checked.members())
    else:
        _show(checked)
    raise typer.Exit(EXIT_VALID if isinstance(checked.verdict, Valid) else EXIT_NOT_VALID)


def check(address: str, text: bytes, signature: str, network: str | None) -> Checked:
    """The verdict for exactly these bytes. Raises ``BadInput`` for what cannot be read as address or signature."""
    where = _parse(address.strip(), network)
    verdict = verify_bip322(where, text, signature)
    return Checked(where, verdict, None if isinstance(verdict, Valid) else _find_hint(where, text, signature))


def _parse(address: str, network: str | None) -> Address:
    if network is not None:
        named = network.lower()
        if named not in _ALIASES and named not in [known.value for known in Network]:
            raise BadInput(f"network: one of {', '.join(Network)}.", field="network")
        return parse_address(address, _ALIASES.get(named) or Network(named))
    for candidate in _IN_ORDER[:-1]:
        try:
            return parse_address(address, candidate)
        except BadInput as bad:
            if "this server uses" not in bad.text:  # not of another network: of none
                raise
    return parse_address(address, _IN_ORDER[-1])


def _find_hint(address: Address, text: bytes, signature: str) -> str | None:
    """The usual slips: the newline that an editor adds, Windows line ends, blanks around."""
    for changed, hint in (
        (text.removesuffix(b"\n"), "It holds for the text without the newline at its end."),
        (text + b"\n", "It holds for the text with a newline at its end."),
        (text.replace(b"\r\n", b"\n").removesuffix(b"\n"), "It holds for the text with Unix line ends."),
        (text.replace(b"\n", b"\r\n"), "It holds for the text with Windows line ends."),
        (text.strip(), "It holds for the text without the blanks around it."),
    ):
        if changed != text and isinstance(verify_bip322(address, changed, signature), Valid):
            return hint
    return None


def _text_of(message: str | None, file: Path | None) -> bytes:
    if file is None:
        return (message or "").encode(errors="surrogateescape")
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInput(f"message-file: {error.strerror}.", field="message_file") from None


def _show(checked: Checked) -> None:
    verdict, address = checked.verdict, checked.address
    kind = f"{address.kind.upper()} on {address.network}"
    console.print(f"Address     {kind}", markup=False)
    if verdict.form is not None:
        console.print(f"Signature   {_FORMS[verdict.form]}", markup=False)
    for step, holds in checked.steps():
        console.print("  [green]✓[/] " if holds else "  [red]✗[/] ", end="")
        console.print(step.value, markup=False)
    if isinstance(verdict, Valid):
        console.print("[bold green]Valid.[/] Signed by:")
        for key in verdict.signers:
            console.print(f"  {key}", markup=False)
        if verdict.locktime or verdict.sequence:
            when = f"lock time {verdict.locktime}, sequence {verdict.sequence}"
            console.print(f"It holds only from then on: {when}.", markup=False)
    else:
        word = "Inconclusive" if isinstance(verdict, Inconclusive) else "Not valid"
        console.print(f"[bold red]{word}.[/] ", end="")
        console.print(verdict.reason, markup=False)
    if checked.hint:
        console.print(f"Hint: {checked.hint}", markup=False)
    if isinstance(verdict, Valid) and checked.obstacle:
        console.print(f"Nobody could sign in with it: {checked.obstacle}", markup=False)


def _verify_lines(name: str, network: str | None) -> int:
    code = EXIT_VALID
    try:
        with _opened(name) as lines:
            for number, line in enumerate(lines, 1):
                answer = _answer_line(line, network)
                typer.echo(json.dumps({"line": number, **answer}))
                if "error" in answer:
                    code = EXIT_BAD_INPUT
                elif not answer["valid"]:
                    code = max(code, EXIT_NOT_VALID)
    except OSError as error:
        stderr.print(f"{name}: {error.strerror}", markup=False)
        return EXIT_BAD_INPUT
    return code


@contextmanager
def _opened(name: str) -> Iterator[Iterator[bytes]]:
    """The lines of a file or of standard input, one in memory at a time; a bar on a terminal tells how far we are."""
    if name == "-":
        yield _lines_of(sys.stdin.buffer)
        return
    path = Path(name)
    with (
        Progress(console=stderr, transient=True, disable=not stderr.is_terminal) as bar,
        path.open("rb") as file,
    ):
        task = bar.add_task("Verifying", total=path.stat().st_size)

        def counted() -> Iterator[bytes]:
            for line in _lines_of(file):
                bar.advance(task, len(line))
                yield line

        yield counted()


def _lines_of(file: IO[bytes]) -> Iterator[bytes]:
    """Lines without their ends; one that is too long comes as its beginning, which is no JSON."""
    while line := file.readline(MAX_LINE_BYTES):
        rest = line
        while not rest.endswith(b"\n") and len(rest) == MAX_LINE_BYTES:
            rest = file.readline(MAX_LINE_BYTES)
        yield line


def _answer_line(line: bytes, network: str | None) -> dict[str, Any]:
    try:
        found = json.loads(line)
        if not isinstance(found, dict):
            raise BadInput("The line is no JSON object.")
        address, signature, message = (_member(found, name) for name in ("address", "signature", "message"))
        own = network if found.get("network") is None else _member(found, "network")
        return check(address, message.encode(), signature, own).members()
    except BadInput as bad:
        return {"error": "bad_input", "error_description": bad.text}
    except UnicodeEncodeError:
        return {"error": "bad_input", "error_description": "message: it holds a half of a character."}
    except (ValueError, RecursionError):
        return {"error": "bad_input", "error_description": "The line is no JSON object."}


def _member(found: dict[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str):
        raise BadInput(f"{name}: a text is needed.")
    return value
