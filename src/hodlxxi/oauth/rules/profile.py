"""Can a client keep to the profile that the operator holds it to? (FAPI 2.0 Security Profile §5.3.3, §5.4)"""

from __future__ import annotations

from hodlxxi.oauth.rules.clients import PRIVATE_KEY_JWT, Client
from hodlxxi.oauth.rules.errors import Fault, Word

FAPI2_ALGS = ("PS256", "ES256", "EdDSA")


def judge_profile(client: Client) -> Fault | None:
    """What of its metadata speaks against its profile, if anything does."""
    if not client.is_fapi2:
        return None
    it = client.metadata
    if it.auth_method != PRIVATE_KEY_JWT:
        return _refused("token_endpoint_auth_method: private_key_jwt with jwks or jwks_uri is needed")
    algs = {
        "id_token_signed_response_alg": it.id_token_alg,
        "userinfo_signed_response_alg": it.userinfo_alg,
        "token_endpoint_auth_signing_alg": it.auth_signing_alg,
    }
    for name, alg in algs.items():
        if alg is not None and alg not in FAPI2_ALGS:
            return _refused(f"{name}: one of {', '.join(FAPI2_ALGS)} is needed")
    return None


def _refused(what: str) -> Fault:
    return Fault(Word.INVALID_CLIENT_METADATA, f"{what} for the profile fapi2.")
