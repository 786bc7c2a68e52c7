"""Where the two answer differently, and why ours does as it does.

A test holds this list against both servers: an unlisted difference fails, and so does a listed one that is gone.
"""

from __future__ import annotations

from tests.differential.differences_authorize import AUTHORIZE_REASONS
from tests.differential.differences_endings import ENDING_REASONS
from tests.differential.differences_proofs import PROOF_REASONS
from tests.differential.differences_token import TOKEN_REASONS

REASONS = [*AUTHORIZE_REASONS, *TOKEN_REASONS, *PROOF_REASONS, *ENDING_REASONS]
THEIRS: dict[str, str] = {
    name: outcome for reason in REASONS for outcome, listed in reason.theirs.items() for name in listed
}
