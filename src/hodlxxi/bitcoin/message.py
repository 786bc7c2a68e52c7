"""What a signed message proves of its signer: one key, for an address in any form, or for a raw key in the seed's forms.

A wrong signature is an answer (``NotProved``); only what cannot be read as a signature at all is ``BadInput``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from coincurve import PublicKey

from hodlxxi.bitcoin.address import Address
from hodlxxi.bitcoin.bip322 import verify_bip322
from hodlxxi.bitcoin.ecdsa import COMPACT_BYTES, parse_der, recover, verify_compact
from hodlxxi.bitcoin.keys import Pubkey, pubkey_of
from hodlxxi.bitcoin.legacy import NO_MATCH, is_legacy, message_digest
from hodlxxi.bitcoin.signature_text import looks_like_hex_signature, parse_base64, parse_written
from hodlxxi.bitcoin.verdict import AddressForm, Valid, Verdict
from hodlxxi.kit.errors import BadInput

SignatureForm = AddressForm | Literal["rs", "der", "compact"]

_NO_SINGLE_KEY: Final = (
    "This address belongs to several keys, so it cannot be an account. Sign with an address of a single key: one that "
    "begins with 1, with bc1q (short) or bc1p, or with 3 when your wallet calls it nested segwit."
)
_TIMELOCKED: Final = "The signature holds only from some time on (timelock), so it cannot sign in."


@dataclass(frozen=True, slots=True)
class Proved:
    """The holder of ``key`` signed the text. ``form`` says how it was written: for the log, not a rank."""

    key: Pubkey
    form: SignatureForm


@dataclass(frozen=True, slots=True)
class NotProved:
    """A signature that proves nothing for this address or key; ``reason`` is a sentence for the person."""

    reason: str


def verify_message(address: Address, text: bytes, signature: str) -> Proved | NotProved:
    """Did the single key behind ``address`` sign ``text``, here and now? (reference bitcoin §3.2, login policy)

    Only a valid signature without a timelock, and only of an address with one key: all else, inconclusive too, is not
    proved. The key is the compressed one, or for taproot the output key; whichever address it came by, it is one account.
    """
    return judge_login(verify_bip322(address, text, signature))


def judge_login(verdict: Verdict) -> Proved | NotProved:
    """Whether what the verifier answered is enough to sign in."""
    if not isinstance(verdict, Valid):
        return NotProved(verdict.reason)
    if verdict.key is None:
        return NotProved(_NO_SINGLE_KEY)
    if verdict.locktime or verdict.sequence:
        return NotProved(_TIMELOCKED)
    return Proved(verdict.key, verdict.form)


def verify_raw_key(pubkey: Pubkey, text: bytes, signature: str) -> Proved | NotProved:
    """Did ``pubkey`` sign ``text``? The forms are tried by their shape, and the shapes exclude one another:

    128 hex digits are r and s; other hex that starts with ``30`` is DER; base64 of 65 bytes is recovered and
    compared (only the recovery id of the header counts); base64 of 64 bytes is r and s. A high s is taken.
    """
    written = parse_written(signature)
    key = PublicKey(bytes.fromhex(pubkey))
    digest = message_digest(text)
    if not looks_like_hex_signature(written):
        return _judge_base64(key, digest, parse_base64(written))
    form: SignatureForm = "rs" if len(written) == 2 * COMPACT_BYTES else "der"
    if form == "rs":
        compact = bytes.fromhex(written)
    elif len(written) % 2:
        raise BadInput("signature: an odd number of hex digits.", field="signature")
    else:
        compact = parse_der(bytes.fromhex(written))
    return _judge_rs(key, digest, compact, form)


def _judge_base64(key: PublicKey, digest: bytes, raw: bytes) -> Proved | NotProved:
    if len(raw) == COMPACT_BYTES:
        return _judge_rs(key, digest, raw, "rs")
    if not is_legacy(raw):
        text = "signature: for a public key, 64 bytes (r, s), 65 bytes (compact) or DER in hex are needed."
        raise BadInput(text, field="signature")
    recovered = recover(raw[1:], (raw[0] - 27) & 3, digest)
    if recovered is None or recovered.format() != key.format():
        return NotProved(NO_MATCH.format("public key"))
    return Proved(pubkey_of(key.format()), "compact")


def _judge_rs(key: PublicKey, digest: bytes, compact: bytes, form: SignatureForm) -> Proved | NotProved:
    if verify_compact(key, digest, compact):
        return Proved(pubkey_of(key.format()), form)
    return NotProved(NO_MATCH.format("public key"))
