"""BIP-340 Schnorr signatures: taproot keys and Nostr events."""

from __future__ import annotations

from typing import Final

from coincurve import PublicKeyXOnly

X_ONLY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64


def verify_schnorr(x_only: bytes, message: bytes, signature: bytes) -> bool:
    """Whether ``signature`` (64 bytes) signs ``message`` (any length) under the x-only key (32 bytes).

    Never raises. The key's length is checked here because the library reads 32 bytes whatever it was given.
    """
    if len(x_only) != X_ONLY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        return PublicKeyXOnly(x_only).verify(signature, message)
    except ValueError:  # no point of the curve has this x
        return False
