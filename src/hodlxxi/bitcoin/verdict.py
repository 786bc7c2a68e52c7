"""What a check of a signed message answers, in BIP-322's three words: valid, inconclusive, invalid."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from hodlxxi.bitcoin.keys import Pubkey

# How a signature for an address is written: 65 bytes with a recoverable key, a witness stack, a whole transaction.
AddressForm = Literal["legacy", "simple", "full"]


class Step(StrEnum):
    """What is checked, in this order; the text is for people. A legacy signature has no transaction and no witness."""

    FORM = "The form of the signature fits the type of address"
    STRUCTURE = "The signature can be read to its last byte and signs nothing but this message"
    SCRIPT = "The keys and scripts in it are those of the address"
    STRICTNESS = "Each signature is strictly encoded and covers everything (sighash ALL)"
    SIGNATURE = "The signature holds for this text"


@dataclass(frozen=True, slots=True)
class Valid:
    """The text was signed by what the address demands, from ``locktime`` on and with an age of ``sequence`` (BIP-322).

    ``signers`` are the keys that signed; ``key`` is the single key behind the address, None for a multisig.
    """

    form: AddressForm
    key: Pubkey | None
    signers: tuple[Pubkey, ...]
    locktime: int = 0
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Inconclusive:
    """We cannot tell: rules of a script or of a version that we do not know. Whoever asks has to refuse."""

    reason: str
    form: AddressForm | None = None


@dataclass(frozen=True, slots=True)
class Invalid:
    """It proves nothing. ``reason`` is a sentence for the person; ``at`` is the first thing that does not hold."""

    reason: str
    at: Step
    form: AddressForm | None = None


Verdict = Valid | Inconclusive | Invalid
