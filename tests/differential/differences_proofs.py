"""Differences with client assertions and DPoP proofs."""

from __future__ import annotations

from tests.differential.reason import Reason, names

BAD, GRANT = "400: invalid_request", "400: invalid_grant"

PROOF_REASONS = [
    Reason(
        "What an assertion may say",
        "For one audience (draft-ietf-oauth-rfc7523bis: a second one is another server that could use the assertion "
        "here), for ten minutes at most (its jti is remembered until then), not from the future (FAPI 2.0 §5.3.2.1), "
        "and not made for something else (`typ`).",
        {
            "200 Bearer": names(
                "token: client, assertion ",
                "of another type",
                "for two",
                "for an hour",
                "for a day",
                "two minutes ahead",
            )
        },
    ),
    Reason(
        "An assertion that cannot be read",
        "It is a failed authentication: `invalid_client` (RFC 6749 §5.2, RFC 7521 §4.2.1).",
        {
            BAD: names(
                "token: client, assertion ",
                "that is none",
                "of two parts",
                "empty",
                "with another client_id",
                "without a type",
                "of SAML",
            )
        },
    ),
    Reason(
        "The word for a proof",
        "A proof that is missing or was used before is `invalid_dpop_proof` (RFC 9449 §5), so that the app's developer "
        "looks at the proof and not at the grant. At userinfo it comes as 401 with a DPoP challenge (§7.1). A token that "
        "is bound to a key and sent as a bearer, or the reverse, is `invalid_token` whatever stands beside it.",
        {
            GRANT: (
                *names(
                    "token: code, proof ",
                    "used before",
                    "missing",
                    "empty",
                    "missing, though the request named a key",
                ),
                "token: refresh, without a proof",
            ),
            BAD: (
                "userinfo: bound, by a bearer header with a proof",
                "userinfo: bound, without a proof",
                "par: with a proof of another key than dpop_jkt",
            ),
            "401: invalid_dpop_proof": ("userinfo: not bound, by a DPoP header",),
        },
    ),
    Reason(
        "dpop_jkt is a thumbprint",
        "43 characters of base64url (RFC 9449 §10): no key has another one, so it is refused before anybody is asked.",
        {
            "page: sign-in": names("authorize: ", "dpop_jkt of 42", "dpop_jkt with a slash"),
            "201": ("par: with dpop_jkt of 42",),
        },
    ),
]
