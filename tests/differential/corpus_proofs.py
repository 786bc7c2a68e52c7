"""Apps with keys: client assertions (RFC 7523) and DPoP (RFC 9449)."""

from __future__ import annotations

from tests.differential.case import Case, asks, calls, credits_itself, pushes, redeems, refreshes, revokes

OK, BOUND, OWN = "200 Bearer id_token refresh_token", "200 DPoP id_token refresh_token", "200 Bearer"
BAD, CLIENT, GRANT = "400: invalid_request", "401: invalid_client", "400: invalid_grant"
PROOF, NONCE, TOKEN = "400: invalid_dpop_proof", "400: use_dpop_nonce", "401: invalid_token"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def _asserts(name: str, ours: str, assertion: str, **options: object) -> Case:
    own = {
        "role": "signer",
        "auth": "nothing",
        "client_assertion_type": JWT_BEARER,
        "client_assertion": assertion,
    }
    return credits_itself(f"assertion {name}", ours, **own | options)


RIGHT = (
    *("right", "by-rsa", "by-pss", "by-ed", "without-kid", "typed", "for-the-endpoint", "for-an-array"),
    *("without-iat", "five-seconds-ahead"),
)
WRONG = (
    *(
        "with-other-kid",
        "with-unknown-kid",
        "by-other-key",
        "with-own-jwk",
        "with-jku",
        "unsigned",
        "by-hmac",
    ),
    *("critical", "of-another-type", "for-two", "for-another", "for-issuer-with-slash", "for-nobody"),
    *(
        "from-another",
        "from-nobody",
        "about-another",
        "about-nobody",
        "without-exp",
        "expired",
        "for-an-hour",
    ),
    *("for-a-day", "with-exp-as-text", "two-minutes-ahead", "not-yet", "without-jti"),
)

ASSERTED = [
    *(_asserts(name.replace("-", " "), OWN, f"@assertion-{name}@") for name in RIGHT),
    *(_asserts(name.replace("-", " "), CLIENT, f"@assertion-{name}@") for name in WRONG),
    _asserts("used before", CLIENT, "@spent-assertion@"),
    _asserts("that is none", CLIENT, "hello"),
    _asserts("of two parts", CLIENT, "e30.e30"),
    _asserts("empty", CLIENT, ""),
    _asserts("twice", BAD, "x", client_assertion=["@assertion-right@", "@assertion-right@"]),
    _asserts("with client_id", OWN, "@assertion-right@", client_id="@id@"),
    _asserts("with another client_id", CLIENT, "@assertion-right@", client_id="@id:web@"),
    _asserts("without a type", CLIENT, "@assertion-right@", client_assertion_type=None),
    _asserts(
        "of SAML",
        CLIENT,
        "@assertion-right@",
        client_assertion_type="urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
    ),
    _asserts("and a secret", BAD, "@assertion-right@", client_secret="x"),
    _asserts("and basic", BAD, "@assertion-right@", auth="wrong basic"),
    _asserts("of an app with a secret", CLIENT, "@assertion-right:service@"),
    _asserts("missing", CLIENT, "", auth="id", client_assertion=None, client_assertion_type=None),
    _asserts(
        "missing, with a secret",
        CLIENT,
        "",
        auth="wrong post",
        client_assertion=None,
        client_assertion_type=None,
    ),
    pushes(
        "with an assertion",
        "201",
        role="signer",
        auth="nothing",
        client_assertion_type=JWT_BEARER,
        client_assertion="@assertion-right@",
    ),
    pushes(
        "with a used assertion",
        CLIENT,
        role="signer",
        auth="nothing",
        client_assertion_type=JWT_BEARER,
        client_assertion="@spent-assertion@",
    ),
    revokes(
        "with an assertion",
        "200",
        role="signer",
        auth="nothing",
        client_assertion_type=JWT_BEARER,
        client_assertion="@assertion-right@",
        token="x",
    ),
]


def _proves(name: str, ours: str, proof: str, **options: object) -> Case:
    return redeems(f"proof {name}", ours, **{"role": "bound", "headers": {"DPoP": proof}} | options)


GOOD_PROOFS = (
    *("right", "by-ed", "by-pss", "for-a-query", "for-a-fragment", "ten-seconds-old", "ten-seconds-ahead"),
    *("with-more-claims", "with-a-foreign-ath"),
)
BAD_PROOFS = (
    *(
        "by-rsa",
        "unsigned",
        "by-hmac",
        "of-type-jwt",
        "without-type",
        "without-jwk",
        "with-private-jwk",
        "by-other-key",
    ),
    *("with-a-symmetric-jwk", "critical", "for-another-method", "for-small-letters", "for-another-place"),
    *(
        "for-another-path",
        "for-a-slash-more",
        "for-no-method",
        "for-no-place",
        "for-what-is-no-url",
        "without-jti",
    ),
    *("without-iat", "with-iat-as-text", "expired"),
)

