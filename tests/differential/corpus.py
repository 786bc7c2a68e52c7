"""All cases."""

from __future__ import annotations

from tests.differential.corpus_api import API_CASES
from tests.differential.corpus_authorize import AUTHORIZE_CASES
from tests.differential.corpus_endings import ENDING_CASES
from tests.differential.corpus_login import LOGIN_CASES
from tests.differential.corpus_par import PAR_CASES
from tests.differential.corpus_proofs import PROOF_CASES
from tests.differential.corpus_token import TOKEN_CASES

CASES = [*AUTHORIZE_CASES, *LOGIN_CASES, *TOKEN_CASES, *API_CASES, *PAR_CASES, *PROOF_CASES, *ENDING_CASES]
