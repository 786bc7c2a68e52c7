"""How strongly somebody proved who they are: the ``amr`` and ``acr`` words (reference oauth §5). Frozen strings."""

from __future__ import annotations

from dataclasses import dataclass

ACR_NONE = "urn:hodlxxi:acr:none"
ACR_KEY_REMOTE = "urn:hodlxxi:acr:key-remote"
ACR_KEY = "urn:hodlxxi:acr:key"
ACR_TWO_KEYS = "urn:hodlxxi:acr:two-keys"

# Weakest first; a later class satisfies an earlier one.
ACR_ORDER = (ACR_NONE, ACR_KEY_REMOTE, ACR_KEY, ACR_TWO_KEYS)


@dataclass(frozen=True, slots=True)
class Assurance:
    """The class and the methods of one proof."""

    acr: str
    amr: tuple[str, ...]


BY_MESSAGE = Assurance(ACR_KEY, ("pop", "btc_message"))
BY_BIP322 = Assurance(ACR_KEY, ("pop", "bip322"))
BY_NOSTR = Assurance(ACR_KEY, ("pop", "nostr"))
BY_LNURL_SAME_DEVICE = Assurance(ACR_KEY, ("pop", "lnurl", "same_device"))
BY_LNURL_CROSS_DEVICE = Assurance(ACR_KEY_REMOTE, ("pop", "lnurl", "cross_device"))
# | Recovery code | ["recovery"] | urn:hodlxxi:acr:key-remote |
# A sheet of paper, not a key: worth no more than a key on a device that is elsewhere.
BY_RECOVERY_CODE = Assurance(ACR_KEY_REMOTE, ("recovery",))
# Any sign-in with a key that everybody knows (``bitcoin.known_keys``), whatever way it took.
BY_TEST = Assurance(ACR_NONE, ("test",))


def with_second_key(held: tuple[str, ...], proved: Assurance) -> Assurance:
    """Two different keys of one account, proved one after the other in one session: all methods, and ``mfa``."""
    methods = dict.fromkeys((*held, *proved.amr, "mfa"))
    # In the frozen order: "mfa" stands at the end, also after a third key.
    return Assurance(ACR_TWO_KEYS, (*(word for word in methods if word != "mfa"), "mfa"))


def satisfies(held: str, wanted: str) -> bool:
    """Whether the class ``held`` is at least ``wanted``; an unknown class satisfies only itself."""
    if held not in ACR_ORDER or wanted not in ACR_ORDER:
        return held == wanted
    return ACR_ORDER.index(held) >= ACR_ORDER.index(wanted)