PROVEN = [
    *(_proves(name.replace("-", " "), BOUND, f"@proof-{name}@") for name in GOOD_PROOFS),
    *(_proves(name.replace("-", " "), PROOF, f"@proof-{name}@") for name in BAD_PROOFS),
    *(
        _proves(name.replace("-", " "), NONCE, f"@proof-{name}@")
        for name in ("an-hour-old", "an-hour-ahead", "with-a-wrong-nonce")
    ),
    _proves("with our nonce", BOUND, "@proof-with-nonce@"),
    _proves("used before", PROOF, "@spent-proof@"),
    _proves("missing", PROOF, "", headers={}),
    _proves("empty", PROOF, ""),
    _proves("that is none", PROOF, "hello"),
    _proves("twice", PROOF, "@proof-right@\n@proof-right@"),
    _proves("of an app that need not", BOUND, "@proof-right@", role="spa"),
    _proves("of an app with a secret", BOUND, "@proof-right@", role="web"),
    _proves("of an app that need not, wrong", PROOF, "@proof-by-other-key@", role="web"),
    _proves("of the key of the request", BOUND, "@proof-right@", code="@code-for-key@"),
    _proves("of another key than of the request", GRANT, "@proof-by-ed@", code="@code-for-key@"),
    _proves(
        "missing, though the request named a key", PROOF, "", role="web", headers={}, code="@code-for-key@"
    ),
    refreshes(
        "with the same key",
        BOUND,
        role="bound",
        refresh_token="@bound-refresh@",
        headers={"DPoP": "@proof-right@"},
    ),
    refreshes(
        "with another key",
        GRANT,
        role="bound",
        refresh_token="@bound-refresh@",
        headers={"DPoP": "@proof-by-ed@"},
    ),
    refreshes("without a proof", PROOF, role="bound", refresh_token="@bound-refresh@"),
    refreshes(
        "with another key, of an app with a secret",
        BOUND,
        role="web",
        refresh_token="@bound-refresh@",
        headers={"DPoP": "@proof-by-ed@"},
    ),
    refreshes("without a proof, of an app with a secret", OK, role="web", refresh_token="@bound-refresh@"),
    credits_itself("with a proof", "200 DPoP", headers={"DPoP": "@proof-right@"}),
]

CALLED = [
    calls(
        "bound, all is right",
        "200",
        role="bound",
        headers={"Authorization": "DPoP @bound-access@", "DPoP": "@call-proof-right@"},
    ),
    calls(
        "bound, by a bearer header", TOKEN, role="bound", headers={"Authorization": "Bearer @bound-access@"}
    ),
    calls(
        "bound, by a bearer header with a proof",
        TOKEN,
        role="bound",
        headers={"Authorization": "Bearer @bound-access@", "DPoP": "@call-proof-right@"},
    ),
    calls(
        "bound, without a proof",
        "401: invalid_dpop_proof",
        role="bound",
        headers={"Authorization": "DPoP @bound-access@"},
    ),
    calls(
        "bound, by another key",
        TOKEN,
        role="bound",
        headers={"Authorization": "DPoP @bound-access@", "DPoP": "@call-proof-by-ed@"},
    ),
    calls(
        "bound, without ath",
        "401: invalid_dpop_proof",
        role="bound",
        headers={"Authorization": "DPoP @bound-access@", "DPoP": "@call-proof-without-ath@"},
    ),
    calls(
        "bound, of another time",
        "401: use_dpop_nonce",
        role="bound",
        headers={"Authorization": "DPoP @bound-access@", "DPoP": "@call-proof-an-hour-old@"},
    ),
    calls(
        "not bound, by a DPoP header",
        TOKEN,
        role="web",
        headers={"Authorization": "DPoP @access@", "DPoP": "@unbound-call-proof@"},
    ),
]

KEYED = [
    asks("dpop_jkt", "page: sign-in", dpop_jkt="x" * 43),
    asks("dpop_jkt of 42", "redirect: invalid_request", dpop_jkt="x" * 42),
    asks("dpop_jkt with a slash", "redirect: invalid_request", dpop_jkt="x" * 42 + "/"),
    asks("dpop_jkt twice", "redirect: invalid_request", dpop_jkt=["x" * 43, "x" * 43]),
    pushes("with dpop_jkt", "201", dpop_jkt="x" * 43),
    pushes("with dpop_jkt of 42", BAD, dpop_jkt="x" * 42),
    pushes("with a proof", "201", headers={"DPoP": "@push-proof-right@"}),
    pushes("with a wrong proof", PROOF, headers={"DPoP": "@push-proof-by-other-key@"}),
    pushes(
        "with a proof of another key than dpop_jkt",
        PROOF,
        dpop_jkt="x" * 43,
        headers={"DPoP": "@push-proof-right@"},
    ),
    pushes("with a proof of another time", NONCE, headers={"DPoP": "@push-proof-an-hour-old@"}),
]

PROOF_CASES: list[Case] = [*ASSERTED, *PROVEN, *CALLED, *KEYED]
