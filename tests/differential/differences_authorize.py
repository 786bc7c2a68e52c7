"""Differences at the authorization endpoint, and what holds everywhere."""

from __future__ import annotations

from tests.differential.corpus_authorize import WRONG_URIS
from tests.differential.reason import Reason, names


def _authorize(*rest: str) -> tuple[str, ...]:
    return names("authorize: ", *rest)


def _code(*rest: str) -> tuple[str, ...]:
    return names("token: code, ", *rest)


CODE, BACK, BAD, SIGN_IN = (
    "redirect: code",
    "redirect: invalid_request",
    "400: invalid_request",
    "page: sign-in",
)

AUTHORIZE_REASONS = [
    Reason(
        "The word on a page",
        "Both show a page and redirect nowhere; the word on it is read by people only. `invalid_redirect_uri` is "
        "an error of registration (RFC 7591 §3.2.2), so ours says `invalid_request`. What is no UTF-8 or has a "
        "NUL cannot be a client's name and is refused before any client is looked for.",
        {
            "page 400: invalid_redirect_uri": _authorize(
                *(f"redirect_uri {name}" for name in WRONG_URIS),
                "another app's client_id",
                "another port of a web app",
                "another path of a native app",
                "another loopback name",
                "the other loopback address",
                "loopback with a user",
                "a client without redirect URIs",
                "a wrong redirect_uri and response_type",
                "a wrong redirect_uri and a request object",
                "a wrong redirect_uri and prompt=none",
            ),
            "page 400: invalid_client": _authorize("client_id with NUL", "client_id that is no UTF-8"),
        },
    ),
    Reason(
        "A page instead of a redirect",
        "As long as it is not certain which client and which URI are meant, ours sends the browser nowhere: that "
        "holds for a repeated `redirect_uri` (the peer falls back to the only registered one), for everything "
        "about a pushed request (RFC 9126 §4 leaves it open), and for a query that cannot be read.",
        {
            BACK: _authorize("redirect_uri twice", "two redirect_uris", "request_uri twice"),
            "redirect: invalid_request_uri": _authorize("request_uri that was never pushed"),
            "redirect: invalid_request_uri, state lost": _authorize(
                "pushed, answered before", "pushed, altered"
            ),
            "redirect: invalid_request_object": _authorize("pushed, of another app"),
            CODE: _authorize("a parameter that is no UTF-8"),
        },
    ),
    Reason(
        "redirect_uri is required with openid",
        "OpenID Connect Core §3.1.2.1 requires it in every OpenID request. Without `openid` a single registered "
        "URI may stand in, with both.",
        {
            SIGN_IN: _authorize("no redirect_uri, one registered", "empty redirect_uri"),
            "201": ("par: no redirect_uri",),
        },
    ),
    Reason(
        "Other HTTP methods",
        "405 with `Allow` says more than 404 (RFC 9110 §15.5.6).",
        {
            "404": (
                *_authorize("PUT", "DELETE"),
                *_code("by GET", "by PUT"),
                "revoke: by GET",
                "par: by GET",
                "par: by PUT",
                "introspect: by GET",
                "device_authorization: by GET",
                "userinfo: by PUT",
            )
        },
    ),
    Reason(
        "Bodies of another kind, or too large",
        "415 on a page and 413 say what is wrong (RFC 9110 §15.5.14, §15.5.16).",
        {
            "page 400: invalid_request": _authorize("POST of JSON"),
            BAD: _code("of 100 kB"),
        },
    ),
    Reason(
        "Response types that do not exist here",
        "Ours knows `code` only, whose default mode is `query`; the peer picks the default of the type that was "
        "asked for, although it does not serve it either. A client that wants the fragment can say so in "
        "`response_mode`. `code code` is no registered response type.",
        {
            "fragment: unsupported_response_type": _authorize(
                "an error at a redirect_uri with a query",
                "response_type token",
                "response_type id_token",
                "response_type code token",
                "response_type code id_token",
                "two things wrong: response_type and scope",
            ),
            SIGN_IN: _authorize("response_type code code"),
        },
    ),
    Reason(
        "Response modes that do not exist here",
        "`unsupported_response_mode` is no error of RFC 6749 §4.1.2.1 or OpenID Connect Core §3.1.2.6, so clients "
        "do not know it.",
        {
            "redirect: unsupported_response_mode": _authorize(
                "response_mode unknown",
                "response_mode web_message",
                "response_mode jwt",
                "response_mode query.jwt",
            ),
            "400: unsupported_response_mode": ("par: response_mode unknown",),
        },
    ),
    Reason(
        "The challenge is a SHA-256",
        "With S256 it always has 43 characters; another length cannot be met by any verifier, so ours refuses at "
        "once.",
        {SIGN_IN: _authorize("code_challenge of 44", "code_challenge of 128")},
    ),
    Reason(
        "Scopes",
        "Apps hard-code scopes that a provider does not know: ours drops them, at refresh too, takes more than "
        "one space, and refuses when nothing is left, rather than asking the user for nothing. A scope that "
        "exists but was not given to the app is refused, `offline_access` too. Asking for it without "
        "`prompt=consent` shows the consent page (Core §11 wants the consent); the peer drops it.",
        {
            SIGN_IN: _authorize("an unknown scope", "offline_access of an app without it"),
            "redirect: invalid_scope": _authorize("two spaces in scope", "a space around scope"),
            CODE: _authorize("offline_access without prompt"),
            "400: invalid_scope": ("token: refresh, an unknown scope more",),
            "201": ("par: an unknown scope",),
            "200": ("device_authorization: an unknown scope",),
        },
    ),
    Reason(
        "The user's consent is missing",
        "Core §3.1.2.6 has a word for exactly this; both show their page when they may.",
        {"redirect: interaction_required": _authorize("prompt none, native")},
    ),
    Reason(
        "max_age is a number of seconds",
        "Core §3.1.2.1. The peer reads it as JavaScript reads numbers.",
        {
            SIGN_IN: _authorize("max_age '+5'", "max_age '5 '"),
            CODE: _authorize("max_age '1e3'", "max_age '0x1000'"),
        },
    ),
    Reason(
        "The claims parameter",
        "Both of its members are optional, and what is not understood is ignored (Core §5.5). A demand that "
        "cannot be read is refused rather than dropped; one that nobody can meet is answered with the error for "
        "it (Core, Unmet Authentication Requirements) instead of a sign-in that leads nowhere. It may have 8 KiB.",
        {
            BACK: _authorize("claims empty", "claims with an unknown member that is no object"),
            SIGN_IN: _authorize(
                "claims with a sub that is a number",
                "claims essential acr that nobody has",
                "claims of 9000 bytes",
            ),
        },
    ),
    Reason(
        "Limits",
        "What is kept with a request has a limit, and beyond it the request is refused, never cut.",
        {CODE: _authorize("state of 2049", "nonce of 513")},
    ),
    Reason(
        "Parameters of OpenID Connect without openid",
        "They are unknown parameters of a plain OAuth request, which are ignored (RFC 6749 §3.1), or harmless.",
        {BACK: _authorize("nonce without openid", "max_age without openid")},
    ),
    Reason(
        "Which of two mistakes is named",
        "The order is ours: what is not supported at all comes first, then the scope, then PKCE.",
        {BACK: _authorize("request twice", "two things wrong: scope and PKCE")},
    ),
    Reason(
        "Only what was pushed counts",
        "RFC 9126 §4: the browser brings `client_id` and `request_uri`; what else stands beside them is ignored, even when "
        "it would be refused alone.",
        {
            "redirect: invalid_request_object": _authorize("pushed, with another response_type beside it"),
            "redirect: request_not_supported, state lost": _authorize(
                "pushed, with a request object beside it"
            ),
        },
    ),
]
